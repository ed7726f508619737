"""aiohttp's connector with our guard in it: each socket it opens was judged, each answer it reads is bounded.

The resolver judges every address of a name, and the socket factory judges once more what is really being
connected to: it also sees URLs whose host is an address, which never reach a resolver.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from cheonggu.domain.guard import Guard
from cheonggu.providers.names import Resolve

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_HEADERS: Final = MAX_HEAD_BYTES // len("a:\r\n")
MAX_BODY_BYTES: Final = 64 * 1024
PIECE_BYTES: Final = 8 * 1024
"""So much is parsed before the limits are looked at again; a single read may hold thousands of tiny parts."""

KEEP_ALIVE_SECONDS: Final = 4.0
"""Below the five seconds after which many servers close: we rarely write into a closing connection."""

ADDRESSES_TRIED: Final = 8

AddressInfo = tuple[Any, ...]
"""As getaddrinfo answers: family, type, protocol, canonical name, socket address."""
OpenSocket = Callable[[AddressInfo], socket.socket]


class ForbiddenError(OSError):
    """The guard refuses the address; the text is its reason."""


class HeadTooLargeError(Exception):
    """The answer's headers pass MAX_HEAD_BYTES."""


class BodyTooLargeError(Exception):
    """The answer's body passes MAX_BODY_BYTES."""


class Trip:
    """One try of one post: for whom a socket is opened, and whether a kept connection served it."""

    __slots__ = ("host", "reused")

    def __init__(self, host: str) -> None:
        self.host = host
        self.reused = False


TRIP: ContextVar[Trip] = ContextVar("cheonggu_outbound_trip")
"""Set by the post, read where aiohttp passes no name on: in the socket factory and the protocol."""


def plain_socket(info: AddressInfo) -> socket.socket:
    """A TCP socket for an address."""
    return socket.socket(family=info[0], type=info[1], proto=info[2])


class GuardedConnector(aiohttp.TCPConnector):
    """Opens no socket to an address that the guard forbids. The caller limits how many there are."""

    def __init__(
        self, guard: Guard, resolve: Resolve, open_socket: OpenSocket, tls: ssl.SSLContext | None
    ) -> None:
        def judged_socket(info: AddressInfo) -> socket.socket:
            address, port = info[4][:2]
            if reason := guard.judge(address, TRIP.get().host, port):
                raise ForbiddenError(reason)
            return open_socket(info)

        super().__init__(  # pyright: ignore[reportUnknownMemberType] (its socket addresses)
            resolver=JudgingResolver(guard, resolve),
            socket_factory=judged_socket,
            ssl=tls or True,
            use_dns_cache=False,
            limit=0,
            limit_per_host=0,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        self._factory = functools.partial(BoundedAnswer, loop=asyncio.get_running_loop())


class JudgingResolver(AbstractResolver):
    """Lets through only the addresses of a name that the guard permits."""

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """The permitted addresses of `host`; ForbiddenError when none of them is."""
        addresses = await self._resolve(host.lower())
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        reasons = {address: self._guard.judge(address, host, port) for address in addresses}
        permitted = [address for address, reason in reasons.items() if reason is None]
        if not permitted:
            raise ForbiddenError(reasons[addresses[0]])
        return [_result(host, address, port) for address in permitted[:ADDRESSES_TRIED]]

    async def close(self) -> None:
        """Nothing of its own to close."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)


class BoundedAnswer(ResponseHandler):
    """Reads one answer at a time, and not without end: aiohttp bounds each header, but not their sum, nor
    interim answers, chunk framing, trailers, or what a server sends while nobody asks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._raw_bytes = 0
        self._head_read = False
        self._used = False

    def set_response_params(self, **params: Any) -> None:
        """Called by aiohttp when a request is about to be written."""
        TRIP.get().reused = self._used
        if self._used and self.should_close:  # bytes came unasked: they must not be taken for this answer
            self._cut(aiohttp.ServerDisconnectedError("unasked bytes on a kept connection"))
        self._raw_bytes, self._head_read, self._used = 0, False, True
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """A head was parsed; interim ones (1xx) are not the answer's."""
        self._head_read = self._head_read or not 100 <= data[0].code < 200
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if len(data) <= PIECE_BYTES:
            self._parse(data)
            return
        for begin in range(0, len(data), PIECE_BYTES):
            if self.transport is None or self.transport.is_closing():
                return
            self._parse(data[begin : begin + PIECE_BYTES])

    def _parse(self, data: bytes) -> None:
        if not self._head_read and self._raw_bytes > MAX_HEAD_BYTES:
            self._cut(HeadTooLargeError())
        elif self._raw_bytes > self._most_raw_bytes():
            self._cut(BodyTooLargeError())
        else:
            self._raw_bytes += len(data)
            super().data_received(data)

    def _most_raw_bytes(self) -> int:
        """What stands around a body may be two heads long, and beyond that no longer than the body itself."""
        body_bytes = 0 if self._payload is None else self._payload.total_bytes
        return 2 * (MAX_HEAD_BYTES + body_bytes)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Whoever reads the body learns what broke it, too, and not only that the connection went."""
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)
        super().set_exception(exc, *([] if exc_cause is None else [exc_cause]))

    def _cut(self, error: Exception) -> None:
        self._buffer.clear()
        self._tail = b""
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
