"""Settle a payment: the second of its two transactions, and the only writer of outcomes.

The payer's page, the janitor and a gateway's notification all come here. When nothing is updated, somebody
has decided already, and that is an answer, not an error.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import structlog

from cheonggu.billing.desk import Desk
from cheonggu.billing.refunds import new_refund_id
from cheonggu.domain import retry
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.payment import (
    UNDECIDED,
    Approval,
    Approved,
    Asked,
    Attempt,
    AttemptState,
    Declined,
    NotFound,
    Unknown,
)
from cheonggu.store import bills, payments, queue
from cheonggu.store.postgres import Connection

log = structlog.get_logger()

NOT_FOUND = ("NOT_FOUND", "결제가 이루어지지 않았어요.")


async def settle_payment(
    desk: Desk,
    attempt: Attempt,
    outcome: Asked,
    *,
    asked_at: datetime,
    confirm_until: datetime | None = None,
    fence: int | None = None,
) -> None:
    """Write what the gateway said of an attempt: attempt, bill, history and callback in one commit.

    `asked_at` is when the gateway was asked: not-found counts as a failure only if the confirm window was
    closed by then. `confirm_until` comes from whoever had the payment confirmed, who alone knows when that
    was. `fence` is the janitor's lease; a newer one means that this answer is out of date.
    """

    async def verb(conn: Connection) -> None:
        bill = await bills.lock_by_number(conn, desk.keyring, attempt.partner_id, attempt.bill_no)
        fresh = await payments.find_attempt(conn, attempt.partner_id, attempt.attempt_no)
        if fence is not None and fresh.fence != fence:
            return
        now = desk.clock.now()
        if fresh.state in UNDECIDED:
            back, until = attempt.began_at - fresh.began_at, confirm_until
            if back and until is not None:  # a sandbox's reset moved it back with the clock, maybe before
                until = max(until - back, fresh.confirm_until)
            await _decide(conn, bill, _closing(fresh, until), outcome, asked_at - back, now)
        elif fresh.state is AttemptState.FAILED:
            await _look_back(conn, fresh, outcome, now)

    await desk.db.run(verb)


def _closing(attempt: Attempt, confirm_until: datetime | None) -> Attempt:
    """The attempt with the end of its confirm window as it is known now.

    Once the janitor has asked, the end that was foreseen may have been counted on: then it only moves away.
    """
    if confirm_until is None:
        return attempt
    if attempt.state is AttemptState.UNKNOWN:
        confirm_until = max(confirm_until, attempt.confirm_until)
    return msgspec.structs.replace(attempt, confirm_until=confirm_until)


async def _decide(
    conn: Connection, bill: Bill, attempt: Attempt, outcome: Asked, asked_at: datetime, now: datetime
) -> None:
    match outcome:
        case Approved(approval) if _same(attempt, approval):
            await payments.move_attempt(conn, attempt, AttemptState.APPROVED, now, approval=approval)
            await bills.move(conn, bill.partner_id, bill.bill_no, State.PAYING, State.PAID, now)
            await queue.withdraw_messages(conn, bill, now)
            await queue.add_callback(conn, bill, "APPROVED", attempt.attempt_no, now)
        case Declined(code, reason):
            await _fail(conn, bill, attempt, (code, reason), None, now)
        case NotFound() if asked_at >= attempt.confirm_until:
            look_again_at = retry.next_after(retry.LATE_CHARGE, now, now)
            await _fail(conn, bill, attempt, NOT_FOUND, look_again_at, now)
        case _:
            await _wait(conn, attempt, outcome, asked_at, now)


async def _fail(
    conn: Connection,
    bill: Bill,
    attempt: Attempt,
    failure: tuple[str, str],
    look_again_at: datetime | None,
    now: datetime,
) -> None:
    await payments.move_attempt(
        conn, attempt, AttemptState.FAILED, now, failure=failure, ask_at=look_again_at
    )
    await bills.move(conn, bill.partner_id, bill.bill_no, State.PAYING, State.READY, now)


async def _wait(
    conn: Connection, attempt: Attempt, outcome: Asked, asked_at: datetime, now: datetime
) -> None:
    if isinstance(outcome, Unknown) and now - attempt.began_at > retry.LONG_UNKNOWN:
        log.warning(
            "payment_long_unknown",
            partner_id=attempt.partner_id,
            order_id=attempt.order_id,
            since=attempt.began_at.isoformat(timespec="seconds"),
            reason=outcome.reason,
        )
    first = attempt.state is AttemptState.CONFIRMING
    # From now, not from its beginning: the clock may have moved, and the first question comes soon.
    began_at = now if first else attempt.began_at
    ask_at = retry.next_or_last_step(retry.ASK_PAYMENT, began_at, now)
    # And when the window closes, as not-found is an answer from then on: at once if it closed meanwhile.
    if asked_at < attempt.confirm_until:
        ask_at = min(ask_at, max(now, attempt.confirm_until))
    if first:
        await payments.move_attempt(conn, attempt, AttemptState.UNKNOWN, now, ask_at=ask_at)
    else:
        await payments.ask_attempt_again(conn, attempt, ask_at)


async def _look_back(conn: Connection, attempt: Attempt, outcome: Asked, now: datetime) -> None:
    """What the gateway says of an attempt that had failed: a charge that came late is given back."""
    match outcome:
        case Approved(approval) if _same(attempt, approval):
            log.warning("late_charge", partner_id=attempt.partner_id, order_id=attempt.order_id)
            await payments.move_attempt(conn, attempt, AttemptState.LATE_CHARGED, now, approval=approval)
            await payments.insert_refund(
                conn,
                attempt=attempt,
                kind="LATE",
                refund_id=new_refund_id(),
                reason="늦게 승인된 결제",
                at=now,
                ask_at=now,
                lease_seconds=None,
            )
        case Declined():
            await payments.ask_attempt_again(conn, attempt, None)
        case NotFound() | Unknown() | Approved():
            next_look = retry.next_after(retry.LATE_CHARGE, attempt.settled_at or now, now)
            await payments.ask_attempt_again(conn, attempt, next_look)


def _same(attempt: Attempt, approval: Approval) -> bool:
    """Whether an approval is of this very order and amount; if not, a person has to look at it."""
    same = attempt.is_meant_by(approval)
    if not same:
        log.error(
            "approval_does_not_match",
            partner_id=attempt.partner_id,
            order_id=attempt.order_id,
            amount_won=attempt.amount_won,
            approved_won=approval.amount_won,
        )
    return same
