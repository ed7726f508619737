"""Erase payers from bills that are over, a page at a time; bills, payments and points stay.

What goes: name, phone and their blind indexes, the free text, where the receipt led; what a partner, gateway,
sender or receiver said in words of its own; and what the practice sender took. What was erased once and has
moved since (a payment that was cancelled after all) is erased again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.store.postgres import Connection, Database, Row

PAGE: Final = 500
"""Bills looked at in one statement and erased in one commit."""


Closed = Sequence[tuple[int, int]]
"""Bills that are over, as (bill_no, step)."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of bills held: `closed` are those to erase."""

    closed: Closed
    after: int | None
    """The number that the next page begins after; None when this was the last."""


async def partners(db: Database) -> Sequence[int]:
    """Every partner's number."""
    return [row["partner_id"] for row in await db.fetch("SELECT partner_id FROM partner ORDER BY partner_id")]


async def look(db: Database, partner_id: int, after: int, closed_by: datetime) -> Look:
    """A page of the partner's bills, and which of them were over by then and hold a payer's data."""
    rows = await db.fetch(PAGE_OF_BILLS, partner_id, after, closed_by)
    return Look(closed=_closed(rows), after=rows[-1]["bill_no"] if len(rows) == PAGE else None)


async def closed_among(db: Database, partner_id: int, bill_nos: Sequence[int], closed_by: datetime) -> Closed:
    """Which of these bills were over by then and hold a payer's data."""
    return _closed(await db.fetch(THESE_BILLS, partner_id, bill_nos, closed_by))


def _closed(rows: Sequence[Row]) -> Closed:
    return [(row["bill_no"], row["step"]) for row in rows if row["step"] is not None]


async def erase(conn: Connection, partner_id: int, closed: Closed, at: datetime) -> int:
    """Erase payers from these bills, save those that have moved on from their step since; how many."""
    numbers, steps = [number for number, _ in closed], [step for _, step in closed]
    rows = await conn.fetch(ERASE_BILLS, partner_id, numbers, steps, at)
    erased = [row["bill_no"] for row in rows]
    for statement in (ERASE_ATTEMPTS, ERASE_REFUNDS, ERASE_MESSAGES, ERASE_ANSWERS):
        await conn.execute(statement, partner_id, erased)
    return len(erased)


# PAGE of them. The LIMIT tells the planner how few they are, so that it looks each one up and reads no table.
PAGE_OF_BILLS: Final = """
SELECT p.bill_no, c.step
FROM (SELECT partner_id, bill_no FROM bill WHERE partner_id = $1 AND bill_no > $2
      ORDER BY bill_no LIMIT 500) p
LEFT JOIN LATERAL (
  SELECT c.step FROM closed_bill c
  WHERE c.partner_id = p.partner_id AND c.bill_no = p.bill_no AND c.closed_at <= $3
    AND (c.erased_at IS NULL OR c.erased_at < c.closed_at)
  LIMIT 1) c ON true
ORDER BY p.bill_no
"""

THESE_BILLS: Final = """
SELECT p.bill_no, c.step
FROM unnest($2::bigint[]) p (bill_no)
CROSS JOIN LATERAL (
  SELECT c.step FROM closed_bill c
  WHERE c.partner_id = $1 AND c.bill_no = p.bill_no AND c.closed_at <= $3
    AND (c.erased_at IS NULL OR c.erased_at < c.closed_at)
  LIMIT 1) c
"""

# Whatever could open a closed bill again moves it a step on.
ERASE_BILLS: Final = """
UPDATE bill b
SET name_sealed = NULL, phone_sealed = NULL, name_index = NULL, phone_index = NULL, message = NULL,
    redirect_url = NULL, erased_at = $4
FROM unnest($2::bigint[], $3::integer[]) c (bill_no, step)
WHERE b.partner_id = $1 AND b.bill_no = c.bill_no AND b.step = c.step
RETURNING b.bill_no
"""

ERASE_ATTEMPTS: Final = """
UPDATE attempt SET failure = NULL
WHERE partner_id = $1 AND bill_no = ANY($2::bigint[]) AND failure IS NOT NULL
"""

ERASE_REFUNDS: Final = """
UPDATE refund SET reason = '', refusal = NULL
WHERE partner_id = $1 AND bill_no = ANY($2::bigint[]) AND (reason <> '' OR refusal IS NOT NULL)
"""

ERASE_MESSAGES: Final = """
UPDATE message SET failure = NULL
WHERE partner_id = $1 AND bill_no = ANY($2::bigint[]) AND failure IS NOT NULL
"""

ERASE_ANSWERS: Final = """
UPDATE callback_attempt t SET answer = '', sent = NULL
FROM callback c
WHERE c.partner_id = $1 AND c.bill_no = ANY($2::bigint[])
  AND t.partner_id = c.partner_id AND t.callback_no = c.callback_no AND (t.answer <> '' OR t.sent IS NOT NULL)
"""
