"""`cheonggu sandbox messages`."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson


def messages(
    *,
    bill_id: Annotated[
        str | None, typer.Argument(metavar="BILL_ID", help="Of one bill; of all without it.")
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the KakaoTalk messages, oldest first."""
    found = Remote(base_url, api_key).get("/sandbox/messages", billId=bill_id)["messages"]
    if as_json:
        show.as_json_line({"messages": found})
        return
    if not found:
        typer.echo("No message yet.")
    for message in found:
        head = f"{message['billId']}  {message['kind']}  {message['state']}  to {message['to']}"
        typer.echo(show.text_of(f"{head}  {message['sentAt'] or ''}".rstrip()))
        for line in message["text"].splitlines():
            typer.echo(f"    {show.text_of(line)}".rstrip())
        for button in message["buttons"]:
            typer.echo(f"    [{show.text_of(button['name'])}] {show.text_of(button['url'])}")
