"""Everything else that is asked for: reading a bill, destroying it, and the payer's page."""

from __future__ import annotations

from typing import Final

from bench.accounts import HOT, check_books
from bench.backlog import Gauge, gauge
from bench.bodies import Destroys, Pages, Reads, Requests
from bench.creating import make_bills
from bench.driver import drive
from bench.effort import TALK, Effort
from bench.hall import Hall
from bench.load import Spec
from bench.results import Figure, round_of
from bench.service import Running, cheonggu
from bench.stage import order

TITLE: Final = "Other requests"
KINDS: Final = ("read", "page", "destroy")
_CLIENTS: Final = 64
_KNOWN: Final = 5_000
"""Bills that are read again and again."""
_FASTEST: Final = {"read": 12_000, "page": 6_000, "destroy": 12_000}
_UNITS: Final = {"read": "reads/s", "page": "pages/s", "destroy": "destroys/s"}
_TITLES: Final = {"read": "/bill/read", "page": "payer's page", "destroy": "/bill/destroy"}


def steps(effort: Effort) -> int:
    """A stretch for each kind and round."""
    return len(KINDS) * effort.rounds


async def play(hall: Hall) -> None:
    """Each kind in turn, with bills that were made over HTTP and sent."""
    async with (
        hall.stage.database("other") as dsn,
        cheonggu(hall.stage, dsn) as running,
        gauge(dsn) as counts,
    ):
        for _ in range(hall.effort.rounds):
            for kind in KINDS:
                hall.show.doing(_TITLES[kind])
                await lookup(hall, kind, dsn, running, counts, hall.effort.seconds)
                hall.show.did()
        await check_books(dsn)


async def lookup(
    hall: Hall,
    kind: str,
    dsn: str,
    running: Running,
    counts: Gauge,
    seconds: float,
    *,
    name: str = "other",
    group: str = TITLE,
    ratio_to: str | None = None,
) -> None:
    """One stretch of one kind of request, booked as `name`.`kind`."""
    figure = Figure(
        name=f"{name}.{kind}.c{_CLIENTS}",
        title=f"{_TITLES[kind]}, {_CLIENTS} clients",
        group=group,
        unit=_UNITS[kind],
        ratio_to=f"{ratio_to}.{kind}.c{_CLIENTS}" if ratio_to else None,
    )
    warm_up = hall.effort.warm_up_seconds
    before = hall.book.values(figure.name)
    fastest = 2 * max(before) + 500 if before else _FASTEST[kind]
    requests = await _requests(kind, dsn, running.port, counts, int(fastest * (seconds + warm_up)) + _CLIENTS)
    run = await drive(
        Spec(
            port=running.port,
            clients=_CLIENTS,
            seconds=seconds,
            warm_up_seconds=warm_up,
            requests=requests,
        ),
        running.parts,
    )
    hall.book.add(figure, round_of(run))


async def _requests(kind: str, dsn: str, port: int, counts: Gauge, count: int) -> Requests:
    """Enough of what is asked for. Bills are made as they are missing, and their messages sent."""
    needed = count if kind == "destroy" else _KNOWN
    bills = await order(dsn, _OPEN, needed)
    if len(bills) < needed:
        await make_bills(port, needed - len(bills), TALK)
        await counts.drain()
        bills = await order(dsn, _OPEN, needed)
    if kind == "read":
        return Reads(caller=HOT, bill_ids=[bill["bill_id"] for bill in bills], count=count)
    if kind == "page":
        return Pages(codes=[bill["short_code"] for bill in bills], count=count)
    return Destroys(caller=HOT, bills=[(bill["bill_id"], str(bill["price_won"])) for bill in bills])


# Bills that were made over HTTP: those that tables were filled with do not open, and have another issuer.
_OPEN: Final = """
SELECT bill_id, short_code, price_won FROM bill
WHERE state = 'READY' AND issuer = '한빛수학학원'
  AND partner_id = (SELECT partner_id FROM partner WHERE name = 'sandbox')
ORDER BY bill_no DESC LIMIT $1
"""
