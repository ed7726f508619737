"""Refunds when answers cross: money that went back is in the books, whoever told of it and when."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from cheonggu.billing import refunds
from cheonggu.delivery import payment
from cheonggu.domain.payment import AskedRefund, Refunded, RefundFacts, RefundRefused, Unknown
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import API_KEY, MEMBER, MERCHANT, Live


async def paid(live: Live, bill_id: str) -> None:
    await live.create(billId=bill_id, sendType="URL")
    assert await live.pay(bill_id) == "F"


async def begun(live: Live, bill_id: str) -> RefundFacts:
    """A cancel that has begun, and whose gateway has not been asked."""
    service = live.service
    partner = await service.directory.partner(API_KEY)
    caller = await service.directory.caller(partner, API_KEY, MEMBER, MERCHANT)
    refund, fresh = await refunds.begin_cancel(
        service, caller, bill_id=bill_id, price_won=150_000, reason="x", idem=None, lease_seconds=15
    )
    assert fresh
    return refund


def done(now: datetime) -> Refunded:
    return Refunded("90000001", now)


REFUSED = RefundRefused("MAINTENANCE", "점검 중")


async def test_money_given_back_after_a_refusal_was_heard_is_not_lost(live: Live) -> None:
    await paid(live, "R1")
    refund = await begun(live, "R1")
    await refunds.settle_refund(live.service, refund, REFUSED, fence=refund.fence)
    assert (await live.read("R1"))["apprState"] == "F"
    await refunds.settle_refund(live.service, refund, done(live.service.clock.now()), fence=refund.fence)
    assert (await live.read("R1"))["apprState"] == "C"
    await assert_books_hold(live.service.db, settled=True)


async def test_it_ends_a_second_cancel_that_had_begun_meanwhile(live: Live) -> None:
    await paid(live, "R2")
    first = await begun(live, "R2")
    await refunds.settle_refund(live.service, first, REFUSED, fence=first.fence)
    second = await begun(live, "R2")
    await refunds.settle_refund(live.service, first, done(live.service.clock.now()), fence=first.fence)
    assert (await live.read("R2"))["apprNum"] == "90000001"
    await refunds.settle_refund(live.service, second, Unknown("late"), fence=second.fence)
    await refunds.settle_refund(live.service, second, done(live.service.clock.now()), fence=second.fence)
    assert (await live.read("R2"))["apprState"] == "C"
    await assert_books_hold(live.service.db, settled=True)


async def test_a_refusal_under_an_old_lease_does_not_count(live: Live) -> None:
    await paid(live, "R3")
    refund = await begun(live, "R3")
    db, now = live.service.db, live.service.clock.now()
    await db.execute("UPDATE refund SET fence = fence + 1")  # somebody else has claimed it since
    await refunds.settle_refund(live.service, refund, REFUSED, fence=refund.fence)
    assert await db.fetchval("SELECT state FROM refund") == "UNDECIDED"
    await refunds.settle_refund(live.service, refund, done(now), fence=refund.fence + 1)
    assert (await live.read("R3"))["apprState"] == "C"
    await assert_books_hold(db, settled=True)


async def test_a_refund_is_not_begun_when_its_lease_is_nearly_over(live: Live) -> None:
    await paid(live, "R4")
    refund = await begun(live, "R4")
    await payment.give_back(live.service, refund, refund.fence, begin_before=0)
    assert await live.service.db.fetchval("SELECT count(*) FROM sandbox_refund") == 0


async def test_a_cancel_undecided_for_long_is_answered_in_time(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_order: object) -> Unknown:
        await asyncio.sleep(60)
        return Unknown("never")

    monkeypatch.setattr(payment, "CANCEL_SECONDS", 2)
    monkeypatch.setattr(live.service.gateway, "refund", hang)
    await paid(live, "R5")
    began = asyncio.get_running_loop().time()
    assert (await live.cancel("R5"))["code"] == "BILL_007"
    assert asyncio.get_running_loop().time() - began < 3.9
    monkeypatch.undo()


async def test_a_clock_that_jumps_during_a_payment_does_not_put_off_the_first_question(live: Live) -> None:
    await live.create(billId="J1", sendType="URL")
    paying = asyncio.create_task(live.pay("J1", "TIMEOUT_CHARGED"))

    async def under_way() -> bool:
        return await live.service.db.fetchval("SELECT count(*) FROM attempt") == 1

    await until(under_way)
    await live.advance(25 * 3600)
    await paying
    row = await live.service.db.fetchrow("SELECT state, ask_at FROM attempt")
    assert row is not None
    if row["state"] == "UNKNOWN":
        assert (row["ask_at"] - live.service.clock.now()).total_seconds() < 5


async def made_after_all(live: Live, bill_id: str, **headers: str) -> None:
    """A cancel that the gateway refuses; then the same refund is on its books as made."""
    await paid(live, bill_id)
    db = live.service.db
    await db.execute("INSERT INTO sandbox_script SELECT order_id, 'REFUND_REFUSED_CARD' FROM attempt")
    assert (await live.cancel(bill_id, **headers))["code"] == "PAYMENT_001"
    await db.execute(
        "UPDATE sandbox_refund SET refund_number = '90000002', refunded_at = now(), refusal_kind = NULL, "
        "refusal = NULL"
    )


async def test_a_cancel_after_a_refusal_that_was_none_hears_that_the_bill_is_cancelled(live: Live) -> None:
    await made_after_all(live, "R6", Idempotency_Key="first")
    assert (await live.read("R6"))["apprState"] == "F"
    assert (await live.cancel("R6", Idempotency_Key="second"))["code"] == "BILL_005"
    bill = await live.read("R6")
    assert (bill["apprState"], bill["apprNum"]) == ("C", "90000002")
    assert (await live.cancel("R6", Idempotency_Key="second"))["code"] == "BILL_005"
    assert (await live.cancel("R6", Idempotency_Key="first"))["code"] == "0000"
    assert await live.service.db.fetchval("SELECT count(*) FROM sandbox_refund") == 1, "it was made once"
    await assert_books_hold(live.service.db, settled=True)


async def test_it_is_made_before_the_second_refund_is_answered(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_after_all(live, "R7")
    gateway, questions = live.service.gateway, 0
    ask = gateway.ask_refund

    async def slow_books(order_id: str, refund_id: str) -> AskedRefund:
        nonlocal questions
        questions += 1
        return REFUSED if questions == 1 else await ask(order_id, refund_id)

    monkeypatch.setattr(gateway, "ask_refund", slow_books)
    assert (await live.cancel("R7"))["code"] == "BILL_005"
    assert (await live.read("R7"))["apprState"] == "C"
    await assert_books_hold(live.service.db, settled=True)


async def test_while_the_gateway_says_nothing_of_a_refused_refund_no_other_is_made(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_after_all(live, "R8")
    gateway = live.service.gateway
    with monkeypatch.context() as silent:

        async def nothing(_order_id: str, _refund_id: str) -> Unknown:
            return Unknown("silent")

        silent.setattr(payment, "CANCEL_SECONDS", 0.2)
        silent.setattr(gateway, "ask_refund", nothing)
        assert (await live.cancel("R8"))["code"] == "BILL_007"
        assert await live.service.db.fetchval("SELECT count(*) FROM sandbox_refund") == 1

    async def canceled() -> bool:
        return (await live.read("R8"))["apprState"] == "C"

    await until(canceled)
    await assert_books_hold(live.service.db, settled=True)


async def test_a_cancel_that_another_one_overtakes_hears_that_the_bill_is_cancelled(live: Live) -> None:
    await paid(live, "R9")
    first = await begun(live, "R9")
    await refunds.settle_refund(live.service, first, REFUSED, fence=first.fence)
    gateway, now = live.service.gateway, live.service.clock.now()

    async def overtaken(_order: object) -> RefundRefused:
        await refunds.settle_refund(live.service, first, done(now), fence=first.fence)
        return RefundRefused("CARD", "이미 취소된 결제예요.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway, "refund", overtaken)
        assert (await live.cancel("R9"))["code"] == "BILL_005"
    assert (await live.read("R9"))["apprState"] == "C"
    await assert_books_hold(live.service.db, settled=True)


async def test_a_late_charge_whose_refund_was_refused_and_made_is_found_given_back(live: Live) -> None:
    await live.create(billId="RL", sendType="URL")
    db = live.service.db
    await live.pay("RL", "CHARGED_LATE")

    async def attempt_is(state: str) -> bool:
        return await db.fetchval("SELECT state FROM attempt") == state

    await live.advance(2)
    order = await db.fetchval("SELECT order_id FROM attempt")
    await live.advance(20)
    await until(lambda: attempt_is("FAILED"))
    await db.execute("INSERT INTO sandbox_script VALUES ($1, 'REFUND_REFUSED_CARD')", order)
    await live.advance(3_700)
    await until(lambda: attempt_is("LATE_CHARGED"))

    async def refused() -> bool:  # and written, as the next one comes an hour after that
        return await db.fetchval("SELECT count(*) FROM refund WHERE state = 'REFUSED'") == 1

    await until(refused)
    await db.execute(
        "UPDATE sandbox_refund SET refund_number = '90000003', refunded_at = now(), refusal_kind = NULL, "
        "refusal = NULL"
    )
    await live.advance(3_700)
    await until(lambda: attempt_is("LATE_REFUNDED"))
    assert await db.fetchval("SELECT count(*) FROM sandbox_refund") == 1
