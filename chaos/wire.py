"""A client of the partner API that knows whether a request went out and whether its answer came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
from bench.wire import answer_length

PATIENCE_SECONDS: Final = 25.0
"""Longer than the service lets any request take."""
_CONNECT_SECONDS: Final = 3.0

LOST: Final = "LOST"
"""The request went out and no answer came: it may have been done or not."""
NEVER_SENT: Final = "NEVER_SENT"


class Heard(msgspec.Struct, frozen=True):
    """What a caller knows after one request: the envelope's code, or that there is none."""

    code: str
    status: int = 0
    data: dict[str, Any] | None = None
    body: dict[str, Any] | None = None

    @property
    def unknown(self) -> bool:
        """Whether it may have been done or not: no answer, or the one that says so."""
        return self.code in {LOST, "HTTP_503"}


class Line(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[bytes | None] | None = None

    @property
    def usable(self) -> bool:
        """Whether it is open."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of an answer."""
        self._received += data
        if len(self._received) >= answer_length(self._received):
            received, self._received = self._received, b""
            self._tell(received)

    def connection_lost(self, exc: Exception | None) -> None:
        """No answer will come."""
        del exc
        self._transport = None
        self._tell(None)

    async def ask(self, request: bytes, patience_seconds: float) -> bytes | None:
        """Send a request; its whole answer, or None when none came. The line is then of no more use."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(patience_seconds):
                return await self._answer
        except TimeoutError:
            self.hang_up()
            return None

    def hang_up(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    def _tell(self, answer: bytes | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


class Door:
    """The lines to one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: list[Line] = []

    async def ask(self, request: bytes, patience_seconds: float = PATIENCE_SECONDS) -> Heard:
        """Send one request, never twice."""
        line = await self._line()
        if line is None:
            return Heard(NEVER_SENT)
        answer = await line.ask(request, patience_seconds)
        if answer is None:
            return Heard(LOST)
        if line.usable:
            self._idle.append(line)
        return read(answer)

    def close(self) -> None:
        """Hang up every idle line."""
        for line in self._idle:
            line.hang_up()
        self._idle.clear()

    async def _line(self) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if line.usable:
                return line
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self.port)
        except OSError:
            return None
        return line


class Doors:
    """Several servers of one service: a request goes to the one it is for, else to another that answers."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.doors = [Door(port) for port in ports]

    async def ask(self, request: bytes, first: int, patience_seconds: float = PATIENCE_SECONDS) -> Heard:
        """Send one request; NEVER_SENT when no server could be reached."""
        heard = Heard(NEVER_SENT)
        for nth in range(len(self.doors)):
            heard = await self.doors[(first + nth) % len(self.doors)].ask(request, patience_seconds)
            if heard.code != NEVER_SENT:
                break
        return heard

    def close(self) -> None:
        """Hang up."""
        for door in self.doors:
            door.close()


def post(path: str, body: bytes, key: str | None = None) -> bytes:
    """A request, as bytes."""
    named = f"Idempotency-Key: {key}\r\n" if key is not None else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{named}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read(answer: bytes) -> Heard:
    """What an answer says. One of the sandbox's own has no code, and counts as a success by its status."""
    head, _, text = answer.partition(b"\r\n\r\n")
    status = int(head[9:12])
    try:
        body = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return Heard("UNREADABLE", status)
    code = str(body.get("code", "0000" if status == 200 else "NO_CODE"))
    return Heard(code, status, body.get("data"), body)
