"""Partners of one's own on the page: make one, change how it is spoken to, remove it."""

from __future__ import annotations

from typing import Final, get_args

from cheonggu.billing import sandbox_partners
from cheonggu.billing.own_partners import Identity
from cheonggu.domain.codes import Refused
from cheonggu.domain.quirks import (
    AnswerField,
    CallbackFields,
    CallbackSpelling,
    DateDigits,
)
from cheonggu.web.sandbox import door, partners
from cheonggu.web.sandbox.armed import armed
from cheonggu.web.sandbox.page.act import Act, NotTaken
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.partners import RULES, NewOwnPartner, OwnChanges

SWITCHES: Final = {
    "answerField": tuple(map(str, get_args(AnswerField))),
    "callbackFields": tuple(map(str, get_args(CallbackFields))),
    "callbackSpelling": tuple(map(str, get_args(CallbackSpelling))),
    "dateDigits": tuple(map(str, get_args(DateDigits))),
}
_NUMBERS: Final = ("points", "dateDigits")


def switched(who: Identity) -> dict[str, str]:
    """How the partner's switches stand."""
    quirks = who.quirks
    return {
        "answerField": quirks.answer_field,
        "callbackFields": quirks.callback_fields,
        "callbackSpelling": quirks.callback_spelling,
        "dateDigits": str(quirks.date_digits),
    }


async def make(act: Act) -> Place:
    """Make a partner, and go to it. Raises NotTaken."""
    try:
        asked = door.fitting(_given(act, ("name", "profile", "points")), NewOwnPartner, RULES)
        made = await partners.make(act.service, asked)
    except Refused as refused:
        raise NotTaken(refused, act.place.at("partners")) from None
    return act.place.at("partners", partner=made.name, said="partner_made")


async def change(act: Act) -> Place:
    """Change how the partner is spoken to. Raises NotTaken."""
    names = ("profile", "status", *SWITCHES)
    try:
        given = _given(act, names)
        if "notices" in act.form:
            given["notices"] = act.form["notices"] == "true"
        await partners.change(act.service, act.who.name, door.fitting(given, OwnChanges, RULES))
    except Refused as refused:
        raise NotTaken(refused, act.place.at("partners")) from None
    return act.place.at("partners", said="partner_changed")


async def remove(act: Act) -> Place:
    """Remove the partner with all its bills. Raises NotTaken for one that was always there."""
    try:
        await partners.remove(act.service, act.who.name, armed(act.request))
    except Refused as refused:
        raise NotTaken(refused, act.place.at("partners")) from None
    return act.place.at("partners", partner=sandbox_partners.FIRST.name, said="partner_removed")


def _given(act: Act, names: tuple[str, ...]) -> dict[str, object]:
    """What the form says of these fields, as the API takes it; an empty field is left out."""
    texts = {name: text for name in names if (text := act.form.get(name, "").strip())}
    return {name: _number(text) if name in _NUMBERS else text for name, text in texts.items()}


def _number(text: str) -> object:
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else text
