"""What Cheonggu asks of a KakaoTalk sender and of a payment gateway.

A provider is one short file. Each call has three outcomes (done, refused, unknown), and a provider never
guesses: a time-out, a 5xx or an answer it cannot read is unknown, and the service asks later by our own id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from cheonggu.domain.alimtalk import Template
from cheonggu.domain.message import AskedMessage, Button, Sending
from cheonggu.domain.payment import Asked, AskedRefund, Confirmed, Refunding


class Alimtalk(msgspec.Struct, frozen=True, kw_only=True):
    """One rendered 알림톡. `message_id` is ours, the same however often it is handed over.

    Ids begin anew in every database. `mark` is this message's in all of them: for a sender who may have
    messages of another one, or of this one from before a backup was restored.
    A `fresh` one was never handed over before, unless by a worker that was frozen for longer than its lease.
    `handed_at` is that of the Handed by which it will be asked about; what is handed over together shares it.
    `variables` fill in `template`, which gives `text`; with `code` the button's URL too.
    """

    message_id: str
    mark: str
    partner_id: int
    bill_id: str
    kind: str
    to: str
    template: Template
    variables: Mapping[str, str]
    text: str
    buttons: Sequence[Button]
    handed_at: datetime
    fresh: bool = False


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was handed over. `to` is empty once the payer was erased."""

    message_id: str
    mark: str
    to: str
    handed_at: datetime


class Sender(Protocol):
    """Hands messages to KakaoTalk, many in one call. One that raises leaves all of its messages unknown."""

    name: str
    most_at_once: int
    """How many messages one call may carry."""
    accept_window_seconds: float
    """After this long a message that the sender does not know was never taken."""

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        """Hand over messages, each of another `message_id`; what became of each, in their order.

        The same `message_id` in two calls sends once.
        """
        ...

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        """What became of messages, in their order."""
        ...


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to take. `window_key` is what the gateway's payment window gave back."""

    order_id: str
    amount_won: int
    window_key: str


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A payment to give back whole. `refund_id` is the idempotency key."""

    order_id: str
    refund_id: str
    amount_won: int
    reason: str


class Gateway(Protocol):
    """Takes payments and gives them back."""

    name: str
    timeout_seconds: float
    """`confirm` answers within this, Unknown at the latest."""
    confirm_window_seconds: float
    """So long after `confirm` ended, an order that the gateway does not know cannot be charged any more."""

    def window_path(self, short_code: str) -> str:
        """Where the pay button leads: the path or URL of the payment window for a bill."""
        ...

    async def confirm(self, confirmation: Confirmation) -> Confirmed:
        """Take the payment; the same order id twice charges once."""
        ...

    async def ask(self, order_id: str) -> Asked:
        """What became of a payment, by our order id; Declined with TAKEN_BACK once it was cancelled."""
        ...

    async def refund(self, refund: Refund) -> Refunding:
        """Give a payment back; the same refund id twice refunds once."""
        ...

    async def ask_refund(self, order_id: str, refund_id: str) -> AskedRefund:
        """What became of a refund, by our id."""
        ...


class ProviderUnfit(Exception):
    """A provider cannot be used as it is set up. What this carries says why, and what to do."""


class Checked(Protocol):
    """A provider that can be asked whether it takes our keys."""

    async def check(self) -> str:
        """Ask something that changes nothing; a sentence about what was found.

        Raises ProviderUnfit, and NoAnswer when nothing is known.
        """
        ...
