"""What was found wrong, kept in files: every violation whole, all about the bills named, and the logs."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from bench.service import ROOT

from chaos.record import Asked, BillRecord
from chaos.tables import Tables, load
from chaos.world import World
from cheonggu.store.postgres import DatabaseAway

FOLDER: Final = ROOT / "chaos" / "found"
_MOST_BILLS: Final = 200
_WORD: Final = re.compile(r"[\w-]+")


async def keep(made: World, scene: str, seed: str, found: Sequence[str], folder: Path = FOLDER) -> None:
    """Write down what was found, before the service and its database are gone; nothing if it is nothing."""
    if not found:
        return
    place = folder / f"{datetime.now(UTC):%m%d-%H%M%S}-{scene}-{seed.replace(' ', '-')}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "violations.txt").write_text("\n".join(found) + "\n", encoding="utf-8")
    tables = await _tables(made)
    about = (line for bill in _named(made, found) for line in _about(bill, tables))
    (place / "bills.txt").write_text("\n".join(about) + "\n", encoding="utf-8")
    for part in made.parts:
        shutil.copy(part.log, place / f"{part.name}.log")
    sys.stderr.write(f"chaos: {len(found)} violations, their bills and the logs are kept in {place}\n")


async def _tables(made: World) -> Tables | None:
    try:
        async with made.database() as db:
            return await load(db, made.keyring)
    except DatabaseAway:
        return None


def _named(made: World, found: Iterable[str]) -> list[BillRecord]:
    """The bills that violations name, the first of them."""
    words = {word for one in found for word in _WORD.findall(one)}
    return [bill for bill in made.record.bills.values() if bill.bill_id in words][:_MOST_BILLS]


def _about(bill: BillRecord, tables: Tables | None) -> Iterator[str]:
    """Every request about a bill, in seconds since the first of them, and its rows."""
    yield f"{bill.bill_id} of partner {bill.account.partner_id}: {bill.fields}"
    start = min((one.began for one in bill.asked), default=0.0)
    yield from (f"  {_asked(one, start)}" for one in bill.asked)
    if tables is None:
        yield "  its rows could not be read: the database is away"
        return
    row = tables.bills.get((bill.account.partner_id, bill.bill_id))
    if row is None:
        yield "  it is not in the tables"
        return
    key = (row.partner_id, row.bill_no)
    attempts = tables.attempts.get(key, [])
    orders = [attempt["order_id"] for attempt in attempts]
    rows: dict[str, Iterable[Any]] = {
        "bill": [msgspec.structs.asdict(row)],
        "attempt": attempts,
        "refund": tables.refunds.get(key, []),
        "message": tables.messages.get(key, []),
        "callback": tables.callbacks.get(key, []),
        "gateway's payment": [tables.charged[order] for order in orders if order in tables.charged],
        "gateway's refund": [one for order in orders for one in tables.given_back.get(order, [])],
    }
    for name, found in rows.items():
        yield from (f"  {name}: {_values(one)}" for one in found)


def _asked(one: Asked, start: float) -> str:
    key = f", key {one.key}" if one.key is not None else ""
    times = f"{one.began - start:8.3f} to {one.ended - start:8.3f}"
    return f"{times}  {one.what} {one.status} {one.code}{key}: {one.data}"


def _values(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in dict(row).items() if value is not None)
