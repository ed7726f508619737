"""What Prometheus is told of the partner API: how many answers of each code, and how long they took."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ANSWERS: Final = Counter(
    "cheonggu_api_answers",
    "Answers of the partner API by operation and code.",
    ["operation", "code"],
)
SECONDS: Final = Histogram(
    "cheonggu_api_seconds",
    "From the first byte read of a request's body to its answer.",
    ["operation"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
THROTTLED: Final = Counter(
    "cheonggu_throttled_guesses",
    "Wrong apiKeys and short codes above what an address may try in a minute, by kind.",
    ["kind"],
)
BACKLOG: Final = Gauge("cheonggu_backlog", "Rows that are due and wait for a worker, by kind.", ["kind"])
WORKERS: Final = Gauge("cheonggu_workers", "Workers that said within 10 seconds that they live.")
NO_OPERATION: Final = "none"
"""Stands for every path that is no operation: paths are a stranger's choice and would fill the memory."""


def count_answer(operation: str, code: str, seconds: float) -> None:
    """Count one answer."""
    _counter(operation, code).inc()
    _histogram(operation).observe(seconds)


@cache
def _counter(operation: str, code: str) -> Counter:
    return ANSWERS.labels(operation, code)


@cache
def _histogram(operation: str) -> Histogram:
    return SECONDS.labels(operation)
