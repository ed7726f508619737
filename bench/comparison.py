"""Creates side by side: the base, the typical service, and Cheonggu under each shape of load, round by round.

Only one of them runs at a time; who begins changes from round to round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from bench import base
from bench.accounts import HOT, check_books
from bench.backlog import gauge
from bench.bodies import Creates
from bench.creating import CREATES, figure_of
from bench.driver import LoadFailed, drive
from bench.effort import Effort, Shape, in_words
from bench.hall import Hall
from bench.load import Spec
from bench.results import Figure, Measurement, round_of
from bench.service import cheonggu
from bench.stage import order
from bench.stats import ratio
from bench.typical import check_installed, typical

_TYPICAL_FASTEST = 3_000

Turn = Callable[[], Awaitable[None]]


TITLE = CREATES


def steps(effort: Effort) -> int:
    """How many stretches there are."""
    each = len(effort.base_clients) + len(effort.typical_clients) + len(effort.shapes)
    return each * effort.rounds


async def play(hall: Hall) -> None:
    """Every round of everybody, then the books."""
    if hall.effort.typical_clients:
        check_installed()
    company = _Company(hall)
    shapes = hall.effort.shapes
    async with AsyncExitStack() as held:
        plain = await held.enter_async_context(base.plain_database(hall.stage))
        peers = await held.enter_async_context(base.plain_database(hall.stage))
        ours = await held.enter_async_context(hall.stage.database("ours"))
        unmanned = await held.enter_async_context(hall.stage.database("unmanned"))
        turns: list[Turn] = [
            lambda: company.base(plain),
            lambda: company.typical(peers),
            lambda: company.ours(ours, [shape for shape in shapes if shape.worker]),
            lambda: company.ours(unmanned, [shape for shape in shapes if not shape.worker]),
        ]
        for nth in range(hall.effort.rounds):
            for turn in turns[nth % len(turns) :] + turns[: nth % len(turns)]:
                await turn()
            hall.book.save()
        _note_peers(hall)
        hall.show.doing("the books")
        await check_books(ours)
        await check_books(unmanned)


def _note_peers(hall: Hall) -> None:
    """A figure has one ratio; the one to the typical service is a figure of its own."""
    for shape in hall.effort.shapes:
        peer = f"typical.c{shape.clients}"
        if theirs := hall.book.values(peer):
            times = round(ratio(hall.book.values(shape.name), theirs), 3)
            hall.book.note(
                Measurement(
                    name=f"{shape.name}.to-typical",
                    title=f"{shape.title}, against the typical service",
                    group=TITLE,
                    value=times,
                    unit="×",
                    ratio_to=peer,
                    ratio=times,
                )
            )


class _Company:
    """Who takes part, one round of each."""

    def __init__(self, hall: Hall) -> None:
        self._stage = hall.stage
        self._effort = hall.effort
        self._book = hall.book
        self._show = hall.show
        self._creator = hall.creator

    async def base(self, dsn: str) -> None:
        """pgbench, asked directly."""
        for clients in self._effort.base_clients:
            figure = Figure(
                name=f"base.c{clients}",
                title=f"pgbench, one bill a transaction, {in_words(clients)}",
                group=CREATES,
                unit="bills/s",
                ratio_to=None if clients == base.CLIENTS else f"base.c{base.CLIENTS}",
            )
            self._show.doing(figure.title)
            run = await base.pgbench(self._stage, dsn, max(1, round(self._effort.seconds)), clients)
            self._book.add(figure, round_of(run))
            self._show.did()

    async def typical(self, dsn: str) -> None:
        """The typical service, over HTTP."""
        async with typical(self._stage, dsn) as running:
            for clients in self._effort.typical_clients:
                figure = Figure(
                    name=f"typical.c{clients}",
                    title=f"FastAPI + SQLAlchemy, {in_words(clients)}",
                    group=CREATES,
                    unit="bills/s",
                    ratio_to="base.c16",
                )
                self._show.doing(figure.title)
                await self._typical_stretch(dsn, running.port, running.parts, clients, figure)
                self._show.did()

    async def _typical_stretch(
        self, dsn: str, port: int, parts: dict[str, int], clients: int, figure: Figure
    ) -> None:
        effort = self._effort
        seconds = effort.seconds + effort.warm_up_seconds
        requests = Creates(callers=[HOT], send_type="TALK", count=int(seconds * _TYPICAL_FASTEST))
        (before,) = await order(dsn, "SELECT count(*) FROM bill")
        run = await drive(
            Spec(
                port=port,
                clients=clients,
                seconds=effort.seconds,
                warm_up_seconds=effort.warm_up_seconds,
                requests=requests,
            ),
            parts,
        )
        (after,) = await order(dsn, "SELECT count(*) FROM bill")
        if after["count"] - before["count"] != run.outcome.right:
            raise LoadFailed("the typical service's answers are not its rows")
        self._book.add(figure, round_of(run))

    async def ours(self, dsn: str, shapes: Sequence[Shape]) -> None:
        """Cheonggu, over HTTP, started for this round."""
        if not shapes:
            return
        async with cheonggu(self._stage, dsn, worker=shapes[0].worker) as running, gauge(dsn) as counts:
            for shape in shapes:
                self._show.doing(shape.title)
                await self._creator.stretch(shape, figure_of(shape), running, counts)
                self._show.did()
