"""The storm: the whole service under load while everything that can fail does, and the audit after it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from chaos.actors import Actor
from chaos.database import database_server
from chaos.faults import Hands, Tally, plan
from chaos.found import keep
from chaos.receiver import moody
from chaos.record import Record
from chaos.settle import settle, verify, violations
from chaos.takeover import MOST_LEASES, Takeovers, takeovers
from chaos.world import Shape, World, world

START_HOUR: Final = 18
"""Seoul's, when the load begins; a third of the way the clock is moved to just before midnight."""
_BEFORE_MIDNIGHT_SECONDS: Final = 4.0
_LATER_SECONDS: Final = 10 * 3600.0
"""How far the clock is moved at two thirds; all in all less than the 24 hours after which callbacks end."""
GOOD_WRITE_SECONDS: Final = 5.0
_LAST_STEPS_SECONDS: Final = 40.0
HANGING: Final = 0
"""The receiver that hangs at times: the service then gives it one lane, whatever waits."""


@dataclass(frozen=True)
class Effort:
    """How long the storm lasts, and how hard it blows."""

    seconds: float
    actors: int
    freezes: int


FULL: Final = Effort(seconds=200, actors=96, freezes=2)
SHORT: Final = Effort(seconds=14, actors=24, freezes=0)


@dataclass(frozen=True)
class Weather:
    """What a storm came to."""

    seed: str
    seconds: float
    seconds_in_all: float
    record: Record
    tally: Tally
    takeovers: Takeovers
    approved: int
    callbacks: int
    calls: int
    unknown_payments: int
    complaints: dict[str, int]
    violations: list[str]

    @property
    def returns(self) -> list[Return]:
        """How the database server came back each time it was killed, where the next kill left the time."""
        killed = [*self.tally.killed_at, float("inf")]
        found: list[Return] = []
        for nth, back in enumerate(self.tally.back_at):
            first = min((at for at in self.record.good_writes if at > back), default=float("inf"))
            if first < killed[nth + 1]:
                found.append(Return(back - killed[nth], first - killed[nth]))
        return found


class Return(NamedTuple):
    """Seconds from a kill of the database server to its connections, and to the next acknowledged write."""

    up: float
    good_write: float


async def storm(seed: str, effort: Effort, source: Path | None = None) -> Weather:
    """Run a storm on a server of its own, let everything settle, and audit it."""
    shape, start = _shape(seed, source), time.monotonic()
    async with database_server() as server, world(server, server.directory, shape) as made:
        await made.advance(made.time.until_hour(START_HOUR))
        async with takeovers(made, made.receiver_ports[HANGING]) as watch:
            began = asyncio.get_running_loop().time()
            hands = Hands(made)
            await _blow(made, hands, seed, effort)
            seconds = asyncio.get_running_loop().time() - began
            for receiver in made.receivers:
                receiver.behave()
            found = [*await settle(made), *await violations(made)]
        if watch.longest_leases > MOST_LEASES:
            found.append(f"time: work lay still for {watch.longest_leases:.2f} leases: {watch.longest}")
        said = await verify(made.apis[0])
        if not said["holds"]:
            found.append(f"rule: cheonggu verify --settled: {said['problem']}")
        lasted = (seconds, time.monotonic() - start)
        await keep(made, "storm", seed, found)
        return await _weather(made, seed, lasted, hands.tally, watch, found)


def _shape(seed: str, source: Path | None) -> Shape:
    return Shape(moods=lambda nth: moody(f"{seed}/{nth}", hangs=nth == HANGING), source=source)


async def _blow(made: World, hands: Hands, seed: str, effort: Effort) -> None:
    """Load and faults, side by side, until the time is up; then an end to every fault."""
    stop = asyncio.Event()
    actors = [asyncio.create_task(Actor(made, seed, number).work(stop)) for number in range(effort.actors)]
    midnight = asyncio.create_task(_move_clock(made, effort.seconds))
    try:
        async with asyncio.timeout(effort.seconds * 3):
            await hands.carry_out(plan(seed, effort.seconds, freezes=effort.freezes))
    finally:
        stop.set()
        await hands.undo()
        midnight.cancel()
        done, late = await asyncio.wait(actors, timeout=_LAST_STEPS_SECONDS)
        for actor in late:
            actor.cancel()
        await asyncio.gather(midnight, *late, return_exceptions=True)
    for actor in done:
        actor.result()


async def _move_clock(made: World, seconds: float) -> None:
    await asyncio.sleep(seconds / 3)
    await made.advance(made.time.until_midnight() - _BEFORE_MIDNIGHT_SECONDS)
    await asyncio.sleep(seconds / 3)
    await made.advance(_LATER_SECONDS)


async def _weather(
    made: World, seed: str, lasted: tuple[float, float], tally: Tally, watch: Takeovers, found: list[str]
) -> Weather:
    complaints: dict[str, int] = {}
    for part in made.parts:
        for event, count in part.complaints().items():
            complaints[event] = complaints.get(event, 0) + count
    async with made.database() as db:
        row = await db.fetchrow(_COUNTS)
    assert row is not None
    return Weather(
        seed=seed,
        seconds=lasted[0],
        seconds_in_all=lasted[1],
        record=made.record,
        tally=tally,
        takeovers=watch,
        approved=row["approved"],
        callbacks=row["callbacks"],
        calls=sum(len(receiver.calls) for receiver in made.receivers),
        unknown_payments=row["unknown"],
        complaints=complaints,
        violations=found,
    )


_COUNTS: Final = """
SELECT (SELECT count(*) FROM attempt_history WHERE to_state = 'APPROVED') AS approved,
       (SELECT count(*) FROM attempt_history WHERE to_state = 'UNKNOWN') AS unknown,
       (SELECT count(*) FROM callback WHERE state = 'DELIVERED') AS callbacks
"""
