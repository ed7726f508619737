"""Fills the real tables with bills that have a past, as fast as SQL can, and so that the books are right."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from bench.bare import bare
from cheonggu.store.postgres import OwnConnection, connect

_SQL: Final = Path(__file__).with_name("fill.sql")
_STRETCH: Final = 50_000
_MANY: Final = 200_000
"""From here on it is faster to build the indexes once at the end."""
_PATIENCE_SECONDS: Final = 3_600.0
_SEQUENCES: Final = ("entry_no_seq", "attempt_no_seq", "refund_no_seq", "callback_no_seq")
_BLOCK: Final = 1_000
"""The step of bill_block_seq."""


async def fill(dsn: str, count: int, tell: Callable[[int], None], urls: list[str] | None = None) -> None:
    """Write so many bills with all that belongs to them; `tell` hears how many there are.

    With URLs every bill was paid just now and its callback waits to go to one of them.
    """
    first = await _reserve(dsn, count)
    async with bare(dsn) if count >= _MANY else nullcontext():
        await _write(dsn, first, count, tell, urls)
    await _finish(dsn, first, count)


async def _write(
    dsn: str, first: int, count: int, tell: Callable[[int], None], urls: list[str] | None
) -> None:
    stretches = asyncio.Queue[tuple[int, int]]()
    for begin in range(1, count + 1, _STRETCH):
        stretches.put_nowait((begin, min(begin + _STRETCH - 1, count)))
    done = 0

    async def write() -> None:
        nonlocal done
        connection = await connect(dsn, "bench fill")
        try:
            await connection.execute(_SQL.read_text(encoding="utf-8"))
            while not stretches.empty():
                begin, end = stretches.get_nowait()
                await connection.execute(
                    "SELECT pg_temp.fill($1, $2, $3, $4, $5)",
                    *(first, begin, end, count, urls),
                    timeout=_PATIENCE_SECONDS,
                )
                done += end - begin + 1
                tell(done)
        finally:
            await connection.close()

    await asyncio.gather(*(write() for _ in range(min(os.cpu_count() or 1, stretches.qsize()))))


async def _reserve(dsn: str, count: int) -> int:
    """Set every sequence beyond the numbers that are to be used; these begin behind what is returned."""
    connection = await connect(dsn, "bench fill")
    try:
        names = ("bill_block_seq", *_SEQUENCES)
        first = max([await connection.fetchval("SELECT nextval($1::regclass)", name) for name in names])
        first = (first // _BLOCK + 2) * _BLOCK
        last = first + (count // _BLOCK + 1) * _BLOCK
        for name in names:
            await connection.execute("SELECT setval($1::regclass, $2)", name, last + 1)
        return first
    finally:
        await connection.close()


async def _finish(dsn: str, first: int, count: int) -> None:
    """Debit the wallets, and leave nothing to autovacuum."""
    connection = await connect(dsn, "bench fill")
    try:
        await connection.execute(_DEBIT, first, first + count, timeout=_PATIENCE_SECONDS)
        await _vacuum(connection)
    finally:
        await connection.close()


async def _vacuum(connection: OwnConnection) -> None:
    await connection.execute("VACUUM (ANALYZE)", timeout=_PATIENCE_SECONDS)
    await connection.execute("CHECKPOINT", timeout=_PATIENCE_SECONDS)


_DEBIT: Final = """
UPDATE wallet w SET balance_points = w.balance_points - d.points
FROM (SELECT partner_id, wallet_code, -sum(delta_points)::bigint AS points
      FROM ledger WHERE entry_no > $1 AND entry_no <= $2 GROUP BY 1, 2) d
WHERE w.partner_id = d.partner_id AND w.wallet_code = d.wallet_code
"""
