"""Who works on this database now, by the database's own clock, and what is swept out now and then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cheonggu.store.postgres import Database

DEAD_AFTER_SECONDS: Final = 10
"""A worker says every second that it lives; one unheard of for this long is dead."""
IDEMPOTENCY_KEPT: Final = timedelta(hours=48)
"""Twice as long as an answer is replayed."""


async def seen(db: Database, worker_id: str) -> None:
    """Say that this worker lives."""
    await db.execute(SEEN, worker_id)


async def gone(db: Database, worker_id: str) -> None:
    """Say that this worker has stopped."""
    await db.execute("DELETE FROM worker WHERE worker_id = $1", worker_id)


async def living(db: Database) -> int:
    """How many workers live."""
    return await db.fetchval(LIVING, DEAD_AFTER_SECONDS)


async def alive_since(db: Database, moment: datetime) -> bool:
    """Whether a worker has said after `moment`, by the database's own clock, that it lives."""
    return await db.fetchval("SELECT EXISTS (SELECT FROM worker WHERE seen_at > $1)", moment)


async def analyze(db: Database) -> None:
    """Tell the planner of tables that have grown much since it last heard of them.

    PostgreSQL does so by itself, but a minute late; until then it plans for tables as empty as they were.
    """
    for row in await db.fetch(GROWN):
        await db.execute(f'ANALYZE "{row["relname"]}"')


async def backlog(db: Database, now: datetime) -> dict[str, int]:
    """How many rows of each kind are due and wait for a worker."""
    rows = await db.fetch(BACKLOG, now)
    return {row["kind"]: row["due"] for row in rows}


async def sweep(db: Database, now: datetime) -> None:
    """Delete idempotency keys too old to be replayed, and workers dead for an hour."""
    await db.execute("DELETE FROM idempotency WHERE at < $1", now - IDEMPOTENCY_KEPT)
    await db.execute("DELETE FROM worker WHERE seen_at < clock_timestamp() - interval '1 hour'")


SEEN: Final = """
INSERT INTO worker (worker_id) VALUES ($1)
ON CONFLICT (worker_id) DO UPDATE SET seen_at = clock_timestamp()
"""

LIVING: Final = """
SELECT count(*) FROM worker WHERE seen_at > clock_timestamp() - make_interval(secs => $1)
"""

GROWN: Final = """
SELECT relname FROM pg_stat_user_tables
WHERE schemaname = current_schema() AND n_mod_since_analyze > 500 AND n_mod_since_analyze > 0.5 * n_live_tup
"""

BACKLOG: Final = """
SELECT 'message' AS kind, count(*) AS due FROM message WHERE due_at <= $1
UNION ALL
SELECT 'callback', count(*) FROM callback WHERE due_at <= $1
UNION ALL
SELECT 'payment', count(*) FROM attempt WHERE ask_at <= $1
UNION ALL
SELECT 'refund', count(*) FROM refund WHERE ask_at <= $1
"""
