"""The programme: which scenes there are, played one after the other on one stage."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Final, Protocol

from bench import (
    ceiling,
    comparison,
    deliveries,
    dev,
    growth,
    lookups,
    machine,
    openloop,
    payments,
    start,
)
from bench.effort import Effort
from bench.hall import Hall
from bench.results import Book
from bench.show import Show
from bench.stage import stage


class Scene(Protocol):
    """A part of the programme: a module with these."""

    @property
    def TITLE(self) -> str:  # noqa: N802 - a module's constant
        """What it is about."""
        ...

    def steps(self, effort: Effort, /) -> int:
        """How many steps the progress bar has."""
        ...

    def play(self, hall: Hall, /) -> Awaitable[None]:
        """Measure, and book what was measured."""
        ...


SCENES: Final[dict[str, Scene]] = {
    "ceiling": ceiling,
    "comparison": comparison,
    "latency": openloop,
    "requests": lookups,
    "deliveries": deliveries,
    "payments": payments,
    "growth": growth,
    "start": start,
    "dev": dev,
}


async def perform(effort: Effort, out: Path, directory: Path) -> None:
    """Play the scenes of an effort, show each one's figures, and write all of them to a file."""
    show = Show()
    book = Book(out)
    async with stage(directory) as made:
        for fact in await machine.facts(made, effort, directory):
            book.note(fact)
        many = await made.make_template(effort.many)
        hall = Hall(made, effort, book, show, many, directory)
        for name in effort.scenes:
            scene, began = SCENES[name], time.monotonic()
            known = {one.name for one in book.measurements()}
            with show.scene(scene.TITLE, scene.steps(effort)):
                await scene.play(hall)
            book.save()
            show.table(scene.TITLE, [one for one in book.measurements() if one.name not in known])
            show.say(f"{name}: {time.monotonic() - began:.0f} s")
    show.say(f"Written: {out}")
