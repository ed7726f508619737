"""Hears of changes that other processes make to what this one remembers: partners and the clock's offset."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from cheonggu.store.bell import Bell
from cheonggu.store.clock import Clock
from cheonggu.store.ids import Ids
from cheonggu.store.partners import Directory
from cheonggu.store.postgres import CHANNEL, Database, DatabaseAway, away, connect

log = structlog.get_logger()

_CHECK_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.5


class Changes:
    """One listening connection. While it is down nothing is remembered, so nothing stale is believed.

    `bells` are rung by what is notified on channels of their own.
    """

    def __init__(
        self,
        dsn: str,
        db: Database,
        clock: Clock,
        directory: Directory,
        ids: Ids,
        bells: Mapping[str, Bell] | None = None,
    ) -> None:
        self._dsn = dsn
        self._db = db
        self._clock = clock
        self._directory = directory
        self._ids = ids
        self._bells = bells or {}
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; the clock's offset is known when this returns. Raises DatabaseAway."""
        await self._refresh()
        self._directory.listening(heard=False)
        self._task = asyncio.create_task(self._listen_for_ever(), name="changes")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except DatabaseAway:
                pass
            except Exception as error:
                if not away(error):
                    raise
            finally:
                self._directory.listening(heard=False)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await connect(self._dsn, "cheonggu changes")
        try:
            connection.add_termination_listener(self._ended)
            await connection.add_listener(CHANNEL, self._ring)
            for channel, bell in self._bells.items():
                await connection.add_listener(channel, _ringing(bell))
            self._directory.listening(heard=True)
            await self._refresh()
            while not connection.is_closed():
                try:
                    async with asyncio.timeout(_CHECK_SECONDS):
                        await self._rung.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=_CHECK_SECONDS)
                    continue
                self._rung.clear()
                if connection.is_closed():
                    break
                await self._refresh()
        finally:
            connection.terminate()

    async def _refresh(self) -> None:
        await self._clock.refresh(self._db)
        await self._ids.refresh(self._db)

    def _ended(self, _connection: object) -> None:
        self._directory.listening(heard=False)
        self._rung.set()

    def _ring(self, _connection: object, _pid: int, _channel: str, _payload: object) -> None:
        self._directory.forget()
        self._rung.set()


def _ringing(bell: Bell) -> Callable[[object, int, str, object], None]:
    def ring(_connection: object, _pid: int, _channel: str, topic: object) -> None:
        bell.ring(str(topic))

    return ring
