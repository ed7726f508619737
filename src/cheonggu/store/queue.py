"""What a verb leaves for the worker, in its own commit: messages to send and callbacks to make."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cheonggu.domain.bill import Bill
from cheonggu.store.postgres import Connection


async def add_resend(conn: Connection, bill: Bill, cost_points: int, at: datetime) -> int:
    """Queue one more message for a bill that the transaction has locked; its send number."""
    return await conn.fetchval(_ADD_RESEND, bill.partner_id, bill.bill_no, cost_points, at)


async def withdraw_messages(conn: Connection, bill: Bill, at: datetime) -> None:
    """Withdraw the bill's messages that are not being sent yet, and return their points (O)."""
    await conn.execute(
        "SELECT withdraw_messages($1, $2, $3, $4)", bill.partner_id, bill.bill_no, bill.wallet_code, at
    )


async def add_callback(conn: Connection, bill: Bill, kind: str, attempt_no: int | None, at: datetime) -> None:
    """A callback of `kind` (APPROVED, CANCELED, DESTROYED) to the bill's callbackUrl, due at once."""
    await conn.execute(
        _ADD_CALLBACK,
        bill.partner_id,
        bill.bill_no,
        attempt_no,
        kind,
        bill.callback_url,
        at,
    )


async def wants_notices(conn: Connection, partner_id: int) -> bool:
    """Whether the partner has opted in to notices of cancels and destroys (O)."""
    return await conn.fetchval("SELECT notices FROM partner WHERE partner_id = $1", partner_id)


_ADD_RESEND: Final = """
WITH counted AS (
  UPDATE bill SET sends = sends + 1 WHERE partner_id = $1 AND bill_no = $2 RETURNING sends)
INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
SELECT $1, $2, sends, $3, $4, $4 FROM counted
RETURNING send_number
"""

_ADD_CALLBACK: Final = """
INSERT INTO callback (partner_id, bill_no, attempt_no, kind, url, receiver, began_at, due_at)
VALUES ($1, $2, $3, $4, $5, receiver_of($5), $6, $6)
"""
