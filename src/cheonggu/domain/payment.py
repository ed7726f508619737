"""A payment attempt: its states, the legal ways between them, and what a gateway can say of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class AttemptState(StrEnum):
    """Where a payment attempt stands. CONFIRMING, UNKNOWN and APPROVED are live: one per bill at most."""

    CONFIRMING = "CONFIRMING"
    UNKNOWN = "UNKNOWN"
    APPROVED = "APPROVED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"
    LATE_CHARGED = "LATE_CHARGED"
    LATE_REFUNDED = "LATE_REFUNDED"


_S = AttemptState
TRANSITIONS: Final[frozenset[tuple[AttemptState, AttemptState]]] = frozenset(
    {
        (_S.CONFIRMING, _S.APPROVED),
        (_S.CONFIRMING, _S.FAILED),
        (_S.CONFIRMING, _S.UNKNOWN),
        (_S.UNKNOWN, _S.APPROVED),
        (_S.UNKNOWN, _S.FAILED),
        (_S.APPROVED, _S.REFUNDED),
        (_S.FAILED, _S.LATE_CHARGED),
        (_S.LATE_CHARGED, _S.LATE_REFUNDED),
    }
)
"""Every legal change of state; the schema's check on attempt_history holds the same pairs."""

UNDECIDED: Final = frozenset({_S.CONFIRMING, _S.UNKNOWN})


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway says of an approved payment. `card_number` is masked by the gateway already."""

    order_id: str
    amount_won: int
    approved_at: datetime
    approval_number: str
    pay_type: str
    card_type: str | None = None
    issuer: str | None = None
    issuer_code: str | None = None
    card_number: str | None = None
    acquirer: str | None = None
    acquirer_code: str | None = None
    months: int = 0


class Approved(msgspec.Struct, frozen=True):
    """Done: the payment was taken."""

    approval: Approval


GATEWAYS_OWN: Final = "GATEWAY."
"""How the code of a decline begins that is no card company's word: the gateway did not take the payment."""
TAKEN_BACK: Final = GATEWAYS_OWN + "CANCELED"
"""The one decline for which money did move: charged, and cancelled at the gateway by somebody else."""


class Declined(msgspec.Struct, frozen=True):
    """Refused: no money moved. `reason` is a sentence for the payer, `code` the gateway's own."""

    code: str
    reason: str


class NotFound(msgspec.Struct, frozen=True):
    """The gateway knows nothing of it: a failure only once its window has closed."""


class Unknown(msgspec.Struct, frozen=True):
    """Nobody can say yet: a time-out, a 5xx, an answer that cannot be read."""

    reason: str


class Refunded(msgspec.Struct, frozen=True):
    """Done: the money goes back. `refund_number` is the gateway's number of the cancellation."""

    refund_number: str
    refunded_at: datetime


class RefundRefused(msgspec.Struct, frozen=True):
    """Refused: the payment stands. `kind` is CARD, BANK or MAINTENANCE."""

    kind: str
    reason: str


Confirmed = Approved | Declined | Unknown
Asked = Approved | Declined | NotFound | Unknown
Refunding = Refunded | RefundRefused | Unknown
AskedRefund = Refunded | RefundRefused | NotFound | Unknown


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A stored payment attempt. `order_id` is the gateway's order id and idempotency key."""

    partner_id: int
    attempt_no: int
    bill_no: int
    order_id: str
    amount_won: int
    state: AttemptState
    began_at: datetime
    confirm_until: datetime
    settled_at: datetime | None
    failure_code: str | None
    failure: str | None
    fence: int
    approval: Approval | None

    def is_meant_by(self, approval: Approval) -> bool:
        """Whether an approval is of this very order and amount."""
        return approval.order_id == self.order_id and approval.amount_won == self.amount_won


class RefundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A stored refund of a whole payment. `state` is UNDECIDED, DONE or REFUSED."""

    partner_id: int
    refund_no: int
    refund_id: str
    bill_no: int
    attempt_no: int
    kind: str
    state: str
    reason: str
    began_at: datetime
    refund_number: str | None
    refunded_at: datetime | None
    refusal_kind: str | None
    refusal: str | None
    fence: int


class BillFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What /bill/read, a cancel's answer and a callback tell of a bill."""

    bill_id: str
    wire_state: str
    price_won: int
    approval: Approval | None = None
    refund_number: str | None = None
    refunded_at: datetime | None = None
