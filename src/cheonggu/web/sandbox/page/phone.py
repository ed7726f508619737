"""The phone on which the sandbox's messages arrive. It stands for every payer's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.delivery.message import message_id
from cheonggu.domain.alimtalk import render
from cheonggu.domain.bill import Bill
from cheonggu.domain.message import Button
from cheonggu.domain.seoul import today
from cheonggu.store import bills
from cheonggu.store.postgres import Row
from cheonggu.store.sealing import Keyring
from cheonggu.web import dates
from cheonggu.web.addresses import bill_path
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.sheet import initial

MOST_SHOWN: Final = 30
_UNDER_WAY: Final = frozenset({"QUEUED", "SENDING"})


class Bubble(msgspec.Struct, frozen=True, kw_only=True):
    """A message on the phone, or, where none arrived, a line that says why. `day` begins a new day."""

    key: str
    day: str | None
    issuer: str
    initial: str
    payer: str
    phone: str
    heading: Markup
    text: str
    buttons: Sequence[Button]
    time: str
    bill_id: str
    bill_href: str
    missing: Markup | None
    tone: str


def bubbles(rows: Sequence[Row], place: Place, keyring: Keyring, public_url: str) -> list[Bubble]:
    """The phone's messages from the newest rows first, oldest first as a phone shows them."""
    shown: list[Bubble] = []
    day: date | None = None
    for row in reversed(rows):
        at: datetime = row["settled_at"] or row["asked_at"]
        begins = today(at) != day
        day = today(at)
        shown.append(_bubble(row, bills.opened(row, keyring), place, public_url, at, day if begins else None))
    return shown


def _bubble(row: Row, bill: Bill, place: Place, public_url: str, at: datetime, day: date | None) -> Bubble:
    language, state = place.language, row["message_state"]
    missing = None
    if state != "SENT":
        failure = language.theirs(row["failure"] or "")
        missing = say(language, f"phone_{state.lower()}", why=failure)
    return Bubble(
        key=message_id(bill.partner_id, bill.bill_no, row["send_number"]),
        day=dates.day(language.code, day, year=False) if day else None,
        issuer=bill.issuer,
        initial=initial(bill.issuer),
        payer=bill.payer_name,
        phone=bill.payer_phone,
        heading=say(language, "phone_bill" if row["send_number"] == 1 else "phone_again"),
        text=render(bill, public_url).text,
        buttons=[Button(str(say(language, "phone_open")), bill_path(bill.short_code, language))],
        time=dates.minute(language.code, at),
        bill_id=bill.bill_id,
        bill_href=place.to("bills", bill.bill_id),
        missing=missing,
        tone="wait" if state in _UNDER_WAY or state == "UNKNOWN" else "stop" if state == "FAILED" else "rest",
    )
