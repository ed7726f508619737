"""What several tests look at."""

from __future__ import annotations

from datetime import UTC, datetime

from cheonggu.store.invariants import look
from cheonggu.store.postgres import Database


async def assert_books_hold(db: Database, *, settled: bool = False) -> None:
    """Every invariant that holds at every instant, and the settled ones if asked for."""
    snapshot = await look(db, datetime.now(UTC), settled=settled)
    broken = [
        f"{verdict.invariant.name}: {[dict(row) for row in verdict.rows[:3]]}"
        for verdict in snapshot.verdicts
        if not verdict.holds
    ]
    assert not broken, "\n".join(broken)
