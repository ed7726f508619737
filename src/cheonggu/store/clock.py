"""The one clock of business time: the system's, plus a sandbox offset kept in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cheonggu.store.postgres import CHANNEL, Connection, Database


class Clock:
    """Tells business time. Each process holds one and is told when the offset changes."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """This moment in business time, in UTC."""
        return datetime.now(UTC) + self._offset

    @property
    def moved(self) -> bool:
        """Whether it shows another time than the system's."""
        return self._offset != timedelta(0)

    async def refresh(self, db: Database) -> None:
        """Take over the offset that the database holds."""
        seconds: float = await db.fetchval("SELECT offset_seconds FROM clock")
        self._offset = timedelta(seconds=seconds)

    async def advance(self, db: Database, seconds: float, *, from_offset: float | None = None) -> None:
        """Move business time forward by `seconds`, for every process. Raises ValueError for a step back.

        With `from_offset` nothing is done once it has moved away from there: one wish is not done twice.
        """
        if seconds < 0:
            raise ValueError("the clock only moves forward")

        async def move(connection: Connection) -> None:
            await connection.execute(_ADVANCE, seconds, from_offset)
            await connection.execute("SELECT pg_notify($1, 'clock')", CHANNEL)

        await db.run(move)
        await self.refresh(db)

    async def advance_to(self, db: Database, moment: datetime) -> float:
        """Move business time forward to `moment`, for every process; by how many seconds.

        Nothing is done where it is that late already, so that one wish is not done twice.
        """

        async def move(connection: Connection) -> float:
            before: float = await connection.fetchval("SELECT offset_seconds FROM clock FOR UPDATE")
            offset = (moment - datetime.now(UTC)).total_seconds()  # now that nobody else moves it
            if offset <= before:
                return 0.0
            await connection.execute("UPDATE clock SET offset_seconds = $1", offset)
            await connection.execute("SELECT pg_notify($1, 'clock')", CHANNEL)
            return offset - before

        moved = await db.run(move)
        await self.refresh(db)
        return moved


_ADVANCE: Final = """
UPDATE clock SET offset_seconds = offset_seconds + $1
WHERE $2::double precision IS NULL OR offset_seconds = $2
"""
