"""Send a bill's message once more."""

from __future__ import annotations

from cheonggu.billing.desk import Desk, Did, Idem, once
from cheonggu.domain import codes
from cheonggu.domain.bill import State
from cheonggu.domain.codes import Refused
from cheonggu.store import bills, points, queue
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Connection


async def resend(desk: Desk, caller: Caller, bill_id: str, idem: Idem | None) -> None:
    """Queue a new message with the same short URL, and debit its points (S).

    Raises Refused with BILL_003, BILL_006 for every refusal by state, or POINT_001.
    """
    partner_id, now = caller.partner.partner_id, desk.clock.now()
    cost = caller.partner.message_points

    async def verb(conn: Connection) -> Did:
        bill = await bills.lock(conn, desk.keyring, partner_id, bill_id)
        if bill is None:
            raise Refused(codes.BILL_003)
        if code := bill.why_not_resend(now):
            # A payment under way may fail, and then the same request is in order again.
            raise Refused(code, lasting=bill.state is not State.PAYING)
        send_number = await queue.add_resend(conn, bill, cost, now)
        paid = await points.debit(
            conn,
            partner_id=partner_id,
            wallet_code=bill.wallet_code,
            points=cost,
            bill_no=bill.bill_no,
            send_number=send_number,
            at=now,
        )
        if not paid:
            raise Refused(codes.POINT_001)
        return Did(bill.bill_no)

    await once(desk, partner_id, idem, now, verb)
