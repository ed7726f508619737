"""Partners' servers on loopback, and sockets that let no packet leave it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from cheonggu.domain.guard import Guard
from cheonggu.providers.names import Resolve
from cheonggu.providers.outbound import Answered, NotAnswered, Outbound, Reply

ACCEPTED = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"code":"0000"}'

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does once it has read a request, when bytes do not say it."""


class Heard(NamedTuple):
    """A request as it came in, and over which connection."""

    connection: int
    target: bytes
    headers: dict[str, str]
    body: bytes


class Partner:
    """A partner's server: remembers what it hears, answers in turn, the last answer again and again."""

    def __init__(self, answers: Sequence[bytes | Act]) -> None:
        self._answers = list(answers)
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0
        self.heard: list[Heard] = []
        self.came = asyncio.Event()

    async def start(self, tls: ssl.SSLContext | None) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        self.connections += 1
        try:
            await self._converse(self.connections, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller hung up, or the test is over
        finally:
            self._busy.discard(task)
            writer.close()

    async def _converse(
        self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while not writer.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode("ascii").splitlines()
            headers = dict(line.split(": ", 1) for line in rest if line)
            body = await reader.readexactly(int(headers["Content-Length"]))
            self.heard.append(Heard(connection, first.split(" ")[1].encode(), headers, body))
            self.came.set()
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)


@asynccontextmanager
async def partner(*answers: bytes | Act, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Partner]:
    server = await Partner(answers or (ACCEPTED,)).start(tls)
    try:
        yield server
    finally:
        await server.stop()


async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the caller hangs up."""
    await writer.wait_closed()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""
    writer.close()


def once(answer: bytes) -> Act:
    """Answer, then close."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    return act


def flood(beginning: bytes, again: bytes) -> Act:
    """Send without end, as fast as it is taken."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(again)
            await writer.drain()

    return act


class Sockets:
    """Stands in for the system's sockets: records where they were to connect, and keeps them on loopback.

    Connections to other addresses are led to `detour`, a port on loopback, or refused; with `only_detour`
    those to loopback itself are, too.
    """

    def __init__(self, detour: int | None = None, *, only_detour: bool = False) -> None:
        self.opened = 0
        self.connects: list[tuple[str, int]] = []
        self.detour = detour
        self.only_detour = only_detour

    def __call__(self, info: tuple[Any, ...]) -> socket.socket:
        self.opened += 1
        return _KeptSocket(self, info)


class _KeptSocket(socket.socket):
    def __init__(self, sockets: Sockets, info: tuple[Any, ...]) -> None:
        super().__init__(info[0], info[1], info[2])
        self._sockets = sockets

    def connect(self, address: Any, /) -> None:
        host, port = address[:2]
        self._sockets.connects.append((host, port))
        if host in ("127.0.0.1", "::1") and not self._sockets.only_detour:
            return super().connect(address)
        if self._sockets.detour is None:
            raise ConnectionRefusedError
        return super().connect(("127.0.0.1", self._sockets.detour))


class Zone:
    """A name server: each name has a list of answers, given in turn, the last one again and again."""

    def __init__(self, **names: Sequence[Sequence[str]]) -> None:
        self._names = {name.replace("_", "."): list(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        answers = self._names.get(host.removesuffix("."))
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return tuple(answers.pop(0) if len(answers) > 1 else answers[0])


@asynccontextmanager
async def outbound(
    guard: Guard | None = None,
    *,
    zone: Resolve | None = None,
    sockets: Sockets | None = None,
    deadline_seconds: float = 10,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Outbound]:
    """An Outbound as the sandbox has it, unless told otherwise; nothing of it leaves loopback."""
    made = Outbound(
        guard or Guard(loopback=True),
        deadline_seconds=deadline_seconds,
        resolve=zone,
        open_socket=sockets or Sockets(),
        tls=tls,
    )
    try:
        yield made
    finally:
        await made.close()


def answered(reply: Reply) -> Answered:
    assert isinstance(reply, Answered), reply
    return reply


def not_answered(reply: Reply) -> NotAnswered:
    assert isinstance(reply, NotAnswered), reply
    return reply
