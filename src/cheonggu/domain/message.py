"""A KakaoTalk message: its states, and what a sender can say of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class MessageState(StrEnum):
    """Where a message stands. Points stay spent from SENDING on, and come back once when it FAILED."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    WITHDRAWN = "WITHDRAWN"


_S = MessageState
TRANSITIONS: Final[frozenset[tuple[MessageState, MessageState]]] = frozenset(
    {
        (_S.QUEUED, _S.SENDING),
        (_S.QUEUED, _S.WITHDRAWN),
        (_S.SENDING, _S.SENT),
        (_S.SENDING, _S.FAILED),
        (_S.SENDING, _S.UNKNOWN),
        (_S.UNKNOWN, _S.SENT),
        (_S.UNKNOWN, _S.FAILED),
        (_S.UNKNOWN, _S.QUEUED),
    }
)


class Kind(StrEnum):
    """Whether a message came with the bill or was asked for again."""

    SEND = "SEND"
    RESEND = "RESEND"


class Button(msgspec.Struct, frozen=True):
    """A button under the message that opens `url`."""

    name: str
    url: str


class Sent(msgspec.Struct, frozen=True):
    """Done: the sender took it. `reference` is the sender's own id."""

    reference: str
    sent_at: datetime


class NotSent(msgspec.Struct, frozen=True):
    """Refused for good: it will never arrive. `code` is the sender's own, `reason` says it in words."""

    code: str
    reason: str


class NeverHad(msgspec.Struct, frozen=True):
    """The sender never had it: may be sent again only after its accept window has closed."""


class Unsure(msgspec.Struct, frozen=True):
    """Nobody can say yet whether it was sent."""

    reason: str


Sending = Sent | NotSent | Unsure
AskedMessage = Sent | NotSent | NeverHad | Unsure
