"""The programme: which scenes there are, and how they are played one after the other on one stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import (
    ceiling,
    deliveries,
    dev,
    growth,
    lookups,
    machine,
    openloop,
    payments,
    plans,
    start,
)
from bench.bodies import Who
from bench.comparison import Comparison
from bench.creating import Creator
from bench.effort import Effort
from bench.results import Book
from bench.show import Show
from bench.stage import Stage, stage


@dataclass
class Hall:
    """What every scene works with."""

    stage: Stage
    effort: Effort
    book: Book
    show: Show
    many: list[Who]
    directory: Path

    @property
    def creator(self) -> Creator:
        """Who creates bills."""
        return Creator(self.effort, self.book, self.many)


@dataclass(frozen=True)
class Scene:
    """A part of the programme: how many steps it has, and how it goes."""

    title: str
    steps: Callable[[Hall], int]
    play: Callable[[Hall], Awaitable[None]]
