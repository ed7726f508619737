"""The wallet: what it holds, and what came and went last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.store.postgres import Row
from cheonggu.web import dates
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.words import say

ENTRIES_SHOWN: Final = 30
PRESETS: Final = (0, 54, 1_000_000)
"""Nothing; one point less than a message costs; the first state."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points."""

    title: Markup
    bill_id: str | None
    bill_href: str
    delta: str
    balance: str
    time: str
    tone: str


def entries(rows: Sequence[Row], place: Place) -> list[Entry]:
    """The movements, newest first."""
    return [_entry(row, place) for row in rows]


def _entry(row: Row, place: Place) -> Entry:
    delta: int = row["delta_points"]
    again = "_again" if row["kind"] == "DEBIT" and row["send_number"] > 1 else ""
    return Entry(
        title=say(place.language, f"entry_{row['kind'].lower()}{again}"),
        bill_id=row["bill_id"],
        bill_href=place.to("bills", row["bill_id"]) if row["bill_id"] else "",
        delta=f"{'+' if delta > 0 else '−' if delta < 0 else ''}{abs(delta):,}",
        balance=f"{row['balance_points']:,}",
        time=f"{dates.day_short(place.language.code, row['at'])} {dates.second(row['at'])}",
        tone="go" if delta > 0 else "rest",
    )
