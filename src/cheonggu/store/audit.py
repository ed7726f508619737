"""Who did what to this installation, and when: the database lets rows be added, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.store.postgres import Connection, Database, Row


class Operator(msgspec.Struct, frozen=True):
    """Who acts, and on which machine."""

    name: str
    host: str


async def record(
    conn: Connection, by: Operator, act: str, partner_id: int | None = None, /, **about: object
) -> None:
    """Write one act, in the transaction that does it.

    `about` says what it was done to. It outlives everything, so secrets and payers' data do not belong there.
    """
    told = msgspec.json.encode({name: value for name, value in about.items() if value is not None})
    await conn.execute(_RECORD, by.name, by.host, act, partner_id, told.decode())


async def entries(db: Database, *, since: datetime | None, most: int) -> Sequence[Row]:
    """The newest acts since a moment, if one is given; at most so many, the oldest of them first."""
    return await db.fetch(_ENTRIES, since, most)


_RECORD: Final = """
INSERT INTO audit (operator, host, act, partner_id, about) VALUES ($1, $2, $3, $4, $5)
"""

_ENTRIES: Final = """
SELECT * FROM (
  SELECT a.audit_no, a.at, a.operator, a.host, a.act, a.partner_id, p.name AS partner, a.about
  FROM audit a LEFT JOIN partner p USING (partner_id)
  WHERE $1::timestamptz IS NULL OR a.at >= $1
  ORDER BY a.audit_no DESC LIMIT $2) newest
ORDER BY audit_no
"""
