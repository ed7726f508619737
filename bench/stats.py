"""The few statistics that are quoted: medians, spreads, percentiles, and ratios of medians."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """The middle of several rounds, and how far they lie apart."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values do not exceed (nearest rank).

    Zero without values. `ascending` has to be sorted.
    """
    if not 0 < share <= 1:
        raise ValueError("a share is above 0 and at most 1")
    if not ascending:
        return 0.0
    rank = math.ceil(len(ascending) * share - 1e-9)  # without the float's own dust
    return ascending[max(rank, 1) - 1]


def ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """How many times the one median is the other; never a mean of quotients, which noise flatters."""
    return statistics.median(values) / statistics.median(others)


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long answers took, in milliseconds."""

    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    most_ms: float


def latency(seconds: Sequence[float]) -> Latency:
    """The percentiles of durations in seconds, in any order."""
    ascending = sorted(seconds)

    def at(share: float) -> float:
        return round(percentile(ascending, share) * 1000, 3)

    return Latency(p50_ms=at(0.5), p90_ms=at(0.9), p99_ms=at(0.99), p999_ms=at(0.999), most_ms=at(1))
