"""Bugs that such a service might have, read from bugs.txt: each a small change to a copy of the source.

A bug is a title, the plan of faults that brings it to light, and its changes: in a file of the source, the
lines between `<<<` and `===`, which stand there exactly once, give way to those before `>>>`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from chaos.planted.plans import PLANS, Plan

FILE: Final = Path(__file__).with_name("bugs.txt")


class Edit(msgspec.Struct, frozen=True):
    """In this file, put this in place of that."""

    file: str
    find: str
    put: str


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, how it is made wrong, and how it shows."""

    name: str
    plan: Plan
    quick: bool
    """Whether the short test plants it, too."""
    edits: tuple[Edit, ...]


def bugs() -> list[Bug]:
    """All of them."""
    return [_bug(part) for part in ("\n" + FILE.read_text(encoding="utf-8")).split("\n# ")[1:]]


def _bug(text: str) -> Bug:
    head, *parts = text.split("\n<<< ")
    name, plan, *quick = head.splitlines()
    return Bug(
        name=name,
        plan=PLANS[plan.removeprefix("plan: ")],
        quick=quick == ["quick"],
        edits=tuple(_edit(part) for part in parts),
    )


def _edit(part: str) -> Edit:
    file, _, rest = part.partition("\n")
    find, _, rest = rest.partition("===\n")
    return Edit(file, find, rest.partition(">>>")[0])
