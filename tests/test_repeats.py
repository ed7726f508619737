"""Requests sent again: the first answer, or the reason why not."""

from __future__ import annotations

import asyncio

import pytest

from cheonggu.domain.seoul import end_of, today
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import Live, envelope_of


async def test_a_repeated_key_gets_the_first_answer_and_other_bytes_are_refused(live: Live) -> None:
    bill = envelope_of(live.bill(billId="KEY"))
    first = await live.call("/bill", bill, Idempotency_Key="k-1")
    assert await live.call("/bill", bill, Idempotency_Key="k-1") == first
    status, other = await live.call("/bill", envelope_of(live.bill(billId="KEY2")), Idempotency_Key="k-1")
    assert (status, other["code"]) == (409, "IDEMPOTENCY_001")
    assert await live.balance() == 1_000_000 - 55
    assert await live.destroy("KEY", Idempotency_Key="k-1") == "0000", "a key's scope is one operation"
    assert await live.destroy("KEY", Idempotency_Key="k-1") == "0000"
    assert await live.destroy("KEY", Idempotency_Key="k-2") == "BILL_005"
    await live.advance(86_400)
    assert await live.destroy("KEY", Idempotency_Key="k-1") == "BILL_005", "a key is remembered for a day"


async def test_a_repeated_cancel_answers_as_its_refund_stands(live: Live) -> None:
    await live.create(billId="CK")
    await live.pay("CK")
    first, second = await asyncio.gather(*(live.cancel("CK", Idempotency_Key="c") for _ in range(2)))
    assert first == second
    assert first["code"] == "0000"
    assert await live.cancel("CK", Idempotency_Key="c") == first
    assert (await live.cancel("CK", Idempotency_Key="d"))["code"] == "BILL_005"
    await assert_books_hold(live.service.db, settled=True)


async def script_refund(live: Live, outcome: str) -> None:
    """What the sandbox's gateway does at the next refund of the only payment there is."""
    await live.service.db.execute(
        "INSERT INTO sandbox_script (subject, outcome) SELECT order_id, $1 FROM attempt", outcome
    )


@pytest.mark.parametrize(
    ("outcome", "code", "state"),
    [
        ("REFUND_REFUSED_CARD", "PAYMENT_001", "F"),
        ("REFUND_MAINTENANCE", "MAINTAINED_METHOD", "F"),
        ("REFUND_UNKNOWN_DONE", "0000", "C"),
        ("REFUND_UNKNOWN_NOT_DONE", "0000", "C"),
    ],
)
async def test_a_refund_ends_as_the_gateway_says(live: Live, outcome: str, code: str, state: str) -> None:
    await live.create(billId="RF")
    await live.pay("RF")
    await script_refund(live, outcome)
    assert (await live.cancel("RF"))["code"] == code
    assert (await live.read("RF"))["apprState"] == state
    await assert_books_hold(live.service.db, settled=True)


async def test_a_cancel_refused_for_maintenance_may_be_repeated_with_its_key(live: Live) -> None:
    await live.create(billId="MT")
    await live.pay("MT")
    await script_refund(live, "REFUND_MAINTENANCE")
    assert (await live.cancel("MT", Idempotency_Key="m"))["code"] == "MAINTAINED_METHOD"
    assert (await live.cancel("MT", Idempotency_Key="m"))["code"] == "0000"
    await assert_books_hold(live.service.db, settled=True)


async def test_a_cancel_refused_by_the_card_company_stays_refused_for_its_key(live: Live) -> None:
    await live.create(billId="CC")
    await live.pay("CC")
    await script_refund(live, "REFUND_REFUSED_CARD")
    assert (await live.cancel("CC", Idempotency_Key="c"))["code"] == "PAYMENT_001"
    assert (await live.cancel("CC", Idempotency_Key="c"))["code"] == "PAYMENT_001"
    assert (await live.cancel("CC", Idempotency_Key="d"))["code"] == "0000"
    await assert_books_hold(live.service.db, settled=True)


async def test_a_resend_refused_while_paying_may_be_repeated_with_its_key(live: Live) -> None:
    await live.create(billId="RP")
    await live.pay("RP", "TIMEOUT_NOT_CHARGED")
    resend = {"billId": "RP"}
    assert (await live.operate("/bill/resend", resend, Idempotency_Key="r"))["code"] == "BILL_006"
    await live.advance(11)

    async def sent_again() -> bool:
        return (await live.operate("/bill/resend", resend, Idempotency_Key="r"))["code"] == "0000"

    await until(sent_again)


async def test_a_keyed_create_is_replayed_after_its_last_day(live: Live) -> None:
    now = live.service.clock.now()
    last_day = today(now)
    bill = envelope_of(live.bill(billId="NIGHT", expireDt=last_day.isoformat()))
    first = await live.call("/bill", bill, Idempotency_Key="night")
    await live.advance((end_of(last_day) - now).total_seconds())
    again = await live.call("/bill", bill, Idempotency_Key="night")
    assert again == first
    assert (await live.call("/bill", bill))[1]["code"] == "VALIDATION_001"
