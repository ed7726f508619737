"""What must not be told apart by its answer cannot be told apart by its time either."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median
from time import perf_counter_ns
from typing import Any

import msgspec
import pytest

from cheonggu.billing.sandbox_partners import OTHER
from cheonggu.config import Settings
from tests.flow import created
from tests.live import API_KEY, Live, envelope_of

TIMES = 2_000
APART = 0.10
WARM_UP = 100

Send = Callable[[], Awaitable[bytes]]
Pair = tuple[bytes, bytes]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of every test, and as many guesses as the measure takes."""
    return replace(settings, guesses_per_minute=0)


class Line:
    """One kept connection that sends a request and waits for its whole answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Nanoseconds, and the answer without its head."""
        began = perf_counter_ns()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        body = await self._reader.readexactly(length)
        return perf_counter_ns() - began, head.partition(b"\r\n")[0] + body


async def medians(live: Live, pair: Pair) -> tuple[float, float]:
    """The medians of both requests' times, sent by turns and each as often first as second.

    Fails the test unless both get the same answer, byte for byte.
    """
    settings = live.service.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    line = Line(reader, writer)
    times: tuple[list[int], list[int]] = ([], [])
    answers: set[bytes] = set()
    for turn in range(-WARM_UP, TIMES):
        for which in random.sample((0, 1), 2):
            nanoseconds, answer = await line.send(pair[which])
            answers.add(answer)
            if turn >= 0:
                times[which].append(nanoseconds)
    writer.close()
    assert len(answers) == 1
    return median(times[0]), median(times[1])


async def told_apart(live: Live, pair: Pair) -> bool:
    """Whether the medians differ by more than a tenth, twice: once may be the machine's doing."""
    for _ in range(2):
        first, second = await medians(live, pair)
        if abs(first - second) <= APART * max(first, second):
            return False
    return True


def post(path: str, request: dict[str, Any]) -> bytes:
    body = msgspec.json.encode(request)
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def get(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode()


def keyed(api_key: str) -> bytes:
    return post("/read/remain_count", {"apiKey": api_key})


def other_letter(text: str) -> str:
    """The same with its last character changed."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")


async def test_an_unknown_key_and_one_that_is_nearly_right(live: Live) -> None:
    assert not await told_apart(live, (keyed("z" * len(API_KEY)), keyed(other_letter(API_KEY))))


async def test_an_unknown_short_code_and_one_that_is_nearly_right(live: Live) -> None:
    bill = await created(live.service)
    near = other_letter(bill.short_code)
    assert not await told_apart(live, (get("/p/" + "z" * 22), get(f"/p/{near}")))


@pytest.mark.parametrize("path", ["/bill/read", "/bill/resend"])
async def test_an_unknown_bill_and_another_partners(live: Live, path: str) -> None:
    await created(live.service, OTHER, bill_id="THEIRS")
    unknown, theirs = (post(path, envelope_of({"billId": bill_id})) for bill_id in ("NOBODY", "THEIRS"))
    assert not await told_apart(live, (unknown, theirs))


async def test_the_measure_sees_one_statement_more(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = live.service.directory
    look = directory.partner

    async def leaky(api_key: str) -> Any:
        if api_key.startswith("sandbox"):
            await live.service.db.fetchval("SELECT 1")
        return await look(api_key)

    monkeypatch.setattr(directory, "partner", leaky)
    assert await told_apart(live, (keyed("z" * len(API_KEY)), keyed(other_letter(API_KEY))))
