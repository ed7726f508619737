"""Many connections that take and do not give: each crowd is bounded, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast

from hostile.corpus import sound
from hostile.requests import as_json, posted
from hostile.sending import read_answer

READ: Final = posted("/read/remain_count", as_json(sound("/read/remain_count")))
_HEAD: Final = b"POST /bill HTTP/1.1\r\nHost: x\r\n"
_DRIP_SECONDS: Final = 1.0
_LOOKS: Final = 20
FLOOD: Final = 4_000


@dataclass(frozen=True)
class Crowd:
    """So many connections that begin alike and then drip, or say nothing."""

    told: str
    begins: bytes
    drips: bytes = b""
    reads: bool = True
    many: int = 500


CROWDS: Final = (
    Crowd("say nothing", b""),
    Crowd("drip a head", _HEAD + b"X: ", b"x"),
    Crowd("drip header lines", _HEAD, b"X-A: b\r\n"),
    Crowd("drip a body", _HEAD + b"Content-Length: 60000\r\n\r\n", b" "),
    Crowd("drip chunks", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    Crowd(
        "drip a form",
        b"POST /p/aaaaaaaaaaaaaaaaaaaaaa/card HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        b"x",
    ),
    Crowd("never read", b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100, reads=False, many=50),
)


@dataclass
class Seen:
    """What a crowd did to the others, and how long the server kept it."""

    connections: int
    slowest_seconds: float
    left_after_seconds: float
    """When the last of them was thrown out. Infinite for those that never read: nobody waited for that."""


@asynccontextmanager
async def _gathered(
    host: str, port: int, crowd: Crowd, many: int
) -> AsyncGenerator[list[asyncio.Task[None]]]:
    members = [asyncio.create_task(_member(host, port, crowd)) for _ in range(many)]
    try:
        yield members
    finally:
        for task in members:
            task.cancel()
        await asyncio.gather(*members, return_exceptions=True)


async def _member(host: str, port: int, crowd: Crowd) -> None:
    """Connect, begin, and drip until thrown out; one that never reads only holds on."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(crowd.begins)
        if not crowd.reads:
            cast("asyncio.Transport", writer.transport).pause_reading()
            await asyncio.Event().wait()
        reading = asyncio.create_task(reader.read())
        while not reading.done():
            writer.write(crowd.drips)
            await asyncio.wait((reading,), timeout=_DRIP_SECONDS)
        await reading
    except OSError:
        pass  # thrown out
    finally:
        writer.close()


async def meet(host: str, port: int, crowd: Crowd, many: int, patience_seconds: float) -> Seen:
    """Let a crowd in, ask as one who is not of it, and wait until it has been thrown out."""
    began = time.perf_counter()
    async with _gathered(host, port, crowd, many) as members:
        slowest = 0.0
        for _ in range(_LOOKS):
            slowest = max(slowest, await ask(host, port))
        if crowd.reads:
            await asyncio.wait(members, timeout=patience_seconds)
            assert all(task.done() for task in members), f"they {crowd.told} and are still there"
        left = time.perf_counter() - began if crowd.reads else math.inf
        return Seen(many, slowest, left)


async def ask(host: str, port: int) -> float:
    """How long a sound request takes on a connection of its own."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(READ)
        answer = await read_answer(reader)
        assert answer.status == 200, answer
    finally:
        writer.close()
    return time.perf_counter() - began


async def flood(host: str, port: int) -> int:
    """Thousands of requests in one stream, read only afterwards. How many were answered before it was cut."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(READ * FLOOD)
    answered = 0
    try:
        while answered < FLOOD and (await read_answer(reader)).status == 200:
            answered += 1
    except (OSError, asyncio.IncompleteReadError):
        pass  # the server may have had enough of it
    finally:
        writer.close()
    return answered
