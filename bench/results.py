"""What was measured: rounds are gathered by name, and written as one object for each measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from bench.driver import Run
from bench.processes import Cost
from bench.stats import Latency, ratio, spread

FILE: Final = Path(__file__).parent / "results.json"


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: the median of its rounds, and how many times another figure's median that is."""

    name: str
    value: float
    unit: str
    ratio_to: str | None = None
    ratio: float | None = None
    title: str = ""
    group: str = ""
    rounds: Sequence[float] = ()
    least: float | None = None
    most: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    cpu_seconds: Mapping[str, float] | None = None
    """Of each part, over all measured stretches together."""
    cpu_us_each: Mapping[str, float] | None = None
    """Of each part, microseconds for each thing done."""
    rss_mb: Mapping[str, float] | None = None
    pss_mb: Mapping[str, float] | None = None
    more: Mapping[str, float | str] | None = None


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round of one figure, what it took, and how much was done for that."""

    value: float
    latency: Latency | None = None
    cost: Cost | None = None
    count: int = 0
    more: Mapping[str, float] = {}


def round_of(run: Run, value: float | None = None, **more: float) -> Round:
    """The round that a run was; its value is its rate unless another is given."""
    return Round(
        value=run.rate if value is None else value,
        latency=run.outcome.latency,
        cost=run.cost,
        count=run.outcome.measured,
        more=more,
    )


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure is, before it has a value."""

    name: str
    title: str
    group: str
    unit: str
    ratio_to: str | None = None


class Book:
    """Gathers rounds, and saves what is there at any moment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Figure | Measurement] = {}
        self._rounds: dict[str, list[Round]] = {}

    def add(self, figure: Figure, one: Round) -> None:
        """One more round of a figure."""
        self._known[figure.name] = figure
        self._rounds.setdefault(figure.name, []).append(one)

    def note(self, fact: Measurement) -> None:
        """A figure that has no rounds; a later one of the same name takes its place."""
        self._known[fact.name] = fact

    def values(self, name: str) -> list[float]:
        """A figure's values so far, one for each round."""
        return [one.value for one in self._rounds.get(name, [])]

    def measurements(self) -> list[Measurement]:
        """Everything, in the order in which it was first measured."""
        return [self._measurement(one) if isinstance(one, Figure) else one for one in self._known.values()]

    def save(self) -> None:
        """Write everything."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        raw = msgspec.json.encode([_told(one) for one in self.measurements()])
        self._file.write_bytes(msgspec.json.format(raw, indent=1) + b"\n")

    def _measurement(self, figure: Figure) -> Measurement:
        rounds = self._rounds[figure.name]
        values = [one.value for one in rounds]
        middle = spread(values)
        others = self.values(figure.ratio_to) if figure.ratio_to else []
        measured = Measurement(
            name=figure.name,
            title=figure.title,
            group=figure.group,
            unit=figure.unit,
            value=_neat(middle.median),
            ratio_to=figure.ratio_to,
            ratio=round(ratio(values, others), 3) if others else None,
            rounds=[_neat(value) for value in values],
            least=_neat(middle.least),
            most=_neat(middle.most),
            more=_more(rounds) or None,
        )
        latencies = [one.latency for one in rounds if one.latency]
        return msgspec.structs.replace(measured, **_latencies(latencies), **_costs(rounds))


def _latencies(latencies: Sequence[Latency]) -> dict[str, float]:
    if not latencies:
        return {}
    return {name: median(getattr(one, name) for one in latencies) for name in ("p50_ms", "p99_ms", "p999_ms")}


def _costs(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    costs = [one.cost for one in rounds if one.cost]
    if not costs:
        return {}
    count = max(sum(one.count for one in rounds), 1)
    cpu = {part: sum(cost.cpu_seconds[part] for cost in costs) for part in costs[0].cpu_seconds}
    return {
        "cpu_seconds": {part: round(seconds, 2) for part, seconds in cpu.items()},
        "cpu_us_each": {part: round(seconds / count * 1e6, 1) for part, seconds in cpu.items()},
        "rss_mb": _most([cost.rss_mb for cost in costs]),
        "pss_mb": _most([cost.pss_mb for cost in costs]),
    }


def _most(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {part: max(one[part] for one in rounds) for part in rounds[0]}


def _more(rounds: Sequence[Round]) -> dict[str, float]:
    return {name: _neat(median(one.more[name] for one in rounds)) for name in rounds[0].more}


def _neat(value: float) -> float:
    """As many digits as mean something."""
    return round(value, 1) if abs(value) >= 100 else float(f"{value:.4g}")


def _told(one: Measurement) -> dict[str, object]:
    """The five keys that are always there, and what else is known."""
    always = {"name", "value", "unit", "ratio_to", "ratio"}
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return {name: value for name, value in fields.items() if name in always or value not in (None, (), "")}


def load(file: Path = FILE) -> list[Measurement]:
    """What was saved."""
    return msgspec.json.decode(file.read_bytes(), type=list[Measurement])
