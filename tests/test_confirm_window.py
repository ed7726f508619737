"""Not-found at the gateway is a failure only once nobody can charge that order any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest

from cheonggu.delivery import janitor
from cheonggu.delivery.payment import pay
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.payment import Asked, Confirmed, Unknown
from cheonggu.providers import Confirmation
from cheonggu.service import Service
from cheonggu.store import bills
from cheonggu.store.postgres import Connection
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import created, found, run_out

HELD_UP_SECONDS = 0.5
"""How long a payment waits for its bill before the gateway is called."""


class LostRequest:
    """A gateway's `confirm` that never gets there; it says when it was called."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.answers = asyncio.Event()
        self.called_at: datetime | None = None

    async def __call__(self, _: Confirmation) -> Confirmed:
        self.called_at = self._service.clock.now()
        await self.answers.wait()
        return Unknown("lost")

    async def was_called(self) -> bool:
        return self.called_at is not None


@asynccontextmanager
async def held_up(service: Service, bill: Bill) -> AsyncGenerator[None]:
    """Somebody else holds the bill, so that a payment that has begun waits."""
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(conn: Connection) -> None:
        await bills.lock_by_number(conn, service.keyring, bill.partner_id, bill.bill_no)
        held.set()
        await let_go.wait()

    holding = asyncio.create_task(service.db.run(hold))
    await held.wait()
    yield
    let_go.set()
    await holding


async def called_late(service: Service, gateway: LostRequest, bill: Bill) -> asyncio.Task[Bill]:
    """A payment whose gateway is called well after it began."""
    async with held_up(service, bill):
        paying = asyncio.create_task(pay(service, bill, "APPROVE"))
        await asyncio.sleep(HELD_UP_SECONDS)
    await until(gateway.was_called)
    return paying


async def asked_when_called(service: Service, gateway: LostRequest, bill: Bill, plus: timedelta) -> State:
    """The bill's state once the janitor has asked so long after the gateway's call."""
    assert gateway.called_at is not None
    wait = gateway.called_at + plus - service.clock.now()
    await service.clock.advance(service.db, max(wait.total_seconds(), 0))
    await run_out(service, "attempt")
    assert await janitor.ask_payments(service) == 1
    return (await found(service, 1, bill.bill_id)).state


@pytest.fixture
def lost(service: Service, monkeypatch: pytest.MonkeyPatch) -> LostRequest:
    """The service's gateway loses the next request."""
    gateway = LostRequest(service)
    monkeypatch.setattr(service.gateway, "confirm", gateway)
    return gateway


def window(service: Service, plus_seconds: float) -> timedelta:
    return timedelta(seconds=service.gateway.confirm_window_seconds + plus_seconds)


async def test_the_window_of_a_payment_whose_process_died_is_counted_from_the_latest_possible_call(
    service: Service, lost: LostRequest
) -> None:
    bill = await created(service)
    paying = await called_late(service, lost, bill)
    paying.cancel()
    with suppress(asyncio.CancelledError):
        await paying
    assert await asked_when_called(service, lost, bill, window(service, -HELD_UP_SECONDS / 2)) is State.PAYING
    assert await asked_when_called(service, lost, bill, window(service, 6)) is State.READY
    await assert_books_hold(service.db, settled=True)


async def test_the_window_of_a_payment_without_an_answer_is_counted_from_the_end_of_its_call(
    service: Service, lost: LostRequest
) -> None:
    bill = await created(service)
    paying = await called_late(service, lost, bill)
    await asyncio.sleep(HELD_UP_SECONDS)
    lost.answers.set()
    assert (await paying).state is State.PAYING
    assert await asked_when_called(service, lost, bill, window(service, HELD_UP_SECONDS / 2)) is State.PAYING
    assert await asked_when_called(service, lost, bill, window(service, HELD_UP_SECONDS + 0.2)) is State.READY
    await assert_books_hold(service.db, settled=True)


async def test_a_call_that_was_frozen_keeps_the_window_open_after_somebody_else_asked(
    service: Service, lost: LostRequest
) -> None:
    bill = await created(service)
    paying = await called_late(service, lost, bill)
    await service.clock.advance(service.db, 6)
    await run_out(service, "attempt")
    assert await janitor.ask_payments(service) == 1
    lost.answers.set()
    await paying
    assert await asked_when_called(service, lost, bill, window(service, 5.5)) is State.PAYING
    assert await asked_when_called(service, lost, bill, window(service, 6.5)) is State.READY


async def test_the_gateway_is_asked_at_the_moment_at_which_the_window_closes(
    service: Service, lost: LostRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.gateway, "confirm_window_seconds", 13)
    bill = await created(service)
    lost.answers.set()
    assert (await pay(service, bill, "APPROVE")).state is State.PAYING
    began = await service.db.fetchval("SELECT began_at FROM attempt")
    asked: list[float] = []
    while ask_at := await service.db.fetchval("SELECT ask_at FROM attempt WHERE state = 'UNKNOWN'"):
        asked.append((ask_at - began).total_seconds())
        await service.clock.advance(service.db, (ask_at - service.clock.now()).total_seconds())
        assert await janitor.ask_payments(service) == 1
    assert asked == pytest.approx([2, 5, 10, 13], abs=0.5)
    assert (await found(service, 1, bill.bill_id)).state is State.READY


async def test_a_window_that_closes_while_the_gateway_is_asked_is_asked_about_again_at_once(
    service: Service, lost: LostRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await created(service)
    lost.answers.set()
    assert (await pay(service, bill, "APPROVE")).state is State.PAYING
    ask = service.gateway.ask

    async def slow_to_answer(order_id: str) -> Asked:
        answer = await ask(order_id)
        await service.clock.advance(service.db, service.gateway.confirm_window_seconds)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(service.gateway, "ask", slow_to_answer)
        await service.clock.advance(service.db, 2)
        assert await janitor.ask_payments(service) == 1
    assert (await found(service, 1, bill.bill_id)).state is State.PAYING
    assert await janitor.ask_payments(service) == 1
    assert (await found(service, 1, bill.bill_id)).state is State.READY
