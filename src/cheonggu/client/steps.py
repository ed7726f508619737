"""What an operation wants done by the network, and what the network says back.

An operation is a generator of steps. It never does I/O itself: the transports (blocking.py, asynchronous.py)
carry its steps out, so that both are the same operation.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One POST to a path below the base URL."""

    path: str
    body: bytes
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let this much time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer, whole."""

    status: int
    body: bytes
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection could be opened, so the server saw nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The request, or a part of it, left; no whole answer came."""

    reason: str
    timed_out: bool = False


Reply: TypeAlias = Answer | NotSent | Lost
Steps: TypeAlias = Generator[Request | Wait, Reply | None, T]


def send(request: Request) -> Steps[Reply]:
    """Send it, once."""
    reply = yield request
    assert reply is not None
    return reply


def wait(seconds: float) -> Steps[None]:
    """Let time pass."""
    yield Wait(seconds)
