"""The third book: what the gateway says of payments that we hold as decided. It asks, and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import msgspec

from cheonggu.delivery.payment import heard
from cheonggu.domain.books import Gap, Held, Told, gap_between, says, taken_back, to_do
from cheonggu.domain.payment import UNDECIDED, AskedRefund, NotFound, Unknown
from cheonggu.providers import Gateway
from cheonggu.store import payment_list
from cheonggu.store.payment_list import Wanted
from cheonggu.store.postgres import Database

T = TypeVar("T")

SIDE_BY_SIDE: Final = 4
GIVE_UP_AFTER: Final = 20
"""Questions in a row that stayed without an answer: the gateway is away, and the rest is not asked."""
_ASK_SECONDS: Final = 10.0
_MOST_LOOKS: Final = 3
"""A payment that moves while it is asked about is looked at again, so often at the most."""


class Difference(msgspec.Struct, frozen=True):
    """Where the two books differ, in words, and what to do."""

    held: Held
    gap: Gap
    says: str
    to_do: str


class NotTold(msgspec.Struct, frozen=True):
    """A payment about which the gateway said nothing that decides, and what came instead."""

    held: Held
    reason: str


class Comparison:
    """Compares payments with the gateway's book, at so many questions a second at the most."""

    def __init__(self, db: Database, gateway: Gateway, *, per_second: float) -> None:
        self._db = db
        self._gateway = gateway
        self._pause_seconds = 1 / per_second
        self._next_at = 0.0
        self._silent = 0
        self.compared = 0
        self.undecided = 0
        """Payments that are under way: the worker asks about them by itself."""
        self.differences: list[Difference] = []
        self.not_told: list[NotTold] = []

    @property
    def gave_up(self) -> bool:
        """Whether the gateway was silent for so long that the rest was not asked."""
        return self._silent >= GIVE_UP_AFTER

    async def compare(
        self, partner_id: int, wanted: Wanted, *, say: Callable[[], None] = lambda: None
    ) -> None:
        """Compare what a partner's payments of that time came to, a bounded number side by side.

        `say` is called now and then, for whoever waits.
        """
        async for page in payment_list.all_payments(self._db, partner_id, wanted):
            decided = iter([held for held in page if held.state not in UNDECIDED])
            self.undecided += sum(held.state in UNDECIDED for held in page)
            await asyncio.gather(*(self._each(decided) for _ in range(SIDE_BY_SIDE)))
            say()
            if self.gave_up:
                break
        self.differences.sort(key=lambda one: (one.held.partner_id, one.held.attempt_no))

    async def _each(self, decided: Iterator[Held]) -> None:
        for held in decided:
            if self.gave_up:
                return
            await self._one(held)

    async def _one(self, held: Held) -> None:
        for _ in range(_MOST_LOOKS):
            told = await self._heard(lambda order_id=held.order_id: self._gateway.ask(order_id))
            if isinstance(told, Unknown):
                self.not_told.append(NotTold(held, told.reason))
                return
            refund = await self._refund_of(held, told)
            if isinstance(refund, Unknown):
                self.not_told.append(NotTold(held, refund.reason))
                return
            gap = gap_between(held, told, refund)
            now = (
                held
                if gap is None
                else await payment_list.payment(self._db, held.partner_id, held.attempt_no)
            )
            if gap is None or now is None:
                self.compared += 1
                return
            if now == held:
                self.compared += 1
                self.differences.append(Difference(held, gap, says(held, told, gap), to_do(held, told, gap)))
                return
            held = now
        self.undecided += 1

    async def _refund_of(self, held: Held, told: Told) -> AskedRefund | None:
        """What the gateway says of the refund that was done here, if it knows the payment and shows none."""
        done = held.given_back_by
        if done is None or taken_back(told) or isinstance(told, NotFound):
            return None
        return await self._heard(lambda: self._gateway.ask_refund(held.order_id, done.refund_id))

    async def _heard(self, question: Callable[[], Awaitable[T]]) -> T | Unknown:
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._next_at)
        self._next_at = at + self._pause_seconds
        await asyncio.sleep(at - loop.time())
        answer = await heard(question(), _ASK_SECONDS)
        self._silent = self._silent + 1 if isinstance(answer, Unknown) else 0
        return answer
