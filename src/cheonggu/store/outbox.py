"""Callbacks that wait for the worker.

A claim is candidates, found by their due time over all partners, then a guarded update that leases them and
raises their fence. Who settles names the fence it was given: zero rows means that somebody else has it now.
Leases run on the database's own clock, everything else on business time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain.payment import Approval
from cheonggu.domain.quirks import Quirks
from cheonggu.store.partners import quirks_of
from cheonggu.store.postgres import Database, Row


class ClaimedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback in hand, with what its body tells. Secrets are still sealed, newest first."""

    partner_id: int
    callback_no: int
    fence: int
    kind: str
    url: str
    receiver: str
    began_at: datetime
    bill_id: str
    price_won: int
    approval: Approval | None
    refund_number: str | None
    refunded_at: datetime | None
    api_key_sealed: bytes | None
    secrets_sealed: Sequence[tuple[int, bytes]]
    quirks: Quirks | None = None


class CallbackSettled(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a callback in hand, and where that leaves it. `due_at` is None when no more tries follow."""

    partner_id: int
    callback_no: int
    fence: int
    state: str
    due_at: datetime | None
    at: datetime
    status: int | None
    answer: bytes
    duration_ms: int
    reason: str | None
    sent: str | None
    """The request as JSON, where that is kept."""


class Allowance(msgspec.Struct, frozen=True):
    """How many callbacks may be taken: of each receiver in `of`, of every other one, and altogether."""

    of: dict[str, int]
    others: int
    altogether: int


async def claim_callbacks(
    db: Database,
    now: datetime,
    lease_seconds: float,
    allowance: Allowance,
    after: str,
    most_receivers: int,
) -> tuple[list[ClaimedCallback], str]:
    """Lease callbacks that are due, a few of each receiver, looking at so many receivers from `after` on.

    Also gives the `after` of the next look: the last receiver looked at, or '' to begin again.
    """
    looked = await db.fetch(
        DUE_CALLBACKS,
        now,
        after,
        most_receivers,
        list(allowance.of),
        list(allowance.of.values()),
        allowance.others,
    )
    due = [row for row in looked if row["callback_no"] is not None]
    if len(due) > allowance.altogether:
        due = due[: allowance.altogether]
        next_after: str = due[-1]["receiver"]
    else:
        more = len({row["receiver"] for row in looked}) == most_receivers
        next_after = looked[-1]["receiver"] if more else ""
    if not due:
        return [], next_after
    # All that is read comes first: what is leased and then not handed over waits for its lease.
    secrets = await live_secrets(db, {row["partner_id"] for row in due})
    taken = await db.run(lambda conn: conn.fetch(TAKE_CALLBACKS, *_columns(due), lease_seconds))
    return [_callback(row, secrets) for row in taken], next_after


async def settle_callbacks(db: Database, settled: Sequence[CallbackSettled]) -> list[bool]:
    """Record one try of each callback in hand and what follows from it.

    False, and nothing recorded, for each one that is no longer in this worker's hands.
    """
    rows = await db.run(lambda conn: conn.fetch(SETTLE_CALLBACKS, *_transposed(settled)))
    written = {(row["partner_id"], row["callback_no"]) for row in rows}
    return [(one.partner_id, one.callback_no) in written for one in settled]


async def resend_callback(db: Database, partner_id: int, callback_no: int, now: datetime) -> bool:
    """Make a callback due now, whatever became of it; False when there is none."""
    return await db.fetchval(RESEND_CALLBACK, partner_id, callback_no, now) is not None


async def live_secrets(db: Database, partner_ids: set[int]) -> dict[int, list[tuple[int, bytes]]]:
    """The secrets that sign for each partner now, with their numbers: still sealed, newest first."""
    secrets: dict[int, list[tuple[int, bytes]]] = {partner_id: [] for partner_id in partner_ids}
    for row in await db.fetch(LIVE_SECRETS, list(partner_ids)):
        secrets[row["partner_id"]].append((row["secret_no"], row["secret_sealed"]))
    return secrets


def _callback(row: Row, secrets: dict[int, list[tuple[int, bytes]]]) -> ClaimedCallback:
    approval = row["approval"]
    return ClaimedCallback(
        partner_id=row["partner_id"],
        callback_no=row["callback_no"],
        fence=row["fence"],
        kind=row["kind"],
        url=row["url"],
        receiver=row["receiver"],
        began_at=row["began_at"],
        bill_id=row["bill_id"],
        price_won=row["price_won"],
        approval=None if approval is None else msgspec.json.decode(approval, type=Approval),
        refund_number=row["refund_number"],
        refunded_at=row["refunded_at"],
        api_key_sealed=row["api_key_sealed"] if row["key_in_callback"] else None,
        secrets_sealed=secrets[row["partner_id"]],
        quirks=quirks_of(row),
    )


def _columns(rows: Sequence[Row]) -> list[list[int]]:
    return [[row[column] for row in rows] for column in ("partner_id", "callback_no", "fence")]


def _transposed(structs: Sequence[msgspec.Struct]) -> list[list[object]]:
    """One array for each field, in the order in which the struct declares them."""
    return [[getattr(one, field) for one in structs] for field in structs[0].__struct_fields__]


# Spans partners. Steps from receiver to receiver through callback_due, so that a receiver with a long queue
# costs no more than one with a short queue, and takes a few from each. What is told of a bill is told in
# order: a cancel waits for its approval.
DUE_CALLBACKS: Final = """
WITH RECURSIVE looked (receiver, nth) AS (
  (SELECT c.receiver, 1 FROM callback c
   WHERE c.due_at IS NOT NULL AND c.receiver > $2 ORDER BY c.receiver LIMIT 1)
  UNION ALL
  SELECT n.receiver, l.nth + 1
  FROM looked l CROSS JOIN LATERAL (
    SELECT c.receiver FROM callback c
    WHERE c.due_at IS NOT NULL AND c.receiver > l.receiver ORDER BY c.receiver LIMIT 1) n
  WHERE l.nth < $3)
SELECT l.receiver, d.partner_id, d.callback_no, d.fence
FROM looked l
LEFT JOIN unnest($4::text[], $5::integer[]) a (receiver, most) USING (receiver)
LEFT JOIN LATERAL (
  SELECT c.partner_id, c.callback_no, c.fence FROM callback c
  WHERE c.receiver = l.receiver AND c.due_at <= $1
    AND (c.leased_until IS NULL OR c.leased_until < clock_timestamp())
    AND (c.kind = 'APPROVED' OR NOT EXISTS (
      SELECT FROM callback e WHERE e.partner_id = c.partner_id AND e.bill_no = c.bill_no
        AND e.callback_no < c.callback_no AND e.state = 'PENDING'))
  ORDER BY c.due_at
  LIMIT coalesce(a.most, $6)) d ON true
ORDER BY l.nth
"""

# Spans partners.
TAKE_CALLBACKS: Final = """
WITH taken AS (
  UPDATE callback c
  SET leased_until = clock_timestamp() + make_interval(secs => $4), fence = c.fence + 1
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) t (partner_id, callback_no, fence)
  WHERE c.partner_id = t.partner_id AND c.callback_no = t.callback_no AND c.fence = t.fence
    AND c.state = 'PENDING'
  RETURNING c.*)
SELECT t.partner_id, t.callback_no, t.fence, t.kind, t.url, t.receiver, t.began_at, b.bill_id, b.price_won,
       a.approval, r.refund_number, r.refunded_at, p.key_in_callback, p.api_key_sealed,
       p.answer_field, p.callback_fields, p.callback_spelling, p.date_digits
FROM taken t
JOIN bill b USING (partner_id, bill_no)
JOIN partner p USING (partner_id)
LEFT JOIN attempt a USING (partner_id, attempt_no)
LEFT JOIN refund r ON t.kind = 'CANCELED' AND r.kind = 'CANCEL' AND r.state = 'DONE'
  AND r.partner_id = t.partner_id AND r.attempt_no = t.attempt_no
"""

# Real time, not business time: a rotation is not part of the practice.
LIVE_SECRETS: Final = """
SELECT partner_id, secret_no, secret_sealed FROM webhook_secret
WHERE partner_id = ANY($1::bigint[]) AND (valid_until IS NULL OR valid_until > clock_timestamp())
ORDER BY partner_id, secret_no DESC
"""

# Spans partners.
SETTLE_CALLBACKS: Final = """
WITH settled AS (
  UPDATE callback c
  SET state = CASE WHEN c.again THEN 'PENDING' ELSE r.state END,
      due_at = CASE WHEN c.again THEN c.due_at ELSE r.due_at END,
      settled_at = CASE WHEN c.again OR r.state = 'PENDING' THEN NULL ELSE r.at END,
      tries = c.tries + 1, again = false, leased_until = NULL
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
              $7::integer[], $8::bytea[], $9::integer[], $10::text[], $11::json[])
       r (partner_id, callback_no, fence, state, due_at, at, status, answer, duration_ms, reason, sent)
  WHERE c.partner_id = r.partner_id AND c.callback_no = r.callback_no AND c.fence = r.fence
    AND c.leased_until IS NOT NULL
  RETURNING c.partner_id, c.callback_no, c.tries, r.at, r.status, r.answer, r.duration_ms, r.reason,
            r.sent)
INSERT INTO callback_attempt (partner_id, callback_no, try_number, at, status, answer, duration_ms, reason,
                              sent)
SELECT * FROM settled
RETURNING partner_id, callback_no
"""

RESEND_CALLBACK: Final = """
UPDATE callback
SET state = 'PENDING', due_at = $3, settled_at = NULL,
    again = coalesce(leased_until > clock_timestamp(), false)
WHERE partner_id = $1 AND callback_no = $2
RETURNING callback_no
"""
