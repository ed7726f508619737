"""Proves what must always be true: the named queries of invariants.sql find the rows that break a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from cheonggu.store.postgres import Connection, Database

FILE: Final = Path(__file__).with_name("invariants.sql")
_QUERY_SECONDS: Final = 600.0
"""The whole of a large database is read, which takes longer than any statement of the service may."""


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, and the query for the rows that break it."""

    name: str
    when: Literal["always", "settled"]
    says: str
    query: str


class Verdict(msgspec.Struct, frozen=True):
    """What a rule's query found: nothing, when it holds."""

    invariant: Invariant
    rows: Sequence[Mapping[str, Any]]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks the rule."""
        return not self.rows


class Snapshot(msgspec.Struct, frozen=True):
    """The verdicts at one moment, and how many rows still waited for the worker then, by table."""

    verdicts: Sequence[Verdict]
    waiting: Mapping[str, int]

    @property
    def drained(self) -> bool:
        """Whether nothing was due and nothing in hand."""
        return not self.waiting

    def broken(self, when: str) -> bool:
        """Whether a rule of this kind does not hold."""
        return any(not verdict.holds for verdict in self.verdicts if verdict.invariant.when == when)


def parse(text: str) -> Sequence[Invariant]:
    """The invariants of a file: each query stands behind its `-- name:`, `-- when:` and `-- says:` lines."""
    found: list[Invariant] = []
    for part in text.split("-- name:")[1:]:
        name, when, says, query = part.split("\n", 3)
        heads = {"when": when.removeprefix("-- when:").strip(), "says": says.removeprefix("-- says:").strip()}
        query = query[: query.rindex(";")].strip()
        found.append(msgspec.convert({"name": name.strip(), "query": query} | heads, Invariant))
    return found


async def look(db: Database, now: datetime, *, settled: bool) -> Snapshot:
    """Run every query (the settled ones only if asked) at one moment. `now` is business time."""
    invariants = [one for one in parse(FILE.read_text(encoding="utf-8")) if settled or one.when == "always"]

    async def read(conn: Connection) -> Snapshot:
        waiting = await conn.fetch(WAITING, now, timeout=_QUERY_SECONDS)
        verdicts = [Verdict(one, await conn.fetch(one.query, timeout=_QUERY_SECONDS)) for one in invariants]
        return Snapshot(verdicts, {row["of"]: row["rows"] for row in waiting})

    return await db.run_at_one_moment(read)


# Later retries may wait; what is due now, or in a worker's hands, may not. A notice whose turn comes after
# another callback of its bill waits with it, and a message of a bill that is being paid with the payment.
WAITING: Final = """
SELECT w.of, count(*) AS rows FROM (
  SELECT 'message' AS of, m.due_at, m.leased_until FROM message m
  WHERE m.due_at IS NOT NULL AND NOT (m.state = 'QUEUED' AND EXISTS (
    SELECT FROM bill b WHERE b.partner_id = m.partner_id AND b.bill_no = m.bill_no AND b.state = 'PAYING'))
  UNION ALL
  SELECT 'callback', c.due_at, c.leased_until FROM callback c
  WHERE c.due_at IS NOT NULL AND (c.kind = 'APPROVED' OR NOT EXISTS (
    SELECT FROM callback e WHERE e.partner_id = c.partner_id AND e.bill_no = c.bill_no
      AND e.callback_no < c.callback_no AND e.state = 'PENDING'))
  UNION ALL
  SELECT 'payment', ask_at, leased_until FROM attempt WHERE ask_at IS NOT NULL
  UNION ALL
  SELECT 'refund', ask_at, leased_until FROM refund WHERE ask_at IS NOT NULL) w
WHERE w.due_at <= $1 OR w.leased_until > clock_timestamp()
GROUP BY w.of
"""
