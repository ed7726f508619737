"""What a verb leaves for the worker, in its own commit: messages to send and callbacks to make."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from cheonggu.domain.bill import Bill
from cheonggu.store import points
from cheonggu.store.postgres import Connection


async def add_resend(conn: Connection, bill: Bill, cost_points: int, at: datetime) -> int:
    """Queue one more message for a bill that the transaction has locked; its send number."""
    return await conn.fetchval(_ADD_RESEND, bill.partner_id, bill.bill_no, cost_points, at)


async def withdraw_messages(conn: Connection, bill: Bill, at: datetime) -> int:
    """Withdraw the bill's messages that are not being sent yet, and return their points; how many (O)."""
    rows = await conn.fetch(_WITHDRAW, bill.partner_id, bill.bill_no, at)
    if rows:
        await points.give_back(
            conn,
            partner_ids=[bill.partner_id] * len(rows),
            wallet_codes=[bill.wallet_code] * len(rows),
            points=[row["cost_points"] for row in rows],
            bill_nos=[bill.bill_no] * len(rows),
            send_numbers=[row["send_number"] for row in rows],
            at=at,
        )
    return len(rows)


async def add_callback(conn: Connection, bill: Bill, kind: str, attempt_no: int | None, at: datetime) -> None:
    """A callback of `kind` (APPROVED, CANCELED, DESTROYED) to the bill's callbackUrl, due at once."""
    await conn.execute(
        _ADD_CALLBACK,
        bill.partner_id,
        bill.bill_no,
        attempt_no,
        kind,
        bill.callback_url,
        receiver(bill.callback_url),
        at,
    )


async def wants_notices(conn: Connection, partner_id: int) -> bool:
    """Whether the partner has opted in to notices of cancels and destroys (O)."""
    return await conn.fetchval("SELECT notices FROM partner WHERE partner_id = $1", partner_id)


def receiver(url: str) -> str:
    """Who answers at a URL: scheme, host and port, lower case. What is slow there delays only its own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


_ADD_RESEND: Final = """
WITH counted AS (
  UPDATE bill SET sends = sends + 1 WHERE partner_id = $1 AND bill_no = $2 RETURNING sends)
INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
SELECT $1, $2, sends, $3, $4, $4 FROM counted
RETURNING send_number
"""

_WITHDRAW: Final = """
UPDATE message SET state = 'WITHDRAWN', due_at = NULL, leased_until = NULL, settled_at = $3
WHERE partner_id = $1 AND bill_no = $2 AND state = 'QUEUED'
RETURNING send_number, cost_points
"""

_ADD_CALLBACK: Final = """
INSERT INTO callback (partner_id, bill_no, attempt_no, kind, url, receiver, began_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
"""
