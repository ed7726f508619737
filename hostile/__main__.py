"""`python -m hostile`: everything against a service of its own. Prints what became of it; harm exits 1."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import sys
from typing import Final

from rich.console import Console
from rich.table import Table
from tests.running_dev import cheonggu

from hostile import canaries, crowds, neighbours
from hostile.corpus import everything
from hostile.forbidden import try_everything
from hostile.judging import SLOWEST_SECONDS
from hostile.sending import Tally, fire
from hostile.service import HOST, Target, target
from hostile.streams import streams

LEAST_REQUESTS: Final = 20_000
MOST_GROWTH_MB: Final = 50.0
WARM_UP_EVERY: Final = 10
CROWD_PATIENCE_SECONDS: Final = 40.0
HEALTHY: Final = 200
OF_EACH_HOSTILE: Final = 20
_FAULTS_SHOWN: Final = 40


class Programme:
    """Plays every part, and remembers the harm that was done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.harm: list[str] = []

    async def play(self) -> None:
        """All of it, against a service and against receivers."""
        with target() as at:
            await self._corpus(at)
            await self._canaries(at)
            await self._crowds(at)
            await self._neighbours(at)
            self._books(at)
        await self._forbidden()

    async def _corpus(self, at: Target) -> None:
        await fire(HOST, at.port, everything(at.code, every=WARM_UP_EVERY))
        before = at.memory()
        tallies = await fire(HOST, at.port, itertools.chain(everything(at.code), streams()))
        after = at.memory()
        self._show(_corpus_table(tallies))
        for tally in tallies.values():
            self.harm += tally.kept
        shots = sum(tally.shots for tally in tallies.values())
        self._bound(f"{shots:,} requests of {LEAST_REQUESTS:,} at least", held=shots >= LEAST_REQUESTS)
        for part, megabytes in after.items():
            growth = megabytes - before[part]
            told = f"memory of {part}: {before[part]:.0f} MB before, {megabytes:.0f} MB after"
            self._bound(told, held=growth < MOST_GROWTH_MB)

    async def _canaries(self, at: Target) -> None:
        shots = list(canaries.sent_everywhere(at.code, f"{at.dev.url}/sandbox/receiver"))
        tallies = await fire(HOST, at.port, shots)
        self._show(_corpus_table(tallies))
        self.harm += tallies["canaries"].kept
        log = at.log()
        self.harm += [f"canary in the log: {canary}" for canary in canaries.leaks(log)]
        self.harm += [f"log line is none: {line[:100]!r}" for line in unsound_lines(at.dev.complaints)]
        told = f"{len(log.splitlines()):,} log lines without a canary, each one record"
        self._bound(told, held=not canaries.leaks(log) and not unsound_lines(at.dev.complaints))

    async def _crowds(self, at: Target) -> None:
        table = _table("Crowds", "connections", "slowest answer to others, s", "thrown out after, s")
        for crowd in crowds.CROWDS:
            seen = await crowds.meet(HOST, at.port, crowd, crowd.many, CROWD_PATIENCE_SECONDS)
            left = "" if math.isinf(seen.left_after_seconds) else f"{seen.left_after_seconds:.1f}"
            table.add_row(crowd.told, str(seen.connections), f"{seen.slowest_seconds:.3f}", left)
            if seen.slowest_seconds > SLOWEST_SECONDS:
                self.harm.append(f"crowd that {crowd.told}: others waited {seen.slowest_seconds:.1f} s")
        self._show(table)
        answered = await crowds.flood(HOST, at.port)
        told = f"{answered:,} of {crowds.FLOOD:,} pipelined requests answered, the service well afterwards"
        self._bound(told, held=await crowds.ask(HOST, at.port) < SLOWEST_SECONDS)

    def _books(self, at: Target) -> None:
        """Whatever was sent, the books must hold."""
        asked = cheonggu("verify", CHEONGGU_DATA_DIR=str(at.directory / "data"))
        told = asked.stdout.strip().splitlines()
        self._bound(f"the books: {told[-1] if told else asked.stderr}", held=asked.returncode == 0)

    async def _neighbours(self, at: Target) -> None:
        seen = await neighbours.measured(at, healthy=HEALTHY, each=OF_EACH_HOSTILE)
        self._bound(seen.told, held=seen.held)

    async def _forbidden(self) -> None:
        seen = await try_everything()
        told = f"{seen.tried:,} ways inside: {len(seen.forbidden)} forbidden connects of {len(seen.connects)}"
        self._bound(told, held=not seen.forbidden)

    def _show(self, table: Table) -> None:
        self._console.print(table)

    def _bound(self, told: str, *, held: bool) -> None:
        self._console.print(("held    " if held else "BROKEN  ") + told, highlight=False, markup=False)
        if not held:
            self.harm.append(told)


def unsound_lines(lines: list[str]) -> list[str]:
    """Log lines that are neither one JSON record nor a sentence of `cheonggu dev` itself."""
    return [line for line in lines if not line.startswith("cheonggu dev: ") and not _is_record(line)]


def _is_record(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict) and line.rstrip("\n").isprintable()
    except ValueError:
        return False


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", pad_edge=False)
    for name in ("", *columns):
        table.add_column(name, justify="right" if name else "left")
    return table


def _corpus_table(tallies: dict[str, Tally]) -> Table:
    table = _table(
        "Requests", "sent", "answers", "5xx", "outside the envelope", "other faults", "slowest, s", "statuses"
    )
    total = Tally()
    for family, tally in tallies.items():
        table.add_row(family, *_row(tally))
        total.add(tally)
    table.add_row("together", *_row(total))
    return table


def _row(tally: Tally) -> list[str]:
    counts = (tally.shots, tally.answers, tally.server_errors, tally.outside, tally.other)
    statuses = " ".join(f"{status}:{count}" for status, count in sorted(tally.statuses.items()))
    return [*(f"{count:,}" for count in counts), f"{tally.slowest_seconds:.2f}", statuses]


def main() -> None:
    """Run it all; harm ends with 1."""
    programme = Programme(Console(width=None if Console().is_terminal else 150))
    asyncio.run(programme.play())
    for fault in programme.harm[:_FAULTS_SHOWN]:
        sys.stderr.write(f"hostile: {fault}\n")
    sys.exit(1 if programme.harm else 0)


if __name__ == "__main__":
    main()
