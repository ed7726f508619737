"""Latency without coordinated omission: creates come at a fixed rate, whether or not others are answered.

A request that finds every connection busy waits, and its clock runs from the moment at which it was due.
"""

from __future__ import annotations

from statistics import median
from typing import Final

import msgspec

from bench.accounts import check_books
from bench.backlog import Gauge, gauge
from bench.creating import figure_of
from bench.driver import drive
from bench.effort import TALK, Effort, Shape
from bench.hall import Hall
from bench.results import Figure, round_of
from bench.service import Running, cheonggu

TITLE: Final = "Latency at a fixed rate"
SHARES: Final = (0.25, 0.5, 0.75)
MOST: Final = Shape(TALK, 64)
"""Its closed loop tells what the most is of which these are shares."""
_CLIENTS: Final = 256


def steps(effort: Effort) -> int:
    """A stretch for each share and round, and one to begin with."""
    return 1 + len(SHARES) * effort.rounds


async def play(hall: Hall) -> None:
    """Find the most if it is not known, then go below it."""
    async with hall.stage.database("open") as dsn, cheonggu(hall.stage, dsn) as running, gauge(dsn) as counts:
        most = await the_most(hall, running, counts)
        hall.show.did()
        for _ in range(hall.effort.rounds):
            for share in SHARES:
                hall.show.doing(f"{most * share:,.0f} creates a second")
                await _stretch(hall, running, share, most * share)
                await counts.drain()
                hall.show.did()
        await check_books(dsn)


async def the_most(hall: Hall, running: Running, counts: Gauge) -> float:
    """Creates a second that 64 clients got in the comparison, or get now."""
    figure = figure_of(MOST)
    if not hall.book.values(figure.name):
        await hall.creator.stretch(MOST, msgspec.structs.replace(figure, ratio_to=None), running, counts)
    return median(hall.book.values(figure.name))


async def _stretch(hall: Hall, running: Running, share: float, rate: float) -> None:
    shape = Shape(TALK, _CLIENTS)
    figure = Figure(
        name=f"open.talk.hot.{share:.0%}".replace("%", ""),
        title=f"p99 of creates at {share:.0%} of what 64 clients get",
        group=TITLE,
        unit="ms",
    )
    run = await drive(hall.creator.spec(shape, figure, running.port, rate), running.parts)
    late = run.outcome.late.p99_ms
    more = {"creates_per_s": run.rate, "generator_late_p99_ms": late}
    hall.book.add(figure, round_of(run, run.outcome.latency.p99_ms, **more))
