"""Writes docs/performance.md and its plot from the results, with bench/method.md and bench/notes.md in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.aims import AIMS
from bench.effort import USUAL
from bench.plot import bars
from bench.results import Measurement, load
from bench.show import COLUMNS, PARTS, number, row

_HERE: Final = Path(__file__).parent
_DOCS: Final = _HERE.parent / "docs"
_PLOTTED: Final = ("base.", "typical.", "create.")


def write(results: Path, docs: Path = _DOCS) -> None:
    """Write the page and the plot."""
    measurements = load(results)
    docs.mkdir(exist_ok=True)
    plotted = [one for one in measurements if one.name.startswith(_PLOTTED) and one.unit == "bills/s"]
    title = "Bills created a second (median; the line is the spread of the rounds)"
    (docs / "performance.svg").write_text(bars(title, plotted), encoding="utf-8")
    (docs / "performance.md").write_text("\n".join(page(measurements)) + "\n", encoding="utf-8")


def page(measurements: Sequence[Measurement]) -> Iterator[str]:
    """The page's lines."""
    named = {one.name: one for one in measurements}
    facts = named["machine"].more or {}
    yield "# Performance"
    yield ""
    how = f"{facts['effort']} effort, {facts['rounds']:g} rounds of {facts['seconds']:g} s"
    yield (
        f"Written by `python -m bench report` from one run of the benchmark ({how}, {facts['measured at']}). "
        "Figures of different runs or machines are not to be compared; ratios within one run are."
    )
    if facts.get("effort") == "quick":
        yield ""
        yield "**This was the quick effort: its rounds are too short to conclude anything from.**"
    elif (facts["rounds"], facts["seconds"]) < (USUAL.rounds, USUAL.seconds):
        yield ""
        usual = f"{USUAL.rounds} rounds of {USUAL.seconds:g} s"
        yield f"**Shorter than usual, which is {usual}: take it as a first look.**"
    yield from _aims(named)
    yield ""
    yield "![Bills created a second](performance.svg)"
    for group in dict.fromkeys(one.group for one in measurements):
        if group not in {"Machine", "Plans"}:
            yield from _table(group, [one for one in measurements if one.group == group])
    yield from _plans([one for one in measurements if one.group == "Plans"])
    yield from _machine(named, facts)
    yield ""
    yield (_HERE / "method.md").read_text(encoding="utf-8").strip()
    yield ""
    yield "## What was tried and did not help"
    yield ""
    yield (_HERE / "notes.md").read_text(encoding="utf-8").strip()


def _aims(named: Mapping[str, Measurement]) -> Iterator[str]:
    yield from ("", "## What was aimed at", "", "| aim | wanted | measured | |", "|---|---:|---:|---|")
    for aim in AIMS:
        value = aim.value(named)
        measured = "" if value is None else f"{number(value)} {aim.unit}"
        verdict = "not measured" if value is None else "reached" if aim.reached(value) else "**not reached**"
        yield f"| {aim.says} | {aim.wanted} | {measured} | {verdict} |"


def _table(group: str, measurements: Sequence[Measurement]) -> Iterator[str]:
    costly = any(one.cpu_us_each for one in measurements)
    columns = COLUMNS if costly else COLUMNS[:3]
    yield from ("", f"## {group}", "")
    yield f"| {' | '.join(name.rstrip('*') for name in columns)} |"
    yield f"|---|{'---:|' * (len(columns) - 1)}"
    for one in measurements:
        yield f"| {' | '.join(row(one)[: len(columns)])} |"
    if costly:
        yield from ("", f"CPU and memory are of {', '.join(PARTS)}, in this order.")
    told = [line for one in measurements if (line := _more(one))]
    if told:
        yield from ("", *told)


def _more(one: Measurement) -> str:
    """What else was seen, in words."""
    if not one.more or not any(isinstance(value, float | int) for value in one.more.values()):
        return ""
    seen = ", ".join(
        f"{name.replace('_', ' ')} {number(value)}"
        for name, value in one.more.items()
        if isinstance(value, float | int)
    )
    return f"- {one.title}: {seen}."


def _plans(looks: Sequence[Measurement]) -> Iterator[str]:
    if looks:
        yield from ("", "## Plans", "")
    for one in looks:
        parts = dict(one.more or {})
        seen = number(float(parts.pop("plans seen")))
        yield f"- {one.title}: {one.value:.0f} of the {seen} that the running service used."
        yield from (f"  - {part}: `{query}`" for part, query in parts.items())


def _machine(named: Mapping[str, Measurement], facts: Mapping[str, float | str]) -> Iterator[str]:
    yield from ("", "## Machine", "", "| | |", "|---|---|", f"| cores | {named['machine'].value:g} |")
    yield from (f"| {name} | {value} |" for name, value in facts.items())
    sync = named.get("machine.fdatasync")
    if sync:
        yield f"| {sync.title} | {number(sync.value)} {sync.unit} |"
