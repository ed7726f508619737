"""The HTTP server's bounds: heads too large, too slow, or no HTTP at all; real sockets on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress

import pytest

from cheonggu.web import protocol
from tests.live import Live, envelope_of


async def talk(live: Live, *pieces: bytes) -> tuple[int, dict[str, object]]:
    """Send raw bytes; the answer's status and envelope once the server closes or has answered."""
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
        )
        return int(head.split(b" ")[1]), json.loads(await reader.readexactly(length))
    finally:
        writer.close()


HEAD = b"POST /bill HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD + b"A: " + b"x" * 20_000 + b"\r\nContent-Length: 2\r\n\r\n{}",),
        (HEAD + b"A: ", *([b"x" * 9_000] * 3)),
        (b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",),
        (HEAD + b"".join(b"A%d: x\r\n" % number for number in range(4000)) + b"\r\n",),
    ],
    ids=["one piece", "pieces", "path", "many"],
)
async def test_a_head_over_16_kib_is_refused(live: Live, pieces: tuple[bytes, ...]) -> None:
    status, envelope = await talk(live, *pieces)
    assert (status, envelope["code"], envelope["data"]) == (431, "VALIDATION_001", None)


@pytest.mark.parametrize("begun", [b"", b"P", HEAD, HEAD + b"Slow: "])
async def test_a_head_that_does_not_end_is_given_up(
    live: Live, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    status, envelope = await talk(live, begun)
    assert (status, envelope["code"]) == (408, "VALIDATION_001")


@pytest.mark.parametrize("path", ["/bill", "/p/nobody/card", "/readyz", "/nowhere"])
async def test_no_request_may_stay_half_sent(live: Live, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.2)
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(HEAD.replace(b"/bill", path.encode()) + b"Content-Length: 100\r\n\r\n")
    await asyncio.wait_for(reader.read(), 30)
    writer.close()


@pytest.mark.parametrize("body", [b"", b"{", b'{"apiKey":'])
async def test_a_body_that_does_not_end_is_given_up(
    live: Live, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.2)
    status, envelope = await talk(live, HEAD + b"Content-Length: 100\r\n\r\n" + body)
    assert (status, envelope["code"], envelope["data"]) == (408, "VALIDATION_001", None)


async def test_a_body_in_many_pieces_is_read(live: Live) -> None:
    body = b'{"apiKey": "unknown"}'
    head = HEAD.replace(b"/bill", b"/read/remain_count") + b"Content-Length: %d\r\n\r\n" % len(body)
    status, envelope = await talk(live, head, *(body[n : n + 1] for n in range(len(body))))
    assert (status, envelope["code"]) == (200, "PARTNER_003")


READ = b'{"apiKey": "unknown"}'
UPGRADING = (
    b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    b"Content-Length: %d\r\n\r\n" % len(READ)
)


@pytest.mark.parametrize(
    "pieces",
    [
        (UPGRADING + READ,),
        (UPGRADING, READ),
        tuple((UPGRADING + READ)[n : n + 1] for n in range(len(UPGRADING + READ))),
        tuple((UPGRADING + READ)[n : n + 7] for n in range(0, len(UPGRADING + READ), 7)),
        (UPGRADING.replace(b"Upgrade: h2c", b"uPGRADE:\twebsocket"), READ),
    ],
    ids=["one piece", "head and body", "bytes", "sevens", "odd spelling"],
)
async def test_an_offer_to_upgrade_is_passed_over(live: Live, pieces: tuple[bytes, ...]) -> None:
    status, envelope = await talk(live, *pieces)
    assert (status, envelope["code"]) == (200, "PARTNER_003")


async def test_a_body_is_never_read_as_a_request(live: Live) -> None:
    inner = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /bill HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUpgrade: x\r\nContent-Length: %d\r\n\r\n"
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(head % len(inner))
    await writer.drain()
    writer.write(inner)
    got = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"openapi" not in got


async def test_an_answer_that_is_due_comes_before_a_refusal(live: Live) -> None:
    body = json.dumps(envelope_of(live.bill(billId="JUNK"))).encode()
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    status, envelope = await talk(live, head + body + b"\x16\x03 no HTTP\r\n\r\n")
    assert (status, envelope["code"]) == (200, "0000")


async def test_a_slow_second_request_on_a_kept_connection_is_given_up_too(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal")
    got = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert b" 200 " in got
    assert b" 408 " in got


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_http_is_answered_in_the_envelope(live: Live, garbage: bytes) -> None:
    status, envelope = await talk(live, garbage)
    assert (status, envelope["code"], envelope["data"]) == (400, "VALIDATION_001", None)


async def test_a_head_just_under_the_bound_is_served(live: Live) -> None:
    status, envelope = await talk(
        live,
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 15_000 + b"\r\n\r\n",
    )
    assert (status, envelope["code"]) == (404, "HTTP_404")


def reads(many: int, more: bytes = b"") -> bytes:
    """So many requests in one piece; `more` stands in each head."""
    head = b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n"
    return (head % (more, len(READ)) + READ) * many


async def everything(live: Live, sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(sent)
    got = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return got


async def test_requests_in_one_piece_are_all_answered_whatever_they_weigh_together(live: Live) -> None:
    got = await everything(live, reads(25, b"A: " + b"x" * 3_000 + b"\r\n") + b"GET /healthz HTTP/9\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 ") == 25


async def test_of_a_flood_in_one_piece_no_more_than_the_bound_waits(live: Live) -> None:
    got = await everything(live, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
    assert protocol.MOST_WAITING <= got.count(b"HTTP/1.1 200 ") <= protocol.MOST_WAITING + 2


async def test_a_client_that_does_not_read_is_thrown_out(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.2)
    settings = live.service.settings
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((settings.host, settings.port))

        def ask() -> None:
            """Ask for more and more until the server has gone."""
            with suppress(OSError):
                while True:
                    client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20)

        await asyncio.wait_for(asyncio.to_thread(ask), 30)


@pytest.mark.parametrize("trailer", [b"Content-Type: text/plain", b"Host: y", b"X-Forwarded-For: 1.2.3.4"])
async def test_a_trailer_is_no_header(live: Live, trailer: bytes) -> None:
    chunked = b"%x\r\n%b\r\n0\r\n%b\r\n\r\n" % (len(READ), READ, trailer)
    head = HEAD.replace(b"/bill", b"/read/remain_count") + b"Transfer-Encoding: chunked\r\n\r\n"
    status, envelope = await talk(live, head + chunked)
    assert (status, envelope["code"]) == (200, "PARTNER_003")


async def test_two_hosts_are_one_too_many(live: Live) -> None:
    status, envelope = await talk(live, HEAD + b"Host: y\r\nContent-Length: 2\r\n\r\n{}")
    assert (status, envelope["code"]) == (400, "VALIDATION_001")


async def test_the_body_of_a_refused_request_is_not_added_to_the_one_before(live: Live) -> None:
    refused = HEAD + b"Host: y\r\nContent-Length: 2\r\n\r\n{}"
    got = await everything(live, reads(1) + refused)
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"PARTNER_003" in got


async def test_connections_beyond_the_bound_are_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 0)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await talk(live, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")


def posted(path: str, body: bytes, *more: str, version: str = "1.1") -> bytes:
    """A request as bytes."""
    lines = [f"POST {path} HTTP/{version}", "Host: x", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def all_of(live: Live, sent: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


CHUNKED = (
    b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(READ), READ)
)
CLOSE = "Connection: close"


@pytest.mark.parametrize(
    "sent",
    [
        posted("/read/remain_count", READ, CLOSE),
        posted("/read/remain_count?x=1", READ, CLOSE),
        posted("/read/remain%5fcount", READ, CLOSE),
        posted("http://x/read/remain_count", READ, CLOSE),
        posted("/partner/read/remain_count", READ, CLOSE),
        posted("/read/remain_count", READ, version="1.0"),
        posted("/read/remain_count", READ, "Connection: keep-alive", version="1.0"),
        posted("/read/remain_count", READ, "Expect: 100-continue", CLOSE),
        CHUNKED,
    ],
    ids=["plain", "query", "escaped", "absolute", "prefix", "1.0", "1.0 kept", "expect", "chunked"],
)
async def test_a_request_is_answered_alike_however_it_is_written(live: Live, sent: bytes) -> None:
    got = await all_of(live, sent)
    head, _, body = got.rpartition(b"\r\n\r\n")
    assert json.loads(body)["code"] == "PARTNER_003"
    lines = head.rpartition(b"HTTP/1.1 ")[2].split(b"\r\n")[1:]  # what explains it is the sandbox's alone
    names = sorted(line.split(b":")[0] for line in lines if not line.startswith(b"cheonggu-explain"))
    assert names == sorted(
        [
            b"date",
            b"content-type",
            b"cache-control",
            b"x-content-type-options",
            b"content-length",
            b"connection",
        ]
    )


async def test_answers_come_in_the_order_of_the_requests(live: Live) -> None:
    create = json.dumps(envelope_of(live.bill(billId="ORDERED"))).encode()
    read = json.dumps(envelope_of({"billId": "ORDERED"})).encode()
    got = await all_of(
        live,
        posted("/bill", create)
        + posted("/bill/read", read)
        + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        + posted("/read/remain_count", READ)
        + posted("/bill", create, CLOSE),
    )
    bodies = [piece.partition(b"\r\n\r\n")[2] for piece in got.split(b"HTTP/1.1 ")[1:]]
    assert [b"shortUrl" in bodies[0], b"apprState" in bodies[1]] == [True, True]
    assert [json.loads(body).get("code") for body in (bodies[0], bodies[1], *bodies[3:])] == [
        "0000",
        "0000",
        "PARTNER_003",
        "BILL_001",
    ]


async def test_a_head_request_to_an_operation_gets_no_body(live: Live) -> None:
    got = await all_of(live, b"HEAD /bill HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nallow: POST\r\n" in got
    assert got.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/read/remain_count", "/nowhere"])
async def test_a_connection_that_stays_idle_is_closed(
    live: Live, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def soon(connection: protocol.BoundedProtocol, transport: asyncio.Transport) -> None:
        made(connection, transport)
        connection.timeout_keep_alive = 1

    made = protocol.BoundedProtocol.connection_made
    monkeypatch.setattr(protocol.BoundedProtocol, "connection_made", soon)
    got = await all_of(live, posted(path, READ) + posted(path, READ))
    assert got.count(b"HTTP/1.1 ") == 2


async def test_a_client_that_goes_away_has_its_bill_all_the_same(live: Live) -> None:
    create = json.dumps(envelope_of(live.bill(billId="GONE"))).encode()
    settings = live.service.settings
    _, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(posted("/bill", create))
    await writer.drain()
    writer.transport.abort()
    read = json.dumps(envelope_of({"billId": "GONE"})).encode()
    async with asyncio.timeout(30):
        while (await talk(live, posted("/bill/read", read)))[1]["code"] != "0000":
            pass
