"""Destroy a bill that is not paid yet."""

from __future__ import annotations

from cheonggu.billing.desk import Desk, Did, Idem, once
from cheonggu.domain import codes
from cheonggu.domain.bill import State
from cheonggu.domain.codes import Refused
from cheonggu.store import bills, queue
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Connection


async def destroy(desk: Desk, caller: Caller, bill_id: str, price_won: int, idem: Idem | None) -> None:
    """READY to DESTROYED; a message not yet being sent is withdrawn and its points come back (S, O).

    Raises Refused with BILL_003, BILL_009, BILL_004, BILL_005 or BILL_007.
    """
    partner_id, now = caller.partner.partner_id, desk.clock.now()

    async def verb(conn: Connection) -> Did:
        bill = await bills.lock(conn, desk.keyring, partner_id, bill_id)
        if bill is None:
            raise Refused(codes.BILL_003)
        if bill.price_won != price_won:
            raise Refused(codes.BILL_009)
        if code := bill.why_not_destroy():
            raise Refused(code)
        if not await bills.move(conn, partner_id, bill.bill_no, State.READY, State.DESTROYED, now):
            raise Refused(codes.BILL_007)
        await queue.withdraw_messages(conn, bill, now)
        if await queue.wants_notices(conn, partner_id):
            await queue.add_callback(conn, bill, "DESTROYED", None, now)
        return Did(bill.bill_no)

    await once(desk, partner_id, idem, now, verb)
