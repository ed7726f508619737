"""Partners that developers make in a sandbox for themselves, beside the two that stand in every one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cheonggu.store.postgres import Connection, Database, Row


async def keep(conn: Connection, partner_id: int, api_key_sealed: bytes, points: int, made: str) -> None:
    """Remember a partner as one of these, with its apiKey and what a reset brings it back to (JSON)."""
    await conn.execute(_KEEP, partner_id, api_key_sealed, points, made)


async def keep_key(conn: Connection, partner_id: int, api_key_sealed: bytes) -> None:
    """Remember a new apiKey of such a partner; nothing is done about any other."""
    await conn.execute(
        "UPDATE sandbox_partner SET api_key_sealed = $2 WHERE partner_id = $1", partner_id, api_key_sealed
    )


async def key_taken(conn: Connection, key_hash: bytes) -> bool:
    """Whether somebody has this apiKey."""
    return await conn.fetchval("SELECT EXISTS (SELECT FROM api_key WHERE key_hash = $1)", key_hash)


async def listed(db: Connection | Database, partner_id: int | None = None) -> Sequence[Row]:
    """Every sandbox partner, or the one of this number, with all that a client needs; secrets sealed."""
    return await db.fetch(_LISTED, partner_id)


async def ids(conn: Connection, partner_id: int | None = None) -> list[int]:
    """The numbers of all that developers made, or this one if it is such a partner."""
    rows = await conn.fetch(
        "SELECT partner_id FROM sandbox_partner WHERE $1::bigint IS NULL OR partner_id = $1", partner_id
    )
    return [row["partner_id"] for row in rows]


async def bring_back(conn: Connection, partner_ids: Sequence[int]) -> None:
    """Let sandbox partners be as they were made: active, with their first switches."""
    await conn.execute(_AS_STANDING, partner_ids)
    await conn.execute(_AS_MADE, partner_ids)


async def change(
    conn: Connection,
    partner_id: int,
    *,
    status: str,
    message_points: int,
    notices: bool,
    api_key_sealed: bytes | None,
) -> None:
    """Set what is not about the wire; with a sealed apiKey that stands in callbacks."""
    # Any dated profile would say that the apiKey does or does not; the caller sets it after this.
    await conn.execute(
        "UPDATE partner SET status = $2, message_points = $3, notices = $4, api_key_sealed = $5::bytea,"
        " key_in_callback = ($5::bytea IS NOT NULL), profile = 'docs' WHERE partner_id = $1",
        partner_id,
        status,
        message_points,
        notices,
        api_key_sealed,
    )


async def remove(conn: Connection, partner_ids: Sequence[int]) -> None:
    """Delete the accounts of partners that hold no bills any more."""
    for table in ACCOUNT:
        sql = f"DELETE FROM {table} WHERE partner_id = ANY($1)"  # noqa: S608 - a table of ours
        await conn.execute(sql, partner_ids)


ACCOUNT: Final = (
    "sandbox_partner",
    "webhook_secret",
    "api_key",
    "merchant_member",
    "merchant",
    "member",
    "wallet",
    "partner",
)
"""In an order that the foreign keys allow."""

_KEEP: Final = """
INSERT INTO sandbox_partner (partner_id, api_key_sealed, points, made) VALUES ($1, $2, $3, $4)
"""

_LISTED: Final = """
SELECT p.*, s.api_key_sealed AS own_key_sealed, k.key_hash, w.secret_no, w.secret_sealed,
       m.merchant_code, m.name AS merchant_name, x.member_code,
       (SELECT coalesce(sum(balance_points), 0)::bigint FROM wallet b WHERE b.partner_id = p.partner_id)
         AS balance_points
FROM partner p
LEFT JOIN sandbox_partner s USING (partner_id)
LEFT JOIN api_key k USING (partner_id)
LEFT JOIN webhook_secret w ON w.partner_id = p.partner_id AND w.valid_until IS NULL
LEFT JOIN LATERAL (SELECT merchant_code, name FROM merchant m WHERE m.partner_id = p.partner_id
                   ORDER BY merchant_code LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT member_code FROM merchant_member x
                   WHERE x.partner_id = p.partner_id AND x.merchant_code = m.merchant_code
                   ORDER BY member_code LIMIT 1) x ON true
WHERE p.sandbox AND ($1::bigint IS NULL OR p.partner_id = $1)
ORDER BY p.partner_id
"""

_AS_STANDING: Final = """
UPDATE partner SET status = 'ACTIVE', message_points = DEFAULT, notices = DEFAULT, key_in_callback = DEFAULT,
                   api_key_sealed = NULL, profile = DEFAULT, answer_field = DEFAULT,
                   callback_fields = DEFAULT, callback_spelling = DEFAULT, date_digits = DEFAULT
WHERE partner_id = ANY($1)
"""

_AS_MADE: Final = """
UPDATE partner p
SET message_points = (s.made->>'message_points')::integer, notices = (s.made->>'notices')::boolean,
    key_in_callback = (s.made->>'key_in_callback')::boolean,
    api_key_sealed = CASE WHEN (s.made->>'key_in_callback')::boolean THEN s.api_key_sealed END,
    profile = s.made->>'profile', answer_field = s.made->'quirks'->>'answer_field',
    callback_fields = s.made->'quirks'->>'callback_fields',
    callback_spelling = s.made->'quirks'->>'callback_spelling',
    date_digits = (s.made->'quirks'->>'date_digits')::smallint
FROM sandbox_partner s
WHERE p.partner_id = ANY($1) AND s.partner_id = p.partner_id
"""
