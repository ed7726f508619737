"""`cheonggu sandbox seed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, BaseUrl, Remote
from cheonggu.cli.show import AsJson
from cheonggu.sandbox import seed_file


def seed(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML, or JSON when it ends in .json.")],
    reset: Annotated[
        bool, typer.Option("--reset", help="Start over first, and delete your own partners.")
    ] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Make the partners, bills and points of a seed."""
    asked = seed_file.read(file)
    if reset:
        asked["reset"] = True
    told = Remote(base_url).post("/sandbox/seed", asked)
    if as_json:
        show.as_json_line(told)
        return
    for one in told["partners"]:
        typer.echo(show.text_of(f"partner {one['name']}  apiKey {one['apiKey']}"))
    bills: list[dict[str, Any]] = told["bills"]
    show.rows("bills", bills, as_json=False, none="No bill.")
