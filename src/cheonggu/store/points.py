"""Wallets: points move by ledger entries, and a balance never goes below zero."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cheonggu.store.postgres import Connection


async def balance(conn: Connection, partner_id: int, wallet_code: str) -> int:
    """The points in a wallet; a wallet that was never charged holds none."""
    points = await conn.fetchval(
        "SELECT balance_points FROM wallet WHERE partner_id = $1 AND wallet_code = $2",
        partner_id,
        wallet_code,
    )
    return points or 0


async def make_wallet(conn: Connection, partner_id: int, wallet_code: str) -> None:
    """An empty wallet, unless it is there. It comes with its owner: what is not there cannot be locked."""
    await conn.execute(_MAKE_WALLET, partner_id, wallet_code)


async def debit(
    conn: Connection,
    *,
    partner_id: int,
    wallet_code: str,
    points: int,
    bill_no: int,
    send_number: int,
    at: datetime,
) -> bool:
    """Take `points` for one message of a bill; False, and nothing taken, when the wallet holds less."""
    if points == 0:
        return True
    tag = await conn.execute(_DEBIT, partner_id, wallet_code, points, bill_no, send_number, at)
    return tag == "INSERT 0 1"


async def give_back(
    conn: Connection,
    *,
    partner_ids: Sequence[int],
    wallet_codes: Sequence[str],
    points: Sequence[int],
    bill_nos: Sequence[int],
    send_numbers: Sequence[int],
    at: datetime,
) -> None:
    """Return the points of messages that will never be sent, one row of the arguments each.

    The schema allows one return a message, so a second one fails instead of doubling.
    """
    await conn.execute(_LOCK_WALLETS, partner_ids, wallet_codes)
    await conn.execute(_GIVE_BACK, partner_ids, wallet_codes, points, bill_nos, send_numbers, at)


async def charge(
    conn: Connection, *, partner_id: int, wallet_code: str, points: int, note: str | None, at: datetime
) -> int:
    """Add bought points; the new balance."""
    if points <= 0:
        raise ValueError("points must be positive")
    return await _enter(conn, partner_id, wallet_code, "CHARGE", points, note, at)


async def set_balance(
    conn: Connection, *, partner_id: int, wallet_code: str, points: int, note: str | None, at: datetime
) -> int:
    """Bring a wallet to `points` by one entry of the difference; the new balance."""
    if points < 0:
        raise ValueError("a balance cannot be negative")
    await make_wallet(conn, partner_id, wallet_code)
    held = await conn.fetchval(_LOCK_WALLET, partner_id, wallet_code)
    if held == points:
        return points
    return await _enter(conn, partner_id, wallet_code, "ADJUST", points - held, note, at)


async def _enter(
    conn: Connection, partner_id: int, wallet_code: str, kind: str, delta: int, note: str | None, at: datetime
) -> int:
    await make_wallet(conn, partner_id, wallet_code)
    return await conn.fetchval(_ENTER, partner_id, wallet_code, kind, delta, note, at)


_DEBIT: Final = """
WITH paid AS (
  UPDATE wallet SET balance_points = balance_points - $3
  WHERE partner_id = $1 AND wallet_code = $2 AND balance_points >= $3
  RETURNING balance_points)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
SELECT $1, $2, 'DEBIT', -$3, balance_points, $4, $5, $6 FROM paid
"""

_LOCK_WALLETS: Final = "SELECT lock_wallets($1::bigint[], $2::text[])"

# The entries' balances are a running sum from the balance before, so that the ledger reads as it happened.
_GIVE_BACK: Final = """
WITH given AS MATERIALIZED (
  SELECT g.*, sum(points) OVER (PARTITION BY partner_id, wallet_code ORDER BY ord) AS so_far
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[])
       WITH ORDINALITY g (partner_id, wallet_code, points, bill_no, send_number, ord)
  WHERE points > 0),
filled AS (
  UPDATE wallet w SET balance_points = w.balance_points + s.points
  FROM (SELECT partner_id, wallet_code, sum(points)::bigint AS points FROM given GROUP BY 1, 2) s
  WHERE w.partner_id = s.partner_id AND w.wallet_code = s.wallet_code
  RETURNING w.partner_id, w.wallet_code, w.balance_points - s.points AS balance_before)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
SELECT partner_id, wallet_code, 'RETURN', points, balance_before + so_far, bill_no, send_number, $6
FROM given JOIN filled USING (partner_id, wallet_code)
ORDER BY ord
"""

_MAKE_WALLET: Final = """
INSERT INTO wallet (partner_id, wallet_code) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""

_LOCK_WALLET: Final = """
SELECT balance_points FROM wallet WHERE partner_id = $1 AND wallet_code = $2 FOR NO KEY UPDATE
"""

_ENTER: Final = """
WITH changed AS (
  UPDATE wallet SET balance_points = balance_points + $4
  WHERE partner_id = $1 AND wallet_code = $2
  RETURNING balance_points)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, note, at)
SELECT $1, $2, $3, $4, balance_points, $5, $6 FROM changed
RETURNING balance_points
"""
