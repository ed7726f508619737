"""`cheonggu audit`: what operators did here."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cheonggu.store.postgres import Row


def audit(
    *,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="As in 2026-11-24 or 2026-11-24T09:00+09:00; else UTC.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """What operators did: who, when and to whom. The database lets nobody change these entries."""
    from cheonggu.store import audit

    moment = moments.since(since, UTC)

    async def read(place: Place) -> list[Mapping[str, object]]:
        rows = await audit.entries(place.db, since=moment, most=limit)
        return [_entry(row, as_json=as_json) for row in rows]

    show.rows("entries", work(read), as_json=as_json, none="No operator has done anything yet.")


def _entry(row: Row, *, as_json: bool) -> Mapping[str, object]:
    about: dict[str, Any] = json.loads(row["about"])
    if as_json:
        return {**row, "about": about}
    return {
        "at": row["at"],
        "who": f"{row['operator']}@{row['host']}",
        "act": row["act"],
        "partner": row["partner"] or row["partner_id"],
        "about": ", ".join(f"{name} {show.text_of(value)}" for name, value in about.items()),
    }
