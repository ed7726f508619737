"""Read a bill as the partner sees it, and the points in a wallet."""

from __future__ import annotations

from cheonggu.billing.desk import Desk
from cheonggu.domain import codes
from cheonggu.domain.bill import WIRE_STATE, Bill, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import Attempt, BillFacts, RefundFacts
from cheonggu.store import bills, payments, points
from cheonggu.store.postgres import Connection


async def read(desk: Desk, partner_id: int, bill_id: str) -> BillFacts:
    """How the bill stands, all of it as of one moment. Raises Refused with BILL_003."""

    async def verb(conn: Connection) -> BillFacts:
        bill = await bills.find(conn, desk.keyring, partner_id, bill_id)
        if bill is None:
            raise Refused(codes.BILL_003)
        if bill.state in {State.READY, State.PAYING, State.DESTROYED}:
            return facts(bill, None, None)
        return facts(
            bill,
            await payments.paying_attempt(conn, partner_id, bill.bill_no),
            await payments.newest_cancel(conn, partner_id, bill.bill_no),
        )

    return await desk.db.run_at_one_moment(verb)


def facts(bill: Bill, attempt: Attempt | None, refund: RefundFacts | None) -> BillFacts:
    """What a partner is told of a bill, its payment and its finished refund."""
    done = refund if refund is not None and refund.state == "DONE" else None
    return BillFacts(
        bill_id=bill.bill_id,
        wire_state=WIRE_STATE[bill.state],
        price_won=bill.price_won,
        approval=None if attempt is None else attempt.approval,
        refund_number=None if done is None else done.refund_number,
        refunded_at=None if done is None else done.refunded_at,
    )


async def balance(desk: Desk, partner_id: int, wallet_code: str) -> int:
    """The points in a wallet."""
    return await desk.db.run(lambda conn: points.balance(conn, partner_id, wallet_code))
