"""Create a bill, and queue its message when it is to be sent."""

from __future__ import annotations

from cheonggu.billing.desk import Desk, Idem
from cheonggu.domain import codes
from cheonggu.domain.new_bill import NewBill
from cheonggu.store import bills, idempotency
from cheonggu.store.intake import Created
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Connection


async def create(desk: Desk, caller: Caller, new: NewBill, idem: Idem | None) -> Created:
    """The bill, its debit and its message, durable in one commit.

    Raises Refused with BILL_001, POINT_001 (nothing is written) or IDEMPOTENCY_001, or DatabaseAway.
    """
    key, digest = (None, None) if idem is None else (idem.key, idem.digest)
    return await desk.intake.create(caller, new, desk.clock.now(), key, digest)


async def created_before(desk: Desk, caller: Caller, idem: Idem) -> Created | None:
    """The bill that this very request made within 24 hours, if it did.

    For a request that is no longer in order by itself, as its last day has passed since.
    """
    now = desk.clock.now()

    async def look(conn: Connection) -> Created | None:
        first = await idempotency.find(conn, caller.partner.partner_id, idem.operation, idem.key, now)
        if first is None or first.digest != idem.digest or first.code != codes.OK.code or not first.bill_no:
            return None
        bill = await bills.lock_by_number(conn, desk.keyring, caller.partner.partner_id, first.bill_no)
        return Created(bill.bill_id, bill.short_code)

    return await desk.db.run(look)
