"""A head that was read before is known by its bytes; whatever differs, or only looks alike, is read anew."""

from __future__ import annotations

import asyncio
import json

import pytest

from cheonggu.web.known_heads import LONGEST_KNOWN, MOST_KNOWN, MOST_LINES, KnownHeads
from tests.live import Live

HEAD = b"POST /bill HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


def test_a_head_is_known_with_a_body_of_its_length_and_no_other() -> None:
    heads = KnownHeads[str]()
    assert heads.of(HEAD + b"{}") is None
    heads.learn(HEAD + b"{}", b"{}", "create")
    assert heads.of(HEAD + b"[]") == ("create", b"[]")
    for other in (
        HEAD,
        HEAD + b"{",
        HEAD + b"{} ",
        HEAD.lower() + b"{}",
        b"\r\n" + HEAD + b"{}",
        b"",
        b"\r\n\r\n",
    ):
        assert heads.of(other) is None


@pytest.mark.parametrize(
    ("request_bytes", "body"),
    [
        (HEAD + b"{}", b"{"),
        (b"\r\n\r\n", b"{}"),
        (b"no end of a head", b""),
        (b"\r\n\r\n" + HEAD + b"{}", b"{}"),
        (HEAD.replace(b": x", b": " + b"x" * LONGEST_KNOWN) + b"{}", b"{}"),
        (HEAD.replace(b"Host", b"a:\r\n" * MOST_LINES + b"Host") + b"{}", b"{}"),
    ],
)
def test_what_is_not_one_request_in_one_piece_is_not_learned(request_bytes: bytes, body: bytes) -> None:
    heads = KnownHeads[str]()
    heads.learn(request_bytes, body, "create")
    assert heads.of(request_bytes) is None


def test_only_so_many_are_known() -> None:
    heads = KnownHeads[int]()
    sent = [HEAD.replace(b"x", str(nth).encode()) + b"{}" for nth in range(MOST_KNOWN + 1)]
    for nth, request in enumerate(sent):
        heads.learn(request, b"{}", nth)
    assert sum(heads.of(request) is not None for request in sent) == 1


def a_read(path: bytes, api_key: str, more: bytes = b"") -> bytes:
    body = json.dumps({"apiKey": api_key, "member": "m", "merchant": "c", "bill": {"billId": "1"}}).encode()
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (path, more, len(body), body)


async def answers_to(live: Live, *pieces: bytes) -> list[str]:
    """The codes of the answers on one connection, each piece sent once the one before was answered."""
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    codes: list[str] = []
    try:
        for piece in pieces:
            writer.write(piece)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            codes.append(json.loads(await reader.readexactly(length))["code"])
    finally:
        writer.close()
    return codes


async def test_the_same_head_means_the_same_and_a_near_one_does_not(live: Live) -> None:
    unknown, empty = a_read(b"/bill/read", "unknown"), a_read(b"/bill/read", "")
    pieces = (unknown, unknown, empty, empty, a_read(b"/bill/nowhere", "unknown"), unknown)
    expected = ["PARTNER_003", "PARTNER_003", "PARTNER_002", "PARTNER_002", "HTTP_404", "PARTNER_003"]
    assert await answers_to(live, *pieces) == expected


async def test_headers_of_a_known_head_still_count(live: Live) -> None:
    text = a_read(b"/bill/read", "unknown", b"Content-Type: text/plain\r\n")
    assert await answers_to(live, text, text) == ["HTTP_415", "HTTP_415"]


async def test_a_known_head_may_end_its_connection(live: Live) -> None:
    settings = live.service.settings
    request = a_read(b"/bill/read", "unknown", b"Connection: close\r\n")
    for _ in range(3):
        reader, writer = await asyncio.open_connection(settings.host, settings.port)
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 30)
        assert answer.count(b"HTTP/1.1 200") + answer.count(b"HTTP/1.1 4") == 1
        assert b"connection: close" in answer.lower()
        writer.close()


async def test_a_head_that_ends_its_connection_is_not_learned(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[bytes] = []

    def learn(_: object, request: bytes, *__: object) -> None:
        learned.append(request)

    monkeypatch.setattr(KnownHeads, "learn", learn)
    closing, kept = (a_read(b"/bill/read", "unknown", more) for more in (b"Connection: close\r\n", b""))
    assert await answers_to(live, closing) == await answers_to(live, kept) == ["PARTNER_003"]
    assert learned == [kept]


async def test_blank_lines_between_requests_are_never_a_request(live: Live) -> None:
    """Even after a request without a body, whose body such a piece would seem to have."""
    nothing = b"POST /bill HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    for _ in range(2):
        writer.write(nothing)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.write(b"\r\n\r\n")
        await writer.drain()
    writer.write(a_read(b"/bill/read", "unknown", b"Connection: close\r\n"))
    rest = await asyncio.wait_for(reader.read(), 30)
    assert rest.count(b"HTTP/1.1 ") == 1
    assert b"PARTNER_003" in rest
    writer.close()


async def test_known_requests_in_one_piece_are_each_answered(live: Live) -> None:
    unknown = a_read(b"/bill/read", "unknown")
    closing = a_read(b"/bill/read", "unknown", b"Connection: close\r\n")
    assert await answers_to(live, unknown) == ["PARTNER_003"]
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(unknown * 3 + closing)
    answer = await asyncio.wait_for(reader.read(), 30)
    assert answer.count(b"PARTNER_003") == 4
    writer.close()


async def test_a_known_head_that_comes_by_the_byte_is_read_the_long_way(live: Live) -> None:
    unknown = a_read(b"/bill/read", "unknown")
    assert await answers_to(live, unknown) == ["PARTNER_003"]
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    for at in range(0, len(unknown), 7):
        writer.write(unknown[at : at + 7])
        await writer.drain()
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 30)
    assert b"PARTNER_003" in answer
    writer.close()
