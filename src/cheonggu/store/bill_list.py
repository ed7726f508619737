"""A partner's bills as operators list them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain.bill import Bill, State
from cheonggu.store.bills import opened
from cheonggu.store.newest import LOOK, Seen, newest
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which bills; None: any. `since` and `until` bound their creation, `expired_by` their last day."""

    states: Sequence[State] | None = None
    expired_by: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    merchant_code: str | None = None


class ListedBill(msgspec.Struct, frozen=True):
    """A bill, and when its payment was approved, if it ever was."""

    bill: Bill
    paid_at: datetime | None


async def bills(
    db: Database, keyring: Keyring, partner_id: int, wanted: Wanted, *, most: int, below: int | None = None
) -> tuple[list[ListedBill], bool]:
    """The partner's newest bills, of a number below that, and whether there are more."""

    async def look(below: int) -> Seen[ListedBill, int]:
        rows = await db.fetch(
            _BILLS,
            partner_id,
            below,
            LOOK,
            wanted.states,
            wanted.expired_by,
            wanted.since,
            wanted.until,
            wanted.merchant_code,
        )
        found = [
            ListedBill(opened(row, keyring), row["paid_at"]) for row in rows if row["bill_no"] is not None
        ]
        return Seen(found, rows[0]["down_to"] if rows[0]["looked_at"] == LOOK else None)

    return await newest(look, 2**63 - 1 if below is None else below, most)


async def number_of(db: Database, partner_id: int, bill_id: str) -> int | None:
    """The number of a bill of the partner's; None if it has no such bill."""
    return await db.fetchval(_NUMBER, partner_id, bill_id)


_BILLS: Final = """
WITH page AS MATERIALIZED (
  SELECT * FROM bill WHERE partner_id = $1 AND bill_no < $2 ORDER BY bill_no DESC LIMIT $3),
seen AS (SELECT min(bill_no) AS down_to, count(*)::integer AS looked_at FROM page)
SELECT s.down_to, s.looked_at, b.*,
       (SELECT (a.approval ->> 'approved_at')::timestamptz FROM attempt a
        WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no
          AND a.state IN ('APPROVED', 'REFUNDED')) AS paid_at
FROM seen s
LEFT JOIN (
  SELECT * FROM page
  WHERE ($4::text[] IS NULL OR state = ANY($4)) AND ($5::timestamptz IS NULL OR expires_at <= $5)
    AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
    AND ($8::text IS NULL OR merchant_code = $8)) b ON true
ORDER BY b.bill_no DESC
"""

_NUMBER: Final = "SELECT bill_no FROM bill WHERE partner_id = $1 AND bill_id = $2"
