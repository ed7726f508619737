"""The stand-in gateway: what it does at the next refund of an order, and what it did against its word."""

from __future__ import annotations

from typing import Final

from chaos.record import BillRecord
from chaos.world import World
from cheonggu.store.postgres import DatabaseAway, connect


async def script_refund(world: World, bill: BillRecord, outcome: str) -> bool:
    """Have the next refund of the bill's payment end so; False when the database is away just now."""
    return await _write(world, _SCRIPT, bill, outcome)


async def make_refused_refund(world: World, bill: BillRecord) -> bool:
    """Have the gateway's books say that the bill's newest refused refund was made all the same.

    Only while nobody cancels it. False when the database is away just now, and then it may be done or not.
    """
    bill.refund_made = True
    return await _write(world, _MAKE_REFUSED, bill, world.time.now())


async def _write(world: World, statement: str, bill: BillRecord, value: object) -> bool:
    try:
        connection = await connect(world.dsn, "chaos")
    except DatabaseAway:
        return False
    try:
        await connection.execute(statement, bill.account.partner_id, bill.bill_id, value, timeout=2)
    except Exception:  # noqa: BLE001 - the database may be killed at any moment
        return False
    finally:
        connection.terminate()
    return True


_SCRIPT: Final = """
INSERT INTO sandbox_script (subject, outcome)
SELECT a.order_id, $3 FROM attempt a JOIN bill b USING (partner_id, bill_no)
WHERE b.partner_id = $1 AND b.bill_id = $2 AND a.state = 'APPROVED'
ON CONFLICT DO NOTHING
"""

# A cancel locks its bill before it asks the gateway anything, so none of them meets this half done.
_MAKE_REFUSED: Final = """
WITH held AS (
  SELECT partner_id, bill_no FROM bill
  WHERE partner_id = $1 AND bill_id = $2 AND state = 'PAID' FOR UPDATE),
newest AS (
  SELECT r.refund_id FROM held h JOIN refund r USING (partner_id, bill_no)
  JOIN sandbox_refund s USING (refund_id)
  WHERE r.kind = 'CANCEL' AND r.state = 'REFUSED' AND s.refund_number IS NULL
  ORDER BY r.refund_no DESC LIMIT 1)
UPDATE sandbox_refund s SET refund_number = '77000000', refunded_at = $3, refusal_kind = NULL, refusal = NULL
FROM newest n WHERE s.refund_id = n.refund_id
"""
