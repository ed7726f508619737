"""How commands show what they did: JSON for programs, tables for people, plain when piped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

_BETWEEN: Final = 2
"""Cells between two columns."""
_LAST_AT_LEAST: Final = 30
"""Of all columns only the last is folded, to no less than this; a narrower terminal shows no table."""
_PIPED: Final = 200

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
    """A table, or a sentence when there is nothing to show; on a terminal too narrow for it, row by row."""
    if as_json:
        as_json_line({name: found})
        return
    if not found:
        typer.echo(none)
        return
    texts = [[text_of(value) for value in row.values()] for row in found]
    widths = [max(map(_cells, column)) for column in zip(found[0], *texts, strict=True)]
    output = console(sum(widths) + _BETWEEN * len(widths))
    if output.width < sum(widths[:-1]) + _BETWEEN * len(widths) + min(widths[-1], _LAST_AT_LEAST):
        _one_below_another(list(found[0]), texts)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, value in found[0].items():
        table.add_column(column, justify="right" if isinstance(value, int) else "left", overflow="fold")
    for row in texts:
        table.add_row(*map(Text, row))
    output.print(table)


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


def console(at_least: int = 0) -> Console:
    """Standard output for people; when piped so wide that no value is broken."""
    from rich.console import Console

    plain = Console(highlight=False, markup=False)
    return plain if plain.is_terminal else Console(highlight=False, markup=False, width=max(_PIPED, at_least))


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


def _one_below_another(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    """What is too wide for a table here: each row by itself, with what it has."""
    width = max(map(len, columns))
    for row in texts:
        for column, text in zip(columns, row, strict=True):
            if text:
                typer.echo(f"{column:<{width}}  {text}")
        typer.echo()


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _clock(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):  # a sum of whole numbers
        return int(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
