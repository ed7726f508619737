"""Our books beside Toss's: what its console did past us is found, and the API puts it in order."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from cheonggu.delivery import payment
from cheonggu.delivery.books import Comparison
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.books import Gap
from cheonggu.service import Service
from cheonggu.store.payment_list import Wanted
from cheonggu.web.order_ids import new_order_id
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, found
from tests.standins.toss import Toss
from tests.toss_sides import gateway_of, with_toss

WON = 10_000
Sides = tuple[Service, Toss]


@pytest_asyncio.fixture
async def sides(service: Service) -> AsyncIterator[Sides]:
    async with with_toss(service) as sides:
        yield sides


async def paid(sides: Sides, bill_id: str = "B1", declines: str | None = None) -> tuple[Bill, str]:
    """A bill that was paid through Toss, and its order."""
    service, toss = sides
    bill = await created(service, bill_id=bill_id)
    order_id = new_order_id(service.keyring.form_key, bill.short_code)
    key = toss.authenticate(order_id, WON, declines=declines)
    return await payment.pay(service, bill, key, order_id=order_id), order_id


async def cancel(service: Service, bill: Bill) -> None:
    caller = await caller_of(service)
    await payment.cancel(service, caller, bill_id=bill.bill_id, price_won=WON, reason="변심", idem=None)


async def compared(service: Service) -> Comparison:
    comparison = Comparison(service.db, service.gateway, per_second=1_000)
    await comparison.compare(1, Wanted())
    return comparison


async def test_what_we_did_ourselves_is_the_same_in_both_books(sides: Sides) -> None:
    await paid(sides, "PAID")
    bill, _ = await paid(sides, "BACK")
    await cancel(sides[0], bill)
    await paid(sides, "NO", declines="REJECT_CARD_PAYMENT")
    comparison = await compared(sides[0])
    assert (comparison.compared, comparison.differences, comparison.not_told) == (3, [], [])


async def test_a_payment_cancelled_in_the_console_is_found_and_the_partners_cancel_puts_it_in_order(
    sides: Sides,
) -> None:
    service, toss = sides
    bill, order_id = await paid(sides)
    toss.cancel_in_console(order_id)
    assert [one.gap for one in (await compared(service)).differences] == [Gap.GIVEN_BACK_THERE]
    await cancel(service, bill)
    assert (await found(service, 1, "B1")).state is State.CANCELED
    assert toss.given_back_won(order_id) == WON
    assert (await compared(service)).differences == []
    await assert_books_hold(service.db, settled=True)


async def test_a_payment_cancelled_in_part_decides_nothing_and_is_told_of(sides: Sides) -> None:
    _, order_id = await paid(sides)
    sides[1].cancel_in_console(order_id, 4_000)
    comparison = await compared(sides[0])
    assert [one.reason for one in comparison.not_told] == ["PARTIAL_CANCELED"]
    assert comparison.differences == []


async def test_a_payment_that_toss_has_lost_is_found(sides: Sides) -> None:
    service, toss = sides
    await paid(sides, "LOST")
    bill, _ = await paid(sides, "LOST_AND_BACK")
    await cancel(service, bill)
    toss.payments.clear()
    assert [one.gap for one in (await compared(service)).differences] == [Gap.NOT_THERE, Gap.NOT_THERE]


async def test_keys_that_toss_does_not_take_are_no_agreement(sides: Sides) -> None:
    service, toss = sides
    await paid(sides)
    async with gateway_of(toss, secret_key="test_sk_another0000000000000000") as other:
        comparison = Comparison(service.db, other, per_second=1_000)
        await comparison.compare(1, Wanted())
    assert [one.reason for one in comparison.not_told] == ["UNAUTHORIZED_KEY"]
