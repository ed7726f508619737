"""Give a payment back: begin a cancel, and write what became of a refund."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

import structlog

from cheonggu.billing.desk import Desk, Did, Idem, once
from cheonggu.domain import codes, retry
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import (
    AskedRefund,
    Attempt,
    AttemptState,
    Refunded,
    RefundFacts,
    RefundRefused,
    Unknown,
)
from cheonggu.store import bills, idempotency, payments, queue
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Connection

log = structlog.get_logger()

_LATE_RETRY: Final = timedelta(hours=1)
"""O: a refused refund of a late charge is tried again this much later, as a new refund."""
_REFUND_ID_BYTES: Final = 24
MAINTENANCE: Final = "MAINTENANCE"


def new_refund_id() -> str:
    """A fresh idempotency key for the gateway."""
    return secrets.token_urlsafe(_REFUND_ID_BYTES)


async def begin_cancel(
    desk: Desk,
    caller: Caller,
    *,
    bill_id: str,
    price_won: int,
    reason: str,
    idem: Idem | None,
    lease_seconds: float,
) -> tuple[RefundFacts, bool]:
    """PAID to CANCELING with a refund to make; whether it is new, or an earlier one of the same request.

    Raises Refused with BILL_003, BILL_009, BILL_005, BILL_007 or BILL_008.
    """
    partner_id, now, derived = caller.partner.partner_id, desk.clock.now(), desk.ids.derived
    made: list[str] = []

    async def verb(conn: Connection) -> Did:
        bill = await bills.lock(conn, desk.keyring, partner_id, bill_id)
        if bill is None:
            raise Refused(codes.BILL_003)
        if bill.price_won != price_won:
            raise Refused(codes.BILL_009)
        if code := bill.why_not_cancel():
            raise Refused(code)
        attempt = await payments.paying_attempt(conn, partner_id, bill.bill_no)
        if attempt is None or not await bills.move(
            conn, partner_id, bill.bill_no, State.PAID, State.CANCELING, now
        ):
            raise Refused(codes.BILL_007)
        before = await payments.count_refunds(conn, partner_id, bill.bill_no) if derived else 0
        refund_id = desk.ids.new_id("refund", partner_id, bill.bill_id, before)
        made.append(refund_id)
        refund = await payments.insert_refund(
            conn,
            attempt=attempt,
            kind="CANCEL",
            refund_id=refund_id,
            reason=reason,
            at=now,
            ask_at=now + retry.ASK_PAYMENT[0],
            lease_seconds=lease_seconds,
        )
        return Did(bill.bill_no, refund.refund_no)

    refund_no = (await once(desk, partner_id, idem, now, verb)).refund_no
    if refund_no is None:
        raise LookupError("a cancel is remembered without its refund")
    refund = await desk.db.run(lambda conn: payments.find_refund(conn, partner_id, refund_no))
    return refund, refund.refund_id in made


async def settle_refund(desk: Desk, refund: RefundFacts, outcome: AskedRefund, *, fence: int) -> None:
    """Write what the gateway said of a refund: refund, attempt, bill, history and notice in one commit.

    `fence` is the lease under which it was asked. A refusal or an unknown counts only under the newest one;
    money that was given back counts whoever tells of it, even after somebody else had heard a refusal.
    """

    async def verb(conn: Connection) -> None:
        bill = await bills.lock_by_number(conn, desk.keyring, refund.partner_id, refund.bill_no)
        fresh = await payments.find_refund(conn, refund.partner_id, refund.refund_no)
        attempt = await payments.find_attempt(conn, refund.partner_id, refund.attempt_no)
        now = desk.clock.now()
        if isinstance(outcome, Refunded):
            await _write_refunded(conn, bill, attempt, fresh, outcome, now)
        elif fresh.state == "UNDECIDED" and fresh.fence == fence:
            await _write_not_refunded(conn, bill, attempt, fresh, outcome, now)

    await desk.db.run(verb)


async def _write_refunded(
    conn: Connection, bill: Bill, attempt: Attempt, refund: RefundFacts, outcome: Refunded, now: datetime
) -> None:
    if refund.state == "DONE":
        return
    if refund.state == "REFUSED":
        log.error("refunded_after_refusal", partner_id=bill.partner_id, order_id=attempt.order_id)
        if attempt.state not in {AttemptState.APPROVED, AttemptState.LATE_CHARGED}:
            return  # another refund of the same payment is done already: a person has to look at this one
        await payments.reopen_refund(conn, refund, now)
        if refund.kind == "CANCEL":
            await bills.move(conn, bill.partner_id, bill.bill_no, State.PAID, State.CANCELING, now)
    await payments.finish_refund(conn, refund, outcome.refund_number, outcome.refunded_at, now)
    await _given_back(conn, bill, attempt, now)


async def _write_not_refunded(
    conn: Connection, bill: Bill, attempt: Attempt, refund: RefundFacts, outcome: AskedRefund, now: datetime
) -> None:
    if not isinstance(outcome, RefundRefused):
        if isinstance(outcome, Unknown) and now - refund.began_at > retry.LONG_UNKNOWN:
            log.warning(
                "refund_long_unknown",
                partner_id=bill.partner_id,
                order_id=attempt.order_id,
                since=refund.began_at.isoformat(timespec="seconds"),
                reason=outcome.reason,
            )
        first = refund.fence == 0  # whatever the clock did meanwhile, the first question comes soon
        began_at = now if first else refund.began_at
        ask_at = retry.next_or_last_step(retry.ASK_PAYMENT, began_at, now)
        await payments.ask_refund_again(conn, refund, ask_at)
        return
    await payments.refuse_refund(conn, refund, outcome.kind, outcome.reason, now)
    if outcome.kind == MAINTENANCE:  # it may pass, so the same request may be made again
        await idempotency.forget_refund(conn, refund.partner_id, refund.refund_no)
    await _not_given_back(conn, bill, attempt, refund, now)


async def _given_back(conn: Connection, bill: Bill, attempt: Attempt, now: datetime) -> None:
    if attempt.state is AttemptState.LATE_CHARGED:
        await payments.move_attempt(conn, attempt, AttemptState.LATE_REFUNDED, now)
        return
    await payments.move_attempt(conn, attempt, AttemptState.REFUNDED, now)
    await bills.move(conn, bill.partner_id, bill.bill_no, State.CANCELING, State.CANCELED, now)
    if await queue.wants_notices(conn, bill.partner_id):
        await queue.add_callback(conn, bill, "CANCELED", attempt.attempt_no, now)


async def _not_given_back(
    conn: Connection, bill: Bill, attempt: Attempt, refund: RefundFacts, now: datetime
) -> None:
    if attempt.state is not AttemptState.LATE_CHARGED:
        await bills.move(conn, bill.partner_id, bill.bill_no, State.CANCELING, State.PAID, now)
        return
    log.error("late_charge_not_refunded", partner_id=bill.partner_id, order_id=attempt.order_id)
    await payments.insert_refund(
        conn,
        attempt=attempt,
        kind="LATE",
        refund_id=new_refund_id(),
        reason=refund.reason,
        at=now + _LATE_RETRY,
        ask_at=now + _LATE_RETRY,
        lease_seconds=None,
    )
