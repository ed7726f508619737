"""What came of a scenario, step by step."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What a step showed. BROKEN: the scenario itself could not go on, which says nothing of your program."""

    OK = "ok"
    WRONG = "wrong"
    UNSEEN = "unseen"
    BROKEN = "broken"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one step showed. `judged` says whether it was about your program, or only set the scene."""

    step: int
    do: str
    verdict: Verdict
    judged: bool
    words: str


class Broken(Exception):
    """The scenario cannot go on; the sentence says why."""


class CannotPlay(Exception):
    """No scenario can be played as asked; the sentence says why."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that was played, under a profile if it was played under several."""

    scenario: str
    title: str
    correct: str
    profile: str | None
    findings: list[Finding]

    @property
    def verdict(self) -> Verdict:
        """Its worst finding; UNSEEN when nothing about your program could be seen at all.

        What is wrong comes first: a bill that your program did not make breaks the steps that come after.
        """
        seen = {finding.verdict for finding in self.findings}
        for worst in (Verdict.WRONG, Verdict.BROKEN):
            if worst in seen:
                return worst
        judged = any(one.judged and one.verdict is Verdict.OK for one in self.findings)
        return Verdict.OK if judged else Verdict.UNSEEN
