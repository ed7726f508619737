"""The load: actors, each of whom leads one bill after the other through a life that its seed decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from chaos import client
from chaos.record import Asked, BillRecord
from chaos.stand_ins import make_refused_refund, script_refund
from chaos.world import World

_OUTCOMES: Final = (
    *("APPROVE",) * 62,
    *("DECLINE",) * 12,
    *("TIMEOUT_CHARGED",) * 12,
    *("TIMEOUT_NOT_CHARGED",) * 8,
    *("CHARGED_LATE",) * 6,
)
_PHONES: Final = (
    *("01012345678",) * 90,
    *("01000000001",) * 4,  # no KakaoTalk user
    *("01000000002",) * 4,  # arrives, but the sender's answer gets lost
    *("01000000003",) * 2,  # lost before the sender took it
)
_REFUND_SCRIPTS: Final = (
    "REFUND_REFUSED_CARD",
    "REFUND_MAINTENANCE",
    "REFUND_UNKNOWN_DONE",
    "REFUND_UNKNOWN_NOT_DONE",
)
_MOST_REPEATS: Final = 4
_PAUSE_SECONDS: Final = 0.3
"""After an answer that says nothing, as a careful program waits."""
_HANG_UP_CHANCE: Final = 0.02


class Actor:
    """One program of a partner's and its payers, one step after the other."""

    def __init__(self, world: World, seed: str, number: int) -> None:
        self._world = world
        self._seed = seed
        self._number = number
        self._chance = random.Random()  # noqa: S311 - no secrets

    async def work(self, stop: asyncio.Event) -> None:
        """Lead bills through their lives until told to stop."""
        nth = 0
        while not stop.is_set():
            self._chance = random.Random(f"{self._seed}/{self._number}/{nth}")  # noqa: S311
            await self._lead(self._new_bill(nth), stop)
            nth += 1

    def _new_bill(self, nth: int) -> BillRecord:
        chance, world = self._chance, self._world
        account = chance.choice(world.accounts)
        bill_id = f"C{self._number:03}-{nth:06}"
        port = chance.choice(world.receiver_ports)
        more: dict[str, str] = {}
        if chance.random() < 0.2:
            more["expireDt"] = world.time.today()
        return world.record.bill(
            account,
            client.new_fields(
                bill_id,
                phone=chance.choice(_PHONES),
                price=chance.randint(1, 900) * 1000,
                callback_url=f"http://127.0.0.1:{port}/paid?bill={bill_id}",
                send_type=chance.choice(("TALK", "TALK", "URL")),
                **more,
            ),
        )

    async def _lead(self, bill: BillRecord, stop: asyncio.Event) -> None:
        if not await self._begin(bill):
            return
        steps: list[Callable[[BillRecord], Awaitable[object]]] = [
            *(self._read,) * 6,
            *(self._pay,) * 5,
            *(self._cancel,) * 3,
            *(self._destroy,) * 2,
            *(self._resend,) * 2,
            self._pay_and_destroy,
            self._twice,
            self._strange,
        ]
        for _ in range(self._chance.randint(2, 8)):
            if stop.is_set():
                return
            await self._chance.choice(steps)(bill)
            if bill.asked[-1].unknown or not bill.asked[-1].sent:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _begin(self, bill: BillRecord) -> bool:
        """Create it, perhaps twice at once or overtaken by a destroy; False when it is not there."""
        key = self._key(bill, "create")
        way = self._chance.random()
        if way < 0.08:
            await asyncio.gather(
                client.create(self._world, bill, api=0, key=key),
                client.create(self._world, bill, api=1, key=key),
            )
        elif way < 0.10:
            await asyncio.gather(
                client.create(self._world, bill, api=0, key=key), client.destroy(self._world, bill, api=1)
            )
        else:
            await client.create(self._world, bill, api=self._api, key=key, hang_up=self._hang_up())
        await self._repeat(
            lambda: client.create(self._world, bill, api=self._api, key=key), bill.of("create"), likely=0.8
        )
        return any(one.done for one in bill.of("create")) or any(one.unknown for one in bill.of("create"))

    async def _read(self, bill: BillRecord) -> None:
        await client.read(self._world, bill, api=self._api)

    async def _pay(self, bill: BillRecord) -> None:
        outcome = self._chance.choice(_OUTCOMES)
        await client.pay(self._world, bill, outcome, api=self._api, hang_up=self._hang_up())

    async def _destroy(self, bill: BillRecord) -> None:
        key = self._key(bill, "destroy")
        await client.destroy(self._world, bill, api=self._api, key=key, hang_up=self._hang_up())
        await self._repeat(
            lambda: client.destroy(self._world, bill, api=self._api, key=key), bill.of("destroy"), likely=0.5
        )

    async def _resend(self, bill: BillRecord) -> None:
        key = self._key(bill, "resend")
        await client.resend(self._world, bill, api=self._api, key=key, hang_up=self._hang_up())
        if key is not None:
            await self._repeat(
                lambda: client.resend(self._world, bill, api=self._api, key=key),
                bill.of("resend"),
                likely=0.9,
            )

    async def _cancel(self, bill: BillRecord) -> None:
        if not any(one.data and one.data.get("state") == "F" for one in bill.of("pay")):
            if self._chance.random() < 0.7:
                return
        elif self._chance.random() < 0.35:
            await script_refund(self._world, bill, self._chance.choice(_REFUND_SCRIPTS))
        key = self._key(bill, "cancel")
        await client.cancel(self._world, bill, api=self._api, key=key, hang_up=self._hang_up())
        await self._repeat(
            lambda: client.cancel(self._world, bill, api=self._api, key=key), bill.of("cancel"), likely=0.5
        )
        if bill.asked[-1].code == "PAYMENT_001" and self._chance.random() < 0.5:
            await make_refused_refund(self._world, bill)

    async def _pay_and_destroy(self, bill: BillRecord) -> None:
        await asyncio.gather(
            client.pay(self._world, bill, "APPROVE", api=0), client.destroy(self._world, bill, api=1)
        )

    async def _twice(self, bill: BillRecord) -> None:
        """One of the writes, sent twice at once under one key."""
        what = self._chance.choice((client.destroy, client.resend, client.cancel))
        key = f"{bill.bill_id}-twice-{len(bill.asked)}"
        await asyncio.gather(what(self._world, bill, api=0, key=key), what(self._world, bill, api=1, key=key))

    async def _strange(self, bill: BillRecord) -> None:
        """What is refused whatever state the bill is in."""
        way = self._chance.randrange(4)
        if way == 0:
            others = [one for one in self._world.accounts if one.partner_id != bill.account.partner_id]
            await client.read_as(self._world, self._chance.choice(others), bill, api=self._api)
        elif way == 1:
            await client.destroy_with_wrong_hash(self._world, bill, api=self._api)
        elif way == 2:
            await client.balance(self._world, bill.account, api=self._api)
        else:
            kept = [one for one in bill.asked if one.key is not None and one.done and one.what != "cancel"]
            if kept:
                await client.other_bytes(self._world, bill, self._chance.choice(kept), api=self._api)

    async def _repeat(
        self, again: Callable[[], Awaitable[Asked]], asked: list[Asked], *, likely: float
    ) -> None:
        """Ask again while it is not known whether it was done, as a careful program does."""
        last = asked[-1] if asked else None
        for _ in range(_MOST_REPEATS):
            if last is not None and not last.unknown and last.sent:
                return
            if last is not None and self._chance.random() > likely:
                return
            await asyncio.sleep(_PAUSE_SECONDS)
            last = await again()

    @property
    def _api(self) -> int:
        return self._chance.randrange(len(self._world.apis))

    def _key(self, bill: BillRecord, what: str) -> str | None:
        return f"{bill.bill_id}-{what}-{len(bill.asked)}" if self._chance.random() < 0.5 else None

    def _hang_up(self) -> float | None:
        """After how many seconds the caller is gone; mostly it stays."""
        return self._chance.uniform(0.001, 0.06) if self._chance.random() < _HANG_UP_CHANCE else None
