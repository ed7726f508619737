"""The data of answers, typed. What the server left out is None."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from cheonggu.client.fields import Fields, Unreadable


class State(StrEnum):
    """Where a bill stands (`apprState`)."""

    UNPAID = "W"
    PAID = "F"
    CANCELLED = "C"
    DESTROYED = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How a bill was paid (`appr…`).

    After a cancel, `number` and `at` are the cancel's, and `original_number` and `original_at` the payment's.
    """

    number: str | None = None
    at: datetime | None = None
    original_number: str | None = None
    original_at: datetime | None = None
    pay_type: str | None = None
    card_type: str | None = None
    issuer: str | None = None
    issuer_code: str | None = None
    card_number: str | None = None
    """Masked by the server (`apprIssuerNum`)."""
    acquirer: str | None = None
    acquirer_code: str | None = None
    result_code: str | None = None
    months: int | None = None
    """Of instalments; 0 for one payment."""
    cash_number: str | None = None
    cash_trader: str | None = None
    cash_issuance_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStatus:
    """What a read says."""

    bill_id: str
    state: State
    price_won: int | None
    approval: Approval | None
    """None before a payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The bill is there, and its message on its way if it is a TALK bill."""

    bill_id: str
    short_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """The bill can never be paid."""

    bill_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """A new message is on its way."""

    bill_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The money goes back."""

    bill_id: str
    number: str | None
    """Of the cancel."""
    original_number: str | None
    """Of the payment."""
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The points that are left."""

    points: int
    charge_url: str | None


def state_of(given: Fields) -> State | None:
    """The state, or None for a letter that is not known."""
    letter = given.text("apprState")
    return State(letter) if letter in set(State) else None


def approval_of(given: Fields) -> Approval | None:
    """What is told of the payment, or None when nothing is."""
    approval = Approval(
        number=given.text("apprNum"),
        at=given.moment("apprDt"),
        original_number=given.text("apprOriginNum"),
        original_at=given.moment("apprOriginDt"),
        pay_type=given.text("apprPayType"),
        card_type=given.text("apprCardType"),
        issuer=given.text("apprIssuer"),
        issuer_code=given.text("apprIssuerCd"),
        card_number=given.text("apprIssuerNum"),
        acquirer=given.text("apprAcquirerNm"),
        acquirer_code=given.text("apprAcquirerCd"),
        result_code=given.text("apprResCd"),
        months=given.count("apprMonthly"),
        cash_number=given.text("apprCashNum"),
        cash_trader=given.text("apprCashTrader"),
        cash_issuance_number=given.text("apprCashIssuanceNumber"),
    )
    values: list[Any] = [getattr(approval, one.name) for one in fields(approval)]
    return approval if any(value is not None for value in values) else None


def status_of(given: Fields, bill_id: str) -> BillStatus:
    """What a read of this bill says. Raises Unreadable: a read without a state says nothing."""
    state = state_of(given)
    if state is None:
        raise Unreadable("The answer names no state that is known.")
    if given.text("billId") not in (None, bill_id):
        raise Unreadable("The answer is about another bill.")
    return BillStatus(
        bill_id=bill_id,
        state=state,
        price_won=given.amount_won("apprPrice"),
        approval=approval_of(given),
    )


def created_of(given: Fields, bill_id: str) -> Created:
    """What a create says."""
    return Created(bill_id=bill_id, short_url=given.text("shortUrl"))


def destroyed_of(given: Fields, bill_id: str) -> Destroyed:
    """What a destroy says."""
    del given
    return Destroyed(bill_id=bill_id)


def resent_of(given: Fields, bill_id: str) -> Resent:
    """What a resend says."""
    del given
    return Resent(bill_id=bill_id)


def cancelled_of(given: Fields, bill_id: str) -> Cancelled:
    """What a cancel says."""
    return Cancelled(
        bill_id=bill_id,
        number=given.text("apprNum"),
        original_number=given.text("apprOriginNum"),
        at=given.moment("apprCancelDt"),
    )


def balance_of(given: Fields, bill_id: str) -> Balance:
    """What is left. Raises Unreadable."""
    del bill_id
    points = given.count("balance")
    if points is None:
        raise Unreadable("The answer names no balance.")
    return Balance(points=points, charge_url=given.text("chargeUrl"))
