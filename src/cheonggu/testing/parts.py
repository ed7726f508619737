"""What a sandbox shows, as values. `raw` holds everything, also what has no attribute of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Who calls the API: everything that the code under test needs to be configured with."""

    api_key: str
    member: str
    merchant: str
    webhook_secret: str
    name: str
    number: int
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill that a test made."""

    bill_id: str
    price: str
    phone: str
    short_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A KakaoTalk message. `state` is QUEUED, SENDING, SENT, FAILED, UNKNOWN or WITHDRAWN."""

    bill_id: str
    kind: str
    to: str
    text: str
    link: str | None
    state: str
    sent_at: datetime | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a callback; without a reason it counted."""

    at: datetime
    status: int | None
    reason: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback. `state` is PENDING, DELIVERED or EXHAUSTED; `next_at` is when it is tried next."""

    id: str
    bill_id: str
    kind: str
    state: str
    next_at: datetime | None
    attempts: Sequence[Attempt]
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that the API had from this partner. `explanation` says why it was refused, and what to do."""

    path: str
    bill_id: str | None
    code: str | None
    message: str | None
    explanation: str | None
    raw: Mapping[str, Any] = field(repr=False)


def partner_of(told: Mapping[str, Any]) -> Partner:
    """A partner as POST /sandbox/partners tells of it."""
    return Partner(
        api_key=told["apiKey"],
        member=told["member"],
        merchant=told["merchant"],
        webhook_secret=told["webhookSecret"],
        name=told["name"],
        number=told["partner"],
        raw=told,
    )


def message_of(told: Mapping[str, Any]) -> Message:
    """A message as GET /sandbox/messages tells of it."""
    return Message(
        bill_id=told["billId"],
        kind=told["kind"],
        to=told["to"],
        text=told["text"],
        link=told["buttons"][0]["url"] if told["buttons"] else None,
        state=told["state"],
        sent_at=moment(told["sentAt"]),
        raw=told,
    )


def callback_of(told: Mapping[str, Any]) -> Callback:
    """A callback as GET /sandbox/callbacks tells of it."""
    return Callback(
        id=told["id"],
        bill_id=told["billId"],
        kind=told["kind"],
        state=told["state"],
        next_at=moment(told["nextAt"]),
        attempts=[
            Attempt(at=datetime.fromisoformat(one["at"]), status=one["status"], reason=one["reason"], raw=one)
            for one in told["attempts"]
        ],
        raw=told,
    )


def request_of(told: Mapping[str, Any]) -> Request:
    """A request as GET /sandbox/requests tells of it."""
    explained: Mapping[str, str] = told["explanation"] or {}
    words = [explained[name] for name in ("english", "nextEnglish") if explained.get(name)]
    return Request(
        path=told["path"],
        bill_id=told["billId"],
        code=told["code"],
        message=told["message"],
        explanation=" ".join(words) or None,
        raw=told,
    )


def moment(told: str | None) -> datetime | None:
    """A point in time, if one is told."""
    return None if told is None else datetime.fromisoformat(told)
