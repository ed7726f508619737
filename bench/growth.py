"""Whether it stays as fast when the tables are large: the same loads on a few and on millions of bills."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Final

import msgspec

from bench import plans
from bench.accounts import check_books
from bench.backlog import gauge
from bench.creating import figure_of
from bench.effort import TALK, Effort, Shape
from bench.fill import fill
from bench.hall import Hall
from bench.lookups import KINDS, lookup
from bench.service import cheonggu

TITLE: Final = "Growth"
_SHAPE: Final = Shape(TALK, 64)
_BOOKS_AT_MOST: Final = 1_000_000
"""Above this the books take as long to read as all the rest."""
_GB_EACH_MILLION: Final = 4.5


def steps(effort: Effort) -> int:
    """Filling once, then each size and round, then the plans."""
    return len(effort.sizes) * (1 + effort.rounds) + 1


async def play(hall: Hall) -> None:
    """Fill a database for each size, then go from one to the other, round by round."""
    async with AsyncExitStack() as held:
        filled: dict[int, str] = {}
        for size in hall.effort.sizes:
            filled[size] = await held.enter_async_context(hall.stage.database("filled"))
            await _fill(hall, filled[size], size)
            hall.show.did()
        for _ in range(hall.effort.rounds):
            for size, dsn in filled.items():
                hall.show.doing(f"{size:,} bills")
                await _round(hall, dsn, size)
                hall.show.did()
            hall.book.save()
        hall.show.doing("the plans")
        await plans.look(hall, filled[max(size for size in filled if size <= _BOOKS_AT_MOST)], "filled")
        async with hall.stage.database("fresh") as dsn:
            await plans.look(hall, dsn, "fresh", hall.effort.backlog)
        hall.show.did()
        hall.show.doing("the books")
        for size, dsn in filled.items():
            if size <= _BOOKS_AT_MOST:
                await check_books(dsn)


async def _fill(hall: Hall, dsn: str, size: int) -> None:
    def tell(done: int) -> None:
        hall.show.doing(f"filling, {done:,} of {size:,}")

    tell(0)
    await fill(dsn, size, tell)


async def _round(hall: Hall, dsn: str, size: int) -> None:
    smallest = min(hall.effort.sizes)
    name, first = f"growth.{size}", f"growth.{smallest}" if size != smallest else None
    group = f"{TITLE}: {size:,} bills"
    figure = msgspec.structs.replace(
        figure_of(_SHAPE),
        name=f"{name}.{_SHAPE.name}",
        title=_SHAPE.title,
        group=group,
        ratio_to=f"{first}.{_SHAPE.name}" if first else None,
    )
    async with cheonggu(hall.stage, dsn) as running, gauge(dsn) as counts:
        await hall.creator.stretch(_SHAPE, figure, running, counts)
        for kind in KINDS:
            seconds = hall.effort.seconds / 2
            await lookup(hall, kind, dsn, running, counts, seconds, name=name, group=group, ratio_to=first)
