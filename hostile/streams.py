"""Bytes that are no request, two requests, or a different one to each reader: smuggling, pipelining, lies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from hostile.corpus import sound
from hostile.requests import Kind, Shot, as_json

READ: Final = as_json(sound("/read/remain_count"))
INNER: Final = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
"""Whoever answers this from within a body was smuggled."""
_POST: Final = b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"

_LENGTHS: Final = (
    *(
        b"-1",
        b"+21",
        b"0x15",
        b"21,21",
        b"21, 5",
        b"",
        b" ",
        b"2 1",
        b"21a",
        b"1e1",
        b"\xb2\xb1",
        b"4294967296",
    ),
    *(
        b"99999999999999999999999",
        b"0",
        b"1",
        b"21;",
        b"[21]",
        b"NaN",
        b"00000000000000000021",
        b"\x0b21",
        b"21\x00",
    ),
)
_CODINGS: Final = (
    *(
        b"chunked",
        b"Chunked",
        b"chunked, chunked",
        b"gzip, chunked",
        b"chunked, gzip",
        b"identity",
        b"xchunked",
        b"chunkedx",
    ),
    *(
        b" chunked",
        b"chunked ",
        b"\tchunked",
        b"\x0bchunked",
        b"chunked\x00",
        b'"chunked"',
        b"chunked;q=1",
        b"",
        b",chunked",
    ),
    *(
        b"identity, chunked",
        b"chunk",
        b"cow",
        b"chunked\r\nTransfer-Encoding: x",
        b"x\r\nTransfer-Encoding: chunked",
    ),
)
_FIELD_NAMES: Final = (
    *(
        b"Transfer-Encoding ",
        b"Transfer Encoding",
        b"Transfer_Encoding",
        b" Transfer-Encoding",
        b"\tTransfer-Encoding",
    ),
    *(
        b"Transfer-Encoding\t",
        b"X: y\r\n Transfer-Encoding",
        b"X: y\nTransfer-Encoding",
        b"X: y\rTransfer-Encoding",
        b":",
    ),
    *(
        b"Transfer\xadEncoding",
        b"Transfer-Encodin\xe7",
        b"TRANSFER-ENCODING",
        b"X\x00Transfer-Encoding",
        b"Content-Length ",
        b"",
    ),
)
_CHUNKS: Final = (
    *(
        b"0\r\n\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"G\r\n",
        b"ffffffffffffffff\r\n",
        b"fffffffffffffffff\r\n",
        b"5 \r\nhello",
    ),
    *(
        b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhelloX0\r\n\r\n",
        b"\r\n",
        b"5;%b\r\nhello\r\n0\r\n\r\n" % (b"x" * 20_000),
    ),
    *(
        b"0\r\nContent-Length: 99\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\nX-Api: y\r\nHost: z\r\n\r\n",
        b"5\r\nhel",
    ),
    *(
        b"00000000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5\r\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
    ),
)
_LINES: Final = (
    *(
        b"",
        b"\r\n",
        b"\0",
        b"\x16\x03\x01\x02\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x80\x2e\x01\x03\x01",
        b"SSH-2.0-x\r\n",
    ),
    *(
        b"GET /healthz\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1",
        b"GET /healthz HTTP/1.1\n\n",
        b"get /healthz HTTP/1.1\r\n\r\n",
    ),
    *(
        b"GET /healthz HTTP/0.9\r\n\r\n",
        b"GET /healthz HTTP/1.2\r\n\r\n",
        b"GET /healthz HTTP/2\r\n\r\n",
        b"GET /healthz HTTPS/1.1\r\n\r\n",
    ),
    *(
        b"GET /healthz\0 HTTP/1.1\r\n\r\n",
        b"GET\t/healthz\tHTTP/1.1\r\n\r\n",
        b"GET /hea lthz HTTP/1.1\r\n\r\n",
        b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    *(
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    ),
    *(
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    ),
    *(
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: \x01\x02\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
    ),
    *(
        b"GET http://x/healthz HTTP/1.1\r\nHost: y\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /bill HTTP/1.0\r\n\r\n",
        b"A" * 70_000,
    ),
    *(
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"USER x\r\nPASS y\r\n",
        b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n",
    ),
)


def streams() -> Iterator[Shot]:
    """All of them; each goes down a connection of its own."""
    yield from _lying_lengths()
    yield from _lying_codings()
    yield from _chunks()
    yield from _pipelines()
    yield from _upgrades()
    for line in _LINES:
        # A head without an end is waited for; a second one behind it may be answered, too.
        yield _shot("lines", repr(line[:40]), line, most=1 + (line.count(b"HTTP/1.1\r\n") > 1))


def _shot(family: str, told: str, raw: bytes, most: int = 1) -> Shot:
    return Shot(family=f"streams: {family}", told=told, kind=Kind.SERVER, raw=raw, framed=False, most=most)


def _lying_lengths() -> Iterator[Shot]:
    for length in _LENGTHS:
        raw = _POST + b"Content-Length: %b\r\n\r\n" % length + READ
        # Where the length is too small the rest begins another request, which is no HTTP.
        yield _shot("lengths", repr(length), raw, most=2)
    for first, second in itertools.permutations(
        (b"0", b"%d" % len(READ), b"%d" % (len(READ) + len(INNER))), 2
    ):
        raw = _POST + b"Content-Length: %b\r\nContent-Length: %b\r\n\r\n" % (first, second) + READ + INNER
        yield _shot("lengths", f"{first!r} and {second!r}", raw)
    for more in (1, 100, 10_000):
        raw = _POST + b"Content-Length: %d\r\n\r\n" % (len(READ) + more) + READ
        yield _shot("lengths", f"{more} too long", raw)
    for less in range(1, 9):
        raw = _POST + b"Content-Length: %d\r\n\r\n" % (len(READ) - less) + READ
        yield _shot("lengths", f"{less} too short", raw, most=2)


def _lying_codings() -> Iterator[Shot]:
    """Content-Length and Transfer-Encoding disagree about where the body ends; INNER stands between."""
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(READ), READ)
    for coding in _CODINGS:
        for length in (0, len(chunked), len(chunked) + len(INNER)):
            raw = _POST + b"Content-Length: %d\r\nTransfer-Encoding: %b\r\n\r\n" % (length, coding)
            yield _shot("codings", f"{length} and {coding!r}", raw + chunked + INNER)
            swapped = _POST + b"Transfer-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding, length)
            yield _shot("codings", f"{coding!r} and {length}", swapped + chunked + INNER)
    for name in _FIELD_NAMES:
        raw = _POST + b"Content-Length: %d\r\n%b: chunked\r\n\r\n" % (len(chunked), name) + chunked
        yield _shot("codings", repr(name), raw, most=2)


def _chunks() -> Iterator[Shot]:
    for chunk in _CHUNKS:
        yield _shot("chunks", repr(chunk[:40]), _POST + _CHUNKED + b"\r\n" + chunk, most=2)
    bytewise = b"".join(b"1\r\n%b\r\n" % READ[at : at + 1] for at in range(len(READ))) + b"0\r\n\r\n"
    yield _shot("chunks", "a byte each", _POST + _CHUNKED + b"\r\n" + bytewise)
    yield _shot(
        "chunks", "5,000 of a byte", _POST + _CHUNKED + b"\r\n" + b"1\r\n \r\n" * 5_000 + b"0\r\n\r\n"
    )
    yield _shot(
        "chunks",
        "over 1 MiB",
        _POST + _CHUNKED + b"\r\n" + b"10000\r\n%b\r\n" % (b" " * 65_536) * 20 + b"0\r\n\r\n",
    )


def _pipelines() -> Iterator[Shot]:
    whole = _POST + b"Content-Length: %d\r\n\r\n" % len(READ) + READ
    for many in (2, 10, 100):
        yield _shot("pipelines", f"{many} reads", whole * many, most=many)
        yield _shot(
            "pipelines", f"{many} reads, then rubbish", whole * many + b"\0\0\0\0\r\n\r\n", most=many + 1
        )
    yield _shot("pipelines", "a close between", whole.replace(b"Host", b"Connection: close\r\nHost") + INNER)
    body_is_request = _POST + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER
    yield _shot("pipelines", "a request as a body", body_is_request)
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE"):
        raw = b"%b /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (method, len(INNER)) + INNER
        if method != b"HEAD":  # whose answer has a length and no body, so that it cannot be read blindly
            yield _shot("pipelines", f"{method.decode()} with a body", raw)


def _upgrades() -> Iterator[Shot]:
    for to in (b"h2c", b"websocket", b"TLS/1.0", b"HTTP/2.0", b"", b"x, y"):
        for connection in (b"Upgrade", b"upgrade, close", b"Upgrade, HTTP2-Settings", b"keep-alive"):
            head = b"Connection: %b\r\nUpgrade: %b\r\nHTTP2-Settings: AAMAAABk\r\n" % (connection, to)
            head += b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            raw = _POST + head + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER
            yield _shot("upgrades", f"{to!r} {connection!r}", raw)
