"""Remembered answers: a code and what it was about, kept for 24 hours, never a body (O)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from cheonggu.store.postgres import Connection


class Remembered(msgspec.Struct, frozen=True):
    """The first answer to a key."""

    digest: bytes
    code: str
    bill_no: int | None
    refund_no: int | None


async def claim(
    conn: Connection, partner_id: int, operation: str, key: str, digest: bytes, now: datetime
) -> Remembered | None:
    """None when the key is ours to use in this transaction; else its first answer.

    A twin that is at work with the same key right now is waited for.
    """
    ours = await conn.fetchval(_CLAIM, partner_id, operation, key, digest, now)
    if ours:
        return None
    row = await conn.fetchrow(_FIRST, partner_id, operation, key)
    assert row is not None
    return Remembered(row["request_digest"], row["code"], row["bill_no"], row["refund_no"])


async def find(
    conn: Connection, partner_id: int, operation: str, key: str, now: datetime
) -> Remembered | None:
    """The first answer to a key used within 24 hours, if there is one."""
    row = await conn.fetchrow(_FIND, partner_id, operation, key, now)
    if row is None:
        return None
    return Remembered(row["request_digest"], row["code"], row["bill_no"], row["refund_no"])


async def record(
    conn: Connection,
    partner_id: int,
    operation: str,
    key: str,
    code: str,
    bill_no: int | None = None,
    refund_no: int | None = None,
) -> None:
    """Remember the answer to a key claimed in this transaction."""
    await conn.execute(_RECORD, partner_id, operation, key, code, bill_no, refund_no)


async def forget_refund(conn: Connection, partner_id: int, refund_no: int) -> None:
    """Forget the key of a refund that may be asked for again."""
    await conn.execute(_FORGET_REFUND, partner_id, refund_no)


_CLAIM: Final = """
INSERT INTO idempotency AS i (partner_id, operation, idempotency_key, request_digest, code, at)
VALUES ($1, $2, $3, $4, '', $5)
ON CONFLICT (partner_id, operation, idempotency_key) DO UPDATE
SET request_digest = excluded.request_digest, code = '', bill_no = NULL, refund_no = NULL, at = excluded.at
WHERE i.at <= excluded.at - interval '24 hours'
RETURNING true
"""

_FIRST: Final = """
SELECT request_digest, code, bill_no, refund_no FROM idempotency
WHERE partner_id = $1 AND operation = $2 AND idempotency_key = $3
"""

_FIND: Final = """
SELECT request_digest, code, bill_no, refund_no FROM idempotency
WHERE partner_id = $1 AND operation = $2 AND idempotency_key = $3
  AND at > $4::timestamptz - interval '24 hours'
"""

_RECORD: Final = """
UPDATE idempotency SET code = $4, bill_no = $5, refund_no = $6
WHERE partner_id = $1 AND operation = $2 AND idempotency_key = $3
"""

_FORGET_REFUND: Final = """
DELETE FROM idempotency WHERE partner_id = $1 AND operation = 'bill/cancel' AND refund_no = $2
"""
