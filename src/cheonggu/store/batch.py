"""Many in one commit: one queue, one writer, no timer.

While one batch is being written the next collects, so a lone item waits for nobody and a crowd shares its
commits. The writer lives only while there is something to write.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LOOK_AHEAD: Final = 4
"""Batches' worth of items looked through for one batch, so that a crowd on one key cannot slow the rest."""


class BatchLost(Exception):
    """The writer stopped while this was in its hands: whether it was written is unknown."""


class BatcherClosed(Exception):
    """The service is stopping, and this was not written."""


class _Waiting(Generic[T, R]):
    """An item, its keys, and who waits for its result."""

    __slots__ = ("done", "item", "keys")

    def __init__(self, item: T, keys: Sequence[Hashable], done: asyncio.Future[R]) -> None:
        self.item = item
        self.keys = keys
        self.done = done


class Batcher(Generic[T, R]):
    """Hands items to `write` in batches of at most `most`, one batch at a time, in order of arrival.

    `write` gives one result for each item, in their order; what it raises is raised to everyone in the batch.
    `keys` gives the keys of an item, if any. No batch holds two items with a key in common: the later one
    waits for a later batch, so that for each key it is as if items were written one by one.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int,
        keys: Callable[[T], Sequence[Hashable]],
    ) -> None:
        self._write = write
        self._most = most
        self._keys = keys
        self._queue: deque[_Waiting[T, R]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many items wait for a batch to begin."""
        return len(self._queue)

    async def submit(self, item: T, within_seconds: float | None = None) -> R:
        """The result of `item` once its batch is written. An item given up before its batch began is dropped.

        Raises BatcherClosed after `close`, BatchLost when the writer itself was stopped, and TimeoutError
        after `within_seconds`.
        """
        if self._closed:
            raise BatcherClosed
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        self._queue.append(_Waiting(item, self._keys(item), done))
        if self._writer is None:
            nobodys = contextvars.Context()  # not the first submitter's: its log fields are its own
            self._writer = asyncio.create_task(self._work(), name="batch writer", context=nobodys)
            self._writer.add_done_callback(self._ended)
        if within_seconds is None:
            return await done
        # A plain timer: asyncio.timeout costs several times as much, and this is on the way of every create.
        timer = loop.call_later(within_seconds, _give_up, done)
        try:
            return await done
        finally:
            timer.cancel()

    async def close(self, within_seconds: float | None = None) -> None:
        """Take nothing more, and return when everything taken is written.

        After `within_seconds` the writer is stopped, and who still waits hears BatchLost.
        """
        self._closed = True
        writer = self._writer
        if writer is None:
            return
        await asyncio.wait([writer], timeout=within_seconds)
        if not writer.done():
            writer.cancel()
            await asyncio.wait([writer])

    async def _work(self) -> None:
        try:
            while batch := self._collect():
                await self._write_batch(batch)
        finally:
            # In the same step as the look that found nothing, or as the stop: nobody slips in between.
            self._abandon()

    def _ended(self, writer: asyncio.Task[None]) -> None:
        """A writer that was stopped before it began could not do this itself."""
        if self._writer is writer:
            self._abandon()

    def _abandon(self) -> None:
        """Without a writer nobody may be left waiting; the next submit starts a new one."""
        self._writer = None
        while self._queue:
            _fail(self._queue.popleft(), BatchLost())

    def _collect(self) -> list[_Waiting[T, R]]:
        """The next batch; who shares a key with someone before them stays in the queue, in order."""
        batch: list[_Waiting[T, R]] = []
        stay: list[_Waiting[T, R]] = []
        taken: set[Hashable] = set()
        looked = 0
        while self._queue and len(batch) < self._most and looked < LOOK_AHEAD * self._most:
            waiting = self._queue.popleft()
            if waiting.done.done():
                continue  # given up
            looked += 1
            (batch if taken.isdisjoint(waiting.keys) else stay).append(waiting)
            taken.update(waiting.keys)
        self._queue.extendleft(reversed(stay))
        return batch

    async def _write_batch(self, batch: list[_Waiting[T, R]]) -> None:
        try:
            results = await self._write([waiting.item for waiting in batch])
            for waiting, result in _paired(batch, results):
                if not waiting.done.done():
                    waiting.done.set_result(result)
        except Exception as error:  # noqa: BLE001
            for waiting in batch:
                _fail(waiting, error)
        finally:
            for waiting in batch:
                _fail(waiting, BatchLost())


def _paired(batch: list[_Waiting[T, R]], results: Sequence[R]) -> Iterator[tuple[_Waiting[T, R], R]]:
    """Each with its result; when they do not add up nobody gets a result that may be another's."""
    if len(results) != len(batch):
        raise BatchLost
    return zip(batch, results, strict=True)


def _give_up(done: asyncio.Future[R]) -> None:
    if not done.done():
        done.set_exception(TimeoutError())


def _fail(waiting: _Waiting[T, R], error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
