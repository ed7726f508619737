"""`cheonggu sandbox partner …` and `cheonggu sandbox profile`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, BaseUrl, Remote
from cheonggu.cli.show import AsJson

partner = typer.Typer(help="Sandbox partners: your own, and the two standing ones.", no_args_is_help=True)

WhichPartner = Annotated[str, typer.Argument(metavar="PARTNER", help="A partner's name or number.")]
Profile = Annotated[str | None, typer.Option(help="docs, sandbox-2026-08 or live-2026-09.")]
Notices = Annotated[bool | None, typer.Option(help="Call back for cancels and destroys, too.")]
KeyInCallback = Annotated[bool | None, typer.Option(help="Put the apiKey into callbacks.")]
AnswerField = Annotated[str | None, typer.Option(help="message, msg or both.")]
CallbackFields = Annotated[str | None, typer.Option(help="all or three.")]
CallbackSpelling = Annotated[str | None, typer.Option(help="camelCase or snake_case.")]
DateDigits = Annotated[int | None, typer.Option(help="14 or 12.")]
MessagePoints = Annotated[int | None, typer.Option(help="Points for one message.")]

_PATH: Final = "/sandbox/partners"


@partner.command("create")
def create(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Made up without it.")] = None,
    key: Annotated[str | None, typer.Option(help="The apiKey; made up without it.")] = None,
    webhook_secret: Annotated[str | None, typer.Option(help="whsec_…; made up without it.")] = None,
    member: Annotated[str | None, typer.Option(help="Of its requests; member by default.")] = None,
    merchant: Annotated[str | None, typer.Option(help="Of its requests; merchant by default.")] = None,
    merchant_name: Annotated[str | None, typer.Option(help="What payers read.")] = None,
    wallet: Annotated[str | None, typer.Option(help="PARTNER or MERCHANT.")] = None,
    points: Annotated[int | None, typer.Option(help="To begin with; 1,000,000 by default.")] = None,
    profile: Profile = None,
    notices: Notices = None,
    key_in_callback: KeyInCallback = None,
    answer_field: AnswerField = None,
    callback_fields: CallbackFields = None,
    callback_spelling: CallbackSpelling = None,
    date_digits: DateDigits = None,
    message_points: MessagePoints = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Make a sandbox partner with all that a client of it needs."""
    asked = {
        "name": name,
        "apiKey": key,
        "webhookSecret": webhook_secret,
        "member": member,
        "merchant": merchant,
        "merchantName": merchant_name,
        "wallet": wallet,
        "points": points,
        "profile": profile,
        "notices": notices,
        "keyInCallback": key_in_callback,
        "answerField": answer_field,
        "callbackFields": callback_fields,
        "callbackSpelling": callback_spelling,
        "dateDigits": date_digits,
        "messagePoints": message_points,
    }
    show.facts(Remote(base_url).post(_PATH, asked), as_json=as_json)


@partner.command("list")
def list_partners(*, base_url: BaseUrl = DEFAULT_BASE_URL, as_json: AsJson = False) -> None:
    """Every sandbox partner; with --json all that a client of it needs."""
    found: list[dict[str, Any]] = Remote(base_url).get(_PATH)["partners"]
    if not as_json:
        columns = ("partner", "name", "apiKey", "member", "merchant", "status", "points", "profile", "own")
        found = [{column: one[column] for column in columns} for one in found]
    show.rows("partners", found, as_json=as_json, none="There is no sandbox partner.")


@partner.command("set")
def set_switches(
    *,
    which: WhichPartner,
    status: Annotated[str | None, typer.Option(help="ACTIVE or SUSPENDED.")] = None,
    profile: Profile = None,
    notices: Notices = None,
    key_in_callback: KeyInCallback = None,
    answer_field: AnswerField = None,
    callback_fields: CallbackFields = None,
    callback_spelling: CallbackSpelling = None,
    date_digits: DateDigits = None,
    message_points: MessagePoints = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Change how a sandbox partner is spoken to; what is left out stays."""
    asked = {
        "status": None if status is None else status.upper(),
        "profile": profile,
        "notices": notices,
        "keyInCallback": key_in_callback,
        "answerField": answer_field,
        "callbackFields": callback_fields,
        "callbackSpelling": callback_spelling,
        "dateDigits": date_digits,
        "messagePoints": message_points,
    }
    show.facts(Remote(base_url).post(f"{_PATH}/{which}", asked), as_json=as_json)


@partner.command("remove")
def remove(*, which: WhichPartner, base_url: BaseUrl = DEFAULT_BASE_URL, as_json: AsJson = False) -> None:
    """Delete a partner of your own with all its bills."""
    show.facts(Remote(base_url).delete(f"{_PATH}/{which}"), as_json=as_json)


def profile(
    *,
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="docs, sandbox-2026-08 or live-2026-09.")],
    which: Annotated[
        str, typer.Option("--partner", metavar="PARTNER", help="A partner's name or number.")
    ] = "sandbox",
    base_url: BaseUrl = DEFAULT_BASE_URL,
    as_json: AsJson = False,
) -> None:
    """Let a sandbox partner be spoken to as the vendor's system was seen to speak."""
    changed = Remote(base_url).post(f"{_PATH}/{which}", {"profile": profile})
    show.facts(
        {name: changed[name] for name in ("partner", "name", "profile", "keyInCallback")}, as_json=as_json
    )
