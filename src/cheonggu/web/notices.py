"""Remarks beside a bill's state: what else is true of the payer's money, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.domain.payment import TAKEN_BACK, AttemptState
from cheonggu.store.bills import PayerBill
from cheonggu.web.words import Language

_LATE: Final = {AttemptState.LATE_CHARGED: "late_charged", AttemptState.LATE_REFUNDED: "late_refunded"}
_OVER: Final = frozenset({"expired", "withdrawn"})
_PAYABLE: Final = frozenset({"unpaid", "refused", "failed", "returned"})


class Phone(msgspec.Struct, frozen=True):
    """A number as the merchant wrote it, and the link that dials it."""

    text: str
    href: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A framed remark; `phone` is whom to call about it."""

    tone: str
    icon: str
    title: Markup
    text: Markup
    phone: Phone | None = None

    @property
    def urgent(self) -> bool:
        """Whether it is about the payer's money now, and belongs beside the amount."""
        return self.tone != "rest"


def phone_of(payer: PayerBill) -> Phone | None:
    """The merchant's number, when it has one that can be dialled."""
    text = payer.merchant.phone or ""
    dialled = "".join(char for char in text if char in "+0123456789")
    return Phone(text, f"tel:{dialled}") if dialled else None


def notices(seen: str, payer: PayerBill, language: Language) -> Iterator[Notice]:
    """The remarks on a bill that is seen as `seen`, most urgent first."""
    say, phone = language.say, phone_of(payer)
    attempt_state = payer.attempt.state if payer.attempt else None
    if late := _LATE.get(attempt_state) if attempt_state else None:
        amount = language.amount(payer.bill.price_won)
        yield Notice(tone="wait", icon="info", title=say(f"{late}_title"), text=say(late, amount=amount))
    if seen in _OVER and attempt_state is AttemptState.FAILED:
        last = (
            "last_returned" if payer.attempt and payer.attempt.failure_code == TAKEN_BACK else "last_failed"
        )
        yield Notice(tone="rest", icon="info", title=say("last_failed_title"), text=say(last))
    if seen == "paid":
        if payer.refund and payer.refund.state == "REFUSED":
            yield Notice(
                tone="stop", icon="info", title=say("not_cancelled_title"), text=say("not_cancelled")
            )
        how = say("to_cancel_call" if phone else "to_cancel_ask")
        yield Notice(tone="rest", icon="info", title=say("to_cancel_title"), text=how, phone=phone)
    if seen in _PAYABLE:
        how = say("first_call" if phone else "first_ask")
        yield Notice(tone="rest", icon="phone", title=say("first_title"), text=how, phone=phone)
