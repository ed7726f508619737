"""What the sandbox is told to do to callbacks on purpose: lose them, lose their answers, find nobody there.

A line is about one bill or, with the bill id '', about any of the partner's. Each is used by guarded updates,
so that two callbacks at once never use up one loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, get_args

from cheonggu.store.postgres import Connection, Database, Row

Kind = Literal["DOWN", "LOST", "ANSWER_LOST"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ANY_BILL: Final = ""


async def lose(conn: Connection | Database, partner_id: int, bill_id: str, kind: Kind, times: int) -> None:
    """Let the next callbacks of the bill (ANY_BILL: of any) get LOST, or their answers (ANSWER_LOST).

    It may be said before there is a callback: to "approve, but lose the callback", call this with LOST and 1,
    then pay. Said again, the new number counts alone.
    """
    await conn.execute(_LOSE, partner_id, bill_id, kind, times)


async def be_down(conn: Connection | Database, partner_id: int, bill_id: str, until: datetime) -> None:
    """Let every callback of the bill (ANY_BILL: of any) find nobody listening until then, business time."""
    await conn.execute(_BE_DOWN, partner_id, bill_id, until)


async def of_partner(db: Connection | Database, partner_id: int, now: datetime) -> Sequence[Row]:
    """What is still to come: bill_id, kind, times_left, until."""
    return await db.fetch(_OF_PARTNER, partner_id, now)


async def clear(db: Database, partner_id: int, bill_id: str | None, kind: str | None) -> None:
    """Take back what was said of the bill (None: of all, and of the partner) and of the kind (None: all)."""
    await db.execute(_CLEAR, partner_id, bill_id, kind)


async def looming(
    db: Database, callbacks: Sequence[tuple[int, str]], now: datetime
) -> list[tuple[Kind, str] | None]:
    """For each callback, as partner and bill id, what would befall it now: kind, and the bill id it is under.

    Nothing is used up yet. DOWN goes before LOST before ANSWER_LOST, and what is said of the bill before what
    is said of any.
    """
    rows = await db.fetch(
        _LOOMING, [partner_id for partner_id, _ in callbacks], [bill_id for _, bill_id in callbacks], now
    )
    return [(row["kind"], row["under"]) if row["kind"] else None for row in rows]


async def use(db: Database, partner_id: int, under: str, kind: Kind) -> bool:
    """Use up one loss; False when somebody else has used up the last."""
    return await db.fetchval(_USE, partner_id, under, kind) is not None


_LOSE: Final = """
INSERT INTO sandbox_trouble (partner_id, bill_id, kind, times_left) VALUES ($1, $2, $3, $4)
ON CONFLICT (partner_id, bill_id, kind) DO UPDATE SET times_left = excluded.times_left
"""

_BE_DOWN: Final = """
INSERT INTO sandbox_trouble (partner_id, bill_id, kind, until) VALUES ($1, $2, 'DOWN', $3)
ON CONFLICT (partner_id, bill_id, kind) DO UPDATE SET until = excluded.until
"""

_OF_PARTNER: Final = """
SELECT bill_id, kind, times_left, until FROM sandbox_trouble
WHERE partner_id = $1 AND (times_left > 0 OR until > $2) ORDER BY bill_id, kind
"""

_CLEAR: Final = """
DELETE FROM sandbox_trouble
WHERE partner_id = $1 AND ($2::text IS NULL OR bill_id = $2) AND ($3::text IS NULL OR kind = $3)
"""

_LOOMING: Final = """
SELECT t.kind, t.bill_id AS under
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY c (partner_id, bill_id, nth)
LEFT JOIN LATERAL (
  SELECT s.kind, s.bill_id FROM sandbox_trouble s
  WHERE s.partner_id = c.partner_id AND s.bill_id IN (c.bill_id, '') AND (s.times_left > 0 OR s.until > $3)
  ORDER BY array_position(ARRAY['DOWN', 'LOST', 'ANSWER_LOST'], s.kind), s.bill_id = ''
  LIMIT 1) t ON true
ORDER BY c.nth
"""

_USE: Final = """
UPDATE sandbox_trouble SET times_left = times_left - 1
WHERE partner_id = $1 AND bill_id = $2 AND kind = $3 AND times_left > 0
RETURNING times_left
"""
