"""Races: two or three requests about one bill start at the same moment, and exactly one of them wins."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from chaos import client
from chaos.database import database_server
from chaos.found import keep
from chaos.record import Asked, BillRecord
from chaos.settle import settle, violations
from chaos.tables import Tables, load
from chaos.world import Shape, World, world

_AT_ONCE: Final = 20
_EXPIRING_SHARE: Final = 10
"""One race in so many is against midnight."""
_BATCH: Final = 200
"""Of those, so many are run at one midnight."""
_BEFORE_MIDNIGHT_SECONDS: Final = 1.0
_AROUND_MIDNIGHT_SECONDS: Final = 2.0
_JITTER_SECONDS: Final = 0.03

Judge = Callable[[list[str], BillRecord, Tables], bool]
"""Whether what was answered, and what is in the tables, has exactly one winner."""


class Race(msgspec.Struct, frozen=True):
    """Who races: `paid` first for those about a payment, `one_key` for a request and its twin."""

    moves: tuple[str, ...]
    judge: Judge
    paid: bool = False
    one_key: bool = False

    @property
    def name(self) -> str:
        """How it is called."""
        before, twins = ("paid: " if self.paid else ""), (", one key" if self.one_key else "")
        return f"{before}{' | '.join(self.moves)}{twins}"


@dataclass
class Finish:
    """What the races came to."""

    seed: str
    requests: int = 0
    not_begun: int = 0
    """Races whose bill could not be made what they begin with."""
    run: Counter[str] = field(default_factory=Counter[str])
    won: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    """By race: as what the bills ended."""
    violations: list[str] = field(default_factory=list[str])


def _attempts(bill: BillRecord, tables: Tables) -> int:
    row = tables.bills[bill.account.partner_id, bill.bill_id]
    return len(tables.attempts.get((row.partner_id, row.bill_no), []))


def _one_takes_it(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    """It is paid once or destroyed once, and never both."""
    return codes.count("destroy 0000") + _attempts(bill, tables) == 1


def _paid_once(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    del codes
    return _attempts(bill, tables) == 1


def _one_success(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    del bill, tables
    return sum(code.endswith(" 0000") for code in codes) == 1


def _all_succeed(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    del bill, tables
    return all(code.endswith(" 0000") for code in codes)


def _cancel_wins(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    del bill, tables
    return codes.count("cancel 0000") == 1 and "destroy 0000" not in codes


def _destroy_wins(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    return codes.count("destroy 0000") == 1 and _attempts(bill, tables) == 0


def _paid_or_expired(codes: list[str], bill: BillRecord, tables: Tables) -> bool:
    """Whoever is told that it is paid has paid before midnight; the audit looks at when."""
    return codes.count("pay 0000") == 2 and _attempts(bill, tables) <= 1


RACES: Final = (
    Race(("pay", "pay"), _paid_once),
    Race(("pay", "pay", "pay"), _paid_once),
    Race(("pay", "destroy"), _one_takes_it),
    Race(("pay", "pay", "destroy"), _one_takes_it),
    Race(("pay", "destroy", "resend"), _one_takes_it),
    Race(("destroy", "destroy"), _one_success),
    Race(("destroy", "destroy"), _all_succeed, one_key=True),
    Race(("destroy", "resend"), _destroy_wins),
    Race(("pay", "resend"), _paid_once),
    Race(("pay", "cancel"), _paid_once),
    Race(("cancel", "cancel"), _one_success, paid=True),
    Race(("cancel", "cancel", "cancel"), _one_success, paid=True),
    Race(("cancel", "cancel"), _all_succeed, paid=True, one_key=True),
    Race(("cancel", "destroy"), _cancel_wins, paid=True),
    Race(("create", "create"), _one_success),
    Race(("create", "create"), _all_succeed, one_key=True),
)
MIDNIGHT: Final = Race(("pay", "pay", "resend"), _paid_or_expired)


async def races(seed: str, many: int) -> Finish:
    """Run so many races on a service of two API processes and two workers, and judge them."""
    finish = Finish(seed)
    async with database_server() as server, world(server, server.directory, Shape()) as made:
        runner = Runner(made, seed)
        expiring = many // _EXPIRING_SHARE
        await runner.run(many - expiring)
        finish.violations += await settle(made)
        for start in range(0, expiring, _BATCH):
            await runner.run_at_midnight(min(_BATCH, expiring - start))
        finish.violations += [*await settle(made), *await violations(made)]
        async with made.database() as db:
            finish.violations += runner.judged(await load(db, made.keyring), finish)
        finish.requests, finish.not_begun = made.record.requests, runner.not_begun
        await keep(made, "races", seed, finish.violations)
    return finish


class Runner:
    """Runs races side by side, each on a bill of its own."""

    def __init__(self, made: World, seed: str) -> None:
        self._world = made
        self._seed = seed
        self._run: list[tuple[Race, BillRecord, list[Asked]]] = []
        self.not_begun = 0

    async def run(self, many: int) -> None:
        """So many, a few at once."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(nth: int) -> None:
            async with slots:
                chance = random.Random(f"{self._seed}/{nth}")  # noqa: S311 - no secrets
                race = RACES[nth % len(RACES)]
                await self._race(race, self._bill(f"R{nth}"), chance)

        await asyncio.gather(*(one(nth) for nth in range(many)))

    async def run_at_midnight(self, many: int) -> None:
        """So many at one midnight in Seoul, which ends all of their last days."""
        first = len(self._run)
        today = self._world.time.today()
        bills = [self._bill(f"M{first + nth}", expireDt=today) for nth in range(many)]
        slots = asyncio.Semaphore(_AT_ONCE)

        async def make(bill: BillRecord) -> None:
            async with slots:
                await client.create(self._world, bill)

        await asyncio.gather(*(make(bill) for bill in bills))
        await self._world.advance(self._world.time.until_midnight() - _BEFORE_MIDNIGHT_SECONDS)

        async def meet(nth: int, bill: BillRecord) -> None:
            await asyncio.sleep(_AROUND_MIDNIGHT_SECONDS * nth / many)
            await self._start(MIDNIGHT, bill, random.Random(nth))  # noqa: S311

        await asyncio.gather(*(meet(nth, bill) for nth, bill in enumerate(bills)))

    def judged(self, tables: Tables, finish: Finish) -> Iterator[str]:
        """The races that did not have exactly one winner."""
        for race, bill, asked in self._run:
            finish.run[race.name] += 1
            codes = [f"{one.what} {one.code}" for one in asked]
            row = tables.bills.get((bill.account.partner_id, bill.bill_id))
            if row is None:
                yield f"race: {race.name}: {bill.bill_id} was not made: {[one.code for one in bill.asked]}"
                continue
            state = row.state
            finish.won.setdefault(race.name, Counter())[state] += 1
            if not race.judge(codes, bill, tables):
                yield f"race: {race.name}: {bill.bill_id} is {state}, and the answers were {codes}"

    async def _race(self, race: Race, bill: BillRecord, chance: random.Random) -> None:
        if await self._ready(race, bill):
            await self._start(race, bill, chance)
        else:
            self.not_begun += 1

    async def _ready(self, race: Race, bill: BillRecord) -> bool:
        """Make the bill what the race begins with; False when it is not, or nobody knows.

        On a machine that is busy for a second the gateway's time runs out, and the payment is unknown.
        """
        if race.moves[0] != "create" and not (await client.create(self._world, bill)).done:
            return False
        if not race.paid:
            return True
        paid = await client.pay(self._world, bill, "APPROVE")
        return paid.data is not None and paid.data.get("state") == "F"

    async def _start(self, race: Race, bill: BillRecord, chance: random.Random) -> None:
        """All at once; in every other race one of them comes first by a few milliseconds."""
        first = chance.randrange(len(race.moves))
        most = _JITTER_SECONDS if chance.random() < 0.5 else 0.0
        delays = [chance.uniform(0, most) if nth != first else 0.0 for nth in range(len(race.moves))]
        key = f"{bill.bill_id}-twin" if race.one_key else None
        asked = await asyncio.gather(
            *(
                self._move(move, bill, nth, key, delay)
                for nth, (move, delay) in enumerate(zip(race.moves, delays, strict=True))
            )
        )
        self._run.append((race, bill, asked))

    async def _move(self, move: str, bill: BillRecord, nth: int, key: str | None, delay: float) -> Asked:
        if delay:
            await asyncio.sleep(delay)
        api = nth % len(self._world.apis)
        if move == "pay":
            return await client.pay(self._world, bill, "APPROVE", api=api)
        return await _WRITES[move](self._world, bill, api=api, key=key)

    def _bill(self, bill_id: str, **more: str) -> BillRecord:
        url = f"http://127.0.0.1:{self._world.receiver_ports[0]}/paid?bill={bill_id}"
        fields = client.new_fields(
            bill_id, phone="01012345678", price=10_000, callback_url=url, send_type="TALK", **more
        )
        account = self._world.accounts[len(self._world.record.bills) % (len(self._world.accounts) - 1)]
        return self._world.record.bill(account, fields)


_WRITES: Final[dict[str, Callable[..., Awaitable[Asked]]]] = {
    "create": client.create,
    "destroy": client.destroy,
    "resend": client.resend,
    "cancel": client.cancel,
}
