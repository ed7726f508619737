"""`cheonggu templates`: the 알림톡 as they are registered with KakaoTalk."""

from __future__ import annotations

from typing import Final

import msgspec
import typer

from cheonggu.cli import place, show
from cheonggu.cli.show import AsJson
from cheonggu.domain.alimtalk import BUTTON_NAME, TEMPLATES, Template, button_url, variables_of

SETTINGS: Final = {
    Template.BILL: ("CHEONGGU_SOLAPI_TEMPLATE_ID", "CHEONGGU_NHN_TEMPLATE_CODE"),
    Template.BILL_WITH_MESSAGE: (
        "CHEONGGU_SOLAPI_TEMPLATE_WITH_MESSAGE_ID",
        "CHEONGGU_NHN_TEMPLATE_WITH_MESSAGE_CODE",
    ),
}
"""Where the id goes that the provider gives a template."""
RULE: Final = "─" * 60


class LinkButton(msgspec.Struct, frozen=True):
    """The button under a template: `type` is KakaoTalk's own for a web link (웹링크)."""

    type: str
    name: str
    mobile: str
    pc: str


class Registered(msgspec.Struct, frozen=True):
    """A template as it is registered, and the settings that name it afterwards."""

    name: str
    text: str
    variables: tuple[str, ...]
    button: LinkButton
    settings: tuple[str, ...]


def templates(*, as_json: AsJson = False) -> None:
    """Print the two templates and their button, to be registered with KakaoTalk just as they are."""
    settings = place.read_settings(mode="sandbox")  # live mode wants their ids, which come later
    found = [_registered(template, button_url(settings.public_url)) for template in Template]
    if as_json:
        show.as_json_line({"templates": [msgspec.to_builtins(one) for one in found]})
    else:
        typer.echo("\n\n".join(map(_shown, found)))
    if not settings.public_url.startswith("https://"):
        typer.echo(
            f"The button leads to {settings.public_url}. Before you register it, set CHEONGGU_PUBLIC_URL to "
            "the https:// address that payers will open.",
            err=True,
        )


def _registered(template: Template, url: str) -> Registered:
    text = TEMPLATES[template]
    return Registered(
        name=template.value,
        text=text,
        variables=variables_of(text + url),
        button=LinkButton("WL", BUTTON_NAME, url, url),
        settings=SETTINGS[template],
    )


def _shown(one: Registered) -> str:
    return "\n".join(
        (
            f"{one.name}: its id or code goes into {' or '.join(one.settings)}",
            RULE,
            one.text,
            RULE,
            f"variables  {', '.join(f'#{{{name}}}' for name in one.variables)}",
            f"button     {one.button.name} ({one.button.type}, web link / 웹링크)",
            f"mobile     {one.button.mobile}",
            f"PC         {one.button.pc}",
        )
    )
