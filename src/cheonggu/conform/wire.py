"""Raw HTTP to the server that is asked: any method, any bytes, one connection a request, nothing repeated."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import msgspec

from cheonggu.domain.json_object import json_object

MOST_BYTES: Final = 1 << 20
_CHUNK_BYTES: Final = 1 << 16


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def envelope(self) -> Mapping[str, Any] | None:
        """The JSON object in the body, or None."""
        return json_object(self.body)

    @property
    def code(self) -> object:
        """The envelope's code, whatever it is; None without an envelope."""
        return (self.envelope or {}).get("code")

    @property
    def data(self) -> Mapping[str, Any]:
        """The envelope's data; empty when it is no object."""
        data: object = (self.envelope or {}).get("data")
        return cast("dict[str, Any]", data) if isinstance(data, dict) else {}

    @property
    def done(self) -> bool:
        """Whether the operation was carried out."""
        return self.code == "0000"

    @property
    def told(self) -> str:
        """The answer in a few words."""
        if self.envelope is None:
            return f"HTTP {self.status} without an envelope"
        return f"HTTP {self.status}, code {self.code!r}"


class Exchange(msgspec.Struct, kw_only=True):
    """One request and what became of it.

    `api` says that an operation was asked, `received` that it came to us: a callback.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    api: bool
    received: bool = False
    answer: Answer | None = None
    failure: str | None = None
    milliseconds: int = 0


class NoAnswer(Exception):
    """A request got no answer, so nobody knows what became of it. `sent` is False when it never left."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Wire:
    """Sends requests, at most so many a second, and keeps every one with its answer."""

    def __init__(
        self, timeout_seconds: float, per_second: float | None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.record: list[Exchange] = []
        self._timeout_seconds = timeout_seconds
        self._interval_seconds = 0.0 if per_second is None else 1 / per_second
        self._next_at = 0.0
        self._sleep = sleep

    def send(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, api: bool
    ) -> Answer:
        """Send one request, once. Raises NoAnswer."""
        exchange = Exchange(method=method, url=url, headers=headers or {}, body=body, api=api)
        self.record.append(exchange)
        self._wait_for_turn()
        began = time.monotonic()
        try:
            exchange.answer = self._exchanged(exchange, began + self._timeout_seconds)
        except NoAnswer as lost:
            exchange.failure = str(lost)
            raise
        finally:
            exchange.milliseconds = round((time.monotonic() - began) * 1000)
        return exchange.answer

    def _wait_for_turn(self) -> None:
        wait_seconds = self._next_at - time.monotonic()
        if wait_seconds > 0:
            self._sleep(wait_seconds)
        self._next_at = time.monotonic() + self._interval_seconds

    def _exchanged(self, exchange: Exchange, deadline: float) -> Answer:
        parts = urlsplit(exchange.url)
        connection = _connection(parts, self._timeout_seconds)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NoAnswer(f"no connection ({error})", sent=False) from error
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            body = exchange.body if exchange.method == "POST" else None
            connection.request(exchange.method, path, body, dict(exchange.headers))
            return _read(connection.getresponse(), deadline)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._timeout_seconds:g} s", sent=True) from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"the connection was lost ({type(error).__name__})", sent=True) from error
        finally:
            connection.close()


def _connection(parts: SplitResult, timeout_seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout_seconds)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout_seconds, context=context)


def _read(response: http.client.HTTPResponse, deadline: float) -> Answer:
    chunks: list[bytes] = []
    size_bytes = 0
    while size_bytes < MOST_BYTES and (chunk := response.read1(_CHUNK_BYTES)):
        chunks.append(chunk)
        size_bytes += len(chunk)
        if time.monotonic() > deadline:
            raise TimeoutError
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, b"".join(chunks))
