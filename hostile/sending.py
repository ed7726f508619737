"""Sends shots over raw sockets, many at a time, and gathers what came back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from hostile.judging import Answer, faults, read_head
from hostile.requests import Shot

PATIENCE_SECONDS: Final = 15.0
"""Longer than the server's own for a head or a body."""
QUIET_SECONDS: Final = 0.5
"""After so long nothing is expected of a stream that has no end of its own."""
AT_ONCE: Final = 16
_FAULTS_KEPT: Final = 20


@dataclass
class Tally:
    """What became of the shots of one family."""

    shots: int = 0
    answers: int = 0
    server_errors: int = 0
    outside: int = 0
    other: int = 0
    slowest_seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict[int, int])
    kept: list[str] = field(default_factory=list[str])

    @property
    def faults(self) -> int:
        """How many there were of every kind."""
        return self.server_errors + self.outside + self.other

    def add(self, other: Tally) -> None:
        """Count what another one counted, too."""
        self.shots += other.shots
        self.answers += other.answers
        self.server_errors += other.server_errors
        self.outside += other.outside
        self.other += other.other
        self.slowest_seconds = max(self.slowest_seconds, other.slowest_seconds)
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count

    def note(self, shot: Shot, answers: list[Answer], seconds: float) -> None:
        """Count one shot and what is wrong with its answers."""
        self.shots += 1
        self.answers += len(answers)
        if shot.framed:
            self.slowest_seconds = max(self.slowest_seconds, seconds)
        for answer in answers:
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        for fault in faults(shot, answers, seconds):
            self.server_errors += fault.startswith("5xx")
            self.outside += fault.startswith("envelope")
            self.other += not fault.startswith(("5xx", "envelope"))
            if len(self.kept) < _FAULTS_KEPT:
                self.kept.append(f"{fault} | {shot.family} {shot.told}")


class Connection:
    """A connection that is made anew whenever the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, shot: Shot) -> list[Answer]:
        """What came back for one shot. A kept connection that the server let go is no answer: once more."""
        if not shot.framed:
            self.close()
        kept = self._writer is not None
        answers = await self._try(shot)
        if not answers and shot.framed and kept:
            answers = await self._try(shot)
        if not shot.framed or not answers or answers[-1].closes:
            self.close()
        return answers

    async def _try(self, shot: Shot) -> list[Answer]:
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS if shot.framed else 2 * QUIET_SECONDS):
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
                assert self._reader is not None
                self._writer.write(shot.raw)
                writing = asyncio.create_task(self._writer.drain())
                answers.append(await read_answer(self._reader, head_only=shot.head_only))
                writing.cancel()
            while not shot.framed:
                async with asyncio.timeout(QUIET_SECONDS):
                    answers.append(await read_answer(self._reader))
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
        return answers

    def close(self) -> None:
        """Let it go."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answer:
    """The next answer of a connection; IncompleteReadError when it ends first."""
    status, headers = read_head(await reader.readuntil(b"\r\n\r\n"))
    length = 0 if head_only or status in (204, 304) else int(headers.get("content-length", "0"))
    return Answer(status, headers, await reader.readexactly(length))


async def fire(
    host: str,
    port: int,
    shots: Iterable[Shot],
    *,
    at_once: int = AT_ONCE,
    done: Callable[[], None] | None = None,
) -> dict[str, Tally]:
    """Send all shots; what became of them, by family."""
    tallies: dict[str, Tally] = {}
    coming = iter(shots)

    async def one() -> None:
        connection = Connection(host, port)
        for shot in coming:
            began = time.perf_counter()
            answers = await connection.send(shot)
            seconds = time.perf_counter() - began
            tallies.setdefault(shot.family, Tally()).note(shot, answers, seconds)
            if done:
                done()
        connection.close()

    await asyncio.gather(*(one() for _ in range(at_once)))
    return tallies
