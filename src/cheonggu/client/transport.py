"""What both transports share: how a request is put to httpx2, and what its errors mean for the request."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from cheonggu.client.steps import Answer, Lost, NotSent, Request
from cheonggu.domain.base_url import AddressWrong, split_address

MOST_BYTES: Final = 1 << 20
"""Of an answer; what is longer is cut off, and so is no envelope."""
IDLE_SECONDS: Final = 2.0
"""Below the idle time of common servers, so that a connection is seldom closed just as it is used again."""

LIMITS: Final = httpx2.Limits(
    max_connections=100, max_keepalive_connections=20, keepalive_expiry=IDLE_SECONDS
)

_NOTHING_LEFT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"""Raised before the request's first byte."""

FAILURES: Final = (httpx2.HTTPError, httpx2.StreamError)


@dataclass(frozen=True, slots=True)
class Line:
    """Where requests go, and how long an answer may take."""

    base_url: str
    timeout_seconds: float

    def __post_init__(self) -> None:
        split_address(self.base_url)
        try:
            httpx2.URL(self.base_url)
        except httpx2.InvalidURL as error:
            raise AddressWrong(f"{self.base_url!r} is no base URL: {error}") from None

    def arguments(self, request: Request) -> dict[str, Any]:
        """Of httpx2's stream()."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "cheonggu-client",
        }
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        return {
            "method": "POST",
            "url": self.base_url.rstrip("/") + request.path,
            "content": request.body,
            "headers": headers,
            "timeout": self.timeout_seconds,
            "follow_redirects": False,
        }

    def failed(self, error: Exception) -> NotSent | Lost:
        """What an error means for the request."""
        if isinstance(error, _NOTHING_LEFT):
            return NotSent(f"{self.base_url} is out of reach ({str(error) or type(error).__name__}).")
        if isinstance(error, httpx2.TimeoutException):
            return self.too_late()
        return Lost(f"The connection was lost before the answer ({error!r}).")

    def too_late(self) -> Lost:
        """No whole answer in time."""
        return Lost(f"No answer came within {self.timeout_seconds:g} s.", timed_out=True)


class Arriving:
    """An answer's body as it arrives, bounded in size and time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._ends_at = time.monotonic() + line.timeout_seconds
        self._body = bytearray()
        self._late = False

    def takes(self, chunk: bytes) -> bool:
        """Take a piece; whether more is wanted."""
        self._body += chunk
        self._late = time.monotonic() > self._ends_at
        return not self._late and len(self._body) <= MOST_BYTES

    def reply(self, response: httpx2.Response) -> Answer | Lost:
        """What arrived."""
        if self._late:
            return self._line.too_late()
        return Answer(
            response.status_code, bytes(self._body[:MOST_BYTES]), response.headers.get("retry-after")
        )
