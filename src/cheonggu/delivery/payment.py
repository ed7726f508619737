"""Paying and cancelling: the gateway's call between two verbs. Pages, API and janitor all come here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

import structlog

from cheonggu.billing import pay as paying
from cheonggu.billing import read, refunds
from cheonggu.billing.desk import Idem
from cheonggu.billing.settle import settle_payment
from cheonggu.domain import codes
from cheonggu.domain.bill import Bill
from cheonggu.domain.codes import Code, Refused
from cheonggu.domain.payment import (
    AskedRefund,
    Attempt,
    BillFacts,
    Refunded,
    RefundFacts,
    RefundRefused,
    Unknown,
)
from cheonggu.providers import Confirmation, Refund
from cheonggu.service import Service
from cheonggu.store import bills, payments
from cheonggu.store.partners import Caller

log = structlog.get_logger()
T = TypeVar("T")

CANCEL_SECONDS: Final = 10.0
"""O: a cancel that is undecided after this long is answered with BILL_007."""
_LEASE_MARGIN_SECONDS: Final = 5.0
_LATEST_BEGIN_SECONDS: Final = 3.0
"""After its lease began; with the call's own time and a second to write, the lease still holds."""
_CALL_MARGIN_SECONDS: Final = 1.0
"""What a call may take beyond the gateway's own bound."""
_POLL_SECONDS: Final = 0.1
_MOST_REFUSED: Final = 8
"""O: so many earlier refusals of a payment's refunds, the newest, are doubted before another one is made."""
_DOUBT_SECONDS: Final = 2.0

_REFUSALS: Final[dict[str, Code]] = {
    "CARD": codes.PAYMENT_001,
    "BANK": codes.PAYMENT_002,
    "MAINTENANCE": codes.MAINTAINED_METHOD,
}


async def heard(call: Awaitable[T], seconds: float) -> T | Unknown:
    """What a provider answers; an answer that is late or a provider that fails leaves it unknown."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        return Unknown("no answer in time")
    except Exception as error:  # noqa: BLE001
        log.warning("provider_failed", error=type(error).__name__)
        return Unknown(type(error).__name__)


async def pay(
    service: Service,
    bill: Bill,
    window_key: str,
    *,
    order_id: str | None = None,
    begun: Callable[[], Awaitable[None]] | None = None,
) -> Bill:
    """Pay a bill with what the payment window gave back; the bill as it is afterwards.

    `order_id` is the one that the window was opened with, where the gateway wants that; see `billing.pay`.
    `begun` is called once this payment, and no other, has begun.

    Raises Refused when the payment may not begin. A decline or an unknown outcome is not an exception: the
    bill's state tells.
    """
    gateway = service.gateway
    window, call_seconds = gateway.confirm_window_seconds, gateway.timeout_seconds + _CALL_MARGIN_SECONDS
    began = time.monotonic()
    attempt = await paying.begin(
        service,
        bill,
        order_id=order_id,
        confirm_within_seconds=_LATEST_BEGIN_SECONDS + call_seconds + window,
        lease_seconds=gateway.timeout_seconds + _LEASE_MARGIN_SECONDS,
    )
    if begun is not None:
        await begun()
    confirmation = Confirmation(
        order_id=attempt.order_id, amount_won=attempt.amount_won, window_key=window_key
    )
    asked_at = service.clock.now()
    # Frozen since then, the lease may end before the answer: the janitor has it, and nothing was charged.
    if time.monotonic() - began < _LATEST_BEGIN_SECONDS:
        outcome = await heard(gateway.confirm(confirmation), call_seconds)
        # A process may freeze in the middle of a call, so its end tells by when the gateway was called.
        confirm_until = service.clock.now() + timedelta(seconds=window)
        await settle_payment(service, attempt, outcome, asked_at=asked_at, confirm_until=confirm_until)
    after = await bills.find(service.db, service.keyring, bill.partner_id, bill.bill_id)
    return after or bill


async def cancel(
    service: Service,
    caller: Caller,
    *,
    bill_id: str,
    price_won: int,
    reason: str,
    idem: Idem | None,
) -> BillFacts:
    """Give a paid bill's money back; what the bill then says.

    Raises Refused: by state, with BILL_007 when it is undecided after CANCEL_SECONDS, as the gateway
    refused, or with BILL_005 when an earlier refund turned out to be made. A repeated request is answered as
    its refund now stands.
    """
    began = time.monotonic()
    refund, fresh = await refunds.begin_cancel(
        service,
        caller,
        bill_id=bill_id,
        price_won=price_won,
        reason=reason,
        idem=idem,
        lease_seconds=CANCEL_SECONDS + _LEASE_MARGIN_SECONDS,
    )
    if fresh:
        await give_back(service, refund, refund.fence, begin_before=began + _LATEST_BEGIN_SECONDS)
    refund = await _decided(service, refund, give_up=began + CANCEL_SECONDS)
    if refund.refusal_kind is not None:
        raise Refused(await _why_refused(service, refund, _REFUSALS[refund.refusal_kind]))
    if refund.state == "UNDECIDED":
        raise Refused(codes.BILL_007)
    return await read.read(service, caller.partner.partner_id, bill_id)


async def give_back(service: Service, refund: RefundFacts, fence: int, *, begin_before: float) -> None:
    """Ask the gateway for a refund and write what it says; the refund's id makes it safe to ask again.

    None is asked for when one that was refused before turns out to be made, or nobody can say; nor after
    `begin_before` (monotonic seconds), as the lease would end before the answer comes.
    """
    attempt = await service.db.run(
        lambda conn: payments.find_attempt(conn, refund.partner_id, refund.attempt_no)
    )
    order = Refund(
        order_id=attempt.order_id,
        refund_id=refund.refund_id,
        amount_won=attempt.amount_won,
        reason=refund.reason,
    )
    if await _another_was_made(service, attempt, refund, fence) or time.monotonic() >= begin_before:
        return
    outcome = await heard(service.gateway.refund(order), CANCEL_SECONDS)
    await write_refund(service, attempt, refund, outcome, fence=fence)


async def write_refund(
    service: Service, attempt: Attempt, refund: RefundFacts, outcome: AskedRefund, *, fence: int
) -> None:
    """Write what the gateway says of a refund; a refusal only if no earlier one was made all the same."""
    refused = isinstance(outcome, RefundRefused)
    if not refused or not await _another_was_made(service, attempt, refund, fence):
        await refunds.settle_refund(service, refund, outcome, fence=fence)


async def _another_was_made(service: Service, attempt: Attempt, refund: RefundFacts, fence: int) -> bool:
    """Whether an earlier refund, refused at the time, was made all the same, or nobody can say just now.

    If so that is written: the money is back, or this refund stays undecided and is asked about again.
    """
    earlier = await service.db.run(lambda conn: payments.refused_before(conn, refund, _MOST_REFUSED))
    said = await asyncio.gather(
        *(
            heard(service.gateway.ask_refund(attempt.order_id, one.refund_id), _DOUBT_SECONDS)
            for one in earlier
        )
    )
    for one, outcome in zip(earlier, said, strict=True):
        if isinstance(outcome, Refunded):
            await refunds.settle_refund(service, one, outcome, fence=one.fence)
            return True
    if unknown := next((one for one in said if isinstance(one, Unknown)), None):
        await refunds.settle_refund(service, refund, unknown, fence=fence)
    return unknown is not None


async def _why_refused(service: Service, refund: RefundFacts, code: Code) -> Code:
    """The refusal's own code, unless the bill is cancelled by a refund that was asked for before this one."""
    done = await service.db.run(lambda conn: payments.newest_cancel(conn, refund.partner_id, refund.bill_no))
    before = done is not None and done.state == "DONE" and done.refund_no < refund.refund_no
    return codes.BILL_005 if before else code


async def _decided(service: Service, refund: RefundFacts, give_up: float) -> RefundFacts:
    """The refund once it is decided, or as it is when the cancel has waited long enough."""
    while True:
        now = await service.db.run(
            lambda conn: payments.find_refund(conn, refund.partner_id, refund.refund_no)
        )
        if now.state != "UNDECIDED" or time.monotonic() >= give_up:
            return now
        await asyncio.sleep(_POLL_SECONDS)
