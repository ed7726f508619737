"""The list of bills, and all about the one that is chosen: facts, what can be done, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, get_args

import msgspec
from markupsafe import Markup

from cheonggu.domain.bill import Bill, SendType, State
from cheonggu.domain.payment import AttemptState
from cheonggu.store import bills
from cheonggu.store.postgres import Row
from cheonggu.store.sealing import Keyring
from cheonggu.web import card_window, dates
from cheonggu.web.addresses import bill_path
from cheonggu.web.card_window import Choice
from cheonggu.web.facts import Fact
from cheonggu.web.sandbox.fates import MessageOutcome, RefundOutcome
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.timeline import Moment, Rows, timeline
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.sheet import seen_as
from cheonggu.web.words import Language

ON_A_PAGE: Final = 20
_TONES: Final = {
    "unpaid": "wait",
    "refused": "stop",
    "failed": "stop",
    "returned": "stop",
    "checking": "wait",
    "paid": "go",
    "cancelling": "wait",
    "cancelled": "rest",
    "expired": "rest",
    "withdrawn": "rest",
}
PAYMENTS: Final = tuple(one for one in card_window.CHOICES if one.outcome != card_window.CLOSE)
"""What the card window offers as well."""
MORE_PAYMENTS: Final = (
    Choice(outcome="APPROVE_LOSE_CALLBACK", name="lose_callback", tone="go", icon="cross"),
    Choice(outcome="PAY_TWICE", name="pay_twice", tone="go", icon="again"),
    Choice(outcome="AFTER_EXPIRY", name="after_expiry", tone="stop", icon="clock"),
)
"""What a payer alone cannot bring about."""


class Chip(msgspec.Struct, frozen=True):
    """A state in a word and a tone; its mark differs in shape as well."""

    tone: str
    word: Markup


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A bill in the list."""

    bill_id: str
    payer: str
    product: str
    amount: str
    chip: Chip
    href: str
    current: bool


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of bills, and the way to the others."""

    lines: list[Line]
    newest_href: str | None
    older_href: str | None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """All about one bill."""

    bill_id: str
    payer: str
    product: str
    amount: str
    price: int
    rim: str
    chip: Chip
    facts: list[Fact]
    page_href: str
    payable: bool
    may_resend: bool
    may_destroy: bool
    may_cancel: bool
    payments: Sequence[Choice]
    more_payments: Sequence[Choice]
    declines: Mapping[str, str]
    messages: Sequence[str]
    refunds: Sequence[str]
    moments: list[Moment]
    all_href: str
    callbacks_href: str
    callbacks: int


class Tried(msgspec.Struct, frozen=True):
    """The newest payment attempt, as far as the list needs it."""

    state: AttemptState
    failure_code: str | None
    failure: str | None


def seen(row: Row, bill: Bill, now: datetime) -> str:
    """How the payer sees the bill of a row."""
    state = row["attempt_state"]
    tried = Tried(AttemptState(state), row["failure_code"], row["failure"]) if state else None
    return seen_as(bill, tried, now)


def chip(seen_so: str, language: Language) -> Chip:
    """The chip of a state."""
    return Chip(_TONES[seen_so], say(language, f"chip_{seen_so}"))


def listed(rows: Sequence[Row], place: Place, keyring: Keyring, now: datetime, chosen: str) -> Listed:
    """The list; `rows` may hold one more than a page shows, which tells that there are others."""
    language = place.language
    lines: list[Line] = []
    for row in rows[:ON_A_PAGE]:
        bill = bills.opened(row, keyring)
        line = Line(
            bill_id=bill.bill_id,
            payer=bill.payer_name,
            product=bill.product_name,
            amount=language.amount(bill.price_won),
            chip=chip(seen(row, bill, now), language),
            href=place.href(show="bills", bill=bill.bill_id, said="", code=""),
            current=bill.bill_id == chosen,
        )
        lines.append(line)
    older = len(rows) > ON_A_PAGE and not place.find
    return Listed(
        lines=lines,
        newest_href=place.to("bills") if place.before else None,
        older_href=place.to("bills", before=rows[ON_A_PAGE - 1]["bill_no"]) if older else None,
    )


def chosen(row: Row, rows: Rows, place: Place, keyring: Keyring, now: datetime) -> Chosen:
    """All about the bill of a row."""
    bill, language = bills.opened(row, keyring), place.language
    shown = chip(seen(row, bill, now), language)
    return Chosen(
        bill_id=bill.bill_id,
        payer=bill.payer_name,
        product=bill.product_name,
        amount=language.amount(bill.price_won),
        price=bill.price_won,
        rim=shown.tone,
        chip=shown,
        facts=_facts(bill, language),
        page_href=bill_path(bill.short_code, language),
        payable=bill.why_not_pay(now) is None,
        may_resend=bill.why_not_resend(now) is None,
        may_destroy=bill.why_not_destroy() is None,
        may_cancel=bill.state is State.PAID,
        payments=PAYMENTS,
        more_payments=MORE_PAYMENTS,
        declines=card_window.DECLINES,
        messages=get_args(MessageOutcome),
        refunds=get_args(RefundOutcome),
        moments=timeline(bill, rows, now, language),
        all_href=place.to("bills"),
        callbacks_href=place.to("callbacks", bill.bill_id),
        callbacks=len(rows.callbacks),
    )


def _facts(bill: Bill, language: Language) -> list[Fact]:
    # Name and phone are empty once the payer's data was erased.
    name = Markup("<bdi>{}</bdi>").format(bill.payer_name) if bill.payer_name else ""
    phone = language.whole(bill.payer_phone) if bill.payer_phone else ""
    payer = Markup(" · ").join(filter(None, (name, phone)))
    kind = "by_talk" if bill.send_type is SendType.TALK else "by_url"
    texts = [
        ("payer", payer, True, False),
        ("bill_id", bill.bill_id, False, True),
        ("product", bill.product_name, True, False),
        ("sent_by", say(language, kind), False, False),
        ("due", dates.deadline(language.code, bill.expires_at), False, False),
        ("callback_url", bill.callback_url, False, True),
        ("redirect_url", bill.redirect_url or "", False, True),
    ]
    return [
        Fact(label=say(language, f"fact_{name}"), text=text, theirs=theirs, number=number)
        for name, text, theirs, number in texts
        if text
    ]
