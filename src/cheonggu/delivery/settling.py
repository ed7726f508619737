"""Results are written many in one commit, and a database that is away for a moment is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from cheonggu.store.postgres import Database, DatabaseAway

T = TypeVar("T")
R = TypeVar("R")

PATIENCE_SECONDS: Final = 10.0
"""What was sent should be known as sent; but neither a lease nor whoever stops us waits for ever."""
PAUSE_SECONDS: Final = 0.25
LAST_COMMIT_SECONDS: Final = 1.0
"""How long a stopping worker waits for its last commit once nothing else is in hand."""


def patiently(
    db: Database, write: Callable[[Database, Sequence[T]], Awaitable[R]]
) -> Callable[[Sequence[T]], Awaitable[R]]:
    """`write`, tried again while the database is away; fences make that safe, even if it was written."""

    async def try_to(results: Sequence[T]) -> R:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + PATIENCE_SECONDS
        while True:
            try:
                return await write(db, results)
            except DatabaseAway:
                if loop.time() >= give_up:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)

    return try_to
