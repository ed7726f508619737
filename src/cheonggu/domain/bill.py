"""A bill: its states, the legal ways between them, and what may be done with it now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.codes import Code


class State(StrEnum):
    """Where a bill stands. Expired is no state: it is READY past its expiry, told by the clock."""

    READY = "READY"
    PAYING = "PAYING"
    PAID = "PAID"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    DESTROYED = "DESTROYED"


TRANSITIONS: Final[frozenset[tuple[State, State]]] = frozenset(
    {
        (State.READY, State.PAYING),
        (State.READY, State.DESTROYED),
        (State.PAYING, State.READY),
        (State.PAYING, State.PAID),
        (State.PAID, State.CANCELING),
        (State.CANCELING, State.PAID),
        (State.CANCELING, State.CANCELED),
    }
)
"""Every legal change of state; the schema's check on bill_history holds the same pairs."""

WIRE_STATE: Final[dict[State, str]] = {
    State.READY: "W",
    State.PAYING: "W",
    State.PAID: "F",
    State.CANCELING: "F",
    State.CANCELED: "C",
    State.DESTROYED: "D",
}
"""D: how apprState says it."""


class SendType(StrEnum):
    """S: TALK sends a KakaoTalk message, URL only answers with the short URL."""

    TALK = "TALK"
    URL = "URL"


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A stored bill. The payer's name and phone are opened from their seal; treat them with care."""

    partner_id: int
    bill_no: int
    bill_id: str
    member_code: str
    merchant_code: str
    wallet_code: str
    send_type: SendType
    issuer: str
    product_name: str
    price_won: int
    supply_won: int | None
    tax_won: int | None
    payer_name: str
    payer_phone: str
    message: str | None
    expires_at: datetime
    callback_url: str
    redirect_url: str | None
    short_code: str
    state: State
    sends: int
    created_at: datetime

    def expired(self, now: datetime) -> bool:
        """Whether its last day is over and nobody began to pay before that."""
        return self.state is State.READY and now >= self.expires_at

    def why_not_pay(self, now: datetime) -> Code | None:
        """None when a payment may begin now, else a code that says why not; pages have their own words."""
        if self.state is State.READY:
            return codes.BILL_006 if self.expired(now) else None
        return self.why_not_destroy()

    def why_not_destroy(self) -> Code | None:
        """None when it may be destroyed, else the code that refuses it."""
        return _WHY_NOT_DESTROY[self.state]

    def why_not_resend(self, now: datetime) -> Code | None:
        """None when its message may be sent again: a TALK bill that can still be paid (C, O)."""
        if self.send_type is SendType.TALK and self.state is State.READY and not self.expired(now):
            return None
        return codes.BILL_006

    def why_not_cancel(self) -> Code | None:
        """None when its payment may be cancelled, else the code that refuses it."""
        return _WHY_NOT_CANCEL[self.state]


_WHY_NOT_DESTROY: Final[dict[State, Code | None]] = {
    State.READY: None,
    State.PAYING: codes.BILL_007,
    State.PAID: codes.BILL_004,
    State.CANCELING: codes.BILL_007,
    State.CANCELED: codes.BILL_005,
    State.DESTROYED: codes.BILL_005,
}

_WHY_NOT_CANCEL: Final[dict[State, Code | None]] = {
    State.READY: codes.BILL_008,
    State.PAYING: codes.BILL_007,
    State.PAID: None,
    State.CANCELING: codes.BILL_007,
    State.CANCELED: codes.BILL_005,
    State.DESTROYED: codes.BILL_005,
}
