"""What waits for the worker: how much, and how long until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from cheonggu.store.postgres import Connection, connect

_GLANCE_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 600.0


class NotDrained(Exception):
    """The worker has not done its work in ten minutes."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class Gauge:
    """Counts rows over a connection of its own; cheap, as they are found by a partial index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def messages(self) -> float:
        """Messages that are due or in hand."""
        return await self._count("SELECT count(*) FROM message WHERE due_at IS NOT NULL")

    async def callbacks(self, receivers: list[str]) -> float:
        """Callbacks to these receivers that are not delivered."""
        query = "SELECT count(*) FROM callback WHERE due_at IS NOT NULL AND receiver = ANY($1)"
        return await self._count(query, receivers)

    async def bills(self) -> int:
        """Bills, all of them."""
        return int(await self._count("SELECT count(*) FROM bill"))

    async def drain(self, receivers: list[str] | None = None) -> float:
        """Wait until no message waits, or no callback to these receivers; the seconds that took."""
        if receivers is None:
            return await _until_none(self.messages)
        return await _until_none(lambda: self.callbacks(receivers))

    async def first_tries(self, receivers: list[str]) -> float:
        """Wait until every callback to these receivers was tried; the seconds that took."""
        query = "SELECT count(*) FROM callback WHERE tries = 0 AND receiver = ANY($1)"
        return await _until_none(lambda: self._count(query, receivers))

    async def _count(self, query: str, *args: object) -> float:
        return await self._connection.fetchval(query, *args, timeout=_PATIENCE_SECONDS)


async def _until_none(count: Callable[[], Awaitable[float]]) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while await count():
        if loop.time() - began > _PATIENCE_SECONDS:
            raise NotDrained
        await asyncio.sleep(_GLANCE_SECONDS)
    return loop.time() - began


@asynccontextmanager
async def gauge(dsn: str) -> AsyncGenerator[Gauge]:
    """A gauge on a database."""
    connection = await connect(dsn, "bench gauge")
    try:
        yield Gauge(connection)
    finally:
        await connection.close()
