"""Where it is played: a PostgreSQL server, run as Cheonggu runs it, and a fresh database for each scene."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.accounts import make_accounts
from bench.bodies import Who
from cheonggu.store import embedded
from cheonggu.store.migrations import migrate
from cheonggu.store.postgres import Row, check_server, connect
from cheonggu.store.sealing import Keyring, new_secret_key

_TEMPLATE: Final = "bench_template"
_ORDER_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Stage:
    """A running server, whose template has the schema and the accounts that bills are created for."""

    dsn: str
    server_pid: int
    secret_key: str = field(default_factory=new_secret_key, repr=False)

    @asynccontextmanager
    async def database(self, kind: str, template: str = _TEMPLATE) -> AsyncGenerator[str]:
        """A database for a while, made after the template; its address."""
        name = f"bench_{kind}_{secrets.token_hex(3)}"
        await order(self.dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.dsn.replace("/cheonggu?", f"/{name}?")
        finally:
            await order(self.dsn, f"DROP DATABASE {name} WITH (FORCE)")

    async def make_template(self, many: int) -> list[Who]:
        """Make the template with the sandbox's partners and so many more; these."""
        await order(self.dsn, f"CREATE DATABASE {_TEMPLATE}")
        address = self.dsn.replace("/cheonggu?", f"/{_TEMPLATE}?")
        await migrate(address)
        return await make_accounts(address, Keyring.parse(self.secret_key), many)


@asynccontextmanager
async def stage(directory: Path) -> AsyncGenerator[Stage]:
    """A server of our own in a directory, erased at the end. Raises ServerUnfit unless it is durable."""
    _erase(directory)  # what an interrupted run has left
    server = await embedded.start(directory)
    try:
        await check_server(server.dsn)
        yield Stage(server.dsn, server.pid)
    finally:
        await server.stop()
        _erase(directory)


def _erase(directory: Path) -> None:
    """Raises DataDirectoryBusy while somebody uses it."""
    if directory.exists():
        embedded.erase(directory)
        shutil.rmtree(directory, ignore_errors=True)


async def order(dsn: str, statement: str, *args: object) -> list[Row]:
    """Run one statement, however long it takes."""
    connection = await connect(dsn, "bench")
    try:
        return await connection.fetch(statement, *args, timeout=_ORDER_SECONDS)
    finally:
        await connection.close()
