"""Partners' servers from hell, in a process of their own that prints their ports."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import sys
from contextlib import AsyncExitStack
from typing import Final

import msgspec
from tests.loopback import Act, flood, hang_up, once, partner, silence

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_GOOD: Final = b'{"code":"0000"}'
_DRIP_SECONDS: Final = 0.5
_BOMB: Final = gzip.compress(b'{"code":"0000"}' + b" " * 50_000_000)


def _sized(body: bytes, length: bytes) -> bytes:
    return _OK + b"Content-Length: " + length + b"\r\n\r\n" + body


def _drip(beginning: bytes) -> Act:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(_DRIP_SECONDS)

    return act


def _reset(beginning: bytes) -> Act:
    """Begin to answer, then drop the connection so that the other end gets a reset."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return act


TRAP: Final = "trap"
"""Where the redirects lead; it must never be called."""
HELL: Final[dict[str, bytes | Act]] = {
    "never answers": silence,
    "hangs up": hang_up,
    "resets at once": _reset(b""),
    "resets mid-head": _reset(_OK + b"Content-"),
    "resets mid-body": _reset(_sized(b'{"code"', b"15")),
    "drips a status line": _drip(b"HTTP/1.1 200 "),
    "drips a head": _drip(_OK + b"X: "),
    "drips a body": _drip(_OK + b"Content-Length: 9999\r\n\r\n"),
    "drips a chunk": _drip(_CHUNKED + b"1;"),
    "sends a body without end": flood(_OK + b"\r\n", b" " * 65_536),
    "sends chunks without end": flood(_CHUNKED, b"1\r\n \r\n" * 1_000),
    "sends headers without end": flood(_OK, b"X-A: b\r\n" * 1_000),
    "sends one header without end": flood(_OK + b"X: ", b"x" * 65_536),
    "sends interim answers without end": flood(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1_000),
    "sends trailers without end": flood(_CHUNKED + b"0\r\n", b"X-A: b\r\n" * 1_000),
    "sends a bomb": once(_OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB),
    "says too long a length": once(_sized(_GOOD, b"9999")),
    "says too short a length": once(_sized(_GOOD, b"3")),
    "says a negative length": once(_sized(_GOOD, b"-1")),
    "says a huge length": once(_sized(_GOOD, b"99999999999999999999")),
    "says two lengths": once(_OK + b"Content-Length: 15\r\nContent-Length: 3\r\n\r\n" + _GOOD),
    "says bad chunks": once(_CHUNKED + b"zz\r\n" + _GOOD),
    "speaks no HTTP": once(b"\x15\x03\x01\x00\x02\x02\x28 220 smtp ready\r\n"),
    "answers twice": once(_sized(_GOOD, b"15") * 2),
    "nests deeply": once(_sized(b"[" * 60_000, b"60000")),
    "answers no JSON": once(_sized(b"\xff\xfe\x00", b"3")),
    "switches protocols": once(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
}


async def _run() -> None:
    async with AsyncExitStack() as open_:
        trap = await open_.enter_async_context(partner())
        acts = dict(HELL)
        for status in (301, 307):
            redirect = f"HTTP/1.1 {status} X\r\nLocation: {trap.url}\r\nContent-Length: 0\r\n\r\n"
            acts[f"redirects with {status}"] = redirect.encode()
        ports = {name: (await open_.enter_async_context(partner(act))).port for name, act in acts.items()}
        sys.stdout.write(msgspec.json.encode(ports | {TRAP: trap.port}).decode() + "\n")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)  # until whoever started us says or dies
        sys.stdout.write(f"{trap.connections}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run())
