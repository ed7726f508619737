"""Creates side by side: the base, the typical service, and Cheonggu under every shape of load, round by round.

Only one of them runs at a time; who begins changes from round to round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from bench import base
from bench.accounts import HOT, check_books
from bench.backlog import gauge
from bench.bodies import Creates
from bench.creating import CREATES, Creator, figure_of
from bench.driver import LoadFailed, drive
from bench.effort import Effort, Shape
from bench.load import Spec
from bench.results import Book, Figure, Round
from bench.service import cheonggu
from bench.show import Show
from bench.stage import Stage, order
from bench.typical import check_installed, typical

_TYPICAL_FASTEST = 3_000

Turn = Callable[[], Awaitable[None]]


class Comparison:
    """The databases of everybody who takes part, and one round of each."""

    def __init__(self, stage: Stage, effort: Effort, book: Book, show: Show, creator: Creator) -> None:
        self._stage = stage
        self._effort = effort
        self._book = book
        self._show = show
        self._creator = creator

    async def play(self) -> None:
        """Every round of everybody, then the books."""
        if self._effort.typical_clients:
            check_installed()
        async with AsyncExitStack() as held:
            plain = await held.enter_async_context(base.plain_database(self._stage))
            peers = await held.enter_async_context(base.plain_database(self._stage))
            ours = await held.enter_async_context(self._stage.database("ours"))
            unmanned = await held.enter_async_context(self._stage.database("unmanned"))
            turns: list[Turn] = [
                lambda: self._base(plain),
                lambda: self._typical(peers),
                lambda: self._ours(ours, [shape for shape in self._effort.shapes if shape.worker]),
                lambda: self._ours(unmanned, [shape for shape in self._effort.shapes if not shape.worker]),
            ]
            for nth in range(self._effort.rounds):
                for turn in turns[nth % len(turns) :] + turns[: nth % len(turns)]:
                    await turn()
                self._book.save()
            self._show.doing("the books")
            await check_books(ours)
            await check_books(unmanned)

    @property
    def steps(self) -> int:
        """How many stretches there are."""
        effort = self._effort
        each = len(effort.base_clients) + len(effort.typical_clients) + len(effort.shapes)
        return each * effort.rounds

    async def _base(self, dsn: str) -> None:
        for clients in self._effort.base_clients:
            figure = Figure(
                name=f"base.c{clients}",
                title=f"pgbench, one bill a transaction, {_clients(clients)}",
                group=CREATES,
                unit="bills/s",
                ratio_to=None if clients == base.CLIENTS else f"base.c{base.CLIENTS}",
            )
            self._show.doing(figure.title)
            run = await base.pgbench(self._stage, dsn, max(1, round(self._effort.seconds)), clients)
            self._book.add(figure, Round(value=run.rate, run=run))
            self._show.did()

    async def _typical(self, dsn: str) -> None:
        async with typical(self._stage, dsn) as running:
            for clients in self._effort.typical_clients:
                figure = Figure(
                    name=f"typical.c{clients}",
                    title=f"FastAPI + SQLAlchemy, {_clients(clients)}",
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
        self._book.add(figure, Round(value=run.rate, run=run))

    async def _ours(self, dsn: str, shapes: Sequence[Shape]) -> None:
        if not shapes:
            return
        async with cheonggu(self._stage, dsn, worker=shapes[0].worker) as running, gauge(dsn) as counts:
            for shape in shapes:
                self._show.doing(shape.title)
                await self._creator.stretch(shape, figure_of(shape), running, counts)
                self._show.did()


def _clients(clients: int) -> str:
    return "1 client" if clients == 1 else f"{clients} clients"
