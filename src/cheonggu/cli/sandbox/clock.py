"""`cheonggu sandbox clock` and `cheonggu sandbox reset`."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, BaseUrl, Remote
from cheonggu.cli.show import AsJson

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", re.ASCII)


def clock(
    *,
    span: Annotated[
        str, typer.Argument(metavar="SPAN", help="As in 90, 10s, 5m, 2h or 1d; 0 only shows the clock.")
    ] = "0",
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Move business time forward, for everybody; only reset moves it back."""
    moved = Remote(base_url).post("/sandbox/clock", {"advanceSeconds": seconds_of(span)})
    show.facts(moved, as_json=as_json)


def reset(
    *,
    partners: Annotated[
        bool, typer.Option("--partners", help="Delete your own partners, rather than empty them.")
    ] = False,
    deterministic: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Derive ids from this text, the same at every run.")
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Empty every sandbox partner and set the clock back to the real time."""
    asked = {"partners": partners, "deterministic": deterministic}
    show.facts(Remote(base_url).post("/sandbox/reset", asked), as_json=as_json)


def seconds_of(span: str) -> float:
    """The seconds in a span such as `90`, `10s`, `5m`, `2h` or `1d`. Raises typer.BadParameter."""
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise typer.BadParameter(f"{span!r} is no span of time: write it as in 10s, 5m, 2h or 1d.")
    return float(found[1]) * _UNITS[found[2]]
