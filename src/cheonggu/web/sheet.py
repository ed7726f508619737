"""What the payer's page says of a bill: a pure function of the bill, the moment and the language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
from markupsafe import Markup

from cheonggu.billing.settle import NOT_FOUND
from cheonggu.domain.bill import Bill, SendType, State
from cheonggu.domain.payment import GATEWAYS_OWN, TAKEN_BACK, AttemptState
from cheonggu.domain.seoul import last_day_before, today
from cheonggu.domain.url import parse_target
from cheonggu.store.bills import PayerBill
from cheonggu.web import dates, reasons
from cheonggu.web.facts import Fact, business, facts, tax_lines
from cheonggu.web.notices import Notice, notices, phone_of
from cheonggu.web.words import Language

FRESH: Final = timedelta(minutes=1)
"""A receipt this young is stamped before the payer's eyes; an older one lies there already."""
CHECK_AGAIN_SECONDS: Final = 5
LEAD_ON_SECONDS: Final = 3


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A state in words, with its seal: two lines in Korean, one word in English."""

    seal: Sequence[str]
    fresh: bool
    heading: Markup
    text: Markup
    note: Markup | None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """The one thing to do. `main` is the pay button; every other is quieter."""

    label: Markup
    href: str
    icon: str | None = None
    main: bool = False


class Printed(msgspec.Struct, frozen=True):
    """What the print button says, and what the paper is called."""

    label: Markup
    name: Markup


class Onward(msgspec.Struct, frozen=True, kw_only=True):
    """Where a URL bill's receipt leads by itself, unless its reader chooses to stay, or has chosen so."""

    url: str
    words: Markup
    stay_href: str | None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A payer's page, ready for its template. What is None or empty is left out."""

    seen: str
    tone: str
    title: str
    issuer: str
    initial: str
    told: Told | None
    product: str
    amount: str
    struck: bool
    reading: str | None
    due: Markup | None
    quote: str | None
    facts: list[Fact]
    tax_lines: list[Fact]
    notices: list[Notice]
    onward: Onward | None
    action: Action | None
    printed: Printed | None
    refresh: str | None
    business: list[Markup]


class _Look(msgspec.Struct, frozen=True):
    tone: str
    facts: Sequence[str]
    struck: bool = False


_PAYABLE_FACTS: Final = ("payer", "sent", "due", "bill_id")
_CANCELLED_FACTS: Final = (
    "cancelled",
    "money_back",
    "refund_number",
    "paid",
    "payer",
    "card",
    "approval",
    "bill_id",
)
_LOOKS: Final[dict[str, _Look]] = {
    "unpaid": _Look("go", _PAYABLE_FACTS),
    "refused": _Look("stop", ("tried", *_PAYABLE_FACTS)),
    "failed": _Look("stop", ("tried", *_PAYABLE_FACTS)),
    "returned": _Look("stop", ("tried", *_PAYABLE_FACTS)),
    "checking": _Look("wait", ("began", "looked", "payer", "bill_id")),
    "paid": _Look("go", ("paid", "payer", "card", "months", "approval", "bill_id")),
    "cancelling": _Look("wait", ("cancel_began", "paid", "payer", "card", "approval", "bill_id")),
    "cancelled": _Look("rest", _CANCELLED_FACTS, struck=True),
    "expired": _Look("rest", ("due", "payer", "bill_id"), struck=True),
    "withdrawn": _Look("rest", ("withdrawn", "payer", "bill_id"), struck=True),
}
_SEEN: Final[dict[State, str]] = {
    State.PAYING: "checking",
    State.PAID: "paid",
    State.CANCELING: "cancelling",
    State.CANCELED: "cancelled",
    State.DESTROYED: "withdrawn",
}
_PAYABLE: Final = frozenset({"unpaid", "refused", "failed", "returned"})
_NOTED: Final = frozenset({"refused", "checking"})
_PRINTED: Final = frozenset({"paid", "cancelled"})


class Tried(Protocol):
    """As much of a payment attempt as tells how its bill is seen."""

    @property
    def state(self) -> AttemptState: ...
    @property
    def failure_code(self) -> str | None: ...
    @property
    def failure(self) -> str | None: ...


def seen_as(bill: Bill, attempt: Tried | None, now: datetime) -> str:
    """How the payer sees a bill: by its state, and READY by the clock and the newest attempt as well."""
    if bill.state is not State.READY:
        return _SEEN[bill.state]
    if bill.expired(now):
        return "expired"
    if attempt is None or attempt.state is not AttemptState.FAILED:
        return "unpaid"
    if attempt.failure_code == TAKEN_BACK:
        return "returned"
    # Nobody refused a payment that the gateway never had, and no card company one that it did not take.
    refused = attempt.failure is not None and attempt.failure_code != NOT_FOUND[0]
    return "refused" if refused and not _of_the_gateway(attempt) else "failed"


def _of_the_gateway(attempt: Tried) -> bool:
    return (attempt.failure_code or "").startswith(GATEWAYS_OWN)


def sheet(payer: PayerBill, now: datetime, language: Language, *, pay_href: str, stay: bool = False) -> Sheet:
    """The page of a bill. `pay_href` leads to the payment window; `stay` keeps a receipt from leading on."""
    bill = payer.bill
    seen = seen_as(bill, payer.attempt, now)
    look = _LOOKS[seen]
    told = None if seen == "unpaid" else _told(seen, payer, now, language)
    amount = language.amount(bill.price_won)
    onward = _onward(bill, language, stay=stay) if seen == "paid" else None
    title = (amount, bill.product_name, bill.issuer)
    return Sheet(
        seen=seen,
        tone=look.tone,
        title=" · ".join((told.heading, *title) if told else title),
        issuer=bill.issuer,
        initial=initial(bill.issuer),
        told=told,
        product=bill.product_name,
        amount=amount,
        struck=look.struck,
        reading=None if look.struck else language.reading(bill.price_won),
        due=None if told else _due(bill, now, language),
        quote=bill.message if seen in _PAYABLE else None,
        facts=facts(look.facts, payer, now, language),
        tax_lines=tax_lines(bill, language) if seen == "paid" else [],
        notices=list(notices(seen, payer, language)),
        onward=onward,
        action=_action(seen, payer, language, pay_href),
        printed=_printed(seen, language) if seen in _PRINTED else None,
        refresh=_refresh(seen, onward),
        business=business(payer.merchant, language),
    )


def _told(seen: str, payer: PayerBill, now: datetime, language: Language) -> Told:
    attempt = payer.attempt
    approval = attempt.approval if attempt else None
    answer = reasons.told(attempt.failure or "", language) if attempt else Markup()
    note = language.say(f"{seen}_note", answer=answer) if seen in _NOTED else None
    if seen == "failed" and attempt is not None and _of_the_gateway(attempt):
        note = answer
    last_day = dates.day(language.code, last_day_before(payer.bill.expires_at))
    return Told(
        seal=language.say(f"{seen}_seal").split("|"),
        fresh=seen == "paid" and approval is not None and now - approval.approved_at < FRESH,
        heading=language.say(f"{seen}_heading"),
        text=language.say(f"{seen}_said", day=last_day),
        note=note,
    )


def _due(bill: Bill, now: datetime, language: Language) -> Markup:
    last_day, this_day = last_day_before(bill.expires_at), today(now)
    if last_day == this_day:
        return language.say("due_today", time=dates.last_minute(language.code, bill.expires_at))
    return language.say("due_by", day=dates.day(language.code, last_day, year=last_day.year != this_day.year))


def _onward(bill: Bill, language: Language, *, stay: bool) -> Onward | None:
    if bill.send_type is not SendType.URL or bill.redirect_url is None:
        return None
    try:
        host = parse_target(bill.redirect_url).host
    except ValueError:
        # Creation judged it; a stored one that no longer passes must not reach a header or a link.
        return None
    words = language.say("led_here" if stay else "leads_on", host=host)
    stay_href = f"{language.query}&stay=1" if language.query else "?stay=1"
    return Onward(url=bill.redirect_url, words=words, stay_href=None if stay else stay_href)


def _refresh(seen: str, onward: Onward | None) -> str | None:
    """The Refresh header: a payment being checked looks again, a receipt leads on."""
    if onward is not None and onward.stay_href:
        return f"{LEAD_ON_SECONDS}; url={onward.url}"
    return str(CHECK_AGAIN_SECONDS) if seen == "checking" else None


def _action(seen: str, payer: PayerBill, language: Language, pay_href: str) -> Action | None:
    if seen in _PAYABLE:
        label = language.say("pay", amount=language.amount(payer.bill.price_won))
        return Action(label=label, href=pay_href, main=True)
    if seen in ("checking", "cancelling"):
        return Action(label=language.say("look_again"), href=language.query or "?", icon="again")
    phone = phone_of(payer)
    if seen in ("expired", "withdrawn") and phone:
        return Action(label=language.say("call"), href=phone.href, icon="phone")
    return None


def _printed(seen: str, language: Language) -> Printed:
    return Printed(language.say(f"print_{seen}"), language.say(f"receipt_{seen}"))


def initial(issuer: str) -> str:
    """The letter that stands for who bills, without the company form before the name."""
    name = issuer.removeprefix("(주)").removeprefix("㈜").removeprefix("주식회사").strip()
    return next((char for char in name if char.isalnum()), "·").upper()
