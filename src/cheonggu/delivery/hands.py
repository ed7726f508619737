"""What a worker has in hand: tasks that run side by side, so many at most."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine

import structlog

from cheonggu.store.postgres import DatabaseAway

log = structlog.get_logger()


class Hands:
    """A bounded set of running tasks. One that fails is logged and gone; its row's lease brings it back."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()

    @property
    def free(self) -> int:
        """How many more may be taken."""
        return self._most - len(self._tasks)

    def take(self, work: Coroutine[object, object, None]) -> None:
        """Run this beside the others."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def rest(self, seconds: float) -> Awaitable[None]:
        """Wait until something in hand is done, from this call on, or this long."""
        self._freed.clear()
        return self._until_freed(seconds)

    async def _until_freed(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._freed.wait()

    async def finish(self, within_seconds: float) -> None:
        """Wait for all of it, and after this long drop the rest."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within_seconds)
        for task in late:
            task.cancel()
        if late:
            log.warning("dropped_while_stopping", tasks=len(late))
            await asyncio.wait(late)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._freed.set()
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DatabaseAway):  # that one the loops tell of, once
            log.error("delivery_failed", exc_info=error)
