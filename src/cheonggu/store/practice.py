"""What only a sandbox may do or see: a look at messages and callbacks, and starting over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cheonggu.store.postgres import CHANNEL, Connection, Database, Row


async def messages(db: Database, partner_id: int, bill_id: str | None) -> Sequence[Row]:
    """The bill's messages (all of the partner's without a bill id), oldest first, each with its bill."""
    return await db.fetch(_MESSAGES, partner_id, bill_id)


async def callbacks(
    db: Database, partner_id: int, bill_id: str | None = None, callback_no: int | None = None
) -> Sequence[Row]:
    """The bill's callbacks (all of the partner's, or one by its number), oldest first, with their tries."""
    return await db.fetch(_CALLBACKS, partner_id, bill_id, callback_no)


async def start_over(conn: Connection, points: int) -> None:
    """Empty every sandbox partner, give its wallet `points`, and set the clock back to the system's.

    Wallets are locked first, then the tables that verbs and workers begin with, so that none of them is half
    on either side.
    """
    partners = [row["partner_id"] for row in await conn.fetch("SELECT partner_id FROM partner WHERE sandbox")]
    await conn.execute(_LOCK_WALLETS, partners)
    await conn.execute("LOCK TABLE bill, attempt, refund, message, callback IN SHARE ROW EXCLUSIVE MODE")
    for table in _EMPTIED:
        await conn.execute(f"DELETE FROM {table} WHERE partner_id = ANY($1)", partners)  # noqa: S608
    await conn.execute(_FIRST_POINTS, partners, points)
    await conn.execute(
        "UPDATE partner SET status = 'ACTIVE', message_points = DEFAULT WHERE partner_id = ANY($1)", partners
    )
    await conn.execute("UPDATE clock SET offset_seconds = 0")
    await conn.execute("SELECT pg_notify($1, 'reset')", CHANNEL)


_LOCK_WALLETS: Final = """
SELECT lock_wallets(array_agg(partner_id), array_agg(wallet_code)) FROM wallet WHERE partner_id = ANY($1)
"""

_EMPTIED: Final = (
    "callback_attempt",
    "callback",
    "refund",
    "attempt_history",
    "gateway_order",
    "attempt",
    "message",
    "ledger",
    "bill_history",
    "short_code",
    "bill",
    "idempotency",
)
"""In an order that the foreign keys allow."""

_MESSAGES: Final = """
SELECT b.*, m.message_no, m.send_number, m.state AS message_state, m.settled_at
FROM message m JOIN bill b USING (partner_id, bill_no)
WHERE m.partner_id = $1 AND ($2::text IS NULL OR b.bill_id = $2)
ORDER BY m.message_no
LIMIT 1000
"""

_CALLBACKS: Final = """
SELECT c.*, b.bill_id,
       ARRAY(SELECT row(t.at, t.status, t.reason) FROM callback_attempt t
             WHERE t.partner_id = c.partner_id AND t.callback_no = c.callback_no
             ORDER BY t.try_number) AS attempts
FROM callback c JOIN bill b USING (partner_id, bill_no)
WHERE c.partner_id = $1 AND ($2::text IS NULL OR b.bill_id = $2)
  AND ($3::bigint IS NULL OR c.callback_no = $3)
ORDER BY c.callback_no
LIMIT 1000
"""

_FIRST_POINTS: Final = """
WITH filled AS (
  UPDATE wallet SET balance_points = CASE wallet_code WHEN '' THEN $2::bigint ELSE 0 END
  WHERE partner_id = ANY($1)
  RETURNING partner_id, wallet_code, balance_points)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, note, at)
SELECT partner_id, wallet_code, 'CHARGE', balance_points, balance_points, 'sandbox', now()
FROM filled WHERE balance_points > 0
"""
