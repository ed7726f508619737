"""`cheonggu sandbox run`, `… scenarios` and `… scenario`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from cheonggu.billing import sandbox_partners
from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.scenarios.report import Report

_EXIT: Final = {"ok": 0, "unseen": 0, "wrong": 1, "broken": 2}
_MARKS: Final = {"ok": "ok    ", "wrong": "WRONG ", "unseen": "unseen", "broken": "BROKEN"}

InKorean = Annotated[
    bool,
    typer.Option("--korean", "--ko", help="Told in Korean; by default if LANG is."),
]


def run(
    *,
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO...", help="Names, or files of your own; or all."),
    ],
    callback_url: Annotated[str, typer.Option(help="Where your program takes callbacks.")],
    create: Annotated[
        str | None,
        typer.Option(metavar="URL|COMMAND", help="Has your program create a bill; else the runner does."),
    ] = None,
    books: Annotated[
        str | None,
        typer.Option(metavar="URL|COMMAND", help="What your books say of a bill; {billId} is filled in."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Under this profile or switch; repeated, or `all`: one by one."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For a callback to come.")] = 20.0,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    korean: InKorean = False,
    as_json: AsJson = False,
) -> None:
    """Play scenarios to your program, and tell what it did.

    Exit 0: all right. 1: something is wrong. 2: a scenario could not be played.
    """
    from cheonggu.scenarios import script
    from cheonggu.scenarios.run import play_all
    from cheonggu.scenarios.yours import Yours

    names = script.shipped() if scenarios == ["all"] else scenarios
    in_korean = korean or show.speaks_korean()
    reports = play_all(
        Remote(base_url, api_key or sandbox_partners.FIRST.api_key),
        [script.load(name) for name in names],
        callback_url=callback_url,
        yours=Yours(create=create, books=books, korean=in_korean),
        forms=_forms(profile or []),
        korean=in_korean,
        wait_seconds=wait,
    )
    played: list[Report] = []
    for report in reports:
        played.append(report)
        if not as_json:
            _show(report, korean=in_korean)
    if as_json:
        show.as_json_line({"reports": [_as_fields(report) for report in played]})
    else:
        _sum_up(played)
    raise typer.Exit(max(_EXIT[report.verdict] for report in played))


def scenarios(*, korean: InKorean = False, as_json: AsJson = False) -> None:
    """List the scenarios that come with Cheonggu."""
    from cheonggu.scenarios import script

    in_korean = korean or show.speaks_korean()
    found = [script.load(name) for name in script.shipped()]
    rows = [
        {"name": one.name, "title": one.title.in_language(korean=in_korean), "steps": len(one.step)}
        for one in found
    ]
    show.rows("scenarios", rows, as_json=as_json, none="None.")


def scenario(*, name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Print a scenario's file, to read or to begin one of your own with."""
    from cheonggu.scenarios import script

    typer.echo(script.text_of(name), nl=False)


def _forms(asked: list[str]) -> list[str]:
    from cheonggu.scenarios.run import FORMS

    forms = list(FORMS) if asked == ["all"] else asked
    for form in forms:
        if form not in FORMS:
            raise typer.BadParameter(f"{form!r} is none of {', '.join(FORMS)}, all.", param_hint="--profile")
    return forms


def _show(report: Report, *, korean: bool) -> None:
    from cheonggu.scenarios.words import say

    typer.echo(show.text_of(f"{_named(report)}: {report.title}"))
    typer.echo(show.text_of(f"  {say('correct', korean=korean)}: {report.correct}"))
    for finding in report.findings:
        mark = _MARKS[finding.verdict] if finding.judged or finding.verdict == "broken" else "      "
        typer.echo(show.text_of(f"  {mark} {finding.step:>2} {finding.do:<8} {finding.words}"))
    typer.echo("")


def _sum_up(played: list[Report]) -> None:
    for verdict, words in (
        ("ok", "right"),
        ("wrong", "wrong"),
        ("unseen", "nothing to see of your program"),
        ("broken", "could not be played"),
    ):
        names = [_named(one) for one in played if one.verdict == verdict]
        if names:
            typer.echo(show.text_of(f"{words}: {', '.join(names)}"))


def _named(report: Report) -> str:
    return f"{report.scenario} [{report.profile}]" if report.profile else report.scenario


def _as_fields(report: Report) -> dict[str, object]:
    return {**msgspec.to_builtins(report), "verdict": report.verdict}
