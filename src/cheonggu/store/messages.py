"""Messages that wait for the worker: to be sent, or to be asked about.

A claim is candidates, found by their due time, and a guarded update of those, which leases them and raises
their fence: claim_due, in schema/. Who settles names the fence it was given: what is not written is in
somebody else's hands now. Leases run on the database's own clock, everything else on business time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from cheonggu.domain.message import MessageState
from cheonggu.store import points
from cheonggu.store.intake import joined
from cheonggu.store.postgres import Connection, Database, Row

_ENDED: Final = (MessageState.SENT, MessageState.FAILED)


class ClaimedMessage(msgspec.Struct, frozen=True):
    """A message in hand, with what it tells of its bill; column by column as CLAIM returns it.

    SENDING is to be sent, UNKNOWN to be asked about. A WITHDRAWN one is in nobody's hands, and still queued.
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
    db: Database,
    now: datetime,
    lease_seconds: float,
    *,
    after: int,
    favoured: int,
    most_of_each: int,
    most: int,
) -> list[ClaimedMessage]:
    """Lease messages that are due: so many of each partner, then as many as fit of one who has more.

    Only of the partners behind `after`, beginning with the next; the one who has more is the next behind
    `favoured`, or the first. Those whose bill can no longer be paid are WITHDRAWN instead: that is left to
    `withdraw`. One that was being sent when its lease ran out comes back as UNKNOWN: its worker died or was
    frozen.
    """
    rows = await db.fetch(CLAIM, now, lease_seconds, after, most_of_each, most, favoured)
    return [ClaimedMessage(*row.values()) for row in rows]


async def withdraw(db: Database, over: Sequence[ClaimedMessage], now: datetime) -> None:
    """Withdraw messages that a claim told of as WITHDRAWN, and return their points.

    Not before the others are handed over: the database may go away, and their lease with it.
    """
    await db.run(lambda conn: _withdraw(conn, over, now))


async def settle(db: Database, settled: Sequence[MessageSettled]) -> int:
    """Write what became of messages in hand; those that failed return their points, once.

    Gives how many were written: the others were no longer in this worker's hands.
    """
    sent = [one for one in settled if one.state is MessageState.SENT]
    if len(sent) == len(settled):  # nearly always, and then one statement does
        return await db.fetchval(SETTLE_SENT, *_joined(sent))
    failed = [one for one in settled if one.state is MessageState.FAILED]
    others = [one for one in settled if one.state not in _ENDED]
    return await db.run(lambda conn: _settle(conn, sent, others, failed))


async def _withdraw(conn: Connection, over: Sequence[ClaimedMessage], now: datetime) -> None:
    await conn.execute(BY_INDEX)
    keys = [(one.partner_id, one.bill_no, one.send_number, one.fence) for one in over]
    gone = await conn.fetch(WITHDRAW, *_columns(keys), now)
    if gone:
        await _return_points(conn, gone, now)


async def _settle(
    conn: Connection,
    sent: Sequence[MessageSettled],
    others: Sequence[MessageSettled],
    failed: Sequence[MessageSettled],
) -> int:
    await conn.execute(BY_INDEX)
    written = 0
    if sent:
        written += await conn.fetchval(SETTLE_SENT, *_joined(sent))
    if others:
        tag = await conn.execute(SETTLE, *_columns(map(msgspec.structs.astuple, others)))
        written += int(tag.removeprefix("UPDATE "))
    if failed:
        rows = await conn.fetch(SETTLE + _RETURNING_KEYS, *_columns(map(msgspec.structs.astuple, failed)))
        if rows:
            await _return_points(conn, rows, max(one.settled_at for one in failed if one.settled_at))
        written += len(rows)
    return written


def _joined(sent: Sequence[MessageSettled]) -> list[str]:
    """Sent messages as settle_sent takes them: the separator, and then each column as one text."""
    references, separator = joined([one.reference or "" for one in sent])
    columns = (
        [str(one.partner_id) for one in sent],
        [str(one.bill_no) for one in sent],
        [str(one.send_number) for one in sent],
        [str(one.fence) for one in sent],
        [_moment(one.settled_at) for one in sent],
    )
    return [separator, *map(separator.join, columns), references]


@lru_cache(maxsize=16)  # a sender may well say the same of all
def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


async def _return_points(conn: Connection, of: Sequence[Row], at: datetime) -> None:
    """Give back what messages cost: rows with their keys."""
    rows = await conn.fetch(PAID_FOR, *_columns(tuple(key.values()) for key in of))
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

# Spans partners, within claim_due. One statement, which is a commit by itself: a few of everybody's, then of
# one what there is room for. Each call sees what was done before it, so the second does not find what the
# first has leased.
CLAIM: Final = """
WITH few AS MATERIALIZED (SELECT * FROM claim_due($1, $2, $3, 2147483647, $4, $5)),
longer AS (
  SELECT partner_id FROM few GROUP BY partner_id HAVING count(*) = $4
  ORDER BY partner_id <= $6, partner_id LIMIT 1),
room AS (SELECT $5 - count(*)::integer AS most FROM few)
SELECT * FROM few
UNION ALL
SELECT m.* FROM longer l CROSS JOIN room r
CROSS JOIN LATERAL claim_due($1, $2, l.partner_id - 1, 1, r.most, r.most) m
WHERE r.most > 0
"""

WITHDRAW: Final = """
UPDATE message m SET state = 'WITHDRAWN', fence = m.fence + 1, due_at = NULL, settled_at = $5
FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[])
     r (partner_id, bill_no, send_number, fence)
WHERE m.partner_id = r.partner_id AND m.bill_no = r.bill_no AND m.send_number = r.send_number
  AND m.fence = r.fence AND m.state = 'QUEUED'
RETURNING m.partner_id, m.bill_no, m.send_number
"""

SETTLE_SENT: Final = "SELECT settle_sent($1, $2, $3, $4, $5, $6, $7)"

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
