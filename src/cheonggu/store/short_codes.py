"""Whether short codes exist, asked for all who wait with one statement at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from cheonggu.store.postgres import Database


class ShortCodes:
    """Takes one connection at most, however many ask; nobody waits for longer than two statements."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def exists(self, code: str) -> bool:
        """Whether a short code leads to a bill, as of a moment after this was asked. Raises DatabaseAway."""
        answer = self._waiting.get(code)
        if answer is None:
            answer = self._waiting[code] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="short codes")
        return await asyncio.shield(answer)  # others may wait for the same

    async def _ask(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = {row["code"] for row in await self._db.fetch(_THOSE, list(asked))}
            except Exception as error:  # noqa: BLE001 - it is told to those who asked
                for answer in asked.values():
                    answer.set_exception(error)
                    answer.exception()  # whoever asked may have gone away, and then nobody fetches it
            else:
                for code, answer in asked.items():
                    answer.set_result(code in found)
        self._asking = None


_THOSE: Final = "SELECT code FROM short_code WHERE code = ANY($1::text[])"
