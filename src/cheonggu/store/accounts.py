"""Partners, merchants, keys and secrets as rows. Writing one takes the partner's lock first, see `hold`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cheonggu.domain.quirks import Quirks
from cheonggu.store import points
from cheonggu.store.postgres import CHANNEL, Connection, Database, Row

_NAMES_LOCK: Final = 0x6E616D65  # "name": one partner is made at a time, so that names stay unique


async def hold(conn: Connection, partner_id: int) -> Row | None:
    """The partner's row, locked against other changes of the account; None when there is none."""
    return await conn.fetchrow("SELECT * FROM partner WHERE partner_id = $1 FOR NO KEY UPDATE", partner_id)


async def hold_names(conn: Connection) -> None:
    """Wait until nobody else makes a partner, and keep it so until the commit."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _NAMES_LOCK)


async def tell(conn: Connection) -> None:
    """Tell every process, at the commit, that what it remembers of partners has changed."""
    await conn.execute("SELECT pg_notify($1, 'partners')", CHANNEL)


async def find(conn: Connection, name_or_number: str) -> Sequence[int]:
    """The partners that go by this name or number."""
    rows = await conn.fetch(
        "SELECT partner_id FROM partner WHERE name = $1 OR partner_id::text = $1 ORDER BY partner_id",
        name_or_number,
    )
    return [row["partner_id"] for row in rows]


async def insert_partner(
    conn: Connection, *, name: str, wallet_kind: str, message_points: int, notices: bool, sandbox: bool
) -> int:
    """A new partner without key or secret, its wallet with it if it has one of its own; its number."""
    partner_id: int = await conn.fetchval(
        "INSERT INTO partner (name, wallet_kind, message_points, notices, sandbox)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING partner_id",
        name,
        wallet_kind,
        message_points,
        notices,
        sandbox,
    )
    if wallet_kind == "PARTNER":
        await points.make_wallet(conn, partner_id, "")
    return partner_id


async def replace_key(conn: Connection, partner_id: int, key_hash: bytes, sealed_copy: bytes | None) -> None:
    """Make this the partner's only apiKey; with a sealed copy it may stand in callbacks."""
    await conn.execute("DELETE FROM api_key WHERE partner_id = $1", partner_id)
    await conn.execute("INSERT INTO api_key (key_hash, partner_id) VALUES ($1, $2)", key_hash, partner_id)
    await conn.execute(
        "UPDATE partner SET api_key_sealed = $2::bytea, key_in_callback = ($2::bytea IS NOT NULL)"
        " WHERE partner_id = $1",
        partner_id,
        sealed_copy,
    )


async def set_wire(conn: Connection, partner_id: int, profile: str, quirks: Quirks) -> None:
    """How the partner is spoken to; a profile that says something of the apiKey wants that set before."""
    await conn.execute(
        "UPDATE partner SET profile = $2, answer_field = $3, callback_fields = $4, callback_spelling = $5,"
        " date_digits = $6 WHERE partner_id = $1",
        partner_id,
        profile,
        quirks.answer_field,
        quirks.callback_fields,
        quirks.callback_spelling,
        quirks.date_digits,
    )


async def next_secret_no(conn: Connection, partner_id: int) -> int:
    """The number that the partner's next webhook secret gets; its seal is bound to it."""
    return await conn.fetchval(
        "SELECT coalesce(max(secret_no), 0) + 1 FROM webhook_secret WHERE partner_id = $1", partner_id
    )


async def replace_secret(conn: Connection, partner_id: int, secret_no: int, sealed: bytes) -> None:
    """Make this the current webhook secret; the one before signs for 24 hours more."""
    await conn.execute(
        "DELETE FROM webhook_secret WHERE partner_id = $1 AND valid_until <= now()", partner_id
    )
    await conn.execute(
        "UPDATE webhook_secret SET valid_until = now() + interval '24 hours'"
        " WHERE partner_id = $1 AND valid_until IS NULL",
        partner_id,
    )
    await conn.execute(
        "INSERT INTO webhook_secret (partner_id, secret_no, secret_sealed) VALUES ($1, $2, $3)",
        partner_id,
        secret_no,
        sealed,
    )


async def set_status(conn: Connection, partner_id: int, status: str) -> None:
    """ACTIVE or SUSPENDED."""
    await conn.execute("UPDATE partner SET status = $2 WHERE partner_id = $1", partner_id, status)


async def insert_merchant(
    conn: Connection, partner_id: int, merchant_code: str, name: str, foot: Sequence[str | None]
) -> bool:
    """A new merchant and its wallet if it has one; the foot is phone, owner, registration number and address.

    False when the merchant exists."""
    tag = await conn.execute(
        "INSERT INTO merchant"
        " (partner_id, merchant_code, name, phone, owner_name, registration_number, address)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        partner_id,
        merchant_code,
        name,
        *foot,
    )
    kind = await conn.fetchval("SELECT wallet_kind FROM partner WHERE partner_id = $1", partner_id)
    if kind == "MERCHANT":
        await points.make_wallet(conn, partner_id, merchant_code)
    return tag == "INSERT 0 1"


async def map_members(conn: Connection, partner_id: int, merchant_code: str, members: Sequence[str]) -> None:
    """Let these members act for the merchant; those that are new are made."""
    await conn.execute(
        "INSERT INTO member (partner_id, member_code) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        partner_id,
        members,
    )
    await conn.execute(
        "INSERT INTO merchant_member (partner_id, merchant_code, member_code)"
        " SELECT $1, $2, unnest($3::text[]) ON CONFLICT DO NOTHING",
        partner_id,
        merchant_code,
        members,
    )


async def has_merchant(conn: Connection, partner_id: int, merchant_code: str) -> bool:
    """Whether the partner has a merchant of this code."""
    return await conn.fetchval(
        "SELECT EXISTS (SELECT FROM merchant WHERE partner_id = $1 AND merchant_code = $2)",
        partner_id,
        merchant_code,
    )


async def partners(db: Database) -> Sequence[Row]:
    """Every partner, as operators list them."""
    return await db.fetch(
        "SELECT p.partner_id, p.name, p.status, p.wallet_kind, p.message_points, p.key_in_callback,"
        " p.profile, p.notices, p.sandbox, p.created_at,"
        " (SELECT count(*) FROM merchant m WHERE m.partner_id = p.partner_id) AS merchants"
        " FROM partner p ORDER BY p.partner_id"
    )


async def merchants(db: Database, partner_id: int) -> Sequence[Row]:
    """A partner's merchants, each with the members that may act for it."""
    return await db.fetch(
        "SELECT m.merchant_code, m.name, m.phone, m.owner_name, m.registration_number, m.address,"
        " coalesce(array_agg(x.member_code ORDER BY x.member_code)"
        " FILTER (WHERE x.member_code IS NOT NULL), '{}') AS members"
        " FROM merchant m LEFT JOIN merchant_member x USING (partner_id, merchant_code)"
        " WHERE m.partner_id = $1"
        " GROUP BY m.partner_id, m.merchant_code ORDER BY m.merchant_code",
        partner_id,
    )


async def wallets(db: Database, partner_id: int) -> Sequence[Row]:
    """The wallets of the partner's contract and what they hold; the partner's own has the code ''."""
    return await db.fetch(
        "WITH contract AS ("
        " SELECT '' AS wallet_code FROM partner WHERE partner_id = $1 AND wallet_kind = 'PARTNER'"
        " UNION SELECT merchant_code FROM merchant JOIN partner USING (partner_id)"
        " WHERE partner_id = $1 AND wallet_kind = 'MERCHANT'"
        " UNION SELECT wallet_code FROM wallet WHERE partner_id = $1)"
        " SELECT c.wallet_code, coalesce(w.balance_points, 0) AS balance_points FROM contract c"
        " LEFT JOIN wallet w ON w.partner_id = $1 AND w.wallet_code = c.wallet_code"
        " ORDER BY c.wallet_code",
        partner_id,
    )


async def holds_sandbox(db: Database) -> bool:
    """Whether the database holds sandbox partners, whose keys everybody knows."""
    return await db.fetchval("SELECT EXISTS (SELECT FROM partner WHERE sandbox)")


async def practised_on(db: Database) -> bool:
    """Whether a sandbox has taken payments or sent messages here, or left the clock moved."""
    return await db.fetchval(_PRACTISED_ON)


async def is_live(db: Database) -> bool:
    """Whether live mode has ever served this database."""
    return await db.fetchval("SELECT EXISTS (SELECT FROM live)")


async def mark_live(db: Database) -> None:
    """Note that live mode serves this database, unless that is known."""
    await db.execute("INSERT INTO live DEFAULT VALUES ON CONFLICT DO NOTHING")


async def one_secret(db: Database) -> Row | None:
    """Any webhook secret, to try whether the secret key of this installation opens it."""
    return await db.fetchrow("SELECT partner_id, secret_no, secret_sealed FROM webhook_secret LIMIT 1")


_PRACTISED_ON: Final = """
SELECT EXISTS (SELECT FROM sandbox_payment) OR EXISTS (SELECT FROM sandbox_message)
    OR EXISTS (SELECT FROM clock WHERE offset_seconds <> 0)
"""
