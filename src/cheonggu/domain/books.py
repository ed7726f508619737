"""Our books beside the gateway's: what each says of a payment, where they differ, and what is to be done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from cheonggu.domain.payment import (
    TAKEN_BACK,
    Approved,
    AskedRefund,
    Attempt,
    AttemptState,
    Declined,
    NotFound,
    Refunded,
)
from cheonggu.domain.seoul import SEOUL
from cheonggu.domain.won import with_commas


class HeldRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as our books hold it. `ask_at` is when the gateway is asked about it next."""

    refund_id: str
    kind: str
    state: str
    began_at: datetime
    ask_at: datetime | None
    refund_number: str | None
    refunded_at: datetime | None
    refusal_kind: str | None
    refusal: str | None


class Held(Attempt, frozen=True, kw_only=True):
    """A payment as our books hold it, with its refunds, oldest first.

    `since` is when it came into its state, `ask_at` when the gateway is asked about it next.
    """

    bill_id: str
    since: datetime
    ask_at: datetime | None
    refunds: tuple[HeldRefund, ...] = ()

    @property
    def given_back_by(self) -> HeldRefund | None:
        """The refund that was done."""
        return next((one for one in self.refunds if one.state == "DONE"), None)

    @property
    def refund_under_way(self) -> HeldRefund | None:
        """The refund that is undecided."""
        return next((one for one in self.refunds if one.state == "UNDECIDED"), None)


Told = Approved | Declined | NotFound
"""What a gateway knows of a payment."""


def taken_back(told: Told) -> bool:
    """Whether it was taken and given back whole, by whomever."""
    return isinstance(told, Declined) and told.code == TAKEN_BACK


class Gap(StrEnum):
    """How the two books differ."""

    NOT_THERE = "NOT_THERE"
    DECLINED_THERE = "DECLINED_THERE"
    ANOTHER_THERE = "ANOTHER_THERE"
    GIVEN_BACK_THERE = "GIVEN_BACK_THERE"
    CHARGED_THERE = "CHARGED_THERE"
    NOT_GIVEN_BACK_THERE = "NOT_GIVEN_BACK_THERE"


_GIVEN_BACK: Final = frozenset({AttemptState.REFUNDED, AttemptState.LATE_REFUNDED})


def gap_between(held: Held, told: Told, refund: AskedRefund | None = None) -> Gap | None:
    """How the gateway differs from a decided payment of ours; None where they agree.

    `refund` is what the gateway says of the refund that was done, where it was asked about that too.
    """
    if held.state is AttemptState.FAILED:
        return Gap.CHARGED_THERE if isinstance(told, Approved) else None
    if held.state in _GIVEN_BACK and (taken_back(told) or isinstance(refund, Refunded)):
        return None
    if isinstance(told, Approved):
        if held.state in _GIVEN_BACK:
            return Gap.NOT_GIVEN_BACK_THERE
        return None if held.is_meant_by(told.approval) else Gap.ANOTHER_THERE
    if isinstance(told, NotFound):
        return Gap.NOT_THERE
    if taken_back(told):
        return None if held.refund_under_way else Gap.GIVEN_BACK_THERE
    return Gap.DECLINED_THERE


_SUPPORT: Final = "Give the order id to the gateway's support"


def says(held: Held, told: Told, gap: Gap) -> str:
    """The difference in a sentence."""
    here = "given back" if held.state in _GIVEN_BACK else "paid"
    match gap:
        case Gap.NOT_THERE:
            return f"It is {here} here; the gateway knows no such order."
        case Gap.DECLINED_THERE:
            assert isinstance(told, Declined)
            why = f"{told.code}, {told.reason}"
            return f"It is {here} here; the gateway says that it was never taken ({why})."
        case Gap.ANOTHER_THERE:
            return f"It is paid here; the gateway took {_taken(held, told)}."
        case Gap.GIVEN_BACK_THERE:
            return "It is paid here; it was cancelled at the gateway, and not from here."
        case Gap.CHARGED_THERE:
            return f"It failed here; the gateway took {_taken(held, told)}."
        case Gap.NOT_GIVEN_BACK_THERE:
            return f"It is given back here; the gateway still has {_taken(held, told)}."


def to_do(held: Held, told: Told, gap: Gap) -> str:
    """What to do about it now."""
    match gap:
        case Gap.NOT_THERE | Gap.DECLINED_THERE:
            return (
                f"{_SUPPORT}, and look whether the keys in the settings are those of the shop that took it. "
                "The partner was told that it is paid."
            )
        case Gap.ANOTHER_THERE:
            return "Look at the order in the gateway's console, and settle what is amiss with the partner."
        case Gap.GIVEN_BACK_THERE:
            return (
                "Let the partner cancel the bill, so that both books say so; no money moves again: "
                f"POST /bill/cancel, or cheonggu bill cancel {held.bill_id} {held.amount_won}"
            )
        case Gap.CHARGED_THERE if (
            held.ask_at and isinstance(told, Approved) and held.is_meant_by(told.approval)
        ):
            return f"Nothing: the worker asks again at {_moment(held.ask_at)}, and gives it back then."
        case Gap.CHARGED_THERE:
            return "It is not given back by itself: cancel the order in the gateway's console."
        case Gap.NOT_GIVEN_BACK_THERE:
            done = held.given_back_by
            number = done.refund_number if done else "unknown"
            return f"{_SUPPORT}: what became of cancellation {number}? If nothing, cancel it in the console."


def _taken(held: Held, told: Told) -> str:
    assert isinstance(told, Approved)
    approval = told.approval
    other = "" if approval.order_id == held.order_id else f" for order {approval.order_id}"
    return f"{with_commas(approval.amount_won)} won{other}"


def _moment(at: datetime) -> str:
    return at.astimezone(SEOUL).isoformat(sep=" ", timespec="seconds")
