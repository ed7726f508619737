"""A synchronous standby takes over while bills are created: nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.stage import order

from chaos import client
from chaos.database import DatabaseServer, data_directory, database_server
from chaos.found import keep
from chaos.settle import settle, violations
from chaos.world import Shape, World, until, world
from cheonggu.store import embedded
from cheonggu.store.embedded import binaries

_SYNC_SECONDS: Final = 30.0
_CREATORS: Final = 24


class NoBaseBackup(Exception):
    """pg_basebackup is not among PostgreSQL's programs here, so no standby can be made."""


@dataclass(frozen=True)
class Failover:
    """What a failover came to."""

    seed: str
    acknowledged_before: int
    acknowledged_after: int
    unknown: int
    first_good_write_seconds: float
    violations: list[str]


async def failover(seed: str, seconds: float) -> Failover:
    """Create bills, kill the primary at some moment, promote the standby, and look for each bill."""
    async with (
        database_server() as primary,
        _standby_of(primary) as standby,
        world(primary, primary.directory, Shape()) as made,
    ):
        return await _fail_over(made, standby, seed, seconds)


async def _fail_over(made: World, standby: DatabaseServer, seed: str, seconds: float) -> Failover:
    now = asyncio.get_running_loop().time
    chance = random.Random(seed)  # noqa: S311 - no secrets
    stop = asyncio.Event()
    creators = [asyncio.create_task(_create(made, nth, stop)) for nth in range(_CREATORS)]
    await asyncio.sleep(seconds * chance.uniform(0.4, 0.6))
    killed = now()
    before = len(made.record.good_writes)
    made.server.kill(children=True)
    await _promote(standby)
    made.server = standby
    promoted = now()
    await asyncio.sleep(max(1.0, seconds / 2))
    stop.set()
    await asyncio.gather(*creators)
    found = [*await settle(made), *await violations(made)]
    await keep(made, "standby", seed, found)
    after = [at for at in made.record.good_writes if at > promoted]
    return Failover(
        seed=seed,
        acknowledged_before=before,
        acknowledged_after=len(made.record.good_writes) - before,
        unknown=sum(made.record.unknown.values()),
        first_good_write_seconds=min(after, default=float("inf")) - killed,
        violations=found,
    )


async def _create(made: World, number: int, stop: asyncio.Event) -> None:
    nth = 0
    while not stop.is_set():
        bill_id = f"S{number}-{nth}"
        url = f"http://127.0.0.1:{made.receiver_ports[0]}/paid?bill={bill_id}"
        fields = client.new_fields(
            bill_id, phone="01012345678", price=5_000, callback_url=url, send_type=("TALK", "URL")[nth % 2]
        )
        bill = made.record.bill(made.accounts[number % 2], fields)
        key = bill_id if nth % 3 else None
        asked = await client.create(made, bill, api=nth % 2, key=key)
        if asked.unknown or not asked.sent:
            await asyncio.sleep(0.1)
        elif nth % 5 == 0:
            await client.destroy(made, bill, api=(nth + 1) % 2)
        nth += 1


@asynccontextmanager
async def _standby_of(primary: DatabaseServer) -> AsyncGenerator[DatabaseServer]:
    """A standby that the primary's every commit waits for."""
    async with data_directory() as directory:
        await _copy(primary, directory)
        standby = DatabaseServer(directory, await embedded.start(directory))
        try:
            await order(primary.dsn, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            await order(primary.dsn, "SELECT pg_reload_conf()")
            await until(lambda: _in_step(primary), _SYNC_SECONDS, "a standby in step")
            yield standby
        finally:
            await standby.stop()


async def _copy(primary: DatabaseServer, directory: Path) -> None:
    program = binaries.find(None, directory).folder / "pg_basebackup"
    if not program.exists():
        raise NoBaseBackup(NoBaseBackup.__doc__)
    process = await asyncio.create_subprocess_exec(
        *(program, "--host", primary.socket().parent, "--username", "cheonggu"),
        *("--pgdata", directory / "cluster", "--wal-method=stream", "--write-recovery-conf"),
        "--checkpoint=fast",
    )
    if await process.wait():
        raise NoBaseBackup("pg_basebackup failed; what it says is above.")


async def _in_step(primary: DatabaseServer) -> bool:
    rows = await order(primary.dsn, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")
    return bool(rows)


async def _promote(standby: DatabaseServer) -> None:
    await order(standby.dsn, "SELECT pg_promote()")
