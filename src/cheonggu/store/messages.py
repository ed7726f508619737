"""Messages that wait for the worker: to be sent, or to be asked about.

A claim is candidates, found by their due time, and a guarded update of those, which leases them and raises
their fence. Who settles names the fence it was given: what is not written is in somebody else's hands now.
Leases run on the database's own clock, everything else on business time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain.message import MessageState
from cheonggu.store import points
from cheonggu.store.postgres import Connection, Database

_ALL: Final = 2**31 - 1
"""More partners than there are."""

Key = tuple[int, int, int]
"""Whose message it is, of which bill, and its send number."""


class ClaimedMessage(msgspec.Struct, frozen=True):
    """A message in hand, with what it tells of its bill; column by column as CLAIM returns it.

    SENDING is to be sent, UNKNOWN to be asked about. A WITHDRAWN one was in hand just long enough for that.
    """

    partner_id: int
    bill_no: int
    send_number: int
    fence: int
    state: str
    handed_at: datetime
    bill_id: str
    issuer: str
    product_name: str
    price_won: int
    message: str | None
    expires_at: datetime
    short_code: str
    name_sealed: bytes | None
    phone_sealed: bytes | None


class MessageSettled(msgspec.Struct, frozen=True):
    """What became of a message in hand. `settled_at` of a sent one is when the sender says it went."""

    partner_id: int
    bill_no: int
    send_number: int
    fence: int
    state: MessageState
    due_at: datetime | None = None
    settled_at: datetime | None = None
    reference: str | None = None
    failure_code: str | None = None
    failure: str | None = None


async def claim(
    db: Database, now: datetime, lease_seconds: float, *, after: int, most_of_each: int, most: int
) -> list[ClaimedMessage]:
    """Lease messages that are due: at most so many of each partner, and altogether.

    Only of the partners behind `after`, beginning with the next. Those whose bill can no longer be paid are
    WITHDRAWN instead, and return their points. One that was being sent when its lease ran out comes back as
    UNKNOWN: its worker died or was frozen.
    """
    return await db.run(lambda conn: _claim(conn, now, lease_seconds, after, _ALL, most_of_each, most))


async def claim_of(
    db: Database, now: datetime, lease_seconds: float, *, partner_id: int, most: int
) -> list[ClaimedMessage]:
    """The same of one partner."""
    return await db.run(lambda conn: _claim(conn, now, lease_seconds, partner_id - 1, 1, most, most))


async def settle(db: Database, settled: Sequence[MessageSettled]) -> int:
    """Write what became of messages in hand; those that failed return their points, once.

    Gives how many were written: the others were no longer in this worker's hands.
    """
    failed = [one for one in settled if one.state is MessageState.FAILED]
    others = [one for one in settled if one.state is not MessageState.FAILED] if failed else settled
    return await db.run(lambda conn: _settle(conn, others, failed))


async def _claim(conn: Connection, now: datetime, *given: object) -> list[ClaimedMessage]:
    await conn.execute(BY_INDEX)
    claimed = [ClaimedMessage(*row.values()) for row in await conn.fetch(CLAIM, now, *given)]
    over = [one for one in claimed if one.state == MessageState.WITHDRAWN]
    if over:
        await _return_points(conn, [(one.partner_id, one.bill_no, one.send_number) for one in over], now)
    return claimed


async def _settle(
    conn: Connection, others: Sequence[MessageSettled], failed: Sequence[MessageSettled]
) -> int:
    await conn.execute(BY_INDEX)
    written = 0
    if others:
        tag = await conn.execute(SETTLE, *_columns(map(msgspec.structs.astuple, others)))
        written = int(tag.removeprefix("UPDATE "))
    if failed:
        rows = await conn.fetch(SETTLE + _RETURNING_KEYS, *_columns(map(msgspec.structs.astuple, failed)))
        keys = [(row["partner_id"], row["bill_no"], row["send_number"]) for row in rows]
        if keys:
            await _return_points(conn, keys, max(one.settled_at for one in failed if one.settled_at))
        written += len(keys)
    return written


async def _return_points(conn: Connection, keys: Sequence[Key], at: datetime) -> None:
    rows = await conn.fetch(PAID_FOR, *_columns(keys))
    await points.give_back(
        conn,
        partner_ids=[row["partner_id"] for row in rows],
        wallet_codes=[row["wallet_code"] for row in rows],
        points=[row["cost_points"] for row in rows],
        bill_nos=[row["bill_no"] for row in rows],
        send_numbers=[row["send_number"] for row in rows],
        at=at,
    )


def _columns(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """One array for each field."""
    return list(zip(*rows, strict=True))


# Planned anew for each batch: a plan made while the table was small reads all of it, once for every message
# of a batch, until the planner hears that it has grown. And by the indexes only: how many are due it guesses.
BY_INDEX: Final = """
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off
"""

# Spans partners. Steps from partner to partner through message_due, so that one with a long queue costs no
# more than one with a short queue, and takes a few from each. A message whose bill is being paid waits for
# the outcome: READY again sends it. What was claimed, settled or withdrawn since it was found has another
# fence or is in another state.
CLAIM: Final = """
WITH RECURSIVE looked (partner_id, nth) AS (
  (SELECT m.partner_id, 1 FROM message m
   WHERE m.due_at IS NOT NULL AND m.partner_id > $3 ORDER BY m.partner_id LIMIT 1)
  UNION ALL
  SELECT n.partner_id, l.nth + 1
  FROM looked l CROSS JOIN LATERAL (
    SELECT m.partner_id FROM message m
    WHERE m.due_at IS NOT NULL AND m.partner_id > l.partner_id ORDER BY m.partner_id LIMIT 1) n
  WHERE l.nth < $4),
due AS MATERIALIZED (
  SELECT d.* FROM looked l CROSS JOIN LATERAL (
    SELECT m.partner_id, m.bill_no, m.send_number, m.fence, m.state,
           CASE WHEN m.state <> 'QUEUED' THEN 'UNKNOWN'
                WHEN b.state = 'READY' AND b.expires_at > $1 THEN 'SENDING' ELSE 'WITHDRAWN' END AS next,
           b.bill_id, b.issuer, b.product_name, b.price_won, b.message, b.expires_at, b.short_code,
           b.name_sealed, b.phone_sealed
    FROM message m JOIN bill b USING (partner_id, bill_no)
    WHERE m.partner_id = l.partner_id AND m.due_at <= $1
      AND (m.leased_until IS NULL OR m.leased_until < now())
      AND NOT (m.state = 'QUEUED' AND b.state = 'PAYING')
    ORDER BY m.due_at LIMIT $5) d
  LIMIT $6)
UPDATE message m
SET state = d.next, fence = m.fence + 1,
    handed_at = CASE d.next WHEN 'SENDING' THEN $1 ELSE m.handed_at END,
    leased_until = CASE d.next WHEN 'WITHDRAWN' THEN NULL ELSE now() + make_interval(secs => $2) END,
    due_at = CASE d.next WHEN 'WITHDRAWN' THEN NULL ELSE m.due_at END,
    settled_at = CASE d.next WHEN 'WITHDRAWN' THEN $1 END
FROM due d
WHERE m.partner_id = d.partner_id AND m.bill_no = d.bill_no AND m.send_number = d.send_number
  AND m.fence = d.fence AND m.state = d.state
RETURNING m.partner_id, m.bill_no, m.send_number, m.fence, m.state, m.handed_at, d.bill_id, d.issuer,
          d.product_name, d.price_won, d.message, d.expires_at, d.short_code, d.name_sealed, d.phone_sealed
"""

# Spans partners. A lease is there until somebody settles, so running this twice writes once. It is asked for
# in a way that tells the planner nothing: `IS NOT NULL` it takes for so rare that it looks for those first.
SETTLE: Final = """
UPDATE message m
SET state = r.state, due_at = r.due_at, settled_at = r.settled_at, leased_until = NULL,
    reference = r.reference, failure_code = r.failure_code, failure = r.failure
FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[],
            $7::timestamptz[], $8::text[], $9::text[], $10::text[])
     r (partner_id, bill_no, send_number, fence, state, due_at, settled_at, reference, failure_code, failure)
WHERE m.partner_id = r.partner_id AND m.bill_no = r.bill_no AND m.send_number = r.send_number
  AND m.fence = r.fence AND coalesce(m.leased_until, '-infinity') > '-infinity'
"""
_RETURNING_KEYS: Final = "RETURNING m.partner_id, m.bill_no, m.send_number"

# Spans partners.
PAID_FOR: Final = """
SELECT m.partner_id, m.bill_no, m.send_number, m.cost_points, b.wallet_code
FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) k (partner_id, bill_no, send_number)
JOIN message m USING (partner_id, bill_no, send_number)
JOIN bill b USING (partner_id, bill_no)
"""
