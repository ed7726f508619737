"""Payments as operators list them: every attempt to pay, with its refunds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from cheonggu.domain.books import Held
from cheonggu.domain.payment import AttemptState
from cheonggu.store.newest import LOOK, Look, Seen, newest, walk
from cheonggu.store.postgres import Database, Row

_FIRST: Final = 2**63 - 1
_OUT_OF_ORDER: Final = timedelta(hours=1)
"""Attempts are numbered as they begin, one written a moment before another that began earlier at the most."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments; None: any. `since` and `until` bound when they began."""

    states: Sequence[AttemptState] | None = None
    since: datetime | None = None
    until: datetime | None = None
    bill_no: int | None = None


async def payments(
    db: Database, partner_id: int, wanted: Wanted, *, most: int, below: int | None = None
) -> tuple[list[Held], bool]:
    """The partner's newest payments, of a number below that, and whether there are more."""
    return await newest(_look(db, partner_id, wanted), _FIRST if below is None else below, most)


def all_payments(db: Database, partner_id: int, wanted: Wanted) -> AsyncGenerator[list[Held]]:
    """The partner's payments, newest first, as many at a time as come with one look."""
    return walk(_look(db, partner_id, wanted), _FIRST)


async def payment(db: Database, partner_id: int, attempt_no: int) -> Held | None:
    """One payment as it is now; None after a reset."""
    rows = await db.fetch(_PAYMENTS, partner_id, attempt_no + 1, 1, None, None, None, None)
    found = _held(rows)
    return found[0] if found and found[0].attempt_no == attempt_no else None


async def number_of(db: Database, partner_id: int, order_id: str) -> int | None:
    """The number of the partner's payment under this order id; None if it has no such payment."""
    return await db.fetchval(_NUMBER, partner_id, order_id)


async def late_charges(db: Database, most: int) -> list[tuple[str, Held]]:
    """Late charges of all partners with the partner's name: those not given back first, then the newest."""
    found: list[tuple[str, Held]] = []
    for row in await db.fetch(_LATE, most):
        held = await payment(db, row["partner_id"], row["attempt_no"])
        if held is not None:
            found.append((row["partner"], held))
    return found


def _look(db: Database, partner_id: int, wanted: Wanted) -> Look[int, Held]:
    async def look(below: int) -> Seen[Held, int]:
        rows = await db.fetch(
            _PAYMENTS, partner_id, below, LOOK, wanted.states, wanted.since, wanted.until, wanted.bill_no
        )
        seen = rows[0]
        older = wanted.since is not None and (
            seen["began_by"] is None or seen["began_by"] < wanted.since - _OUT_OF_ORDER
        )
        return Seen(_held(rows), None if older or seen["looked_at"] < LOOK else seen["down_to"])

    return look


def _held(rows: Sequence[Row]) -> list[Held]:
    return [msgspec.json.decode(row["held"], type=Held) for row in rows if row["held"] is not None]


_PAYMENTS: Final = """
WITH page AS MATERIALIZED (
  SELECT * FROM attempt
  WHERE partner_id = $1 AND attempt_no < $2 AND ($7::bigint IS NULL OR bill_no = $7)
  ORDER BY attempt_no DESC LIMIT $3),
seen AS (
  SELECT min(attempt_no) AS down_to, count(*)::integer AS looked_at, max(began_at) AS began_by FROM page)
SELECT s.down_to, s.looked_at, s.began_by, row_to_json(h) AS held
FROM seen s
LEFT JOIN (
  SELECT a.*,
         (SELECT bill_id FROM bill b WHERE b.partner_id = a.partner_id AND b.bill_no = a.bill_no) AS bill_id,
         (SELECT t.at FROM attempt_history t
          WHERE t.partner_id = a.partner_id AND t.attempt_no = a.attempt_no AND t.step = a.step) AS since,
         (SELECT coalesce(json_agg(r ORDER BY r.refund_no), '[]') FROM refund r
          WHERE r.partner_id = a.partner_id AND r.bill_no = a.bill_no AND r.attempt_no = a.attempt_no)
           AS refunds
  FROM page a
  WHERE ($4::text[] IS NULL OR a.state = ANY($4)) AND ($5::timestamptz IS NULL OR a.began_at >= $5)
    AND ($6::timestamptz IS NULL OR a.began_at < $6)) h ON true
ORDER BY h.attempt_no DESC
"""

_NUMBER: Final = "SELECT attempt_no FROM gateway_order WHERE partner_id = $1 AND order_id = $2"

# Spans partners, by an index of late charges alone.
_LATE: Final = """
SELECT a.partner_id, a.attempt_no, p.name AS partner
FROM attempt a JOIN partner p USING (partner_id)
WHERE a.state IN ('LATE_CHARGED', 'LATE_REFUNDED')
ORDER BY a.state, a.attempt_no DESC LIMIT $1
"""
