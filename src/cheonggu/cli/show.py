"""How commands show what they did: JSON for programs, tables for people, plain when piped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def speaks_korean() -> bool:
    """Whether the shell is set to Korean."""
    return (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ko")


def as_json_line(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_jsonable))


def facts(named: Mapping[str, object], *, as_json: bool, note: str | None = None) -> None:
    """A few named values, and what to know about them."""
    if as_json:
        as_json_line(named)
        return
    shown = {text_of(name): text_of(value) for name, value in named.items() if value is not None}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        typer.echo(f"{name:<{width}}  {text}")
    if note:
        typer.echo(note, err=True)


def rows(name: str, found: Sequence[Mapping[str, object]], *, as_json: bool, none: str) -> None:
    """A table, or a sentence when there is nothing to show."""
    if as_json:
        as_json_line({name: found})
        return
    if not found:
        typer.echo(none)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, value in found[0].items():
        table.add_column(column, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in found:
        table.add_row(*(Text(text_of(value)) for value in row.values()))
    console().print(table)


def page(
    name: str, found: Sequence[Mapping[str, object]], after: str | None, *, as_json: bool, none: str
) -> None:
    """A wide table of which there may be more: `after` is what to go on after, if so.

    People see no column that is empty, and moments as the clock of their own zone shows them.
    """
    if as_json:
        as_json_line({name: found, "next": after})
        return
    filled = {column for row in found for column, value in row.items() if value not in (None, "")}
    narrow = [{column: _clock(value) for column, value in row.items() if column in filled} for row in found]
    rows(name, narrow, as_json=False, none=none)
    if after is not None:
        typer.echo(f"There are more. Go on with: --after {after}", err=True)


def console() -> Console:
    """Standard output for people; wide when piped, so that no value is broken."""
    from rich.console import Console

    plain = Console(highlight=False, markup=False)
    return plain if plain.is_terminal else Console(highlight=False, markup=False, width=200)


def text_of(value: object) -> str:
    """A value as people read it, without control characters."""
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, int | Decimal):
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    elif isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds")
    elif isinstance(value, list):
        text = ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    else:
        text = "" if value is None else str(value)
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def _clock(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):  # a sum of whole numbers
        return int(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
