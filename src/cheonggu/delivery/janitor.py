"""The janitor: asks the gateway about what is undecided, and gives late charges back."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from cheonggu.billing.settle import settle_payment
from cheonggu.delivery.payment import CANCEL_SECONDS, give_back, heard, write_refund
from cheonggu.domain.payment import Attempt, NotFound, RefundFacts
from cheonggu.service import Service
from cheonggu.store import payments
from cheonggu.store.payments import Due
from cheonggu.store.postgres import Connection

_MOST: Final = 50
_ASK_SECONDS: Final = 10.0
_LEASE_SECONDS: Final = 30.0


async def ask_payments(service: Service) -> int:
    """Ask about the payments that are due, each on its own; how many there were."""
    due = await _claim(service, "attempt")
    await asyncio.gather(*(_ask_payment(service, one) for one in due))
    return len(due)


async def ask_refunds(service: Service) -> int:
    """Ask about the refunds that are due, and make those that the gateway never had; how many there were."""
    begin_before = time.monotonic() + _LEASE_SECONDS - CANCEL_SECONDS - 1
    due = await _claim(service, "refund")
    await asyncio.gather(*(_ask_refund(service, one, begin_before) for one in due))
    return len(due)


async def _claim(service: Service, table: str) -> list[Due]:
    now = service.clock.now()
    return await service.db.run(lambda conn: payments.claim(conn, table, now, _LEASE_SECONDS, _MOST))


async def _ask_payment(service: Service, due: Due) -> None:
    attempt = await service.db.run(lambda conn: payments.find_attempt(conn, due.partner_id, due.number))
    asked_at = service.clock.now()
    outcome = await heard(service.gateway.ask(attempt.order_id), _ASK_SECONDS)
    await settle_payment(service, attempt, outcome, asked_at=asked_at, fence=due.fence)


async def _ask_refund(service: Service, due: Due, begin_before: float) -> None:
    async def look(conn: Connection) -> tuple[RefundFacts, Attempt]:
        refund = await payments.find_refund(conn, due.partner_id, due.number)
        return refund, await payments.find_attempt(conn, due.partner_id, refund.attempt_no)

    refund, attempt = await service.db.run(look)
    outcome = await heard(service.gateway.ask_refund(attempt.order_id, refund.refund_id), _ASK_SECONDS)
    if isinstance(outcome, NotFound):
        await give_back(service, refund, due.fence, begin_before=begin_before)
    else:
        await write_refund(service, attempt, refund, outcome, fence=due.fence)
