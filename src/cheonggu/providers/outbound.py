"""Posts to partners' servers: guarded, pinned to a judged address, bounded in time and size (O).

A post never raises and never follows: redirects, the environment's proxies, cookies and compression are
left alone. At creation of a bill `Guard.literal_reason` judges its URL, here the names too.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from cheonggu.domain.guard import AllowRule, Guard, parse_allow
from cheonggu.domain.url import Target, parse_target
from cheonggu.providers.connector import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    TRIP,
    BodyTooLargeError,
    ForbiddenError,
    GuardedConnector,
    HeadTooLargeError,
    OpenSocket,
    Trip,
    plain_socket,
)
from cheonggu.providers.courier import CallbackRequest
from cheonggu.providers.names import Names, Resolve
from cheonggu.providers.reply import SENTENCES, Answered, BadUrlError, NotAnswered, Reason, Reply, explain

__all__ = [
    "SENTENCES",
    "AllowRule",
    "Answered",
    "Guard",
    "NotAnswered",
    "Outbound",
    "Reason",
    "Reply",
    "parse_allow",
]

DEADLINE_SECONDS: Final = 10.0
"""For everything together: name, connection, TLS, sending, and the last byte of the answer."""

TRIES_AGAIN: Final = 2
"""After kept connections that closed just as we wrote."""


class _Heard:
    """What has been read of an answer so far."""

    __slots__ = ("body", "content_encoding", "status")

    def __init__(self) -> None:
        self.status: int | None = None
        self.content_encoding: str | None = None
        self.body = bytearray()


class Outbound:
    """Posts to partners over one session; how many at a time is the caller's to limit.

    Made inside a running loop. `resolve` and `open_socket` stand in for the system's in tests; the guard
    judges what they give all the same.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        resolve: Resolve | None = None,
        open_socket: OpenSocket = plain_socket,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._deadline_seconds = deadline_seconds
        self._names = Names()
        self._closing = False
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(guard, resolve or self._names.resolve, open_socket, tls),
            timeout=aiohttp.ClientTimeout(),  # ours covers more, and aiohttp rounds long ones up
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "Cheonggu"},
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
            max_headers=MAX_HEADERS,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send `body`, and give what came of it. Nothing but cancellation is raised.

        It may arrive twice, when a kept connection closes under it: deliveries are at least once anyway.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        heard = _Heard()
        try:
            async with asyncio.timeout(self._deadline_seconds):
                status = await self._exchange(url, body, headers, heard)
        except Exception as error:  # noqa: BLE001 (callers build on a reply always coming)
            reason, detail = explain(error)
            return NotAnswered(
                reason=Reason.CLOSED if self._closing else reason,
                detail=detail,
                status=heard.status,
                body=bytes(heard.body),
                duration_ms=_milliseconds(loop.time() - began),
            )
        return Answered(
            status=status,
            body=bytes(heard.body),
            content_encoding=heard.content_encoding,
            duration_ms=_milliseconds(loop.time() - began),
        )

    async def deliver(self, request: CallbackRequest) -> Reply:
        """Post a callback: as a Courier, the whole of one."""
        return await self.post(request.url, request.body, request.headers)

    async def close(self) -> None:
        """Drop every connection; posts under way answer CLOSED."""
        self._closing = True
        await self._session.close()
        await self._names.close()

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str], heard: _Heard) -> int:
        target, request_url = _read(url)
        if target.address is not None:
            reason = self._guard.judge(target.address, target.host, target.port)
            if reason is not None:
                raise ForbiddenError(reason)
        for tries_left in range(TRIES_AGAIN, -1, -1):
            trip = Trip(target.host)
            TRIP.set(trip)
            try:
                return await self._exchange_once(request_url, body, headers, heard)
            except aiohttp.ClientConnectionError:
                if not (trip.reused and heard.status is None and tries_left):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _exchange_once(self, url: URL, body: bytes, headers: Mapping[str, str], heard: _Heard) -> int:
        response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        try:
            heard.status = response.status
            heard.content_encoding = response.headers.get("Content-Encoding")
            if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > MAX_HEAD_BYTES:
                raise HeadTooLargeError
            async for piece in response.content.iter_any():
                room = MAX_BODY_BYTES - len(heard.body)
                heard.body += piece[:room]
                if len(piece) > room:
                    raise BodyTooLargeError
            return response.status
        finally:
            response.close()  # a connection whose answer was read to its end is kept all the same


def _read(url: str) -> tuple[Target, URL]:
    """Where the URL leads, and what to send: path and query byte for byte, an address spelled plainly."""
    try:
        target = parse_target(url)
        parsed = URL(url, encoded=True)
        if target.address is not None:
            parsed = parsed.with_host(str(target.address))
    except ValueError as error:
        raise BadUrlError(str(error)) from None
    host = (parsed.raw_host or "").removesuffix(".").lower()
    if (parsed.scheme, host, parsed.port) != (target.scheme, target.host, target.port):
        raise BadUrlError("URL을 두 가지로 읽을 수 있어요")
    return target, parsed


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
