"""What `cheonggu conform` prints: section by section, and the sum of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import msgspec
import typer

from cheonggu.cli import show
from cheonggu.conform.check import MARKS
from cheonggu.conform.masking import Masks
from cheonggu.conform.run import Outcome, why_not_tried

if TYPE_CHECKING:
    from cheonggu.conform.check import Check
    from cheonggu.conform.report import Unlike
    from cheonggu.conform.run import Ran, Result
    from cheonggu.conform.target import Target

_SIGNS: Final = {Outcome.OK: "ok", Outcome.DIFFERS: "✗", Outcome.OWN: "○", Outcome.NOT_TRIED: "–"}


class Words:
    """The language in which a check is told."""

    def __init__(self, *, korean: bool) -> None:
        self._korean = korean

    def of(self, check: Check | Unlike) -> str:
        """What must be true."""
        return check.korean if self._korean else check.english


def listed(checks: Sequence[Check], words: Words) -> None:
    """The checks, with marks and what they need."""
    for check in checks:
        needs = f"  [{', '.join(sorted(check.needs))}]" if check.needs else ""
        typer.echo(f"{check.mark}  {check.id:<40} {words.of(check)}{needs}")
    meanings = "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items())
    typer.echo(f"{len(checks)} checks. {meanings}.", err=True)


class Screen:
    """Standard output while a run goes on. Nothing that has to be masked gets there."""

    def __init__(self, target: Target, words: Words, *, verbose: bool) -> None:
        self._masks = Masks(target)
        self._words = words
        self._verbose = verbose
        self._results: list[Result] = []
        typer.echo(f"Asking {target.base_url}")

    def say(self, sentence: str) -> None:
        """Something that a person has to know or do now."""
        typer.echo(sentence)

    def done(self, result: Result) -> None:
        """A check was tried."""
        if self._results and self._results[-1].check.section != result.check.section:
            self._show_section()
        self._results.append(result)

    def end(self, ran: Ran) -> None:
        """The run is over."""
        if self._results:
            self._show_section()
        for reason, count in self._not_tried(ran).items():
            typer.echo(f"not tried, {count}: {reason}")
        if ran.count(Outcome.OWN):
            typer.echo("○ differs in what is our own decision (O): no fault of that server, unless --strict")
        sums = _sums(ran.results)
        typer.echo(f"{len(ran.results)} checks, {ran.requests} requests: {sums or 'nothing was tried'}")
        for bill in ran.left:
            typer.echo(f"left behind: {self._clean(bill)}")
        if not ran.left and ran.requests:
            typer.echo("every bill that was made is destroyed or cancelled")
        if ran.stopped is not None:
            typer.echo(f"cheonggu: stopped before the end. {self._clean(ran.stopped)}", err=True)

    def _show_section(self) -> None:
        results, self._results = self._results, []
        typer.echo(f"{results[0].check.section:<12} {_sums(results)}")
        for result in results:
            if self._verbose or result.outcome in (Outcome.DIFFERS, Outcome.OWN):
                self._show(result)

    def _show(self, result: Result) -> None:
        check = result.check
        typer.echo(f"  {_SIGNS[result.outcome]:<2} {check.id} ({check.mark})  {self._words.of(check)}")
        for one in result.differences:
            typer.echo(self._clean(f"       {one.mark}: expected {one.expected}; answered: {one.answered}"))

    def _not_tried(self, ran: Ran) -> Counter[str]:
        return Counter(
            show.text_of(why_not_tried(result, self._masks.text))
            for result in ran.results
            if result.outcome is Outcome.NOT_TRIED
        )

    def _clean(self, text: str) -> str:
        return show.text_of(self._masks.text(text))


def _sums(results: Sequence[Result]) -> str:
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])


def compared(
    reports: tuple[Mapping[str, Any], Mapping[str, Any]],
    found: Sequence[Unlike],
    in_both: int,
    words: Words,
    *,
    as_json: bool,
) -> None:
    """Two reports side by side."""
    if as_json:
        show.as_json_line([msgspec.to_builtins(one) for one in found])
        return
    names = [
        f"{letter} {report['server']} ({report['at']})" for letter, report in zip("AB", reports, strict=True)
    ]
    typer.echo("\n".join(names))
    for section, unlike in groupby(found, key=lambda one: one.id.partition(".")[0]):
        typer.echo(section)
        for one in unlike:
            typer.echo(f"  {one.id} ({one.mark})  {words.of(one)}")
            typer.echo(show.text_of(f"    A {one.first}"))
            typer.echo(show.text_of(f"    B {one.second}"))
    typer.echo(f"{in_both} checks were tried on both, {len(found)} came out differently")
