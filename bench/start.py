"""How long `cheonggu dev` takes until it is ready, and what everything takes while nothing happens."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.effort import Effort
from bench.hall import Hall
from bench.processes import Watch, children, command_of
from bench.results import Figure, Measurement, Round
from bench.service import DidNotStart, Running, free_port, spawned
from cheonggu.store import embedded

TITLE: Final = "Start and rest"
_REST_SECONDS: Final = 3.0


def steps(effort: Effort) -> int:
    """Cold and warm starts, and a rest."""
    return 2 * effort.starts


@dataclass
class Dev:
    """A `cheonggu dev` that is ready."""

    running: Running
    data: Path
    seconds: float
    """From the command to its `ready:` line."""


async def play(hall: Hall) -> None:
    """Start on an empty directory, and again on the same one."""
    for nth in range(hall.effort.starts):
        data = hall.directory.with_name(f"{hall.directory.name}-dev")
        for kind in ("cold", "warm"):
            hall.show.doing(f"{kind} start")
            async with dev(data) as ready:
                figure = Figure(
                    name=f"start.dev.{kind}", title=f"cheonggu dev, {kind}, to ready", group=TITLE, unit="s"
                )
                hall.book.add(figure, Round(value=ready.seconds))
                if kind == "warm" and nth == hall.effort.starts - 1:
                    await _rest(hall, ready.running)
            hall.show.did()
        erase(data)


async def _rest(hall: Hall, running: Running) -> None:
    """Let it be, and look at what each part takes."""
    watch = Watch(running.parts)
    watch.begin()
    await asyncio.sleep(_REST_SECONDS)
    cost = watch.end()
    for part in running.parts:
        alone = part in {"server", "worker"}  # the others are many processes that share pages
        share = round(cost.cpu_seconds[part] / _REST_SECONDS, 4)
        hall.book.note(
            Measurement(
                name=f"rest.{part}",
                title=f"{part} at rest, {'resident' if alone else 'proportional'} memory",
                group=TITLE,
                value=cost.rss_mb[part] if alone else cost.pss_mb[part],
                unit="MB",
                more={"rss_mb": cost.rss_mb[part], "pss_mb": cost.pss_mb[part], "cpu_share": share},
            )
        )


@asynccontextmanager
async def dev(data: Path) -> AsyncGenerator[Dev]:
    """`cheonggu dev` on a directory, until it is told to stop."""
    port = free_port()
    began = time.perf_counter()
    async with spawned(
        *("-m", "cheonggu", "dev", "--port", str(port), "--data", str(data)),
        environment={},
        stdout=asyncio.subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if line.startswith(b"ready:"):
                break
        else:
            raise DidNotStart
        seconds = time.perf_counter() - began
        yield Dev(Running(port, {"everything": process.pid} | _parts(process.pid)), data, seconds)


def _parts(supervisor: int) -> dict[str, int]:
    """The processes below the supervisor, by what they are."""
    names = {" serve ": "server", " worker ": "worker", "postgres": "database"}
    found: dict[str, int] = {}
    for pid in children(supervisor):
        command = command_of(pid)
        found |= {part: pid for sign, part in names.items() if sign in command}
    return found


def erase(data: Path) -> None:
    """Remove a data directory, and its database wherever that lives."""
    embedded.erase(data)
    shutil.rmtree(data, ignore_errors=True)
