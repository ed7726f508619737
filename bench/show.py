"""What is seen while it runs: a progress bar, and the figures when a scene is over."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.results import Measurement

PARTS: Final = ("server", "worker", "database", "load")
COLUMNS: Final = ("", "median", "from – to", "ratio", "p50 ms", "p99 ms", "CPU µs each*", "PSS MB*")
FOOTNOTE: Final = f"* {' · '.join(PARTS)}"


class Show:
    """Tells people, on the terminal or in a log, how far it is."""

    def __init__(self) -> None:
        self.console = Console(width=None if Console().is_terminal else 140)
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    @contextmanager
    def scene(self, title: str, steps: int) -> Generator[None]:
        """A part of the benchmark that is done in so many steps."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            self._progress, self._task = progress, progress.add_task(title, total=steps)
            self._title = title
            yield
        self._progress = self._task = None

    def doing(self, what: str) -> None:
        """Say what is being done; the step before it is over."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=f"{self._title}: {what}")

    def did(self) -> None:
        """A step is over."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self.console.print(sentence, highlight=False)

    def table(self, title: str, measurements: Sequence[Measurement]) -> None:
        """The figures of a scene."""
        if measurements:
            self.console.print(_table(title, measurements))


def _table(title: str, measurements: Sequence[Measurement]) -> Table:
    table = Table(
        title=title, title_justify="left", caption=FOOTNOTE, caption_justify="right", pad_edge=False
    )
    for name in COLUMNS:
        table.add_column(name, justify="left" if not name else "right", overflow="fold")
    for one in measurements:
        table.add_row(*row(one))
    return table


def row(one: Measurement) -> list[str]:
    """A figure's cells, as in COLUMNS."""
    spread = "" if one.least is None or one.most is None else f"{number(one.least)} – {number(one.most)}"
    return [
        one.title or one.name,
        f"{number(one.value)} {one.unit}",
        spread if len(one.rounds) > 1 else "",
        ratio_told(one),
        "" if one.p50_ms is None else number(one.p50_ms),
        "" if one.p99_ms is None else number(one.p99_ms),
        _parts(one.cpu_us_each),
        _parts(one.pss_mb),
    ]


def ratio_told(one: Measurement) -> str:
    """How many times which other figure it is, that one's name cut short."""
    if one.ratio is None or one.ratio_to is None:
        return ""
    return f"{one.ratio:.2f} × {'.'.join(one.ratio_to.split('.')[:2])}"


def _parts(costs: Mapping[str, float] | None) -> str:
    """What server, worker, database and load generator took, in this order."""
    if not costs:
        return ""
    return " · ".join(f"{costs[part]:,.0f}" if part in costs else "–" for part in PARTS)


def number(value: float) -> str:
    """A number as people read it."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
