"""Takes keys and indexes off tables while millions of rows are written, and builds them again afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from cheonggu.store.postgres import connect

GROWING: Final = (
    "bill",
    "short_code",
    "bill_history",
    "message",
    "ledger",
    "idempotency",
    "attempt",
    "gateway_order",
    "attempt_history",
    "refund",
    "callback",
    "callback_attempt",
    "sandbox_message",
    "sandbox_payment",
    "sandbox_refund",
)
"""The tables that have more rows with every bill."""
_PATIENCE_SECONDS: Final = 3_600.0


@asynccontextmanager
async def bare(dsn: str) -> AsyncGenerator[None]:
    """The growing tables without keys and indexes; they have them again at the end, by the same names."""
    connection = await connect(dsn, "bench fill")
    try:
        tables = list(GROWING)
        constraints = await connection.fetch(_CONSTRAINTS, tables)
        indexes = await connection.fetch(_INDEXES, tables)
        for one in reversed(constraints):
            await connection.execute(f"ALTER TABLE {one['on']} DROP CONSTRAINT {one['name']}")
        for one in indexes:
            await connection.execute(f"DROP INDEX {one['name']}")
        yield
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for one in indexes:
            await connection.execute(one["definition"], timeout=_PATIENCE_SECONDS)
        for one in constraints:
            build = f"ALTER TABLE {one['on']} ADD CONSTRAINT {one['name']} {one['definition']}"
            await connection.execute(build, timeout=_PATIENCE_SECONDS)
    finally:
        await connection.close()


# Foreign keys last, as they need the keys that they refer to.
_CONSTRAINTS: Final = """
SELECT conrelid::regclass::text AS on, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype IN ('p', 'u', 'f') AND conrelid = ANY($1::text[]::regclass[])
ORDER BY contype = 'f', conrelid, conname
"""

_INDEXES: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index i
WHERE indrelid = ANY($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype <> 'f')
"""
