"""Refunds when answers cross: money that went back is in the books, whoever told of it and when."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from cheonggu.billing import refunds
from cheonggu.delivery import payment
from cheonggu.domain.payment import Refunded, RefundFacts, RefundRefused, Unknown
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

    monkeypatch.setattr(payment, "CANCEL_SECONDS", 0.5)
    monkeypatch.setattr(live.service.gateway, "refund", hang)
    await paid(live, "R5")
    began = asyncio.get_running_loop().time()
    assert (await live.cancel("R5"))["code"] == "BILL_007"
    assert asyncio.get_running_loop().time() - began < 0.9
    monkeypatch.undo()


async def test_a_clock_that_jumps_during_a_payment_does_not_put_off_the_first_question(live: Live) -> None:
    await live.create(billId="J1", sendType="URL")
    paying = asyncio.create_task(live.pay("J1", "TIMEOUT_CHARGED"))

    async def under_way() -> bool:
        return await live.service.db.fetchval("SELECT count(*) FROM attempt") == 1

    await until(under_way, 2)
    await live.advance(25 * 3600)
    await paying
    row = await live.service.db.fetchrow("SELECT state, ask_at FROM attempt")
    assert row is not None
    if row["state"] == "UNKNOWN":
        assert (row["ask_at"] - live.service.clock.now()).total_seconds() < 5
