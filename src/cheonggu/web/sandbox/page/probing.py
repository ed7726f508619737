"""Made-up callbacks on the page: what can be made up, and what a receiver should have made of it.

What came of one is shown in the answer to its form and kept nowhere, so that it is gone with the page.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cheonggu.billing.own_partners import Identity
from cheonggu.delivery.probe import SAMPLE_PRICE_WON, SIGNATURES
from cheonggu.domain import codes
from cheonggu.domain.approval_fields import NAMES
from cheonggu.domain.codes import Refused
from cheonggu.domain.quirks import THREE, snake_case
from cheonggu.store import bills
from cheonggu.store.outbox import CallbackSettled
from cheonggu.web.docs_page import SANDBOX_RECEIVER
from cheonggu.web.sandbox import probes
from cheonggu.web.sandbox.page import lab
from cheonggu.web.sandbox.page.act import Act, NotTaken, Shown
from cheonggu.web.sandbox.page.lab import Try
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.sandbox.probes import Wanted

PRESETS: Final = ("UNKNOWN_BILL", "OTHER_AMOUNT", "BAD", "OLD", "NONE", "THREE_FIELDS")
OWN: Final = "OWN"
"""Fields and a signature of the reader's own."""
STRANGE_BILL_ID: Final = "NO-SUCH-BILL"


async def probe(act: Act) -> Shown:
    """Make a callback up and show what came of it. Raises NotTaken."""
    kind, place = act.form.get("kind", ""), act.place.at("callbacks", act.place.bill)
    try:
        wanted = await _wanted(act, kind)
        tried = await probes.made_up(act.service, act.request, wanted)
    except Refused as refused:
        raise NotTaken(refused, place) from None
    return Shown(place, {"probed": _judged(kind, tried, place), "probed_kind": kind, "typed": dict(act.form)})


async def _wanted(act: Act, kind: str) -> Wanted:
    if act.who.api_key is None:
        raise Refused(codes.PARTNER_003)
    about = Wanted(apiKey=act.who.api_key, billId=act.place.bill or None)
    if about.billId is None:
        about.url = act.form.get("url", "").strip() or None
    match kind:
        case "UNKNOWN_BILL":
            about.alter = {_spelled("billId", act.who): STRANGE_BILL_ID}
        case "OTHER_AMOUNT":
            about.alter = {_spelled("apprPrice", act.who): str(await _another_price(act))}
        case "THREE_FIELDS":
            kept = {_spelled(name, act.who) for name in THREE}
            about.remove = [
                name for name in act.who.quirks.called_back(dict.fromkeys(NAMES)) if name not in kept
            ]
        case "BAD" | "OLD" | "NONE":
            about.signature = kind
        case "OWN":
            about.alter, about.remove = _read(act.form.get("alter", ""))
            signature = act.form.get("signature", "GOOD")
            about.signature = signature if signature in SIGNATURES else "GOOD"
        case _:
            raise codes.invalid("kind", f"{', '.join((*PRESETS, OWN))} 가운데 하나여야 합니다.")
    return about


def _spelled(name: str, who: Identity) -> str:
    """A callback's field as this partner's callbacks spell it."""
    return snake_case(name) if who.quirks.callback_spelling == "snake_case" else name


async def _another_price(act: Act) -> int:
    bill = await bills.find(act.service.db, act.service.keyring, act.who.partner_id, act.place.bill)
    return (bill.price_won if bill else SAMPLE_PRICE_WON) - 1 or 2


def _read(text: str) -> tuple[dict[str, object], list[str]]:
    """Fields with other values, and names to leave out, a line each: `name=value`, `-name`."""
    alter: dict[str, object] = {}
    remove: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if equals and name.strip():
            alter[name.strip()] = value.strip()
        elif line.startswith("-") and not equals and line[1:].strip():
            remove.append(line[1:].strip())
        else:
            raise codes.invalid("alter", f"{line[:40]!r}: 한 줄에 이름=값이나 -이름을 적어 주세요.")
    return alter, remove


def _judged(kind: str, tried: CallbackSettled, place: Place) -> Try:
    """The try, with a verdict on the receiver in place of one on the callback."""
    columns = (tried.at, tried.status, tried.reason, tried.duration_ms, tried.answer, tried.sent)
    shown = lab.attempt("probe", 0, columns, place.language, opened=True)
    if kind == OWN or tried.status is None or (not shown.ok and tried.status >= 500):
        return shown
    if shown.asked and not shown.asked.elsewhere and shown.asked.head == f"POST {SANDBOX_RECEIVER}":
        return msgspec.structs.replace(shown, advice=say(place.language, "probe_practice"))
    right = shown.ok is (kind == "THREE_FIELDS")
    heading = f"probe_{'accepted' if shown.ok else 'refused'}_{'right' if right else 'wrong'}"
    advice = "probe_as_should" if right else f"probe_should_{kind}"
    return msgspec.structs.replace(
        shown, ok=right, heading=say(place.language, heading), advice=say(place.language, advice)
    )
