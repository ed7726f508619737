"""The two ways to load a server: as fast as it answers, or at a rate that does not wait for it.

Both are one loop over epoll in plain Python: an answer costs a recv, a look for its end and its code, and the
send of the next request. What is measured is what was answered between `since` and `until`.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from select import EPOLLIN, epoll, select
from time import perf_counter
from typing import Final

from bench.wire import Connection, gist, is_right

_PATIENCE_SECONDS: Final = 30.0


class NoAnswer(Exception):
    """The server has not answered anything for half a minute."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass
class Tally:
    """What is counted while time runs, and who is told when the measured part of it begins and ends."""

    expected: bytes
    since: float
    until: float
    begun: Callable[[], None]
    ended: Callable[[], None]
    right: int = 0
    wrong: Counter[str] = field(default_factory=Counter[str])
    durations: list[float] = field(default_factory=list[float])
    lateness: list[float] = field(default_factory=list[float])
    _stage: int = 0

    def answered(self, answer: bytes, began: float, now: float) -> None:
        """Count one answer."""
        if is_right(answer, self.expected):
            self.right += 1
        else:
            self.wrong[gist(answer)] += 1
        if self.since <= now < self.until:
            self.durations.append(now - began)

    def pass_time(self, now: float) -> None:
        """Tell whoever waits for it that a moment has come."""
        if self._stage == 0 and now >= self.since:
            self._stage = 1
            self.begun()
        if self._stage == 1 and now >= self.until:
            self._stage = 2
            self.ended()


class _Answers:
    """The answers that have come, over all connections."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._by_fd = {connection.fd: connection for connection in connections}
        self._poll = epoll()
        for fd in self._by_fd:
            self._poll.register(fd, EPOLLIN)

    def next(self) -> Iterator[tuple[Connection, bytes]]:
        """Whole answers, as soon as there are some."""
        return self._read(_PATIENCE_SECONDS)

    def within(self, seconds: float) -> Iterator[tuple[Connection, bytes]]:
        """Whole answers, at the latest after so many seconds; epoll alone would round up to milliseconds."""
        if seconds > 0:
            select([self._poll], [], [], seconds)
        return self._read(0)

    def _read(self, seconds: float) -> Iterator[tuple[Connection, bytes]]:
        for fd, _ in self._poll.poll(seconds):
            connection = self._by_fd[fd]
            answer = connection.receive()
            if answer is not None:
                yield connection, answer


def closed_loop(connections: Sequence[Connection], supply: Iterator[bytes], tally: Tally) -> None:
    """Each connection sends its next request when it is answered, until the time is up."""
    answers = _Answers(connections)
    under_way = 0
    for connection, request in zip(connections, supply, strict=False):
        connection.send(request, perf_counter())
        under_way += 1
    last = perf_counter()
    while under_way:
        for connection, answer in answers.next():
            last = now = perf_counter()
            tally.answered(answer, connection.began, now)
            request = next(supply, None) if now < tally.until else None
            if request is None:
                under_way -= 1
            else:
                connection.send(request, now)
        _check_patience(last)
        tally.pass_time(perf_counter())
    _see_out(tally)


def moments(rate: float, begin: float, until: float) -> list[float]:
    """When requests are due: at random, so many a second on average (a Poisson process)."""
    chance = random.Random()  # noqa: S311 - no secrets
    due: list[float] = []
    at = begin
    while (at := at + chance.expovariate(rate)) < until:
        due.append(at)
    return due


def open_loop(
    connections: Sequence[Connection], supply: Iterator[bytes], tally: Tally, due: Sequence[float]
) -> None:
    """Send each request at its moment. One that finds no connection free waits, and its clock runs."""
    answers = _Answers(connections)
    idle = list(connections)
    waiting: deque[tuple[float, bytes]] = deque()
    nth, last = 0, perf_counter()
    while nth < len(due) or len(idle) < len(connections):
        now = perf_counter()
        tally.pass_time(now)
        while nth < len(due) and due[nth] <= now:
            request = next(supply)
            if idle:
                tally.lateness.append(now - due[nth])
                idle.pop().send(request, due[nth])
            else:
                waiting.append((due[nth], request))
            nth += 1
        pause = due[nth] - perf_counter() if nth < len(due) else _PATIENCE_SECONDS
        for connection, answer in answers.within(pause):
            last = now = perf_counter()
            tally.answered(answer, connection.began, now)
            if waiting:
                began, request = waiting.popleft()
                connection.send(request, began)
            else:
                idle.append(connection)
        if len(idle) < len(connections):
            _check_patience(last)
    _see_out(tally)


def _see_out(tally: Tally) -> None:
    """Everything was answered. Wait for the end of the time: what others cost is measured over all of it."""
    tally.until = perf_counter() if tally.until == inf else tally.until
    while (now := perf_counter()) < tally.until:
        tally.pass_time(now)
        select([], [], [], min(0.05, tally.until - now))
    tally.pass_time(perf_counter())


def _check_patience(last: float) -> None:
    if perf_counter() - last > _PATIENCE_SECONDS:
        raise NoAnswer
