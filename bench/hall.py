"""What every scene works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.bodies import Who
from bench.creating import Creator
from bench.effort import Effort
from bench.results import Book
from bench.show import Show
from bench.stage import Stage


@dataclass(frozen=True)
class Hall:
    """A stage, how much is to be measured on it, and where that is told."""

    stage: Stage
    effort: Effort
    book: Book
    show: Show
    many: list[Who]
    """Partners beside the hot one."""
    directory: Path

    @property
    def creator(self) -> Creator:
        """Who creates bills."""
        return Creator(self.effort, self.book, self.many)
