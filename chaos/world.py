"""The whole service: a database server, API processes, workers and receivers, with a proxy before each."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from bench.service import answers, free_port
from bench.stage import order

from chaos.accounts import Account, make_accounts
from chaos.database import DatabaseServer
from chaos.parts import Part, environment, kept
from chaos.proxy import FaultProxy, proxied, through
from chaos.receiver import Decide, Receiver, receiver, well_behaved
from chaos.record import Record
from chaos.time import BusinessTime
from chaos.wire import Doors, Heard, post
from cheonggu.store.postgres import Database, DatabaseAway, open_database
from cheonggu.store.sealing import Keyring, new_secret_key

_START_SECONDS: Final = 120.0
_GLANCE_SECONDS: Final = 0.02
_UNDER_WAY_SECONDS: Final = 0.5


class NotInTime(Exception):
    """Something that has to come true did not, within its time."""


class NoSchema(Exception):
    """The database could not be given its tables."""


async def until(condition: Callable[[], Awaitable[object]], seconds: float, what: str) -> None:
    """Wait for what other processes tell nobody. Raises NotInTime."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise NotInTime(f"time: {what}: not within {seconds:g} s")
        await asyncio.sleep(_GLANCE_SECONDS)


@dataclass(frozen=True)
class Shape:
    """How many of each part, which source they run, and how receivers answer."""

    apis: int = 2
    workers: int = 2
    receivers: int = 3
    source: Path | None = None
    """A folder with a `cheonggu` package to run in place of the installed one."""
    moods: Callable[[int], Decide] = lambda _: well_behaved
    """By the receiver's number."""


@dataclass
class World:
    """Everything that runs, and the record of what it said."""

    server: DatabaseServer
    name: str
    keyring: Keyring
    accounts: list[Account]
    apis: list[Part]
    workers: list[Part]
    doors: Doors
    proxies: dict[str, FaultProxy]
    """Before the database, by the part that goes through it; before receivers, as `receiver-N`."""
    receivers: list[Receiver]
    receiver_ports: list[int]
    """Of the proxies before them."""
    record: Record = field(default_factory=Record)
    time: BusinessTime = field(default_factory=BusinessTime)

    @property
    def dsn(self) -> str:
        """The database's own address, now."""
        return self.server.database(self.name)

    @property
    def parts(self) -> list[Part]:
        """All processes of the service."""
        return [*self.apis, *self.workers]

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Database]:
        """A look into the tables, past every proxy."""
        db = await open_database(self.dsn, size=2)
        try:
            yield db
        finally:
            await db.close()

    async def sandbox(self, path: str, body: bytes) -> Heard:
        """Ask one of the sandbox's own endpoints, until one answers."""
        heard = await self.doors.ask(post(path, body), 0)
        while heard.status != 200:
            await asyncio.sleep(_GLANCE_SECONDS)
            heard = await self.doors.ask(post(path, body), 0)
        return heard

    async def advance(self, seconds: float) -> None:
        """Move business time forward, and once only: what was not answered may have been done."""
        target = self.time.offset_seconds + seconds
        request = post("/sandbox/clock", msgspec.json.encode({"advanceSeconds": seconds}))
        while (await self.doors.ask(request, 0)).status != 200:
            if await self._offset_seconds() > target - 1:
                break
        self.time.offset_seconds = target

    async def _offset_seconds(self) -> float:
        """What the database holds, as soon as it can be asked, when what was under way has ended."""
        while True:
            await asyncio.sleep(_UNDER_WAY_SECONDS)
            with suppress(DatabaseAway):
                async with self.database() as db:
                    return await db.fetchval("SELECT offset_seconds FROM clock")

    async def up(self) -> None:
        """Wait until every API answers and every worker has said that it lives."""
        for door in self.doors.doors:
            port = door.port
            await until(lambda port=port: answers(port, "/readyz"), _START_SECONDS, "an API that answers")
        if not self.workers:
            return
        async with self.database() as db:
            since: Any = await db.fetchval("SELECT clock_timestamp()")

            async def alive() -> bool:
                heard: int = await db.fetchval("SELECT count(*) FROM worker WHERE seen_at > $1", since)
                return heard >= len(self.workers)

            await until(alive, _START_SECONDS, "workers that live")


@asynccontextmanager
async def world(server: DatabaseServer, directory: Path, shape: Shape) -> AsyncGenerator[World]:
    """The service on a fresh database of a server, all parts up; stopped at the end."""
    name = f"chaos_{secrets.token_hex(3)}"
    await order(server.dsn, f"CREATE DATABASE {name}")
    dsn, secret_key = server.database(name), new_secret_key()
    source = {"PYTHONPATH": str(shape.source)} if shape.source else {}
    await _migrate(environment(dsn, secret_key, directory, **source))
    keyring = Keyring.parse(secret_key)
    accounts = await _accounts(dsn, keyring)
    async with AsyncExitStack() as held:
        made = World(server, name, keyring, accounts, [], [], Doors([]), {}, [], [])
        await _add_receivers(made, shape, held)
        ports = [free_port() for _ in range(shape.apis)]
        for nth, port in enumerate(ports):
            more = {
                "CHEONGGU_PORT": str(port),
                "CHEONGGU_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
                **source,
            }
            made.apis.append(await _part(made, f"api-{nth}", "serve", secret_key, directory, more, held))
        for nth in range(shape.workers):
            more = {"CHEONGGU_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}", **source}
            made.workers.append(
                await _part(made, f"worker-{nth}", "worker", secret_key, directory, more, held)
            )
        made.doors = Doors(ports)
        held.callback(made.doors.close)
        await made.up()
        yield made
        for proxy in made.proxies.values():
            proxy.mend()


async def _migrate(told: dict[str, str]) -> None:
    """As an operator does, so that it is the source's own schema, with its bug."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "cheonggu", "migrate"),
        env=told,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise NoSchema("cheonggu migrate failed; what it says is above.")


async def _accounts(dsn: str, keyring: Keyring) -> list[Account]:
    db = await open_database(dsn, size=2)
    try:
        return await make_accounts(db, keyring)
    finally:
        await db.close()


async def _add_receivers(made: World, shape: Shape, held: AsyncExitStack) -> None:
    for nth in range(shape.receivers):
        one = await held.enter_async_context(receiver(shape.moods(nth)))
        proxy, port = await held.enter_async_context(proxied(lambda port=one.port: port))
        made.receivers.append(one)
        made.receiver_ports.append(port)
        made.proxies[f"receiver-{nth}"] = proxy


async def _part(
    made: World,
    name: str,
    command: str,
    secret_key: str,
    directory: Path,
    more: dict[str, str],
    held: AsyncExitStack,
) -> Part:
    proxy, port = await held.enter_async_context(proxied(lambda: made.server.socket()))
    made.proxies[name] = proxy
    told = environment(through(made.dsn, port), secret_key, directory, **more)
    return await held.enter_async_context(
        kept(Part(name, command, told, directory / f"{made.name}-{name}.log"))
    )
