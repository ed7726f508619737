"""`cheonggu listen`: a sandbox's callbacks, posted to an address that only this machine can reach."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cheonggu.cli import process, show
from cheonggu.cli.forward_to import ForwardTo
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson
from cheonggu.domain.json_object import json_object

if TYPE_CHECKING:
    from cheonggu.providers.reply import Reply


def listen(
    *,
    forward_to: Annotated[
        str,
        typer.Option(metavar="URL", help="As in localhost:3000/cb; without a path, the callbackUrl's."),
    ],
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    skip_verify: Annotated[
        bool, typer.Option("--skip-verify", help="Take any certificate from an https receiver.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a partner's callbacks from a sandbox while this runs, and post them to a URL of your own.

    They are not posted to their callbackUrl then, whatever host that names. What the receiver answers is
    recorded as the attempt, and counts or not by the same rules. Ctrl-C ends it.
    """
    try:
        address = ForwardTo(forward_to)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--forward-to") from None
    told = _tell_as_json if as_json else _tell
    asyncio.run(_listen(Remote(base_url, api_key), address, told, verify=not skip_verify))


async def _listen(remote: Remote, forward_to: ForwardTo, told: Any, *, verify: bool) -> None:
    from cheonggu.cli import listener

    async with (
        process.told_to_stop() as stop,
        listener.opened(remote, forward_to, _say, told, verify=verify) as listening,
    ):
        asking = asyncio.create_task(listening.listen())
        told_to = asyncio.create_task(stop.wait())
        await asyncio.wait((asking, told_to), return_when=asyncio.FIRST_COMPLETED)
        told_to.cancel()
        if asking.done():
            await asking
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _tell(callback: Mapping[str, Any], _url: str, reply: Reply) -> None:
    """A line as in `17:04:05  B1  F  150,000 won  200  accepted  12 ms`."""
    fields = json_object(callback["body"]) or {}
    amount = str(fields.get("apprPrice", ""))
    amount = f"{int(amount):,}" if amount.isascii() and amount.isdigit() else amount
    reason = _why_not(reply)
    words = (
        f"{datetime.now().astimezone():%H:%M:%S}",
        callback["billId"],
        fields.get("apprState", "-"),
        f"{amount} won" if amount else "-",
        reply.status or "-",
        "accepted" if reason is None else f"not accepted: {reason}",
        f"{reply.duration_ms} ms",
    )
    typer.echo("  ".join(show.text_of(str(word)) for word in words))


def _tell_as_json(callback: Mapping[str, Any], url: str, reply: Reply) -> None:
    reason = _why_not(reply)
    show.as_json_line(
        {
            "billId": callback["billId"],
            "body": callback["body"],
            "headers": callback["headers"],
            "url": url,
            "status": reply.status,
            "accepted": reason is None,
            "reason": reason,
            "durationMs": reply.duration_ms,
        }
    )


def _why_not(reply: Reply) -> str | None:
    from cheonggu.domain.acceptance import why_not_accepted
    from cheonggu.providers.reply import Answered

    if isinstance(reply, Answered):
        return why_not_accepted(reply.status, reply.body, reply.content_encoding)
    return reply.sentence
