"""First callbacks while it is busy: 100 payments a second, and creates at half of their most."""

from __future__ import annotations

import asyncio
from typing import Final

from bench.accounts import check_books
from bench.backlog import Gauge, gauge
from bench.bodies import Pays
from bench.creating import figure_of, make_bills
from bench.driver import drive
from bench.effort import TALK, URL, Effort, Shape
from bench.hall import Hall
from bench.load import Spec
from bench.openloop import MOST, the_most
from bench.receivers import Receivers, receivers
from bench.results import Figure, Round
from bench.service import Running, cheonggu
from bench.stage import order
from bench.stats import latency

TITLE: Final = "First callbacks under load"
PAYMENTS_A_SECOND: Final = 100
_PAYERS: Final = 64
_CREATORS: Final = 256
_HOW: Final = {False: "all receivers well", True: "one receiver in five dead"}


def steps(effort: Effort) -> int:
    """With all receivers well, and with one in five dead."""
    return 2 * effort.rounds


async def play(hall: Hall) -> None:
    """Round by round, each on a fresh database."""
    for _ in range(hall.effort.rounds):
        for some_dead in (False, True):
            hall.show.doing(_HOW[some_dead])
            async with (
                receivers(some_dead=some_dead) as partners,
                hall.stage.database("payments") as dsn,
                gauge(dsn) as counts,
            ):
                async with cheonggu(hall.stage, dsn) as running:
                    await _stretch(hall, running, dsn, counts, partners)
                await check_books(dsn)
            hall.show.did()


async def _stretch(hall: Hall, running: Running, dsn: str, counts: Gauge, partners: Receivers) -> None:
    most = await the_most(hall, running, counts)
    await counts.drain()
    seconds = hall.effort.seconds
    await make_bills(running.port, int(seconds * PAYMENTS_A_SECOND * 1.5) + 50, URL, partners.urls)
    bills = await order(dsn, "SELECT bill_id FROM bill WHERE send_type = 'URL'")
    pays = Spec(
        port=running.port,
        clients=_PAYERS,
        seconds=seconds,
        rate=PAYMENTS_A_SECOND,
        requests=Pays(bill_ids=[bill["bill_id"] for bill in bills]),
    )
    shape = Shape(TALK, _CREATORS)
    creates = hall.creator.spec(shape, figure_of(MOST), running.port, most / 2)
    paid, created = await asyncio.gather(
        drive(pays, {}), drive(creates, running.parts | {"receivers": partners.pid})
    )
    await counts.first_tries(partners.well)
    rows = await order(dsn, _FIRST_TRIES, partners.well)
    first = latency([row["seconds"] for row in rows])
    figure = Figure(
        name="callbacks.first.dead" if partners.dead else "callbacks.first",
        title=f"p99 from payment to first try, {_HOW[bool(partners.dead)]}",
        group=TITLE,
        unit="ms",
    )
    more = {
        "callbacks": len(rows),
        "payments_per_s": paid.rate,
        "payments_p99_ms": paid.outcome.latency.p99_ms,
        "creates_per_s": created.rate,
        "creates_p99_ms": created.outcome.latency.p99_ms,
    }
    hall.book.add(
        figure,
        Round(
            value=first.p99_ms, latency=first, cost=created.cost, count=created.outcome.measured, more=more
        ),
    )
    await counts.drain()


_FIRST_TRIES: Final = """
SELECT extract(epoch FROM t.at - c.began_at)::float8 AS seconds
FROM callback_attempt t JOIN callback c USING (partner_id, callback_no)
WHERE t.try_number = 1 AND c.receiver = ANY($1)
"""
