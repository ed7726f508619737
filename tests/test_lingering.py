"""An answer that comes before its request has ended is read all the same; real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator

import pytest

from cheonggu.web import lingering, protocol
from tests.live import Live

MEGABYTE = b"x" * 1_000_000


def written_then_read(port: int, pieces: Iterator[bytes]) -> bytes:
    """What a client hears that listens only when it has written all; nothing, if it is reset before."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        try:
            for piece in pieces:
                sock.sendall(piece)
            heard = b""
            while piece := sock.recv(65_536):
                heard += piece
        except ConnectionError:
            return b""
        return heard


def declared(megabytes: int) -> Iterator[bytes]:
    yield b"POST /bill HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (megabytes * len(MEGABYTE))
    yield from [MEGABYTE] * megabytes


def chunked(megabytes: int) -> Iterator[bytes]:
    yield b"POST /bill HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield from [b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE)] * megabytes
    yield b"0\r\n\r\n"


def long_head(megabytes: int) -> Iterator[bytes]:
    yield b"POST /bill HTTP/1.1\r\nHost: x\r\nA: "
    yield from [MEGABYTE] * megabytes


def no_http(megabytes: int) -> Iterator[bytes]:
    yield b"\x16\x03\x01\r\n\r\n"
    yield from [MEGABYTE] * megabytes


@pytest.mark.parametrize(
    ("request_of", "megabytes", "status"),
    [
        (declared, 3, b"413"),
        (declared, 12, b"413"),
        (chunked, 3, b"413"),
        (long_head, 3, b"431"),
        (no_http, 3, b"400"),
    ],
)
async def test_a_client_that_writes_all_before_it_reads_hears_why_it_was_refused(
    live: Live, request_of: Callable[[int], Iterator[bytes]], megabytes: int, status: bytes
) -> None:
    port = live.service.settings.port
    heard = [await asyncio.to_thread(written_then_read, port, request_of(megabytes)) for _ in range(20)]
    assert [one.split(b" ")[1:2] for one in heard] == [[status]] * 20
    assert all(one.count(b"HTTP/1.1 ") == 1 for one in heard)


@pytest.mark.parametrize(("limit_bytes", "seconds"), [(200_000, 600.0), (2**40, 0.2)], ids=["bytes", "time"])
async def test_a_client_that_never_ends_is_not_heard_out(
    live: Live, limit_bytes: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "BYTES", limit_bytes)
    monkeypatch.setattr(lingering, "SECONDS", seconds)
    reader, writer = await asyncio.open_connection("127.0.0.1", live.service.settings.port)
    writer.write(b"POST /bill HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
    assert b" 413 " in await asyncio.wait_for(reader.read(), 30)

    async def goes_on() -> None:
        while True:
            writer.write(b"x" * 1_000)
            await writer.drain()
            await asyncio.sleep(0.001)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(goes_on(), 30)
    writer.close()


@pytest.mark.parametrize("more", [b"", b"POST / no HTTP\r\n\r\n"], ids=["idle", "refused"])
async def test_a_client_that_reads_nothing_cannot_hold_a_connection_that_was_closed(
    live: Live, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()
    made, gone = protocol.BoundedProtocol.connection_made, protocol.BoundedProtocol.connection_lost

    def narrow(connection: protocol.BoundedProtocol, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        made(connection, transport)
        transport.set_write_buffer_limits(high=1_000_000)  # so little is left unread that writing goes on
        connection.timeout_keep_alive = 0

    def told(connection: protocol.BoundedProtocol, error: Exception | None) -> None:
        gone(connection, error)
        lost.set()

    monkeypatch.setattr(protocol.BoundedProtocol, "connection_made", narrow)
    monkeypatch.setattr(protocol.BoundedProtocol, "connection_lost", told)
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.2)
    monkeypatch.setattr(lingering, "SECONDS", 0.2)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.connect(("127.0.0.1", live.service.settings.port))
        sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" + more)
        await asyncio.wait_for(lost.wait(), 30)


async def test_what_is_wrong_twice_is_refused_once(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.service.settings.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n\x16\x03\x01 no HTTP\r\n\r\n")
    heard = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert heard.count(b"HTTP/1.1 ") == 1
    assert heard.endswith(b"}")
    assert not [record for record in caplog.records if record.name == "asyncio"]
