"""Begin a payment: the first of its two transactions."""

from __future__ import annotations

from datetime import timedelta

from cheonggu.billing.desk import Desk
from cheonggu.domain import codes, retry
from cheonggu.domain.bill import Bill, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import Attempt
from cheonggu.store import bills, payments
from cheonggu.store.postgres import Connection


async def begin(
    desk: Desk,
    bill: Bill,
    *,
    order_id: str | None = None,
    confirm_within_seconds: float,
    lease_seconds: float,
) -> Attempt:
    """READY and not expired to PAYING, with a new attempt in CONFIRMING; then the gateway may be called.

    The attempt is leased for `lease_seconds` to whoever began it; after that the janitor asks about it.
    `confirm_within_seconds` is when nobody can charge it any more, whatever becomes of whoever began it.
    `order_id` is for gateways whose window has to know it: made here for this bill, and good for one attempt.
    Raises Refused when the bill cannot be paid now, or the order has been begun before.
    """
    now = desk.clock.now()

    async def verb(conn: Connection) -> Attempt:
        locked = await bills.lock_by_number(conn, desk.keyring, bill.partner_id, bill.bill_no)
        if code := locked.why_not_pay(now):
            raise Refused(code)
        if order_id is not None and await payments.has_begun(conn, order_id):
            raise Refused(codes.BILL_007)
        if not await bills.move(conn, bill.partner_id, bill.bill_no, State.READY, State.PAYING, now):
            raise Refused(codes.BILL_007)
        return await payments.insert_attempt(
            conn,
            partner_id=bill.partner_id,
            bill_no=bill.bill_no,
            order_id=order_id or await _new_order(conn, desk, bill),
            amount_won=locked.price_won,
            began_at=now,
            confirm_until=now + timedelta(seconds=confirm_within_seconds),
            ask_at=now + retry.ASK_PAYMENT[0],
            lease_seconds=lease_seconds,
        )

    return await desk.db.run(verb)


async def _new_order(conn: Connection, desk: Desk, bill: Bill) -> str:
    derived = desk.ids.derived  # nobody else has to count
    before = await payments.count_attempts(conn, bill.partner_id, bill.bill_no) if derived else 0
    return desk.ids.new_id("order", bill.partner_id, bill.bill_id, before)
