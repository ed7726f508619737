"""A partner's receiver that writes down every callback, and does not always answer as it should."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
from bench.wire import answer_length

Answer = tuple[str, float]
"""What a receiver does with one call, and after how many seconds."""
Decide = Callable[[str, int], Answer]
"""What a receiver makes of a callback's id, and how often it came."""

ACCEPT: Final = b'{"code":"0000"}'
ANSWERS: Final = {
    "accept": (200, ACCEPT),
    "refuse": (500, b"oops"),
    "other code": (200, b'{"code":"9999"}'),
    "a number": (200, b'{"code":0}'),
    "no json": (200, b"OK"),
    "created": (201, ACCEPT),
}
_HANG_SECONDS: Final = 12.0
"""Longer than the service waits."""
HANG_UP: Final = "hang up"
"""It takes the callback, but its answer does not get out."""


@dataclass(frozen=True)
class Received:
    """One callback as it came in."""

    at: float
    path: str
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any]
    did: str

    @property
    def webhook_id(self) -> str:
        """The callback's id."""
        return self.headers.get("webhook-id", "")

    @property
    def accepted(self) -> bool:
        """Whether it was meant to count."""
        return self.did == "accept"


@dataclass
class Receiver:
    """Its port, what it got, and how it decides, given a callback's id and how often it came."""

    port: int
    decide: Decide
    calls: list[Received] = field(default_factory=list[Received])
    times: dict[str, int] = field(default_factory=dict[str, int])

    def behave(self) -> None:
        """From now on take everything at once."""
        self.decide = well_behaved

    def next_answer(self, webhook_id: str) -> Answer:
        """What to do with this call."""
        nth = self.times[webhook_id] = self.times.get(webhook_id, 0) + 1
        return self.decide(webhook_id, nth)


def well_behaved(webhook_id: str, nth: int) -> Answer:
    """Take everything at once."""
    del webhook_id, nth
    return "accept", 0.0


def moody(seed: str, *, hangs: bool) -> Decide:
    """Often take it; sometimes refuse, answer wrongly, be slow, or hang up after taking it; or even hang."""

    def decide(webhook_id: str, nth: int) -> Answer:
        chance = random.Random(f"{seed}/{webhook_id}/{nth}")  # noqa: S311 - no secrets
        mood = chance.random()
        if mood < 0.70:
            return "accept", 0.0
        if mood < 0.76:
            return "accept", chance.uniform(0.2, 3)
        if mood < 0.79 and hangs:
            return "accept", _HANG_SECONDS
        if mood < 0.84:
            return HANG_UP, 0.0
        return chance.choice(sorted(set(ANSWERS) - {"accept"})), 0.0

    return decide


class _Call(asyncio.Protocol):
    """One connection to a receiver, for one call after the other."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by its class

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) < answer_length(self._received):
            return
        received, self._received = self._received, b""
        head, _, raw = received.partition(b"\r\n\r\n")
        first, *lines = head.decode(errors="replace").split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
        did, seconds = self._receiver.next_answer(headers.get("webhook-id", ""))
        self._receiver.calls.append(
            Received(
                asyncio.get_running_loop().time(),
                first.split(" ")[1],
                headers,
                raw,
                msgspec.json.decode(raw, type=dict[str, Any]),
                did,
            )
        )
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._answer, did)
        else:
            self._answer(did)

    def _answer(self, did: str) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if did == HANG_UP:
            transport.abort()
            return
        status, body = ANSWERS[did]
        transport.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


@asynccontextmanager
async def receiver(decide: Decide) -> AsyncGenerator[Receiver]:
    """A receiver on a free port of loopback."""
    made = Receiver(0, decide)
    server = await asyncio.get_running_loop().create_server(lambda: _Call(made), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
