"""The load generator, a process of its own: `python -m bench.load`, told what to do on standard input.

Requests are made before the clock starts, and no garbage is collected while it runs.
"""

from __future__ import annotations

import gc
import resource
import sys
from math import inf
from time import perf_counter
from typing import Final

import msgspec

from bench.bodies import Requests, prepare
from bench.loops import Tally, closed_loop, moments, open_loop
from bench.stats import Latency, latency
from bench.wire import Connection

READY: Final = "ready"
MEASURING: Final = "measuring"
MEASURED: Final = "measured"


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. Without a rate each client sends as soon as it is answered (closed loop)."""

    port: int
    requests: Requests
    clients: int
    seconds: float | None = None
    """How long it is measured; without it until every request has been answered."""
    warm_up_seconds: float = 0.0
    rate: float | None = None
    """Open loop: so many requests a second, at random moments, whether or not answers come."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `right` counts every right answer, `measured` those within the measured time."""

    measured: int
    seconds: float
    right: int
    wrong: dict[str, int]
    latency: Latency
    late: Latency
    """Open loop: how long after its moment a request was sent although a connection was free."""
    cpu_seconds: float
    rss_mb: float
    spent: bool
    """Whether there were too few requests for the time."""


def run(spec: Spec) -> Outcome:
    """Prepare, wait for the word on standard input, send, and give what came of it."""
    requests, expected = prepare(spec.requests)
    supply = iter(requests)
    connections = [Connection(spec.port) for _ in range(spec.clients)]
    gc.collect()
    gc.freeze()
    gc.disable()
    _tell(READY)
    sys.stdin.readline()
    cpu: list[float] = []

    def passed(sign: str) -> None:
        cpu.append(_cpu_seconds())
        _tell(sign)

    since = perf_counter() + spec.warm_up_seconds
    until = inf if spec.seconds is None else since + spec.seconds
    tally = Tally(expected, since, until, lambda: passed(MEASURING), lambda: passed(MEASURED))
    if spec.rate is None:
        closed_loop(connections, supply, tally)
    else:
        open_loop(connections, supply, tally, moments(spec.rate, perf_counter(), tally.until))
    for connection in connections:
        connection.close()
    return Outcome(
        measured=len(tally.durations),
        seconds=tally.until - tally.since,
        right=tally.right,
        wrong=dict(tally.wrong),
        latency=latency(tally.durations),
        late=latency(tally.lateness),
        cpu_seconds=round(cpu[1] - cpu[0], 3),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
        spent=spec.seconds is not None and next(supply, None) is None,
    )


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Take a Spec as one line of JSON, give an Outcome as the last one."""
    outcome = run(msgspec.json.decode(sys.stdin.readline(), type=Spec))
    _tell(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main()
