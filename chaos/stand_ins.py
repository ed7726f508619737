"""The stand-in gateway's script: what it does at the next refund of an order."""

from __future__ import annotations

from typing import Final

from chaos.record import BillRecord
from chaos.world import World
from cheonggu.store.postgres import DatabaseAway, connect


async def script_refund(world: World, bill: BillRecord, outcome: str) -> bool:
    """Have the next refund of the bill's payment end so; False when the database is away just now."""
    try:
        connection = await connect(world.dsn, "chaos")
    except DatabaseAway:
        return False
    try:
        await connection.execute(_SCRIPT, bill.account.partner_id, bill.bill_id, outcome, timeout=2)
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
