"""The batcher against a simple model: everything once, in order for each key, nobody left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.store.batch import LOOK_AHEAD, Batcher, BatcherClosed, BatchLost


class Item(msgspec.Struct, frozen=True):
    """What is submitted: after how many turns of the loop, under which keys, and whether its batch fails."""

    number: int
    turns_before: int
    keys: tuple[int, ...]
    spoils: bool = False


class Spoilt(Exception):
    """A batch could not be written."""


class Written:
    """A writer that remembers its batches; each takes a few turns of the loop."""

    def __init__(self, turns: int = 1) -> None:
        self.batches: list[list[Item]] = []
        self.writing = False
        self._turns = turns

    async def __call__(self, items: Sequence[Item]) -> list[int]:
        assert not self.writing
        self.writing = True
        for _ in range(self._turns):
            await asyncio.sleep(0)
        self.writing = False
        self.batches.append(list(items))
        if any(item.spoils for item in items):
            raise Spoilt
        return [item.number for item in items]


def keys_of(item: Item) -> Sequence[Hashable]:
    return item.keys


ITEMS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.lists(st.integers(0, 4), max_size=3).map(tuple),
        st.sampled_from([False] * 9 + [True]),
    ),
    max_size=40,
).map(lambda rows: [Item(number, *row) for number, row in enumerate(rows)])


@given(ITEMS, st.integers(1, 6), st.integers(0, 4))
def test_it_is_as_if_items_were_written_one_by_one_for_each_key(
    items: list[Item], most: int, turns: int
) -> None:
    written = Written(turns)

    async def submit(batcher: Batcher[Item, int], item: Item) -> int:
        return await batcher.submit(item)

    async def run() -> list[int | BaseException]:
        batcher = Batcher(written, most=most, keys=keys_of)
        tasks: list[asyncio.Task[int]] = []
        for item in items:
            for _ in range(item.turns_before):
                await asyncio.sleep(0)
            tasks.append(asyncio.create_task(submit(batcher, item)))
        async with asyncio.timeout(10):
            return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(run())
    order = [item for batch in written.batches for item in batch]
    assert sorted(item.number for item in order) == [item.number for item in items]
    for batch in written.batches:
        assert 1 <= len(batch) <= most
        keys = [key for item in batch for key in set(item.keys)]
        assert len(keys) == len(set(keys))
    for key in {key for item in items for key in item.keys}:
        of_key = [item.number for item in order if key in item.keys]
        assert of_key == sorted(of_key)
    spoilt = {item.number for batch in written.batches if any(i.spoils for i in batch) for item in batch}
    for item, result in zip(items, results, strict=True):
        assert isinstance(result, Spoilt) if item.number in spoilt else result == item.number


@given(
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.integers(1, 5),
    st.integers(0, 6),
    st.sampled_from(["cancel the writer", "close", "close in no time"]),
)
def test_nobody_is_left_waiting_whatever_happens(
    given_up: list[bool], most: int, after_turns: int, event: str
) -> None:
    async def run() -> None:
        batcher = Batcher(Written(turns=2), most=most, keys=keys_of)
        tasks = [asyncio.create_task(batcher.submit(Item(n, 0, (n,)))) for n in range(len(given_up))]
        for _ in range(after_turns):
            await asyncio.sleep(0)
        for task, gives_up in zip(tasks, given_up, strict=True):
            if gives_up:
                task.cancel()
        if event == "cancel the writer":
            for task in asyncio.all_tasks():
                if task.get_name() == "batch writer":
                    task.cancel()
        elif event == "close":
            await batcher.close()
        else:
            await batcher.close(within_seconds=0)
        async with asyncio.timeout(10):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for number, result in enumerate(results):
            assert result == number or isinstance(result, BatchLost | BatcherClosed | asyncio.CancelledError)

    asyncio.run(run())


Write = Callable[[Sequence[Item]], Awaitable[Sequence[int]]]


async def _too_few(items: Sequence[Item]) -> list[int]:
    return [item.number for item in items[1:]]


async def _too_many(items: Sequence[Item]) -> list[int]:
    return [item.number for item in (*items, *items)]


async def _stopped(items: Sequence[Item]) -> list[int]:
    raise asyncio.CancelledError


@pytest.mark.parametrize("write", [_too_few, _too_many, _stopped])
async def test_results_that_do_not_add_up_are_nobodys(write: Write) -> None:
    batcher = Batcher(write, most=10, keys=keys_of)
    results = await asyncio.gather(
        *(batcher.submit(Item(n, 0, (n,))) for n in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [BatchLost] * 3


async def test_after_its_writer_was_stopped_it_writes_again() -> None:
    written = Written()
    answers = iter([_stopped, written])
    batcher = Batcher(lambda items: next(answers)(items), most=10, keys=keys_of)
    with pytest.raises(BatchLost):
        await batcher.submit(Item(1, 0, ()))
    assert await batcher.submit(Item(2, 0, ())) == 2


async def test_while_one_batch_is_written_the_next_collects() -> None:
    written = Written(turns=5)
    batcher = Batcher(written, most=100, keys=keys_of)
    first = asyncio.create_task(batcher.submit(Item(0, 0, ())))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(batcher.submit(Item(n, 0, ()))) for n in range(1, 50)]
    await asyncio.gather(first, *rest)
    assert [len(batch) for batch in written.batches] == [1, 49]


async def test_a_crowd_on_one_key_does_not_hold_up_others_for_long() -> None:
    written = Written()
    batcher = Batcher(written, most=4, keys=keys_of)
    crowd = [asyncio.create_task(batcher.submit(Item(n, 0, (0,)))) for n in range(4 * LOOK_AHEAD - 1)]
    other = asyncio.create_task(batcher.submit(Item(99, 0, (1,))))
    assert await other == 99
    assert [item.number for item in written.batches[0]] == [0, 99]
    await asyncio.gather(*crowd)


async def test_what_is_given_up_before_its_batch_is_not_written() -> None:
    written = Written(turns=5)
    batcher = Batcher(written, most=1, keys=keys_of)
    tasks = [asyncio.create_task(batcher.submit(Item(n, 0, ()))) for n in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[1].cancel()
    assert await tasks[2] == 2
    assert [item.number for batch in written.batches for item in batch] == [0, 2]
    assert batcher.waiting == 0


async def test_once_closed_it_takes_nothing_and_has_written_everything() -> None:
    written = Written(turns=3)
    batcher = Batcher(written, most=2, keys=keys_of)
    tasks = [asyncio.create_task(batcher.submit(Item(n, 0, ()))) for n in range(7)]
    await asyncio.sleep(0)
    await batcher.close()
    assert [task.result() for task in tasks] == list(range(7))
    with pytest.raises(BatcherClosed):
        await batcher.submit(Item(8, 0, ()))
    await batcher.close()
