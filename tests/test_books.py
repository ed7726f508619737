"""`cheonggu payment check`: our books beside the gateway's, and how the gateway is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from cheonggu.config import Settings
from cheonggu.delivery import janitor
from cheonggu.delivery.books import GIVE_UP_AFTER, SIDE_BY_SIDE, Comparison
from cheonggu.delivery.payment import cancel, pay
from cheonggu.domain.books import Gap
from cheonggu.domain.payment import Asked, AskedRefund, NotFound, Unknown
from cheonggu.providers import Gateway, Refund
from cheonggu.providers.sandbox_gateway import SandboxGateway
from cheonggu.service import Service
from cheonggu.store.payment_list import Wanted
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, paid
from tests.operating import Run, operator, told
from tests.test_gaps import BACK, DONE, NO, approved

# Against the sandbox's gateway, through the command.


@pytest_asyncio.fixture
async def run(service: Service, dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(service.gateway, "silence_seconds", 0.05)
    return operator(dsn, settings)


CHECK = ("payment", "check", "sandbox", "--since", "2026-01-01", "--per-second", "100")


async def cancelled(service: Service, bill_id: str) -> None:
    bill, caller = await paid(service, bill_id=bill_id), await caller_of(service)
    await cancel(service, caller, bill_id=bill_id, price_won=bill.price_won, reason="", idem=None)


async def order_of(service: Service, bill_id: str) -> str:
    return await service.db.fetchval(
        "SELECT order_id FROM attempt JOIN bill USING (partner_id, bill_no) WHERE bill_id = $1", bill_id
    )


async def in_the_console(service: Service, bill_id: str) -> None:
    """Cancel a payment at the gateway, past us."""
    order_id = await order_of(service, bill_id)
    await service.gateway.refund(Refund(order_id=order_id, refund_id="console", amount_won=10_000, reason=""))


async def rows(service: Service) -> list[Any]:
    tables = ("bill", "attempt", "refund", "callback", "sandbox_payment", "sandbox_refund")
    return [
        [tuple(row.values()) for row in await service.db.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]  # noqa: S608
        for table in tables
    ]


async def test_books_that_agree_are_said_to_and_nothing_is_written(service: Service, run: Run) -> None:
    await paid(service, bill_id="PAID")
    await pay(service, await created(service, bill_id="TRIED"), "DECLINE")
    await cancelled(service, "BACK")
    await pay(service, await created(service, bill_id="ASKED"), "TIMEOUT_CHARGED")
    before = await rows(service)
    said = await told(run, *CHECK)
    assert said == {
        "agree": True,
        "compared": 3,
        "undecided": 1,
        "gaveUp": False,
        "differences": [],
        "notTold": [],
    }
    assert await rows(service) == before
    assert (
        "Payments compared: 3; all the same in both books; under way, and asked about by the worker: 1."
        in (await run(*CHECK)).stdout
    )
    assert (await told(run, *CHECK, "--until", "2026-01-02"))["compared"] == 0
    assert await service.db.fetchval("SELECT count(*) FROM audit WHERE act = 'payment check'") == 3


async def test_every_difference_is_listed_with_what_to_do(service: Service, run: Run) -> None:
    for bill_id in ("FINE", "GONE", "NO", "LESS", "CONSOLE"):
        await paid(service, bill_id=bill_id)
    for bill_id in ("BACK", "NOT_BACK"):
        await cancelled(service, bill_id)
    await pay(service, await created(service, bill_id="LATE"), "CHARGED_LATE")
    await service.clock.advance(service.db, 60)
    await janitor.ask_payments(service)
    await service.clock.advance(service.db, 30)
    await in_the_console(service, "CONSOLE")
    db = service.db
    await db.execute("DELETE FROM sandbox_payment WHERE order_id = $1", await order_of(service, "GONE"))
    await db.execute(
        "UPDATE sandbox_payment SET state = 'DECLINED', approval = NULL, code = 'X', reason = '거절'"
        " WHERE order_id = $1",
        await order_of(service, "NO"),
    )
    await db.execute(
        "UPDATE sandbox_payment SET approval = jsonb_set(approval, '{amount_won}', '9000')"
        " WHERE order_id = $1",
        await order_of(service, "LESS"),
    )
    await db.execute("DELETE FROM sandbox_refund WHERE order_id = $1", await order_of(service, "NOT_BACK"))
    said = await told(run, *CHECK, exits=1)
    assert [(one["billId"], one["gap"]) for one in said["differences"]] == [
        ("GONE", "NOT_THERE"),
        ("NO", "DECLINED_THERE"),
        ("LESS", "ANOTHER_THERE"),
        ("CONSOLE", "GIVEN_BACK_THERE"),
        ("NOT_BACK", "NOT_GIVEN_BACK_THERE"),
        ("LATE", "CHARGED_THERE"),
    ]
    assert (said["agree"], said["compared"]) == (False, 8)
    shown = (await run(*CHECK)).stdout
    for words in (
        "the gateway knows no such order",
        "never taken (X, 거절)",
        "the gateway took 9,000 won",
        "cheonggu bill cancel CONSOLE 10000",
        "the gateway still has 10,000 won",
        "the worker asks again at",
        "Payments compared: 8; different: 6.",
    ):
        assert words in shown


async def test_what_the_worker_gives_back_is_a_difference_no_more(service: Service, run: Run) -> None:
    await pay(service, await created(service), "CHARGED_LATE")
    for seconds in (60, 90):
        await service.clock.advance(service.db, seconds)
        await janitor.ask_payments(service)
    assert (await told(run, *CHECK))["compared"] == 1
    await janitor.ask_refunds(service)
    assert (await told(run, *CHECK))["compared"] == 1
    await assert_books_hold(service.db)


async def test_a_gateway_that_does_not_say_is_no_agreement(
    service: Service, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid(service, bill_id="KNOWN")
    await paid(service, bill_id="SILENT")
    await in_the_console(service, "KNOWN")
    silent, ask = await order_of(service, "SILENT"), SandboxGateway.ask

    async def says_nothing(self: SandboxGateway, order_id: str) -> Asked:
        return Unknown("no answer in time") if order_id == silent else await ask(self, order_id)

    monkeypatch.setattr(SandboxGateway, "ask", says_nothing)
    said = await told(run, *CHECK, exits=2)
    assert [(one["billId"], one["reason"]) for one in said["notTold"]] == [("SILENT", "no answer in time")]
    assert [one["billId"] for one in said["differences"]] == ["KNOWN"]
    assert "the gateway did not say of: 1." in (await run(*CHECK)).stdout


# Against gateways of our own.


class Theirs:
    """What a gateway's `ask` and `ask_refund` are made of in a test."""

    def __init__(self, ask: Callable[[str], Any], refund: AskedRefund | None = None) -> None:
        self._ask = ask
        self._refund = refund or NotFound()
        self.asked_at: list[float] = []
        self.at_once = self.most_at_once = 0

    async def ask(self, order_id: str) -> Asked:
        self.asked_at.append(asyncio.get_running_loop().time())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.05)
        self.at_once -= 1
        answer = self._ask(order_id)
        return await answer if asyncio.iscoroutine(answer) else answer

    async def ask_refund(self, *_: str) -> AskedRefund:
        return self._refund


def comparison(service: Service, theirs: Theirs, per_second: float = 1_000) -> Comparison:
    gateway: Any = theirs
    checked: Gateway = gateway
    return Comparison(service.db, checked, per_second=per_second)


async def test_a_gateway_is_asked_a_bounded_number_of_times_a_second(service: Service) -> None:
    for number in range(12):
        await paid(service, bill_id=f"B{number}")
    theirs = Theirs(lambda _: NO)
    compared = comparison(service, theirs, per_second=50)
    await compared.compare(1, Wanted())
    assert compared.compared == 12
    assert theirs.asked_at[-1] - theirs.asked_at[0] >= 11 / 50 - 0.01
    fast = Theirs(lambda _: NO)
    await comparison(service, fast).compare(1, Wanted())
    assert fast.most_at_once == SIDE_BY_SIDE


async def test_a_gateway_that_is_away_is_given_up_on(service: Service) -> None:
    bill = await paid(service)
    await service.db.execute(
        "INSERT INTO attempt (partner_id, bill_no, order_id, amount_won, state, began_at, confirm_until)"
        " SELECT 1, $1, 'x' || n, 10000, 'FAILED', now(), now() FROM generate_series(1, 100) n",
        bill.bill_no,
    )
    await service.db.execute(
        "INSERT INTO attempt_history (partner_id, attempt_no, step, to_state, at)"
        " SELECT 1, attempt_no, 0, 'CONFIRMING', now() FROM attempt WHERE state = 'FAILED'"
    )
    theirs = Theirs(lambda _: Unknown("away"))
    compared = comparison(service, theirs)
    await compared.compare(1, Wanted())
    assert compared.gave_up
    assert GIVE_UP_AFTER <= len(theirs.asked_at) < GIVE_UP_AFTER + SIDE_BY_SIDE
    assert len(compared.not_told) == len(theirs.asked_at)


async def test_a_payment_that_moves_while_it_is_asked_about_is_looked_at_again(service: Service) -> None:
    bill = await paid(service)

    async def cancels_first(_: str) -> Asked:
        if await service.db.fetchval("SELECT state FROM bill") == "PAID":
            caller = await caller_of(service)
            await cancel(service, caller, bill_id=bill.bill_id, price_won=10_000, reason="", idem=None)
        return BACK

    theirs = Theirs(cancels_first)
    compared = comparison(service, theirs)
    await compared.compare(1, Wanted())
    assert (compared.compared, compared.differences) == (1, [])
    assert len(theirs.asked_at) == 2


async def test_a_refund_that_the_gateway_knows_by_its_id_is_none_that_is_missing(service: Service) -> None:
    await cancelled(service, "B1")
    row = await service.db.fetchrow("SELECT * FROM attempt")
    assert row is not None
    taken = approved(10_000, row["order_id"])
    knows = comparison(service, Theirs(lambda _: taken, DONE))
    await knows.compare(1, Wanted())
    assert knows.differences == []
    does_not = comparison(service, Theirs(lambda _: taken, NotFound()))
    await does_not.compare(1, Wanted())
    assert [one.gap for one in does_not.differences] == [Gap.NOT_GIVEN_BACK_THERE]
    silent = comparison(service, Theirs(lambda _: taken, Unknown("away")))
    await silent.compare(1, Wanted())
    assert [one.reason for one in silent.not_told] == ["away"]


async def test_only_payments_of_that_time_are_asked_about(service: Service) -> None:
    for bill_id in ("OLD", "NEW"):
        await paid(service, bill_id=bill_id)
        await service.clock.advance(service.db, timedelta(days=2).total_seconds())
    began: datetime = await service.db.fetchval("SELECT max(began_at) FROM attempt")
    asked: list[str] = []
    theirs = Theirs(lambda order_id: (asked.append(order_id), NO)[1])
    await comparison(service, theirs).compare(1, Wanted(since=began - timedelta(days=1)))
    assert asked == [await order_of(service, "NEW")]
    await comparison(service, theirs).compare(1, Wanted(until=began - timedelta(days=1)))
    assert asked[1:] == [await order_of(service, "OLD")]
