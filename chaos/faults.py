"""The faults: a plan made from a seed, and the hands that carry it out."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from chaos.world import World

FREEZE_SECONDS: Final = 36.0
"""Longer than any lease of the worker's."""
_EVERY_SECONDS: Final = {
    "kill api": 1.8,
    "kill worker": 2.4,
    "kill server": 8.0,
    "kill backend": 16.0,
    "cut": 4.0,
    "hold": 14.0,
    "slow": 11.0,
    "blink": 5.0,
    "cut receiver": 7.0,
    "slow receiver": 9.0,
}
"""How often each comes, on average."""
_FIRST_SECONDS: Final = 2.0
_OF_API: Final = {"kill api", "cut", "hold", "slow", "blink", "kill backend"}
_SPARED_SECONDS: Final = 2.5


class Fault(msgspec.Struct, frozen=True):
    """What happens, when, to which of several, and for how long."""

    at_seconds: float
    what: str
    whom: int
    lasts_seconds: float = 0.0


def plan(seed: str, seconds: float, *, freezes: int) -> list[Fault]:
    """The faults of a run: the same ones for the same seed."""
    faults: list[Fault] = []
    for what, every in _EVERY_SECONDS.items():
        chance = random.Random(f"{seed}/{what}")  # noqa: S311 - no secrets
        at = _FIRST_SECONDS + chance.uniform(0, every)
        while at < seconds:
            faults.append(Fault(round(at, 3), what, chance.randrange(1000), _lasting(what, chance)))
            at += chance.uniform(0.5, 1.5) * every
    apart = seconds / (2 * freezes) if freezes else 0.0
    for nth in range(freezes):
        at = _FIRST_SECONDS + 2 * nth * apart
        faults.append(Fault(round(at, 3), "freeze worker", nth, FREEZE_SECONDS))
        faults.append(Fault(round(at + apart, 3), "isolate worker", nth + 1, FREEZE_SECONDS))
    return _spared(sorted(faults, key=lambda fault: fault.at_seconds))


def _spared(faults: list[Fault]) -> list[Fault]:
    """Without what would befall the API just after the server was killed, as its way back is measured."""
    killed = [fault.at_seconds for fault in faults if fault.what == "kill server"]
    return [
        fault
        for fault in faults
        if fault.what not in _OF_API or not any(0 < fault.at_seconds - at < _SPARED_SECONDS for at in killed)
    ]


def _lasting(what: str, chance: random.Random) -> float:
    match what:
        case "cut":
            return round(chance.uniform(0.05, 1.5), 3)
        case "hold":
            return round(chance.uniform(0.5, 3), 3)
        case "slow" | "slow receiver":
            return round(chance.uniform(1, 4), 3)
        case "cut receiver":
            return round(chance.uniform(0, 2), 3)
        case _:
            return 0.0


@dataclass
class Tally:
    """What was done, and how soon all was well again."""

    done: Counter[str] = field(default_factory=Counter[str])
    killed_at: list[float] = field(default_factory=list[float])
    """When the database server was killed."""
    back_at: list[float] = field(default_factory=list[float])
    """When it took connections again."""

    @property
    def kills(self) -> int:
        """SIGKILLs, each of one part or of one server."""
        return sum(count for what, count in self.done.items() if what.startswith("kill"))


class Hands:
    """Carries faults out. One that lasts is ended by a task of its own."""

    def __init__(self, world: World) -> None:
        self.tally = Tally()
        self._world = world
        self._ends: set[asyncio.Task[None]] = set()
        self._isolated: set[str] = set()

    async def carry_out(self, faults: list[Fault]) -> None:
        """One after the other, each at its time; time stands still while the server is started again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for fault in faults:
            await asyncio.sleep(max(0.0, began + fault.at_seconds - loop.time()))
            before = loop.time()
            await self._do(fault)
            began += loop.time() - before

    async def undo(self) -> None:
        """End what lasts, now."""
        for task in list(self._ends):
            task.cancel()
        await asyncio.gather(*self._ends, return_exceptions=True)
        for worker in self._world.workers:
            worker.wake()
        for proxy in self._world.proxies.values():
            proxy.mend()

    async def _do(self, fault: Fault) -> None:
        world, whom = self._world, fault.whom
        done = True
        match fault.what:
            case "kill api":
                done = world.apis[whom % len(world.apis)].kill()
            case "kill worker":
                done = self._kill_worker(whom)
            case "kill server":
                await self._kill_server(children=bool(whom % 2))
            case "kill backend":
                done = world.server.kill_backend(whom)
            case "freeze worker":
                done = self._freeze_worker(whom, fault.lasts_seconds)
            case _:
                self._disturb(fault)
        self.tally.done[fault.what] += done

    def _kill_worker(self, whom: int) -> bool:
        worker = self._world.workers[whom % len(self._world.workers)]
        return not worker.frozen and worker.kill()

    def _freeze_worker(self, whom: int, seconds: float) -> bool:
        worker = self._world.workers[whom % len(self._world.workers)]
        if not worker.freeze():
            return False
        self._later(seconds, worker.wake)
        return True

    async def _kill_server(self, *, children: bool) -> None:
        loop = asyncio.get_running_loop()
        self.tally.killed_at.append(loop.time())
        self._world.server.kill(children=children)
        await self._world.server.restart()
        self.tally.back_at.append(loop.time())

    def _disturb(self, fault: Fault) -> None:
        """What the proxies can do."""
        world, seconds = self._world, fault.lasts_seconds
        of_parts = [part.name for part in world.parts]
        of_receivers = [name for name in world.proxies if name.startswith("receiver")]
        names = of_receivers if fault.what.endswith("receiver") else of_parts
        if fault.what == "isolate worker":
            names = [part.name for part in world.workers]
        name = names[fault.whom % len(names)]
        if name in self._isolated:
            return
        if fault.what == "isolate worker":
            self._isolated.add(name)
        proxy = world.proxies[name]
        match fault.what.split()[0]:
            case "cut" | "isolate":
                proxy.cut()
            case "hold":
                proxy.holding = True
            case "slow":
                proxy.delay_seconds = 0.03
            case _:
                proxy.blink()
        if seconds:
            self._later(seconds, lambda: self._mend(name, isolated=fault.what == "isolate worker"))

    def _mend(self, name: str, *, isolated: bool) -> None:
        if isolated:
            self._isolated.discard(name)
        if name not in self._isolated:
            self._world.proxies[name].mend()

    def _later(self, seconds: float, end: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            end()

        task = asyncio.create_task(wait())
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
