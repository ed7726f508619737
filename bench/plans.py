"""A look at the plans: PostgreSQL logs each one that the running service used, those within functions too.

None may read a growing table from end to end, or walk through one of its indexes without a condition; what
waits for the worker has indexes of its own, which are as long as the backlog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec

from bench.accounts import HOT
from bench.backlog import gauge
from bench.bare import GROWING
from bench.bodies import Destroys, Pages, Pays, Reads, Requests
from bench.creating import make_bills
from bench.driver import drive
from bench.effort import TALK
from bench.hall import Hall
from bench.load import Spec
from bench.receivers import receivers
from bench.results import Measurement
from bench.service import answers, cheonggu
from bench.stage import order
from cheonggu.store.embedded.cluster import locate

_BILLS: Final = 300
_SHOWN: Final = 200
_WALKS: Final = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")

Plan = dict[str, Any]


async def look(hall: Hall, dsn: str, tables: str, before: int = 0) -> None:
    """Run a little of everything, after so many bills, and note which plans grow with the `tables`.

    On fresh tables statements are planned while these are all but empty, and such a plan may stay.
    """
    name = urlsplit(dsn).path[1:]
    for setting in _SETTINGS:
        await order(hall.stage.dsn, f"ALTER DATABASE {name} SET {setting}")
    log = locate(hall.directory).log
    async with (
        receivers(some_dead=False) as partners,
        cheonggu(hall.stage, dsn) as running,
        gauge(dsn) as counts,
    ):
        if before:
            await make_bills(running.port, before, TALK)
            await counts.drain()
        begin = log.stat().st_size
        await make_bills(running.port, _BILLS, TALK, partners.urls)
        await counts.drain()
        for requests in await _everything(dsn):
            await drive(Spec(port=running.port, clients=4, requests=requests), {})
        await counts.drain(partners.well)
        await answers(running.port, "/metrics")
    await order(hall.stage.dsn, f"ALTER DATABASE {name} RESET ALL")
    large = [row["name"] for row in await order(dsn, _LARGE, list(GROWING))]
    indexes = {row["name"] for row in await order(dsn, _INDEXES, large)}
    seen = [(query, plan) for query, plan in plans_in(log, begin) if _OURS not in query]
    growing = {grows: query for query, plan in seen for grows in growing_parts(plan, set(large), indexes)}
    hall.book.note(
        Measurement(
            name=f"plans.{tables}",
            title=f"plans that grow with the table, {tables} tables",
            group="Plans",
            value=len(growing),
            unit="plans",
            more={"plans seen": len(seen), **{part: query[:_SHOWN] for part, query in growing.items()}},
        )
    )


async def _everything(dsn: str) -> list[Requests]:
    rows = await order(dsn, _NEWEST, _BILLS)
    ids = [row["bill_id"] for row in rows]
    third = len(rows) // 3
    prices = {row["bill_id"]: str(row["price_won"]) for row in rows}
    return [
        Reads(caller=HOT, bill_ids=ids, count=third),
        Pages(codes=[row["short_code"] for row in rows], count=third),
        Destroys(caller=HOT, bills=[(one, prices[one]) for one in ids[:third]]),
        Pays(bill_ids=ids[third : 2 * third]),
        Reads(caller=HOT, bill_ids=ids[third : 2 * third], count=third),
    ]


def plans_in(log: Path, begin: int) -> Iterator[tuple[str, Plan]]:
    """The queries and plans that auto_explain has logged since `begin`."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").splitlines()
    block: list[str] | None = None
    for line in [*lines, ""]:
        if block is not None and line.startswith("\t"):
            block.append(line)
            continue
        if block:
            told = msgspec.json.decode("".join(block))
            yield " ".join(told["Query Text"].split()), told["Plan"]
        block = [] if line.endswith("plan:") else None


def growing_parts(plan: Mapping[str, Any], tables: set[str], indexes: set[str]) -> Iterator[str]:
    """The parts of a plan that read more as these tables and indexes grow."""
    kind, table = plan.get("Node Type", ""), plan.get("Relation Name", "")
    index = plan.get("Index Name", "")
    if kind == "Seq Scan" and table in tables:
        yield f"Seq Scan on {table}"
    elif kind in _WALKS and "Index Cond" not in plan and index in indexes:
        yield f"{kind} without a condition on {index}"
    for below in cast("list[Plan]", plan.get("Plans", [])):
        yield from growing_parts(below, tables, indexes)


_SETTINGS: Final = (
    "session_preload_libraries = 'auto_explain'",
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_nested_statements = on",
    "auto_explain.log_format = 'json'",
    "auto_explain.log_parameter_max_length = 0",
)
_OURS: Final = "SELECT count(*) FROM "
"""How the benchmark's own queries begin."""
_NEWEST: Final = """
SELECT bill_id, short_code, price_won FROM bill
WHERE partner_id = (SELECT partner_id FROM partner WHERE name = 'sandbox')
ORDER BY bill_no DESC LIMIT $1
"""
# A table that fits into a few pages is best read whole.
_LARGE: Final = """
SELECT name FROM unnest($1::text[]) name WHERE pg_relation_size(name::regclass) > 1000000
"""
_INDEXES: Final = """
SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY($1::text[]::regclass[]) AND pg_get_indexdef(i.indexrelid) !~ 'due_at|ask_at'
"""
