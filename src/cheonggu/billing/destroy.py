"""Destroy a bill that is not paid yet."""

from __future__ import annotations

from cheonggu.billing.desk import Desk, Did, Idem, once
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.store import bills
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Connection, Database


async def destroy(desk: Desk, caller: Caller, bill_id: str, price_won: int, idem: Idem | None) -> None:
    """READY to DESTROYED; a message not yet being sent is withdrawn and its points come back (S, O).

    Raises Refused with BILL_003, BILL_009, BILL_004, BILL_005 or BILL_007.
    """
    partner_id, now = caller.partner.partner_id, desk.clock.now()

    async def verb(conn: Connection | Database) -> Did:
        bill_no = await bills.destroy(conn, partner_id, bill_id, price_won, now)
        if bill_no is None:
            raise await _refusal(conn, desk, partner_id, bill_id, price_won)
        return Did(bill_no)

    if idem is None:
        await verb(desk.db)  # its one statement is a transaction by itself
    else:
        await once(desk, partner_id, idem, now, verb)


async def _refusal(
    conn: Connection | Database, desk: Desk, partner_id: int, bill_id: str, price_won: int
) -> Refused:
    """Why a bill was not destroyed, as it is now."""
    bill = await bills.find(conn, desk.keyring, partner_id, bill_id)
    if bill is None:
        return Refused(codes.BILL_003)
    if bill.price_won != price_won:
        return Refused(codes.BILL_009)
    # One that is READY again was being paid a moment ago.
    return Refused(bill.why_not_destroy() or codes.BILL_007)
