"""Runs a load generator against a server, and looks at what both of them took meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from bench.load import MEASURED, MEASURING, READY, Outcome, Spec
from bench.processes import Cost, Watch
from bench.service import ROOT

Glance = Callable[[], Awaitable[float]]
"""Something else to look at when the measured time begins and when it ends."""


class LoadFailed(Exception):
    """The load could not be applied, or not every answer to it was right."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one load came to, and what it took."""

    outcome: Outcome
    cost: Cost
    """The load generator among the parts."""
    glances: tuple[float, float]

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.outcome.measured / self.outcome.seconds


async def drive(spec: Spec, parts: Mapping[str, int], glance: Glance | None = None) -> Run:
    """Apply a load. Raises LoadFailed unless every answer was right and the requests lasted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.load"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(spec) + b"\n")
        await _expect(process.stdout, READY)
        watch = Watch(parts)
        process.stdin.write(b"go\n")
        await _expect(process.stdout, MEASURING)
        watch.begin()
        first = await glance() if glance else 0.0
        await _expect(process.stdout, MEASURED)
        cost = watch.end()
        last = await glance() if glance else 0.0
        outcome = msgspec.json.decode(await _line(process.stdout), type=Outcome)
    finally:
        if process.returncode is None and not process.stdin.is_closing():
            process.stdin.close()
        await _end(process)
    _check(outcome)
    cost.cpu_seconds["load"] = outcome.cpu_seconds  # its own word, over just the measured time
    cost.rss_mb["load"] = cost.pss_mb["load"] = outcome.rss_mb
    return Run(outcome=outcome, cost=cost, glances=(first, last))


async def _expect(stream: asyncio.StreamReader, sign: str) -> None:
    line = (await _line(stream)).decode().strip()
    if line != sign:
        raise LoadFailed(f"the load generator said {line[:200]!r} and not {sign!r}")


async def _line(stream: asyncio.StreamReader) -> bytes:
    line = await stream.readline()
    if not line:
        raise LoadFailed("the load generator ended early; what it says is above")
    return line


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


def _check(outcome: Outcome) -> None:
    if outcome.wrong:
        raise LoadFailed(f"not every answer was right: {outcome.wrong}")
    if outcome.spent:
        raise LoadFailed("there were too few requests for the time")
