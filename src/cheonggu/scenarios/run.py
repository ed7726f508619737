"""Plays scenarios, each under one profile after another if so wished, and tells what came of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import httpx2

from cheonggu.client import NO_RETRY, Client
from cheonggu.sandbox.remote import Remote, SandboxRefused
from cheonggu.scenarios.acts import act
from cheonggu.scenarios.report import Broken, CannotPlay, Finding, Report, Verdict
from cheonggu.scenarios.script import Scenario
from cheonggu.scenarios.stage import WAIT_SECONDS, Stage
from cheonggu.scenarios.yours import Yours

FORMS: Final[dict[str, dict[str, object]]] = {
    "docs": {"profile": "docs"},
    "sandbox-2026-08": {"profile": "sandbox-2026-08"},
    "live-2026-09": {"profile": "live-2026-09"},
    "msg": {"answerField": "msg"},
    "three-fields": {"callbackFields": "three"},
    "snake-case": {"callbackSpelling": "snake_case"},
    "twelve-digits": {"dateDigits": 12},
}
"""What `--profile` may be: the dated profiles, and each switch by itself."""
_SWITCHES: Final = ("profile", "answerField", "callbackFields", "callbackSpelling", "dateDigits", "notices")


def play_all(
    remote: Remote,
    scenarios: Sequence[Scenario],
    *,
    callback_url: str,
    yours: Yours,
    forms: Sequence[str] = (),
    korean: bool = False,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[Report]:
    """Play scenarios for the partner of `remote`, all of them under each form.

    The partner's switches and points are afterwards what they were before; the clock, which only a reset
    moves back, is not. Raises CannotPlay, SandboxRefused.
    """
    partner = _partner_of(remote)
    for form in forms or (None,):
        for scenario in scenarios:
            with _restored(remote, partner):
                if form is not None:
                    remote.post(f"/sandbox/partners/{partner['partner']}", FORMS[form])
                stage = Stage.begun(
                    remote,
                    clients=partial(_client_of, remote, partner),
                    partner=partner,
                    yours=yours,
                    callback_url=callback_url,
                    wait_seconds=wait_seconds,
                    korean=korean,
                )
                findings = play(stage, scenario)
            yield Report(
                scenario=scenario.name,
                title=scenario.title.in_language(korean=korean),
                correct=scenario.correct.in_language(korean=korean),
                profile=form,
                findings=findings,
            )


def play(stage: Stage, scenario: Scenario) -> list[Finding]:
    """Take the steps in order; what is broken ends the scenario, what is wrong does not."""
    findings: list[Finding] = []
    for number, step in enumerate(scenario.step, 1):
        do = str(step.__struct_config__.tag)
        try:
            shown = act(stage, step)
        except (Broken, SandboxRefused) as error:
            findings.append(
                Finding(step=number, do=do, verdict=Verdict.BROKEN, judged=False, words=str(error))
            )
            break
        findings.append(
            Finding(step=number, do=do, verdict=shown.verdict, judged=shown.judged, words=shown.words)
        )
    return findings


def _partner_of(remote: Remote) -> Mapping[str, Any]:
    for partner in remote.get("/sandbox/partners")["partners"]:
        if partner["apiKey"] == remote.api_key:
            return partner
    raise CannotPlay("This apiKey is none of the sandbox's partners. See: cheonggu sandbox partner list")


def _client_of(remote: Remote, partner: Mapping[str, Any], test_code: str | None) -> Client:
    headers = {} if test_code is None else {"Cheonggu-Test-Code": test_code}
    return Client(
        remote.base_url,
        api_key=partner["apiKey"],
        member=partner["member"],
        merchant=partner["merchant"],
        retry=NO_RETRY,
        http=httpx2.Client(trust_env=False, headers=headers),
    )


@contextmanager
def _restored(remote: Remote, partner: Mapping[str, Any]) -> Generator[None]:
    """Give the partner its switches, points and undisturbed callbacks back, whatever happened."""
    try:
        yield
    finally:
        remote.post(f"/sandbox/partners/{partner['partner']}", {name: partner[name] for name in _SWITCHES})
        remote.post("/sandbox/points", {"balance": partner["points"]})
        remote.delete("/sandbox/callbacks/trouble")
