"""The lists on a payer's page: what is known of a bill, its payment and its cancellation, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.domain import masking
from cheonggu.domain.bill import Bill
from cheonggu.domain.payment import Attempt, RefundFacts
from cheonggu.domain.seoul import today
from cheonggu.store.bills import PayerBill
from cheonggu.store.partners import Merchant
from cheonggu.web import dates
from cheonggu.web.words import Language

_THEIRS: Final = frozenset({"payer", "card"})
_NUMBERS: Final = frozenset({"bill_id", "approval", "refund_number"})

_Texts = dict[str, str | None]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `theirs`: others wrote it. `number`: compared letter by letter. `sum`: adds up the rest."""

    label: str
    text: str
    theirs: bool = False
    number: bool = False
    sum: bool = False


def facts(names: Sequence[str], payer: PayerBill, now: datetime, language: Language) -> list[Fact]:
    """The named facts, in that order; what is not known is left out."""
    texts = _of_bill(payer.bill, language) | {"looked": dates.moment(language.code, now)}
    if payer.destroyed_at:
        texts["withdrawn"] = dates.moment(language.code, payer.destroyed_at)
    if payer.attempt:
        texts |= _of_attempt(payer.attempt, language)
    if payer.refund:
        texts |= _of_refund(payer.refund, language)
    return [
        Fact(label=language.say(name), text=text, theirs=name in _THEIRS, number=name in _NUMBERS)
        for name in names
        if (text := texts.get(name))
    ]


def _of_bill(bill: Bill, language: Language) -> _Texts:
    # Name and phone are empty once the payer's data was erased.
    # A name that runs from right to left must not turn the phone around.
    name = Markup("<bdi>{}</bdi>").format(masking.name(bill.payer_name)) if bill.payer_name else ""
    phone = masking.phone(bill.payer_phone)
    return {
        "payer": Markup(" · ").join(filter(None, (name, phone and language.whole(phone)))),
        "sent": dates.day(language.code, today(bill.created_at)),
        "due": dates.deadline(language.code, bill.expires_at),
        "bill_id": bill.bill_id,
        "money_back": language.amount(bill.price_won),
    }


def _of_attempt(attempt: Attempt, language: Language) -> _Texts:
    began = dates.moment(language.code, attempt.began_at)
    texts: _Texts = {"began": began, "tried": began}
    if approval := attempt.approval:
        one_payment = approval.months <= 1
        card = approval.card_number and language.whole(approval.card_number)
        texts |= {
            "paid": dates.moment(language.code, approval.approved_at),
            "card": Markup(" ").join(filter(None, (approval.issuer, card))),
            "months": language.say("at_once")
            if one_payment
            else language.say("in_months", months=approval.months),
            "approval": approval.approval_number,
        }
    return texts


def _of_refund(refund: RefundFacts, language: Language) -> _Texts:
    return {
        "cancel_began": dates.moment(language.code, refund.began_at),
        "cancelled": dates.moment(language.code, refund.refunded_at) if refund.refunded_at else None,
        "refund_number": refund.refund_number,
    }


def tax_lines(bill: Bill, language: Language) -> list[Fact]:
    """Net amount, VAT and their sum, as far as the bill gives them."""
    parts = [("supply", bill.supply_won), ("tax", bill.tax_won)]
    lines = [
        Fact(label=language.say(name), text=language.amount(won)) for name, won in parts if won is not None
    ]
    if lines:
        lines.append(Fact(label=language.say("sum"), text=language.amount(bill.price_won), sum=True))
    return lines


def business(merchant: Merchant, language: Language) -> list[Markup]:
    """The merchant as the law wants it named at the foot; a line without data is left out."""
    say, theirs, whole = language.say, language.theirs, language.whole
    lines = [
        [theirs(merchant.name), merchant.owner_name and say("owner", name=theirs(merchant.owner_name))],
        [
            merchant.registration_number and say("registration", number=whole(merchant.registration_number)),
            merchant.phone and say("phone", number=whole(merchant.phone)),
        ],
        [merchant.address and theirs(merchant.address)],
    ]
    return [Markup(" · ").join(filter(None, line)) for line in lines if any(line)]
