"""What only a sandbox may do or see: a look at messages and callbacks, and starting over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cheonggu.domain import codes, retry
from cheonggu.store import ids, own_partners
from cheonggu.store.postgres import CHANNEL, Connection, Database, Row


async def messages(db: Database, partner_id: int, bill_id: str | None) -> Sequence[Row]:
    """The newest thousand of the bill's messages (of all of the partner's without a bill id), oldest first.

    Each comes with its bill.
    """
    return await db.fetch(_MESSAGES, partner_id, bill_id)


async def callbacks(
    db: Database, partner_id: int, bill_id: str | None = None, callback_no: int | None = None
) -> Sequence[Row]:
    """The newest thousand of the bill's callbacks (of all, or one by number), oldest first, with tries."""
    return await db.fetch(_CALLBACKS, partner_id, bill_id, callback_no)


async def bills_to_show(db: Database, partner_id: int, bill_ids: Sequence[str]) -> Sequence[Row]:
    """A partner's last bills, and those of these ids, newest first, each with its approval's callback."""
    return await db.fetch(_BILLS_TO_SHOW, partner_id, bill_ids)


async def private_keys(db: Database, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these apiKeys, given as their hashes, belong to partners that are not the sandbox's."""
    return {row["key_hash"] for row in await db.fetch(_PRIVATE_KEYS, hashes)}


async def is_private(db: Database, partner_id: int) -> bool:
    """Whether there is such a partner and it is not the sandbox's."""
    return await db.fetchval(_IS_PRIVATE, partner_id)


class InHand(Exception):
    """Something is just being paid, cancelled or called back, under a number that would be given again."""


async def start_over(
    conn: Connection, points: int, *, removing: bool = False, id_seed: str | None = None
) -> float:
    """Empty every sandbox partner, bring it back to its first state, and set the clock back to the system's.

    Gives by how many seconds.

    The standing partners get `points`, those that developers made what they were made with, or, `removing`,
    they are deleted.

    With `id_seed` ids are derived from it and counted anew; raises InHand when that has to wait, and Refused
    where there are other partners. Without, they are random again.

    All tables are locked first, in the order in which verbs and workers come to them, so that nobody is half
    on either side. What other partners have waiting moves back with the clock. What of it is in hand counts
    on the time before, so it is taken from whoever has it: once its lease ends, somebody else begins anew.
    """
    await conn.execute(_LOCK_EVERYTHING, timeout=RESET_SECONDS)
    if id_seed is not None and await conn.fetchval(_NOT_ALONE):
        raise codes.invalid("deterministic", "연습용이 아닌 파트너가 있는 데이터베이스에서는 쓸 수 없습니다.")
    if id_seed is not None and await conn.fetchval(_IN_HAND):
        raise InHand
    partners = [row["partner_id"] for row in await conn.fetch("SELECT partner_id FROM partner WHERE sandbox")]
    await _empty(conn, partners)
    if removing:
        await own_partners.remove(conn, await own_partners.ids(conn))
    await ids.be_random(conn)
    if id_seed is not None:
        await ids.begin_anew(conn, id_seed)
    for statement in (*_TAKE_AWAY, *_MOVE_BACK):
        await conn.execute(statement, timeout=RESET_SECONDS)
    await conn.execute(_FIRST_POINTS, partners, points)
    await own_partners.bring_back(conn, partners)
    back_seconds: float = await conn.fetchval("SELECT offset_seconds FROM clock")
    await conn.execute("UPDATE clock SET offset_seconds = 0")
    await conn.execute("SELECT pg_notify($1, 'reset')", CHANNEL)
    return back_seconds


async def remove(conn: Connection, partners: Sequence[int]) -> None:
    """Delete sandbox partners with all that they have."""
    await conn.execute(_LOCK_EVERYTHING, timeout=RESET_SECONDS)
    await _delete(conn, partners)
    await own_partners.remove(conn, partners)
    await conn.execute("SELECT pg_notify($1, 'partners')", CHANNEL)


async def is_being_sent(db: Database, partner_id: int, bill_id: str) -> bool:
    """Whether a message of the bill has yet to be handed to the sender, or is just being."""
    return await db.fetchval(_BEING_SENT, partner_id, bill_id)


async def has_stragglers(db: Database, now: datetime) -> bool:
    """Whether a create that began before the reset, and on its clock, was written after it."""
    return await db.fetchval(_STRAGGLERS, now)


async def gather_stragglers(conn: Connection, back_seconds: float, now: datetime) -> None:
    """What of other partners was dated by the clock before its reset, and written after it, moves back, too.

    Nor is a callback due later than its schedule has it now.
    """
    # What is made meanwhile, by the clock as it is now, is ahead of `now`, too, but only a little.
    ahead = now + timedelta(seconds=back_seconds / 2)
    for statement in _GATHER:
        await conn.execute(statement, ahead, back_seconds, timeout=RESET_SECONDS)
    await conn.execute(_SOONER, now, retry.CALLBACK, timeout=RESET_SECONDS)


async def _empty(conn: Connection, partners: Sequence[int]) -> None:
    """Deleting checks every foreign key, so a grown sandbox that holds nobody else's rows is truncated."""
    if await conn.fetchval(_ONLY_PRACTICE, _MANY):
        await conn.execute(f"TRUNCATE {', '.join(_EMPTIED)}", timeout=RESET_SECONDS)
        return
    await _delete(conn, partners)


async def _delete(conn: Connection, partners: Sequence[int]) -> None:
    for table in _EMPTIED:
        sql = f"DELETE FROM {table} WHERE partner_id = ANY($1)"  # noqa: S608 - a table of ours
        await conn.execute(sql, partners, timeout=RESET_SECONDS)


RESET_SECONDS: Final = 120.0
_MANY: Final = 5_000

_LOCK_EVERYTHING: Final = """
LOCK TABLE partner, idempotency, bill, bill_history, attempt, attempt_history, gateway_order, refund, message,
           wallet, ledger, short_code, callback, callback_attempt IN EXCLUSIVE MODE
"""

_ONLY_PRACTICE: Final = """
SELECT NOT EXISTS (SELECT FROM partner WHERE NOT sandbox)
   AND (SELECT count(*) FROM (SELECT FROM bill LIMIT $1) few) >= $1
"""

_BEING_SENT: Final = """
SELECT EXISTS (SELECT FROM message m JOIN bill b USING (partner_id, bill_no)
               WHERE m.partner_id = $1 AND b.bill_id = $2 AND m.state IN ('QUEUED', 'SENDING'))
"""

_NOT_ALONE: Final = "SELECT EXISTS (SELECT FROM partner WHERE NOT sandbox)"

_IN_HAND: Final = """
SELECT EXISTS (SELECT FROM callback WHERE leased_until > clock_timestamp())
    OR EXISTS (SELECT FROM attempt WHERE leased_until > clock_timestamp())
    OR EXISTS (SELECT FROM refund WHERE leased_until > clock_timestamp())
"""

_STRAGGLERS: Final = """
SELECT EXISTS (SELECT FROM bill JOIN partner USING (partner_id) WHERE sandbox AND bill.created_at > $1)
"""

_TIMES: Final = {
    "message": ("created_at", "due_at", "handed_at"),
    "callback": ("began_at", "due_at"),
    "attempt": ("began_at", "confirm_until", "settled_at", "ask_at"),
    "refund": ("began_at", "ask_at"),
    "idempotency": ("at",),
    "sandbox_trouble": ("until",),
}
"""Business times that something is still waited for by."""


_BEGINS: Final = {
    "message": "created_at > $1",
    "callback": "began_at > $1",
    "attempt": "began_at > $1",
    "refund": "kind = 'CANCEL' AND began_at > $1",  # a late charge's is made to begin later
    "idempotency": "at > $1",
}
"""What is said of a row that was written under a clock ahead of $1."""


def _moved_back(table: str, seconds: str) -> str:
    return ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in _TIMES[table])


_MOVE_BACK: Final = [
    f"UPDATE {table} SET {_moved_back(table, 'c.offset_seconds')} FROM clock c WHERE c.offset_seconds > 0"  # noqa: S608
    for table in _TIMES
]

_TAKE_AWAY: Final = [
    f"UPDATE {table} SET fence = fence + 1 FROM clock c"  # noqa: S608 - a table of ours
    " WHERE c.offset_seconds > 0 AND leased_until IS NOT NULL"
    for table in ("message", "callback", "attempt", "refund")
]

_GATHER: Final = [
    *(f"UPDATE {table} SET {_moved_back(table, '$2')} WHERE {ahead}" for table, ahead in _BEGINS.items()),  # noqa: S608
    "UPDATE message SET handed_at = handed_at - make_interval(secs => $2) WHERE handed_at > $1",
]

_SOONER: Final = """
UPDATE callback c SET due_at = next.due_at
FROM callback f CROSS JOIN LATERAL (
  SELECT coalesce(min(f.began_at + step), $1) AS due_at FROM unnest($2::interval[]) step
  WHERE f.began_at + step > $1) next
WHERE f.partner_id = c.partner_id AND f.callback_no = c.callback_no AND c.due_at > next.due_at
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

_BILLS_TO_SHOW: Final = """
SELECT b.bill_id, b.state, b.member_code, b.merchant_code, b.callback_url, c.state AS callback_state,
       (SELECT t.reason FROM callback_attempt t
        WHERE t.partner_id = c.partner_id AND t.callback_no = c.callback_no
        ORDER BY t.try_number DESC LIMIT 1) AS callback_reason
FROM bill b
LEFT JOIN callback c ON c.partner_id = b.partner_id AND c.bill_no = b.bill_no AND c.kind = 'APPROVED'
WHERE b.partner_id = $1
  AND (b.bill_id = ANY($2) OR b.bill_no IN (SELECT n.bill_no FROM bill n WHERE n.partner_id = $1
                                            ORDER BY n.bill_no DESC LIMIT 1000))
ORDER BY b.bill_no DESC
"""

_PRIVATE_KEYS: Final = """
SELECT key_hash FROM api_key JOIN partner USING (partner_id) WHERE NOT sandbox AND key_hash = ANY($1)
"""

_IS_PRIVATE: Final = "SELECT EXISTS (SELECT FROM partner WHERE partner_id = $1 AND NOT sandbox)"

_MESSAGES: Final = """
WITH newest AS (
  SELECT b.*, m.send_number, m.state AS message_state, m.settled_at, m.created_at AS asked_at
  FROM message m JOIN bill b USING (partner_id, bill_no)
  WHERE m.partner_id = $1 AND ($2::text IS NULL OR b.bill_id = $2)
  ORDER BY m.created_at DESC, m.bill_no DESC, m.send_number DESC
  LIMIT 1000)
SELECT * FROM newest ORDER BY asked_at, bill_no, send_number
"""

_CALLBACKS: Final = """
WITH newest AS (
  SELECT c.*, b.bill_id
  FROM callback c JOIN bill b USING (partner_id, bill_no)
  WHERE c.partner_id = $1 AND ($2::text IS NULL OR b.bill_id = $2)
    AND ($3::bigint IS NULL OR c.callback_no = $3)
  ORDER BY c.callback_no DESC
  LIMIT 1000)
SELECT c.*,
       ARRAY(SELECT row(t.at, t.status, t.reason, t.duration_ms, t.answer, t.sent) FROM callback_attempt t
             WHERE t.partner_id = c.partner_id AND t.callback_no = c.callback_no
             ORDER BY t.try_number) AS attempts
FROM newest c
ORDER BY c.callback_no
"""

_FIRST_POINTS: Final = """
WITH filled AS (
  UPDATE wallet w
  SET balance_points = coalesce((SELECT s.points FROM sandbox_partner s WHERE s.partner_id = w.partner_id),
                                CASE wallet_code WHEN '' THEN $2::bigint ELSE 0 END)
  WHERE partner_id = ANY($1)
  RETURNING partner_id, wallet_code, balance_points)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, note, at)
SELECT partner_id, wallet_code, 'CHARGE', balance_points, balance_points, 'sandbox', now()
FROM filled WHERE balance_points > 0
"""
