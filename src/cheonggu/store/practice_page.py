"""What the sandbox's page shows of a partner, a screenful at a time: each look is bounded, by an index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cheonggu.store.postgres import Connection, Database, Row

COUNTED: Final = 1_000
"""How far back the figures count, so that a grown sandbox costs them no more than a young one."""
WATCHED_BILLS: Final = 50
WATCHED_MESSAGES: Final = 30
WATCHED_CALLBACKS: Final = 30
_MOST_OF_A_BILL: Final = 200


async def bills(
    conn: Connection, partner_id: int, most: int, *, before: int | None = None, bill_id: str = ""
) -> Sequence[Row]:
    """Bills with the outcome of their newest payment attempt, newest first, or those whose id begins so."""
    if bill_id:
        return await conn.fetch(_BILLS_NAMED, partner_id, most, bill_id)
    return await conn.fetch(_BILLS, partner_id, most, before)


async def bill(conn: Connection, partner_id: int, bill_id: str) -> Row | None:
    """The same of one bill; None when there is none of that id."""
    return await conn.fetchrow(_BILL, partner_id, bill_id)


async def history(conn: Connection, partner_id: int, bill_no: int) -> Sequence[Row]:
    """The steps of a bill."""
    return await conn.fetch(_HISTORY, partner_id, bill_no, _MOST_OF_A_BILL)


async def attempts(conn: Connection, partner_id: int, bill_no: int) -> Sequence[Row]:
    """The steps of a bill's payment attempts."""
    return await conn.fetch(_ATTEMPTS, partner_id, bill_no, _MOST_OF_A_BILL)


async def refunds(conn: Connection, partner_id: int, bill_no: int) -> Sequence[Row]:
    """A bill's refunds, asked for or by itself."""
    return await conn.fetch(_REFUNDS, partner_id, bill_no, _MOST_OF_A_BILL)


async def messages(conn: Connection, partner_id: int, bill_no: int) -> Sequence[Row]:
    """A bill's messages, oldest first."""
    return await conn.fetch(_MESSAGES, partner_id, bill_no, _MOST_OF_A_BILL)


async def callbacks(
    conn: Connection, partner_id: int, most: int, bill_no: int | None = None
) -> Sequence[Row]:
    """The newest callbacks of a bill, or of all, with their tries as practice.callbacks has them."""
    if bill_no is None:
        return await conn.fetch(_CALLBACKS, partner_id, most)
    return await conn.fetch(_BILLS_CALLBACKS, partner_id, most, bill_no)


async def newest_messages(conn: Connection, partner_id: int, most: int) -> Sequence[Row]:
    """The messages that were asked for last, each with its bill, newest first."""
    return await conn.fetch(_NEWEST_MESSAGES, partner_id, most)


async def entries(conn: Connection, partner_id: int, wallet_code: str, most: int) -> Sequence[Row]:
    """The wallet's newest entries, newest first, each with the bill that it is about, if any."""
    return await conn.fetch(_ENTRIES, partner_id, wallet_code, most, COUNTED)


async def figures(conn: Connection, partner_id: int, wallet_code: str, day_began: datetime) -> Row:
    """Balance, points spent since `day_began`, and how many of the newest bills and callbacks did well."""
    row = await conn.fetchrow(_FIGURES, partner_id, wallet_code, day_began, COUNTED)
    assert row is not None
    return row


async def names(db: Database) -> Sequence[str]:
    """The names of the standing sandbox partners and of the newest that were made."""
    return [row["name"] for row in await db.fetch(_NAMES)]


async def next_try(conn: Connection, partner_id: int, now: datetime) -> datetime | None:
    """When the next of the partner's newest callbacks is tried again, if one waits for that."""
    return await conn.fetchval(_NEXT_TRY, partner_id, now, COUNTED)


async def marks(db: Database, partner_id: int, bill_ids: Sequence[str]) -> dict[str, str]:
    """A text for each part of the page, and as `bill:ID` for each of these bills: it changes with them."""
    row = await db.fetchrow(MARKS, partner_id, WATCHED_BILLS, WATCHED_MESSAGES, WATCHED_CALLBACKS)
    found = dict(row or {})
    if bill_ids:
        named = await db.fetch(_BILL_MARKS, partner_id, list(bill_ids))
        found |= {f"bill:{row['bill_id']}": row["mark"] for row in named}
    return found


_BILLS: Final = """
SELECT b.*, a.state AS attempt_state, a.failure_code, a.failure
FROM (SELECT * FROM bill WHERE partner_id = $1 AND ($3::bigint IS NULL OR bill_no < $3)
      ORDER BY bill_no DESC LIMIT $2) b
LEFT JOIN LATERAL (
  SELECT state, failure_code, failure FROM attempt a
  WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no ORDER BY attempt_no DESC LIMIT 1) a ON true
ORDER BY b.bill_no DESC
"""

_BILLS_NAMED: Final = """
SELECT b.*, a.state AS attempt_state, a.failure_code, a.failure
FROM (SELECT * FROM bill WHERE partner_id = $1 AND starts_with(bill_id, $3) ORDER BY bill_id LIMIT $2) b
LEFT JOIN LATERAL (
  SELECT state, failure_code, failure FROM attempt a
  WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no ORDER BY attempt_no DESC LIMIT 1) a ON true
ORDER BY b.bill_id
"""

_BILL: Final = """
SELECT b.*, a.state AS attempt_state, a.failure_code, a.failure
FROM bill b
LEFT JOIN LATERAL (
  SELECT state, failure_code, failure FROM attempt a
  WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no ORDER BY attempt_no DESC LIMIT 1) a ON true
WHERE b.partner_id = $1 AND b.bill_id = $2
"""

_HISTORY: Final = """
SELECT to_state, at FROM bill_history WHERE partner_id = $1 AND bill_no = $2 ORDER BY step DESC LIMIT $3
"""

_ATTEMPTS: Final = """
SELECT h.to_state, h.at, a.attempt_no, a.approval, a.failure_code, a.failure
FROM attempt a JOIN attempt_history h USING (partner_id, attempt_no)
WHERE a.partner_id = $1 AND a.bill_no = $2
ORDER BY a.attempt_no DESC, h.step DESC LIMIT $3
"""

_REFUNDS: Final = """
SELECT refund_no, kind, state, reason, began_at, settled_at, refund_number, refusal_kind, refusal
FROM refund WHERE partner_id = $1 AND bill_no = $2 ORDER BY refund_no DESC LIMIT $3
"""

_MESSAGES: Final = """
SELECT send_number, state, cost_points, created_at, settled_at, failure_code, failure
FROM message WHERE partner_id = $1 AND bill_no = $2 ORDER BY send_number LIMIT $3
"""

_CALLBACKS: Final = """
SELECT c.*, b.bill_id,
       ARRAY(SELECT row(t.at, t.status, t.reason, t.duration_ms, t.answer, t.sent) FROM callback_attempt t
             WHERE t.partner_id = c.partner_id AND t.callback_no = c.callback_no
             ORDER BY t.try_number) AS attempts
FROM (SELECT * FROM callback WHERE partner_id = $1 ORDER BY callback_no DESC LIMIT $2) c
JOIN bill b USING (partner_id, bill_no)
ORDER BY c.callback_no DESC
"""

_BILLS_CALLBACKS: Final = """
SELECT c.*, b.bill_id,
       ARRAY(SELECT row(t.at, t.status, t.reason, t.duration_ms, t.answer, t.sent) FROM callback_attempt t
             WHERE t.partner_id = c.partner_id AND t.callback_no = c.callback_no
             ORDER BY t.try_number) AS attempts
FROM callback c JOIN bill b USING (partner_id, bill_no)
WHERE c.partner_id = $1 AND c.bill_no = $3
ORDER BY c.callback_no DESC LIMIT $2
"""

# A message sent again is as new as its debit; messages have no order of their own beside their bills'.
_NEWEST_MESSAGES: Final = """
WITH newest AS (
  (SELECT bill_no, send_number FROM message WHERE partner_id = $1
   ORDER BY bill_no DESC, send_number DESC LIMIT $2)
  UNION
  (SELECT bill_no, send_number
   FROM (SELECT bill_no, send_number, kind FROM ledger WHERE partner_id = $1
         ORDER BY entry_no DESC LIMIT $2) l
   WHERE kind = 'DEBIT'))
SELECT b.*, m.send_number, m.state AS message_state, m.created_at AS asked_at, m.settled_at,
       m.failure_code, m.failure
FROM newest n
JOIN message m ON m.partner_id = $1 AND m.bill_no = n.bill_no AND m.send_number = n.send_number
JOIN bill b ON b.partner_id = m.partner_id AND b.bill_no = m.bill_no
ORDER BY coalesce(m.settled_at, m.created_at) DESC, m.bill_no DESC, m.send_number DESC
LIMIT $2
"""

_ENTRIES: Final = """
SELECT l.entry_no, l.kind, l.delta_points, l.balance_points, l.send_number, l.note, l.at, b.bill_id
FROM (SELECT * FROM ledger WHERE partner_id = $1 ORDER BY entry_no DESC LIMIT $4) l
LEFT JOIN bill b ON b.partner_id = l.partner_id AND b.bill_no = l.bill_no
WHERE l.wallet_code = $2 ORDER BY l.entry_no DESC LIMIT $3
"""

_FIGURES: Final = """
SELECT coalesce((SELECT balance_points FROM wallet WHERE partner_id = $1 AND wallet_code = $2), 0)
         AS balance,
       spent.points AS spent, spent.messages, spent.entries, made.bills, made.paid,
       told.callbacks, told.delivered
FROM (SELECT coalesce(-sum(delta_points), 0)::bigint AS points, count(*) AS entries,
             count(*) FILTER (WHERE kind = 'DEBIT') AS messages
      FROM (SELECT kind, delta_points, at FROM ledger WHERE partner_id = $1 AND wallet_code = $2
            ORDER BY entry_no DESC LIMIT $4) l
      WHERE kind IN ('DEBIT', 'RETURN') AND at >= $3) spent,
     (SELECT count(*) AS bills, count(*) FILTER (WHERE state IN ('PAID', 'CANCELING')) AS paid
      FROM (SELECT state FROM bill WHERE partner_id = $1 ORDER BY bill_no DESC LIMIT $4) b) made,
     (SELECT count(*) AS callbacks, count(*) FILTER (WHERE state = 'DELIVERED') AS delivered
      FROM (SELECT state FROM callback WHERE partner_id = $1 ORDER BY callback_no DESC LIMIT $4) c) told
"""

_NAMES: Final = """
SELECT p.name FROM partner p LEFT JOIN sandbox_partner s USING (partner_id)
WHERE p.sandbox ORDER BY s.partner_id DESC NULLS FIRST, p.partner_id LIMIT 30
"""

_NEXT_TRY: Final = """
SELECT min(due_at)
FROM (SELECT due_at FROM callback WHERE partner_id = $1 ORDER BY callback_no DESC LIMIT $3) c
WHERE due_at > $2
"""

MARKS: Final = """
SELECT
  (SELECT md5(string_agg(concat_ws('/', bill_no, step), ','))
   FROM (SELECT bill_no, step FROM bill WHERE partner_id = $1 ORDER BY bill_no DESC LIMIT $2) b) AS bills,
  (SELECT md5(string_agg(concat_ws('/', n.bill_no, n.send_number, m.state), ','
                         ORDER BY n.bill_no, n.send_number))
   FROM ((SELECT bill_no, send_number FROM message WHERE partner_id = $1
          ORDER BY bill_no DESC, send_number DESC LIMIT $3)
         UNION
         (SELECT bill_no, send_number
          FROM (SELECT bill_no, send_number, kind FROM ledger WHERE partner_id = $1
                ORDER BY entry_no DESC LIMIT $3) l
          WHERE kind = 'DEBIT')) n
   JOIN message m ON m.partner_id = $1 AND m.bill_no = n.bill_no AND m.send_number = n.send_number) AS phone,
  (SELECT md5(string_agg(concat_ws('/', callback_no, state, tries, due_at), ','))
   FROM (SELECT callback_no, state, tries, due_at FROM callback WHERE partner_id = $1
         ORDER BY callback_no DESC LIMIT $4) c) AS callbacks,
  (SELECT max(entry_no)::text FROM ledger WHERE partner_id = $1) AS wallet,
  (SELECT md5(string_agg(concat_ws('/', bill_id, kind, times_left, until), ','))
   FROM (SELECT * FROM sandbox_trouble WHERE partner_id = $1
         ORDER BY partner_id, bill_id, kind LIMIT $4) t) AS trouble,
  (SELECT string_agg(listener_id, ',' ORDER BY listener_id) FROM sandbox_listener
   WHERE partner_id = $1 AND leased_until > clock_timestamp()) AS listeners,
  (SELECT offset_seconds::text FROM clock) AS clock
"""

_BILL_MARKS: Final = """
SELECT b.bill_id, md5(concat_ws('/', b.step, b.sends,
  (SELECT string_agg(state, ',' ORDER BY send_number) FROM message m
   WHERE m.partner_id = b.partner_id AND m.bill_no = b.bill_no),
  (SELECT string_agg(concat_ws('-', state, step), ',' ORDER BY attempt_no) FROM attempt a
   WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no),
  (SELECT string_agg(state, ',' ORDER BY refund_no) FROM refund r
   WHERE r.partner_id = b.partner_id AND r.bill_no = b.bill_no),
  (SELECT string_agg(concat_ws('-', state, tries, due_at), ',' ORDER BY callback_no) FROM callback c
   WHERE c.partner_id = b.partner_id AND c.bill_no = b.bill_no))) AS mark
FROM bill b WHERE b.partner_id = $1 AND b.bill_id = ANY($2::text[])
"""
