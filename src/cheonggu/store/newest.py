"""Lists of a partner's rows, newest first: walked down an index in looks that are bounded each.

Whatever is asked for, one statement reads so many rows of that partner, and nothing of others'.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

R = TypeVar("R")
P = TypeVar("P")

LOOK: Final = 1_000
"""Rows looked at in one statement: a few milliseconds."""


@dataclass(frozen=True)
class Seen(Generic[R, P]):
    """What a look found, and where the next one begins; None when this was the last."""

    found: list[R]
    below: P | None


Look = Callable[[P], Awaitable[Seen[R, P]]]
"""Looks at what lies below a place."""


async def walk(look: Look[P, R], begin: P) -> AsyncGenerator[list[R]]:
    """What each look finds, down to the end."""
    below: P | None = begin
    while below is not None:
        seen = await look(below)
        yield seen.found
        below = seen.below


async def newest(look: Look[P, R], begin: P, most: int) -> tuple[list[R], bool]:
    """The first so many, and whether there are more."""
    found: list[R] = []
    async for page in walk(look, begin):
        found += page
        if len(found) > most:
            return found[:most], True
    return found, False
