"""`cheonggu sandbox inspect`: the vendor's inspection, rehearsed."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson

_Bill = typer.Option(metavar="BILL_ID", help="Without it the sandbox looks for one.")


def inspect(
    *,
    approved: Annotated[str | None, _Bill] = None,
    cancelled: Annotated[str | None, _Bill] = None,
    destroyed: Annotated[str | None, _Bill] = None,
    read: Annotated[str | None, _Bill] = None,
    callback: Annotated[str | None, _Bill] = None,
    mail: Annotated[bool, typer.Option("--mail", help="Print the drafted mail and nothing else.")] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """See whether you have the five bills that the vendor asks for. Exit 0: all. 1: some are missing."""
    asked = {
        "approved": approved,
        "cancelled": cancelled,
        "destroyed": destroyed,
        "read": read,
        "callback": callback,
    }
    told = Remote(base_url, api_key).post("/sandbox/inspection", asked)
    if as_json:
        show.as_json_line(told)
    elif mail:
        typer.echo(f"{told['mail']['subject']}\n\n{told['mail']['body']}", nl=False)
    else:
        for one in told["items"]:
            mark = "passed" if one["passed"] else "missing"
            line = f"{mark:<8} {one['item']:<10} {one['billId'] or '-':<20}  {one['english']}"
            typer.echo(show.text_of(line))
            if not one["passed"]:
                typer.echo(show.text_of(f"{'':<19} {one['nextEnglish']}"))
    raise typer.Exit(0 if told["passed"] else 1)
