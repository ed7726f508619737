"""Payments through Toss as the whole service makes them: the books say what Toss charged and gave back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from cheonggu.delivery import janitor, payment
from cheonggu.domain import codes
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.codes import Code, Refused
from cheonggu.domain.payment import TAKEN_BACK, Approval
from cheonggu.providers.toss_gateway import CONFIRM_WINDOW_SECONDS
from cheonggu.service import Service
from cheonggu.web.order_ids import new_order_id
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, found, only, run_out
from tests.standins.toss import ANSWER_LOST, REQUEST_LOST, Toss, Trouble, error, garbage
from tests.toss_sides import HASTY_SECONDS, with_toss

WON = 150_000


class Shop:
    """A service that takes payments through Toss."""

    def __init__(self, service: Service, toss: Toss) -> None:
        self.service, self.toss = service, toss

    async def bill(self) -> Bill:
        return await created(self.service, price_won=WON)

    def order(self, bill: Bill) -> str:
        return new_order_id(self.service.keyring.form_key, bill.short_code)

    async def pay(self, bill: Bill, order_id: str | None = None) -> Bill:
        order_id = order_id or self.order(bill)
        key = self.toss.authenticate(order_id, WON)
        return await payment.pay(self.service, bill, key, order_id=order_id)

    async def cancel(self, bill: Bill) -> Code:
        caller = await caller_of(self.service)
        try:
            await payment.cancel(
                self.service, caller, bill_id=bill.bill_id, price_won=WON, reason="고객 변심", idem=None
            )
        except Refused as refused:
            return refused.code
        return codes.OK

    async def later(self, seconds: float) -> None:
        """Time passes, and the janitor asks what is due."""
        await self.service.clock.advance(self.service.db, seconds)
        for table in ("attempt", "refund"):
            await run_out(self.service, table)
        await janitor.ask_payments(self.service)
        await janitor.ask_refunds(self.service)

    async def now(self, bill: Bill) -> Bill:
        return await found(self.service, bill.partner_id, bill.bill_id)

    async def order_id(self) -> str:
        return (await only(self.service, "attempt"))["order_id"]

    async def money(self) -> tuple[int, int]:
        """What Toss charged and gave back for the only attempt."""
        order_id = await self.order_id()
        return self.toss.charged_won(order_id), self.toss.given_back_won(order_id)


@pytest_asyncio.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    async with with_toss(service) as (with_gateway, toss):
        yield Shop(with_gateway, toss)


@pytest_asyncio.fixture
async def hasty(service: Service) -> AsyncIterator[Shop]:
    """One whose calls give up soon."""
    async with with_toss(service, deadline_seconds=HASTY_SECONDS) as (with_gateway, toss):
        yield Shop(with_gateway, toss)


async def test_a_payment_is_taken_and_given_back(shop: Shop) -> None:
    bill = await shop.bill()
    assert (await shop.pay(bill)).state is State.PAID
    assert await shop.cancel(bill) is codes.OK
    assert (await shop.now(bill)).state is State.CANCELED
    assert await shop.money() == (WON, WON)
    await assert_books_hold(shop.service.db, settled=True)


async def test_an_order_pays_once_however_often_it_comes_back(shop: Shop) -> None:
    bill = await shop.bill()
    order_id = shop.order(bill)
    assert (await shop.pay(bill, order_id)).state is State.PAID
    with pytest.raises(Refused):
        await shop.pay(bill, order_id)
    assert await shop.money() == (WON, 0)
    await assert_books_hold(shop.service.db)


async def test_a_declined_order_is_not_tried_again_but_another_is(shop: Shop) -> None:
    bill = await shop.bill()
    order_id = shop.order(bill)
    shop.toss.next("confirm", error("REJECT_CARD_PAYMENT"))
    assert (await shop.pay(bill, order_id)).state is State.READY
    with pytest.raises(Refused) as refused:
        await shop.pay(bill, order_id)
    assert refused.value.code is codes.BILL_007
    assert shop.toss.charged_won(order_id) == 0
    assert (await shop.pay(bill)).state is State.PAID
    await assert_books_hold(shop.service.db)


@pytest.mark.parametrize("trouble", [ANSWER_LOST, garbage(works=True), garbage(b"", 502, works=True)])
async def test_a_charge_without_an_answer_is_found_by_the_janitor(hasty: Shop, trouble: Trouble) -> None:
    bill = await hasty.bill()
    hasty.toss.next("confirm", trouble)
    assert (await hasty.pay(bill)).state is State.PAYING
    await hasty.later(3)
    assert (await hasty.now(bill)).state is State.PAID
    assert await hasty.money() == (WON, 0)
    await assert_books_hold(hasty.service.db, settled=True)


@pytest.mark.parametrize("trouble", [REQUEST_LOST, error("UNKNOWN_PAYMENT_ERROR", 500)])
async def test_a_confirm_that_never_came_is_a_failure_once_toss_would_refuse_it(
    hasty: Shop, trouble: Trouble
) -> None:
    bill = await hasty.bill()
    hasty.toss.next("confirm", trouble)
    assert (await hasty.pay(bill)).state is State.PAYING
    await hasty.later(3)
    assert (await hasty.now(bill)).state is State.PAYING
    await hasty.later(CONFIRM_WINDOW_SECONDS - 10)
    assert (await hasty.now(bill)).state is State.PAYING
    await hasty.later(30)
    assert (await hasty.now(bill)).state is State.READY
    assert (await only(hasty.service, "attempt"))["ask_at"] is not None, "a charge may come late"
    await hasty.later(16 * 60)
    assert (await only(hasty.service, "attempt"))["ask_at"] is None, "Toss says by now that it never will"
    assert await hasty.money() == (0, 0)
    await assert_books_hold(hasty.service.db, settled=True)


async def test_a_charge_that_turns_up_after_all_that_is_given_back(hasty: Shop) -> None:
    bill = await hasty.bill()
    hasty.toss.next("confirm", REQUEST_LOST)
    await hasty.pay(bill)
    order_id = await hasty.order_id()
    await hasty.later(CONFIRM_WINDOW_SECONDS + 30)
    kept = hasty.toss.of_order(order_id)
    assert kept is not None
    kept.status, kept.approved_at = "DONE", hasty.service.clock.now()
    hasty.toss.charges[order_id].append(WON)
    hasty.toss.next("cancel", ANSWER_LOST)
    await hasty.later(61)
    await hasty.later(61)
    assert (await only(hasty.service, "attempt"))["state"] == "LATE_REFUNDED"
    assert (await hasty.now(bill)).state is State.READY
    assert await hasty.money() == (WON, WON)
    await assert_books_hold(hasty.service.db, settled=True)


async def test_a_charge_that_was_taken_back_before_we_knew_pays_nothing(hasty: Shop) -> None:
    bill = await hasty.bill()
    hasty.toss.next("confirm", ANSWER_LOST)
    await hasty.pay(bill)
    hasty.toss.cancel_in_console(await hasty.order_id())
    await hasty.later(3)
    assert (await hasty.now(bill)).state is State.READY
    assert (await only(hasty.service, "attempt"))["failure_code"] == TAKEN_BACK
    assert await hasty.money() == (WON, WON)
    await assert_books_hold(hasty.service.db, settled=True)


@pytest.mark.parametrize(
    "other", [{"orderId": "order-of-others"}, {"totalAmount": WON - 1}, {"totalAmount": WON + 1}]
)
async def test_an_approval_of_another_order_or_amount_pays_nothing(
    shop: Shop, other: dict[str, object]
) -> None:
    """Not even when Toss itself should mix up its answers."""
    bill = await shop.bill()
    order_id = shop.order(bill)
    key = shop.toss.authenticate(order_id, WON)
    done = {"status": "DONE", "approvedAt": shop.service.clock.now()}
    said = shop.toss.told(shop.toss.payments[key]) | done | other
    shop.toss.next("confirm", garbage(msgspec.json.encode(said)))
    with capture_logs() as logs:
        assert (await payment.pay(shop.service, bill, key, order_id=order_id)).state is State.PAYING
    assert [(line["log_level"], line["event"]) for line in logs] == [("error", "approval_does_not_match")]
    await shop.later(CONFIRM_WINDOW_SECONDS + 30)
    assert (await shop.now(bill)).state is State.READY
    await assert_books_hold(shop.service.db, settled=True)


@pytest.mark.parametrize(
    ("trouble", "at_once", "given_back_won"),
    [
        (error("NOT_CANCELABLE_PAYMENT"), codes.PAYMENT_001, 0),
        (error("FORBIDDEN_BANK_REFUND_REQUEST"), codes.PAYMENT_002, 0),
        (error("NOT_AVAILABLE_BANK"), codes.MAINTAINED_METHOD, 0),
        (None, codes.OK, WON),
    ],
)
async def test_a_refused_cancel_leaves_the_payment_and_can_be_asked_for_again(
    shop: Shop, trouble: Trouble | None, at_once: Code, given_back_won: int
) -> None:
    bill = await shop.bill()
    await shop.pay(bill)
    if trouble is not None:
        shop.toss.next("cancel", trouble)
    assert await shop.cancel(bill) is at_once
    assert await shop.money() == (WON, given_back_won)
    again = await shop.cancel(bill)
    assert again is (codes.BILL_005 if at_once is codes.OK else codes.OK)
    assert (await shop.now(bill)).state is State.CANCELED
    assert await shop.money() == (WON, WON)
    await assert_books_hold(shop.service.db, settled=True)


@pytest.mark.parametrize(
    "trouble", [REQUEST_LOST, ANSWER_LOST, error("UNAUTHORIZED_KEY"), garbage(works=True)]
)
async def test_a_cancel_without_an_answer_is_settled_by_the_janitor(
    hasty: Shop, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment, "CANCEL_SECONDS", 1.0)
    bill = await hasty.bill()
    await hasty.pay(bill)
    hasty.toss.next("cancel", trouble)
    assert await hasty.cancel(bill) is codes.BILL_007
    await hasty.later(3)
    assert (await hasty.now(bill)).state is State.CANCELED
    assert await hasty.money() == (WON, WON)
    await assert_books_hold(hasty.service.db, settled=True)


@pytest.mark.parametrize(
    "trouble", [error("FORBIDDEN_CONSECUTIVE_REQUEST"), error("FAILED_REFUND_PROCESS"), error("BRAND_NEW")]
)
async def test_an_error_that_toss_repeats_for_a_cancels_key_holds_it_up_for_a_minute(
    shop: Shop, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 15 days Toss gives the first answer to a key again, whatever has become of its trouble."""
    monkeypatch.setattr(payment, "CANCEL_SECONDS", 1.0)
    bill = await shop.bill()
    await shop.pay(bill)
    shop.toss.next("cancel", trouble)
    assert await shop.cancel(bill) is codes.BILL_007
    assert await shop.money() == (WON, 0)
    await shop.later(61)
    assert (await shop.now(bill)).state is State.CANCELED
    assert await shop.money() == (WON, WON)
    await assert_books_hold(shop.service.db, settled=True)


async def test_what_stays_unknown_for_long_is_told_to_the_operator(shop: Shop) -> None:
    bill = await shop.bill()
    shop.toss.next("confirm", garbage())
    await shop.pay(bill)
    kept = shop.toss.of_order(await shop.order_id())
    assert kept is not None
    kept.status = "WAITING_FOR_DEPOSIT"
    with capture_logs() as logs:
        await shop.later(30 * 60)
        assert "payment_long_unknown" not in {line["event"] for line in logs}
        await shop.later(31 * 60)
        await shop.later(3601)
    told = [line for line in logs if line["event"] == "payment_long_unknown"]
    assert [(line["order_id"], line["reason"]) for line in told] == [
        (kept.order_id, "WAITING_FOR_DEPOSIT")
    ] * 2


async def test_a_refund_that_stays_undecided_for_long_is_told_to_the_operator(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment, "CANCEL_SECONDS", 1.0)
    bill = await shop.bill()
    await shop.pay(bill)
    shop.toss.next("cancel", *(error("BRAND_NEW") for _ in range(4)))
    await shop.cancel(bill)
    with capture_logs() as logs:
        await shop.later(30 * 60)
        assert "refund_long_unknown" not in {line["event"] for line in logs}
        await shop.later(31 * 60)
        await shop.later(3601)
    told = [line for line in logs if line["event"] == "refund_long_unknown"]
    assert [(line["order_id"], line["reason"]) for line in told] == [(await shop.order_id(), "BRAND_NEW")] * 2


async def test_a_payment_that_the_operator_canceled_is_canceled_here_when_the_partner_asks(
    shop: Shop,
) -> None:
    bill = await shop.bill()
    await shop.pay(bill)
    shop.toss.cancel_in_console(await shop.order_id())
    assert (await shop.now(bill)).state is State.PAID, "nobody told us"
    assert await shop.cancel(bill) is codes.OK
    assert await shop.money() == (WON, WON)
    await assert_books_hold(shop.service.db, settled=True)


async def test_an_odd_approval_fits_the_database_and_the_page(shop: Shop) -> None:
    bill = await shop.bill()
    order_id = shop.order(bill)
    odd = {"approveNo": "\0\n" + "9" * 500, "cardType": "\0", "issuerCode": "\u202e61", "number": "\0" * 9}
    key = shop.toss.authenticate(order_id, WON, card=odd)
    assert (await payment.pay(shop.service, bill, key, order_id=order_id)).state is State.PAID
    attempt = await only(shop.service, "attempt")
    approval = msgspec.json.decode(attempt["approval"], type=Approval)
    assert approval.approval_number == "9" * 60
    await assert_books_hold(shop.service.db)
