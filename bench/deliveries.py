"""What the worker does by itself: a backlog of messages or of callbacks, from its start until it is done."""

from __future__ import annotations

import time
from typing import Final

from bench.accounts import check_books
from bench.backlog import gauge
from bench.creating import make_bills
from bench.effort import TALK, Effort
from bench.fill import fill
from bench.hall import Hall
from bench.processes import Watch
from bench.receivers import Receivers, receivers
from bench.results import Figure, Round
from bench.service import cheonggu
from bench.stage import order

TITLE: Final = "The worker"


def steps(effort: Effort) -> int:
    """Messages, callbacks, callbacks with dead receivers."""
    return 3 * effort.rounds


async def play(hall: Hall) -> None:
    """Round by round, each on a fresh database."""
    for _ in range(hall.effort.rounds):
        hall.show.doing("messages")
        await _messages(hall)
        hall.show.did()
        for some_dead in (False, True):
            hall.show.doing("callbacks, one receiver in five dead" if some_dead else "callbacks")
            async with receivers(some_dead=some_dead) as partners:
                await _callbacks(hall, partners)
            hall.show.did()


async def _messages(hall: Hall) -> None:
    figure = Figure(
        name="worker.messages",
        title=f"messages, a backlog of {hall.effort.backlog:,}",
        group=TITLE,
        unit="messages/s",
    )
    async with hall.stage.database("messages") as dsn:
        async with cheonggu(hall.stage, dsn, worker=False) as running:
            await make_bills(running.port, hall.effort.backlog, TALK)
        await _drained(hall, dsn, figure, hall.effort.backlog, _FIRST_MESSAGE, None)
        await check_books(dsn)


async def _callbacks(hall: Hall, partners: Receivers) -> None:
    dead = bool(partners.dead)
    figure = Figure(
        name="worker.callbacks.dead" if dead else "worker.callbacks",
        title=f"callbacks, a backlog of {hall.effort.backlog:,}{', to the 80 % who live' if dead else ''}",
        group=TITLE,
        unit="callbacks/s",
    )
    async with hall.stage.database("callbacks") as dsn:
        await fill(dsn, hall.effort.backlog, lambda _: None, list(partners.urls))
        await _drained(hall, dsn, figure, await _to(dsn, partners.well), _FIRST_CALLBACK, partners)
        await check_books(dsn)


async def _to(dsn: str, well: list[str]) -> int:
    (row,) = await order(dsn, "SELECT count(*) FROM callback WHERE receiver = ANY($1)", well)
    return row["count"]


async def _drained(
    hall: Hall, dsn: str, figure: Figure, count: int, first: str, partners: Receivers | None
) -> None:
    """Start the service on a backlog, and book the time from the first taken in hand to the last done."""
    async with cheonggu(hall.stage, dsn) as running, gauge(dsn) as counts:
        watch = Watch(running.parts | ({"receivers": partners.pid} if partners else {}))
        watch.begin()
        await counts.drain(partners.well if partners else None)
        ended, cost = time.time(), watch.end()
        (row,) = await order(dsn, first)
        seconds = ended - row["first"].timestamp()
    hall.book.add(figure, Round(value=count / seconds, cost=cost, count=count, more={"drain_s": seconds}))


_FIRST_MESSAGE: Final = "SELECT min(handed_at) AS first FROM message"
_FIRST_CALLBACK: Final = "SELECT min(at) AS first FROM callback_attempt WHERE try_number = 1"
