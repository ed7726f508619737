"""`cheonggu sandbox requests`: what was asked and answered lately."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, BaseUrl, Remote
from cheonggu.cli.show import AsJson


def requests(
    *,
    entry: Annotated[
        str | None, typer.Argument(metavar="ID", help="One of them, with its body and answer.")
    ] = None,
    bill_id: Annotated[str | None, typer.Option(help="Only those about this bill.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 20,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: Annotated[
        str | None, typer.Option(envvar="BILL_API_KEY", help="Only those that came with this key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the last requests, newest last, with what is wrong about them."""
    remote = Remote(base_url, api_key)
    if entry is not None:
        _show_whole(remote.get(f"/sandbox/requests/{entry}"), as_json=as_json)
        return
    found: list[dict[str, Any]] = remote.get("/sandbox/requests", billId=bill_id, limit=limit)["requests"]
    if as_json:
        show.as_json_line({"requests": found})
        return
    if not found:
        typer.echo("No request yet.")
    for one in reversed(found):
        typer.echo(show.text_of(_line(one)))
        if why := one["explanation"]:
            typer.echo(show.text_of(f"    {_cure(why)}"))


def _cure(why: dict[str, str]) -> str:
    if show.speaks_korean():
        return f"{why['korean']} {why['nextKorean']}"
    return f"{why['english']} {why['nextEnglish']}"


def _line(one: dict[str, Any]) -> str:
    at = datetime.fromisoformat(one["at"]).astimezone().strftime("%H:%M:%S")
    told = f"{one['code'] or '-'} {one['httpStatus'] or ''}".strip()
    more = " ".join(
        filter(
            None,
            (
                one["billId"],
                "with a key" if one["idempotencyKey"] else "",
                f"wanted {one['testCode']}" if one["testCode"] else "",
                "" if one["answered"] else "not answered",
            ),
        )
    )
    return f"{at}  {one['id']}  {one['path']}  {told}  {one['milliseconds']:.1f} ms  {more}".rstrip()


def _show_whole(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.as_json_line(one)
        return
    why: dict[str, Any] = one.pop("explanation") or {}
    lines: dict[str, str] = why.pop("codeLines", {})
    texts = {name: one.pop(name) for name in ("body", "answer")}
    show.facts(one | why, as_json=False)
    for name, text in (texts | lines).items():
        typer.echo(f"\n{name}\n{show.text_of(text)}")
