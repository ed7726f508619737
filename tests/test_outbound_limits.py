"""Posts to partners that are slow, endless or broken."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from aiohttp.client_proto import ResponseHandler

from cheonggu.providers.outbound import Reason
from tests.loopback import (
    Act,
    Sockets,
    Zone,
    answered,
    flood,
    not_answered,
    once,
    outbound,
    partner,
    silence,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT_SECONDS = 0.3


def sized(body: bytes) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def with_header_bytes(total: int) -> bytes:
    """An answer whose header lines are `total` bytes together, the blank one not counted."""
    length = b"Content-Length: 2\r\n"
    room = total - len(length)
    lines = [b"X-%d: " % number + b"x" * (room // 4 - 7) + b"\r\n" for number in range(4)]
    lines[0] = lines[0][:-2] + b"x" * (room - sum(map(len, lines))) + b"\r\n"
    return OK + length + b"".join(lines) + b"\r\n{}"


def drip(beginning: bytes) -> Act:
    """A byte at a time: every read makes progress, the whole never ends."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    return act


@pytest.mark.parametrize(
    ("act", "status"),
    [
        pytest.param(silence, None, id="silence"),
        pytest.param(drip(b"HTTP/1.1 200 "), None, id="status line"),
        pytest.param(drip(OK + b"X: "), None, id="header"),
        pytest.param(drip(OK + b"Content-Length: 9999\r\n\r\n"), 200, id="body"),
        pytest.param(drip(CHUNKED + b"1;"), 200, id="chunk"),
    ],
)
async def test_the_deadline_covers_the_whole_answer(act: Act, status: int | None) -> None:
    async with partner(act) as server, outbound(deadline_seconds=SHORT_SECONDS) as out:
        reply = not_answered(await out.post(server.url, b"{}", {}))
    assert (reply.reason, reply.status) == (Reason.TIMEOUT, status)
    assert SHORT_SECONDS * 1000 - 20 <= reply.duration_ms < 30_000


@asynccontextmanager
async def deaf_server() -> AsyncGenerator[int]:
    """A port at which the system takes connections that no program ever reads."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.listen()
        yield server.getsockname()[1]


async def test_the_deadline_covers_a_server_that_does_not_read() -> None:
    async with deaf_server() as port, outbound(deadline_seconds=SHORT_SECONDS) as out:
        reply = not_answered(await out.post(f"http://127.0.0.1:{port}/", b"x" * 1_000_000, {}))
    assert reply.reason is Reason.TIMEOUT


async def test_the_deadline_covers_the_name_server() -> None:
    async def never(_: str) -> tuple[str, ...]:
        await asyncio.Event().wait()
        return ()

    async with outbound(zone=never, deadline_seconds=SHORT_SECONDS) as out:
        reply = not_answered(await out.post("http://erp.example/", b"{}", {}))
    assert reply.reason is Reason.TIMEOUT


@contextmanager
def full_server() -> Generator[int]:
    """A port whose queue is full: the system neither takes nor refuses another connection."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for client in waiting:
            client.settimeout(0)
            assert client.connect_ex(server.getsockname()) in (0, errno.EINPROGRESS)
        yield server.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse what does not fit the queue")
async def test_the_deadline_covers_the_connection() -> None:
    with full_server() as port:
        async with outbound(deadline_seconds=SHORT_SECONDS) as out:
            reply = not_answered(await out.post(f"http://127.0.0.1:{port}/", b"{}", {}))
    assert reply.reason is Reason.TIMEOUT


async def test_the_deadline_covers_tls() -> None:
    async with deaf_server() as port, outbound(deadline_seconds=SHORT_SECONDS) as out:
        reply = not_answered(await out.post(f"https://127.0.0.1:{port}/", b"{}", {}))
    assert reply.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(sized(b"x" * 65_536), id="sized"),
        pytest.param(chunked(b"x" * 65_536, 65_536), id="one chunk"),
        pytest.param(chunked(b"x" * 65_536, 10), id="small chunks"),
        pytest.param(once(OK + b"\r\n" + b"x" * 65_536), id="until it closes"),
        pytest.param(with_header_bytes(16_384), id="headers"),
    ],
)
async def test_an_answer_at_the_limit_is_read(answer: bytes | Act) -> None:
    async with partner(answer) as server, outbound() as out:
        assert len(answered(await out.post(server.url, b"{}", {})).body) in (2, 65_536)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(sized(b"x" * 65_537), Reason.TOO_LARGE, id="sized"),
        pytest.param(chunked(b"x" * 65_537, 65_537), Reason.TOO_LARGE, id="one chunk"),
        pytest.param(once(OK + b"\r\n" + b"x" * 65_537), Reason.TOO_LARGE, id="until it closes"),
        pytest.param(flood(OK + b"\r\n", b"x" * 9999), Reason.TOO_LARGE, id="endless"),
        pytest.param(flood(CHUNKED + b"1;", b"x" * 9999), Reason.TOO_LARGE, id="endless chunk extension"),
        pytest.param(
            flood(CHUNKED + b"0\r\n", b"X: y\r\n" * 999), Reason.HEADERS_TOO_LARGE, id="endless trailers"
        ),
        pytest.param(
            flood(CHUNKED + b"0\r\n", b"X: " + b"y" * 999 + b"\r\n"),
            Reason.TOO_LARGE,
            id="endless long trailers",
        ),
        pytest.param(with_header_bytes(16_385), Reason.HEADERS_TOO_LARGE, id="headers"),
        pytest.param(flood(OK + b"X: ", b"x" * 9999), Reason.HEADERS_TOO_LARGE, id="endless header"),
        pytest.param(flood(OK, b"X: y\r\n" * 999), Reason.HEADERS_TOO_LARGE, id="endless headers"),
        pytest.param(
            flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 99), Reason.HEADERS_TOO_LARGE, id="endless hints"
        ),
    ],
)
async def test_an_answer_beyond_the_limit_is_cut_off(answer: bytes | Act, reason: Reason) -> None:
    async with partner(answer) as server, outbound() as out:
        reply = not_answered(await out.post(server.url, b"{}", {}))
    assert reply.reason is reason
    assert len(reply.body) <= 65_536
    assert reply.duration_ms < 30_000


@pytest.mark.parametrize(
    ("beginning", "part", "parts"),
    [
        (CHUNKED, b"1\r\n \r\n", 10_000),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n", 1_000),
        (OK, b"X: y\r\n", 0),
    ],
    ids=["chunks", "interim answers", "headers"],
)
async def test_a_flood_of_tiny_parts_is_cut_off_before_it_keeps_others_waiting(
    beginning: bytes, part: bytes, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed_bytes, interim = 0, 0
    parse, told = ResponseHandler.data_received, ResponseHandler.feed_data

    def counted(self: ResponseHandler, data: bytes) -> None:
        nonlocal parsed_bytes
        parsed_bytes += len(data)
        parse(self, data)

    def tell(self: ResponseHandler, message: Any, size: int = 0) -> None:
        nonlocal interim
        interim += 1
        told(self, message, size)

    monkeypatch.setattr(ResponseHandler, "data_received", counted)
    monkeypatch.setattr(ResponseHandler, "feed_data", tell)
    async with partner(once(beginning + part * 200_000)) as server, outbound() as out:
        reply = not_answered(await out.post(server.url, b"{}", {}))
    assert reply.reason in {Reason.TOO_LARGE, Reason.HEADERS_TOO_LARGE}
    assert parsed_bytes < 64 * 1024
    assert interim + len(reply.body) <= parts


async def test_the_beginning_of_a_cut_answer_is_told() -> None:
    async with partner(sized(b"<h1>" + b"x" * 70_000)) as server, outbound() as out:
        reply = not_answered(await out.post(server.url, b"{}", {}))
    assert reply.status == 200
    assert reply.body == b"<h1>" + b"x" * 65_532


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(b"", Reason.DISCONNECTED, id="nothing"),
        pytest.param(OK, Reason.DISCONNECTED, id="half a head"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\n{}", Reason.DISCONNECTED, id="half a body"),
        pytest.param(CHUNKED + b"9\r\n{}", Reason.DISCONNECTED, id="half a chunk"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", Reason.BAD_HTTP, id="another protocol"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", Reason.BAD_HTTP, id="TLS"),
        pytest.param(b'{"code":"0000"}', Reason.BAD_HTTP, id="a body only"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", Reason.BAD_HTTP, id="another version"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\n", Reason.BAD_HTTP, id="a negative length"),
        pytest.param(
            OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", Reason.BAD_HTTP, id="two lengths"
        ),
        pytest.param(CHUNKED + b"zz\r\n{}\r\n", Reason.BAD_HTTP, id="no chunk size"),
    ],
)
async def test_a_broken_answer_has_its_reason(answer: bytes, reason: Reason) -> None:
    async with partner(once(answer)) as server, outbound() as out:
        assert not_answered(await out.post(server.url, b"{}", {})).reason is reason


async def test_a_closed_port_is_refused() -> None:
    async with partner() as server:
        pass
    async with outbound() as out:
        assert not_answered(await out.post(server.url, b"{}", {})).reason is Reason.REFUSED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.DISCONNECTED),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EACCES, Reason.UNREACHABLE),
        (errno.ETIMEDOUT, Reason.TIMEOUT),
        (errno.EMFILE, Reason.UNEXPECTED),
    ],
)
async def test_what_the_system_says_has_its_reason(code: int, reason: Reason) -> None:
    class Failing(Sockets):
        def __call__(self, info: tuple[Any, ...]) -> socket.socket:  # noqa: ARG002 (as the system's)
            raise OSError(code, "what the system says")

    zone = Zone(erp_example=[["127.0.0.1", "::1"]])
    async with outbound(sockets=Failing(), zone=zone) as out:
        reply = not_answered(await out.post("http://erp.example/", b"{}", {}))
    assert (reply.reason, reply.detail) == (reason, "what the system says")


@pytest.mark.parametrize("answers", [None, [[]]])
async def test_a_name_without_an_address_has_its_reason(answers: list[list[str]] | None) -> None:
    zone = Zone() if answers is None else Zone(erp_example=answers)
    async with outbound(zone=zone) as out:
        assert not_answered(await out.post("http://erp.example/", b"{}", {})).reason is Reason.DNS


@pytest.mark.parametrize(
    "url", ["", "x", "http://", "http://a b/", "ftp://h/", "http://u:secret@127.0.0.1/", "http://\ud800/"]
)
async def test_a_url_that_cannot_be_called_does_not_raise(url: str) -> None:
    async with outbound() as out:
        reply = not_answered(await out.post(url, b"{}", {}))
    assert reply.reason is Reason.BAD_URL
    assert "secret" not in reply.detail


async def test_a_header_that_would_be_two_does_not_raise_and_is_not_sent() -> None:
    async with partner() as server, outbound() as out:
        reply = not_answered(await out.post(server.url, b"{}", {"webhook-id": "a\r\nX-Forged: 1"}))
    assert reply.reason is Reason.UNEXPECTED
    assert server.heard == []
