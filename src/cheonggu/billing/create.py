"""Create a bill, and queue its message when it is to be sent."""

from __future__ import annotations

from cheonggu.billing.desk import Desk, Idem
from cheonggu.domain.new_bill import NewBill
from cheonggu.store.intake import Created
from cheonggu.store.partners import Caller


async def create(desk: Desk, caller: Caller, new: NewBill, idem: Idem | None) -> Created:
    """The bill, its debit and its message, durable in one commit.

    Raises Refused with BILL_001, POINT_001 (nothing is written) or IDEMPOTENCY_001, or DatabaseAway.
    """
    key, digest = (None, None) if idem is None else (idem.key, idem.digest)
    return await desk.intake.create(caller, new, desk.clock.now(), key, digest)
