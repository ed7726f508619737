"""`cheonggu sandbox next`."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson

_PATH = "/sandbox/test-code"


def next_(
    *,
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="As in POINT_001, LOST_AFTER, TIMEOUT_BEFORE; without it what is waited for is shown.",
        ),
    ] = None,
    operation: Annotated[
        str | None, typer.Option(help="Only of this operation, as in billSend or billRead.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="So many requests.")] = 1,
    clear: Annotated[bool, typer.Option("--clear", help="Want nothing more.")] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Have the next requests of your own program end as you say, without touching its code."""
    remote = Remote(base_url, api_key)
    if clear:
        remote.delete(_PATH)
    if code is not None:
        remote.post(_PATH, {"code": code, "operation": operation, "times": times})
    show.rows("next", remote.get(_PATH)["next"], as_json=as_json, none="Nothing is waited for.")
