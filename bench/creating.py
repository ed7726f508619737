"""One stretch of creates against a service, with everything that is to be checked and told of it."""

from __future__ import annotations

import msgspec

from bench.accounts import HOT
from bench.backlog import Gauge
from bench.bodies import Creates, Who
from bench.driver import LoadFailed, Run, drive
from bench.effort import TALK, Effort, Shape
from bench.load import Spec
from bench.results import Book, Figure, round_of
from bench.service import Running

CREATES = "Creates"
_FASTEST = 40_000
"""Creates a second that many clients are prepared for as long as nothing is known."""
_FASTEST_ALONE = 8_000


class Creator:
    """Creates bills at a service, and books every stretch under its figure."""

    def __init__(self, effort: Effort, book: Book, many: list[Who]) -> None:
        self._effort = effort
        self._book = book
        self._many = many

    async def stretch(self, shape: Shape, figure: Figure, running: Running, gauge: Gauge) -> Run:
        """Create for a while; then drain the messages. Raises LoadFailed unless 0000 means a row."""
        bills = await gauge.bills()
        glance = gauge.messages if shape.send_type == TALK else None
        run = await drive(self.spec(shape, figure, running.port), running.parts, glance)
        written = await gauge.bills() - bills
        if written != run.outcome.right:
            raise LoadFailed(f"{run.outcome.right} answers 0000, but {written} bills")
        more: dict[str, float] = {}
        if shape.send_type == TALK and shape.worker:
            first, last = run.glances
            drained = (run.outcome.measured + first - last) / run.outcome.seconds
            left = await gauge.messages()
            more = {"messages_per_s": drained, "backlog": left, "drain_s": await gauge.drain()}
        self._book.add(figure, round_of(run, **more))
        return run

    def spec(self, shape: Shape, figure: Figure, port: int, rate: float | None = None) -> Spec:
        """The load of one stretch. Prepared is twice what the last one took."""
        seconds = self._effort.seconds + self._effort.warm_up_seconds
        before = self._book.values(figure.name)
        fastest = 2 * max(before) + 1_000 if before else _FASTEST_ALONE if shape.clients == 1 else _FASTEST
        return Spec(
            port=port,
            clients=shape.clients,
            seconds=self._effort.seconds,
            warm_up_seconds=self._effort.warm_up_seconds,
            rate=rate,
            requests=Creates(
                callers=self._many if shape.many else [HOT],
                send_type=shape.send_type,
                count=int(seconds * (2 * rate if rate else fastest)) + shape.clients,
            ),
        )


def figure_of(shape: Shape, ratio_to: str = "base.c16") -> Figure:
    """The figure of a shape, against the base."""
    return Figure(name=shape.name, title=shape.title, group=CREATES, unit="bills/s", ratio_to=ratio_to)


async def make_bills(
    port: int, count: int, send_type: str, callback_urls: tuple[str, ...] | None = None
) -> None:
    """Create just so many bills of the hot partner, as fast as may be."""
    requests = Creates(callers=[HOT], send_type=send_type, count=count)
    if callback_urls:
        requests = msgspec.structs.replace(requests, callback_urls=callback_urls)
    await drive(Spec(port=port, clients=min(64, count), requests=requests), {})
