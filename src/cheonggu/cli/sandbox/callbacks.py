"""`cheonggu sandbox callbacks` and `cheonggu sandbox callback …`: the callback lab from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.clock import seconds_of
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.sandbox.fates import written
from cheonggu.cli.show import AsJson

callback = typer.Typer(
    help="One callback: see it whole, send it again, make trouble, make one up.", no_args_is_help=True
)

_Id = Annotated[str, typer.Argument(metavar="CALLBACK", help="As listed, or its webhook-id: cb_1_5.")]
_BillId = Annotated[str | None, typer.Option(help="About one bill; about all of them without it.")]


def callbacks(
    *,
    bill_id: Annotated[
        str | None, typer.Argument(metavar="BILL_ID", help="Of one bill; of all without it.")
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List callbacks, oldest first, each with what became of its last attempt."""
    found = Remote(base_url, api_key).get("/sandbox/callbacks", billId=bill_id)["callbacks"]
    if as_json:
        show.as_json_line({"callbacks": found})
        return
    rows = [
        {
            "id": one["id"],
            "bill": one["billId"],
            "kind": one["kind"],
            "state": one["state"],
            "tries": len(one["attempts"]),
            "last": _outcome(one["attempts"][-1]) if one["attempts"] else "",
            "next": one["nextAt"],
        }
        for one in found
    ]
    show.rows("callbacks", rows, as_json=False, none="No callback yet.")


@callback.command("show")
def show_one(
    *,
    callback_id: _Id,
    api_key: ApiKey = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Show a callback with every attempt: what was sent, what came back, and why it did not count."""
    _show(Remote(base_url, api_key).get(f"/sandbox/callbacks/{callback_id}"), as_json=as_json)


@callback.command("resend")
def resend(
    *,
    callback_id: _Id,
    api_key: ApiKey = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Make a callback due now, whatever became of it."""
    _show(Remote(base_url, api_key).post(f"/sandbox/callbacks/{callback_id}/resend"), as_json=as_json)


@callback.command("trouble")
def trouble(
    *,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="KIND", help="LOST, ANSWER_LOST or DOWN; without it, what is to come."),
    ] = None,
    bill_id: _BillId = None,
    times: Annotated[int | None, typer.Option(help="How often to lose it; once by default.")] = None,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="How long DOWN lasts: 10s, 5m, 2h.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take it back instead.")] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Lose callbacks, their answers, or the whole receiver for a while, on purpose."""
    remote, path = Remote(base_url, api_key), "/sandbox/callbacks/trouble"
    named = kind and written(kind)
    if clear:
        told = remote.delete(path, billId=bill_id, kind=named)
    elif named is None:
        told = remote.get(path, billId=bill_id)
    else:
        seconds = None if span is None else seconds_of(span)
        told = remote.post(path, {"kind": named, "billId": bill_id, "times": times, "seconds": seconds})
    show.rows("trouble", told["trouble"], as_json=as_json, none="No trouble is to come.")


@callback.command("probe")
def probe(
    *,
    bill_id: Annotated[
        str | None, typer.Option(help="The bill that it is about; without it, a sample to --url.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Instead of the bill's callbackUrl.")] = None,
    alter: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Another value: null, true, [] as JSON; all else as text."
        ),
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Leave a field out.")] = None,
    signature: Annotated[str, typer.Option(help="GOOD, BAD, OLD or NONE.")] = "GOOD",
    webhook_id: Annotated[str | None, typer.Option(help="Instead of a new one.")] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Send one made-up callback and show what the receiver says. Exit 1 when it is not accepted."""
    asked = {
        "billId": bill_id,
        "url": url,
        "alter": dict(_altered(one) for one in alter or ()),
        "remove": remove or [],
        "signature": signature.upper(),
        "webhookId": webhook_id,
    }
    attempt = Remote(base_url, api_key).post("/sandbox/callbacks/probe", asked)
    if as_json:
        show.as_json_line(attempt)
    else:
        _lines(_attempt_lines(attempt))
    raise typer.Exit(0 if attempt["accepted"] else 1)


def _altered(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is no FIELD=VALUE, as in apprPrice=1", param_hint="--set")
    if value.isdigit():  # a callback's every field is a text
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _show(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.as_json_line(found)
        return
    head = f"{found['id']}  {found['billId']}  {found['kind']}  {found['state']}"
    _lines([head + (f"  next at {found['nextAt']}" if found["nextAt"] else ""), f"  {found['url']}"])
    for attempt in found["attempts"]:
        _lines(["", *_attempt_lines(attempt)])


def _attempt_lines(attempt: Mapping[str, Any]) -> Sequence[str]:
    lines = [f"{attempt['at']}  {_outcome(attempt)}  {attempt['durationMs']} ms"]
    if attempt["forwardedTo"]:
        lines.append(f"  by a listener to {attempt['forwardedTo']}")
    if request := attempt["request"]:
        lines.append(f"  > {request['method']} {request['url']}")
        lines += [f"  > {name}: {value}" for name, value in request["headers"].items()]
        lines.append(f"  > {request['body']}")
    if attempt["answer"]["text"]:
        lines += [f"  < {line}" for line in attempt["answer"]["text"].splitlines()]
    return lines


def _outcome(attempt: Mapping[str, Any]) -> str:
    words = "accepted" if attempt["accepted"] else attempt["reason"]
    return f"{attempt['status'] or '-'} {words}"


def _lines(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(show.text_of(line))
