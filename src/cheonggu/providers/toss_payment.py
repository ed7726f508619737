"""Toss Payments' Payment object, version 2022-11-16, as far as it is read here.

What decides about money (status, order, amounts, times) has to be there and of the right kind. What only
describes a payment may be missing or odd: a charge must not stay unknown for want of a card's name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar

import msgspec

from cheonggu.domain.payment import Approval
from cheonggu.domain.seoul import SEOUL
from cheonggu.providers.calling import NoAnswer

T = TypeVar("T")

REFERENCE_CHARACTERS: Final = 20
"""O: of a transaction's key, where a number is wanted; as long as a bill's own id may be."""
REASON_CHARACTERS: Final = 200
"""Toss takes so many in cancelReason."""
_MOST_CHARACTERS: Final = 60
_MOST_DIGITS: Final = 10
"""So many of a card's digits may stand anywhere: the first six and the last four."""
_MOST_MONTHS: Final = 60

CARD: Final = "CARD_VAN"
EASY_PAY: Final = "EASY_PAY"
"""O: apprPayType of a payment from an account or from money that a pay app keeps, without any card."""

CARD_COMPANIES: Final = {
    "11": "국민",
    "15": "카카오뱅크",
    "21": "하나",
    "24": "토스뱅크",
    "30": "산업",
    "31": "BC",
    "33": "우리",
    "34": "수협",
    "35": "전북",
    "36": "씨티",
    "37": "우체국",
    "38": "새마을",
    "39": "저축",
    "3A": "케이뱅크",
    "3K": "기업BC",
    "41": "신한",
    "42": "제주",
    "46": "광주",
    "51": "삼성",
    "61": "현대",
    "62": "신협",
    "71": "롯데",
    "91": "농협",
    "W1": "우리",
}


class Cancel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One cancellation of a payment, whole or in part."""

    cancel_reason: str | None = None
    canceled_at: datetime | None = None
    transaction_key: str | None = None
    cancel_status: str | None = None

    @property
    def done(self) -> bool:
        """Whether the money is on its way; only payments in other currencies are ever cancelled later."""
        return self.cancel_status in (None, "DONE")

    def is_of(self, refund_id: str) -> bool:
        """Whether it was made under this refund id of ours."""
        return (self.cancel_reason or "").endswith(_mark(refund_id))


_NOTHING: Final = msgspec.Raw(b"null")


class Payment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment as Toss tells of it."""

    status: str
    order_id: str
    payment_key: str
    total_amount: int | float
    """A number, as Toss publishes it: other currencies have fractions, and won may come as 10000.0."""
    balance_amount: int | float | None = None
    currency: str = "KRW"
    approved_at: datetime | None = None
    cancels: list[Cancel] | None = None
    last_transaction_key: msgspec.Raw = _NOTHING
    method: msgspec.Raw = _NOTHING
    card: msgspec.Raw = _NOTHING
    easy_pay: msgspec.Raw = _NOTHING
    failure: msgspec.Raw = _NOTHING

    @property
    def failure_code(self) -> str:
        """Why it failed, if it did and Toss says so."""
        return _Described(self.failure).text("code") or ""

    @property
    def wholly_canceled(self) -> bool:
        """Whether none of the money is left with the merchant."""
        return self.status == "CANCELED" or (self.status == "PARTIAL_CANCELED" and self.balance_amount == 0)

    def cancel_of(self, refund_id: str) -> Cancel | None:
        """The cancellation made under a refund id of ours."""
        return next((one for one in self.cancels or () if one.is_of(refund_id)), None)


def approval_of(payment: Payment) -> Approval:
    """The approval of a payment that is done. Raises NoAnswer when it says not when, or not in won."""
    if payment.approved_at is None or payment.currency != "KRW":
        raise NoAnswer("a payment is done without its time, or in another currency")
    if payment.total_amount != int(payment.total_amount):
        raise NoAnswer("a payment is done for a fraction of a won")
    card, method = _Described(payment.card), _part(payment.method, str)
    by_card = card.there or method == "카드"
    easy_pay = _Described(payment.easy_pay).text("provider")
    issuer_code, acquirer_code = card.text("issuerCode"), card.text("acquirerCode")
    months = _part(card.raw("installmentPlanMonths"), int) or 0
    last_key = _part(payment.last_transaction_key, str) or payment.payment_key
    return Approval(
        order_id=payment.order_id,
        amount_won=int(payment.total_amount),
        approved_at=in_seoul(payment.approved_at),
        approval_number=card.text("approveNo") or reference(last_key) or reference(payment.order_id),
        pay_type=CARD if by_card else EASY_PAY,
        card_type=card.text("cardType"),
        issuer=CARD_COMPANIES.get(issuer_code or "") if by_card else easy_pay or _text(method),
        issuer_code=issuer_code,
        card_number=masked(card.text("number")),
        acquirer=CARD_COMPANIES.get(acquirer_code or ""),
        acquirer_code=acquirer_code,
        months=months if 0 <= months <= _MOST_MONTHS else 0,
    )


def cancel_reason(reason: str, refund_id: str) -> str:
    """What a cancel says: the partner's reason, and our refund id, by which it is found again."""
    mark = _mark(refund_id)
    said = "".join(char if char.isprintable() else " " for char in reason).strip()
    return f"{said[: REASON_CHARACTERS - len(mark) - 1]} {mark}".strip()


def reference(key: str) -> str:
    """A number for people, from a transaction's key."""
    return (_text(key) or "")[:REFERENCE_CHARACTERS]


def masked(number: str | None) -> str | None:
    """A card's number as Toss masked it, and with its first six and last four digits at most."""
    if number is None or sum(char.isdigit() for char in number) <= _MOST_DIGITS:
        return number
    digits = [place for place, char in enumerate(number) if char not in "- "]
    hidden = set(digits[6:-4])
    return "".join("*" if place in hidden else char for place, char in enumerate(number))


def in_seoul(moment: datetime) -> datetime:
    """A moment of Toss's, who always says +09:00; one without it is meant so."""
    return moment if moment.tzinfo else moment.replace(tzinfo=SEOUL)


def _mark(refund_id: str) -> str:
    return f"[{refund_id}]"


class _Described:
    """A part that only describes, of which every field may be missing or be something else."""

    def __init__(self, part: msgspec.Raw) -> None:
        fields = _part(part, dict[str, msgspec.Raw])
        self.there = fields is not None
        self._fields = fields or {}

    def raw(self, name: str) -> msgspec.Raw:
        """A field as it came."""
        return self._fields.get(name, _NOTHING)

    def text(self, name: str) -> str | None:
        """A field that is a text."""
        return _text(_part(self.raw(name), str))


def _part(raw: msgspec.Raw, into: type[T]) -> T | None:
    """A part that only describes: None when it is missing or is something else."""
    try:
        return msgspec.json.decode(raw, type=into | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _text(text: str | None) -> str | None:
    """A short text that a database, a page and a callback can take; None when nothing is left."""
    return "".join(filter(str.isprintable, text or ""))[:_MOST_CHARACTERS].strip() or None
