"""What Prometheus is told of the partner API: how many answers of each code, and how long they took."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from operator import add
from typing import Final, Self

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

THROTTLED: Final = Counter(
    "cheonggu_throttled_guesses",
    "Wrong apiKeys and short codes above what an address may try in a minute, by kind.",
    ["kind"],
)
BACKLOG: Final = Gauge("cheonggu_backlog", "Rows that are due and wait for a worker, by kind.", ["kind"])
WORKERS: Final = Gauge("cheonggu_workers", "Workers that said within 10 seconds that they live.")
NO_OPERATION: Final = "none"
"""Stands for every path that is no operation: paths are a stranger's choice and would fill the memory."""


_BOUNDS_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, inf)
_LE: Final = [*map(str, _BOUNDS_SECONDS[:-1]), "+Inf"]


class _Times:
    """How often an operation was answered with a code, by how long that took."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS_SECONDS)
        self.seconds = 0.0

    def __iadd__(self, other: _Times) -> Self:
        self.counts = [*map(add, self.counts, other.counts)]
        self.seconds += other.seconds
        return self


class Answers(Collector):
    """Counts answers in plain numbers, which become metrics when somebody asks for those.

    The library's own counter and histogram take a lock for each number: twice the time, in every create.
    """

    def __init__(self) -> None:
        self._times: defaultdict[tuple[str, str], _Times] = defaultdict(_Times)

    def count(self, operation: str, code: str, seconds: float) -> None:
        """Count one answer."""
        times = self._times[operation, code]
        times.counts[bisect_left(_BOUNDS_SECONDS, seconds)] += 1
        times.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """What was counted, as Prometheus takes it."""
        answers = CounterMetricFamily(
            "cheonggu_api_answers",
            "Answers of the partner API by operation and code.",
            labels=("operation", "code"),
        )
        by_operation: defaultdict[str, _Times] = defaultdict(_Times)
        for (operation, code), times in self._times.items():
            answers.add_metric((operation, code), sum(times.counts))
            by_operation[operation] += times
        yield answers
        seconds = HistogramMetricFamily(
            "cheonggu_api_seconds",
            "From the first byte read of a request's body to its answer.",
            labels=("operation",),
        )
        for operation, times in by_operation.items():
            buckets = list(zip(_LE, accumulate(times.counts), strict=True))
            seconds.add_metric((operation,), buckets, times.seconds)
        yield seconds


ANSWERS: Final = Answers()
REGISTRY.register(ANSWERS)
