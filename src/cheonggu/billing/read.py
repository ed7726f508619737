"""Read a bill as the partner sees it, and the points in a wallet."""

from __future__ import annotations

from cheonggu.billing.desk import Desk
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import BillFacts
from cheonggu.store import payments, points


async def read(desk: Desk, partner_id: int, bill_id: str) -> BillFacts:
    """How the bill stands, all of it as of one moment. Raises Refused with BILL_003."""
    facts = await payments.facts(desk.db, partner_id, bill_id)
    if facts is None:
        raise Refused(codes.BILL_003)
    return facts


async def balance(desk: Desk, partner_id: int, wallet_code: str) -> int:
    """The points in a wallet."""
    return await desk.db.run(lambda conn: points.balance(conn, partner_id, wallet_code))
