"""What several tests look at."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from cheonggu.store.invariants import Snapshot, look
from cheonggu.store.postgres import Database
from tests.conftest import until


async def assert_books_hold(db: Database, *, settled: bool = False) -> None:
    """Every invariant that holds at every instant; if asked for, those that hold once a worker rests, too.

    These are waited for: a worker beside the test may have something in hand just now.
    """
    looks: list[Snapshot] = []

    async def rests() -> bool:
        looks.append(await look(db, datetime.now(UTC), settled=settled))
        return not looks[-1].broken("settled")

    with suppress(AssertionError):  # the verdicts say it better
        await until(rests)
    broken = [
        f"{verdict.invariant.name}: {[dict(row) for row in verdict.rows[:3]]}"
        for verdict in looks[-1].verdicts
        if not verdict.holds
    ]
    assert not broken, "\n".join(broken)
