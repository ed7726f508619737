"""The sandbox's clock, as its page shows and moves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.domain.seoul import SEOUL, end_of, today
from cheonggu.web import dates
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.words import Language

STEPS: Final = {"10s": 10, "1m": 60, "1h": 3_600, "24h": 86_400}
JUST_AFTER: Final = timedelta(seconds=1)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A way to move the clock. `then` says where that leads."""

    name: str
    word: Markup
    then: Markup | str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The clock as it stands; `milliseconds` since 1970, for a script that lets it tick."""

    day: str
    time: str
    milliseconds: int
    ahead: Markup | None
    offset: str
    moves: list[Move]


def seconds_of(move: str, now: datetime, next_try: datetime | None) -> float | None:
    """How far a move goes from `now`; None when there is no such move, or nothing to move to."""
    if move == "midnight":
        return (end_of(today(now)) - now).total_seconds()
    if move == "retry":
        return (next_try + JUST_AFTER - now).total_seconds() if next_try else None
    return STEPS.get(move)


def shown(now: datetime, offset_seconds: float, next_try: datetime | None, language: Language) -> Shown:
    """The clock, and where it can be moved."""
    local = now.astimezone(SEOUL)
    moves: list[Move] = []
    for name in (*STEPS, "retry", "midnight"):
        seconds = seconds_of(name, now, next_try)
        if seconds is not None:
            there = now + timedelta(seconds=seconds)
            then = say(language, f"move_{name}_then", time=dates.second(there))
            moves.append(Move(name=name, word=say(language, f"move_{name}"), then=then))
    return Shown(
        day=dates.day(language.code, local.date()),
        time=dates.second(now),
        milliseconds=int(now.timestamp() * 1000),
        ahead=say(language, "ahead", much=_much(offset_seconds, language)) if offset_seconds else None,
        offset=repr(offset_seconds),
        moves=moves,
    )


def _much(seconds: float, language: Language) -> str:
    """`1일 3시간 5분`, by its two largest parts."""
    parts: list[str] = []
    left = round(seconds)
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(str(say(language, f"much_{name}", count=count)))
    return " ".join(parts[:2])
