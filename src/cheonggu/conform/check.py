"""A check: one thing that must be true of a server, where the rule comes from, and how it is tried."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from cheonggu.conform.probe import Probe

Steps = Callable[["Probe"], None]

OWN: Final = "O"
MARKS: Final = {
    "S": "the vendor's OpenAPI document",
    "D": "the vendor's public documentation",
    "M": "measured by integrators",
    "C": "assumed by integrators' code",
    OWN: "our own decision",
}


class Need(StrEnum):
    """What a check cannot do without."""

    WRITE = "write"
    TALK = "talk"
    PAID = "paid"
    SANDBOX = "sandbox"
    CALLBACK = "callback"
    SECRET = "secret"  # noqa: S105 - a name
    SECOND = "second"
    UNMAPPED = "unmapped"
    SUSPENDED = "suspended"


HOW_TO_GIVE: Final = {
    Need.WRITE: "it makes bills, and --read-only forbids that",
    Need.TALK: "it may send messages, which cost points: --talk PHONE",
    Need.PAID: "it needs a bill that was paid: --pay, --pay-by-hand or --paid-bill",
    Need.SANDBOX: "it needs the sandbox's endpoints: --pay, on a server that has them",
    Need.CALLBACK: "it needs a receiver of callbacks: --callback-listen and --callback-url",
    Need.SECRET: "it needs the webhook secret: --webhook-secret",
    Need.SECOND: "it needs a second partner: --second-api-key, --second-member, --second-merchant",
    Need.UNMAPPED: "it needs a merchant that is not the member's: --unmapped-merchant",
    Need.SUSPENDED: "it needs a suspended partner: --suspended-api-key",
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`mark` says where the rule comes from: S, D, M, C or O."""

    id: str
    mark: str
    english: str
    korean: str
    needs: frozenset[Need]
    steps: Steps

    @property
    def section(self) -> str:
        """What the check is about."""
        return self.id.partition(".")[0]


class Section:
    """Checks about one thing, in the order in which they are tried."""

    def __init__(self, name: str, *needs: Need) -> None:
        self.name = name
        self.needs = frozenset(needs)
        self.checks: list[Check] = []

    def add(self, name: str, mark: str, english: str, korean: str, steps: Steps, *needs: Need) -> None:
        """Add one."""
        self.checks.append(
            Check(
                id=f"{self.name}.{name}",
                mark=mark,
                english=english,
                korean=korean,
                needs=self.needs | set(needs),
                steps=steps,
            )
        )

    def check(
        self, name: str, mark: str, english: str, korean: str, *needs: Need
    ) -> Callable[[Steps], Steps]:
        """Add the decorated function."""

        def added(steps: Steps) -> Steps:
            self.add(name, mark, english, korean, steps, *needs)
            return steps

        return added
