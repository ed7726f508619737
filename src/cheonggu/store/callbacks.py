"""Callbacks as operators see them: those that were given up, and making them due once more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cheonggu.store.postgres import Connection, Database, Row


async def of_partner(db: Database, partner_id: int, state: str, most: int) -> Sequence[Row]:
    """The partner's newest callbacks in this state, each with its last try; at most so many."""
    return await db.fetch(_OF_PARTNER, partner_id, state, most)


async def make_due(conn: Connection, partner_id: int, callback_no: int | None, now: datetime) -> int:
    """Make one callback due now, whatever became of it, or every EXHAUSTED one; how many that were.

    The times of its tries stay counted from its beginning: once its day is over, each asking is one try more.
    """
    tag = await conn.execute(_MAKE_DUE, partner_id, callback_no, now)
    return int(tag.removeprefix("UPDATE "))


_OF_PARTNER: Final = """
SELECT c.callback_no, c.kind, c.state, c.receiver, c.began_at, c.tries, b.bill_id,
       t.at AS last_at, t.status AS last_status, t.reason AS last_reason
FROM callback c
JOIN bill b USING (partner_id, bill_no)
LEFT JOIN callback_attempt t
  ON t.partner_id = c.partner_id AND t.callback_no = c.callback_no AND t.try_number = c.tries
WHERE c.partner_id = $1 AND c.state = $2
ORDER BY c.callback_no DESC LIMIT $3
"""

# One that is being tried just now is tried again after that.
_MAKE_DUE: Final = """
UPDATE callback
SET state = 'PENDING', due_at = $3, settled_at = NULL,
    again = coalesce(leased_until > clock_timestamp(), false)
WHERE partner_id = $1 AND CASE WHEN $2::bigint IS NULL THEN state = 'EXHAUSTED' ELSE callback_no = $2 END
"""
