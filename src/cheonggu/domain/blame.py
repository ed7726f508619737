"""Which part of a receiver's answer is to blame for its not being accepted, so that a page can mark it."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from cheonggu.domain.acceptance import ACCEPTED_CODE, SHOWN_CHARACTERS

_BLANK: Final = re.compile(r"\ufeff?[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()


class Marked(NamedTuple):
    """An answer in three parts, of which the middle one is to blame."""

    before: str
    blamed: str
    after: str


def blame(status: int | None, answer: str) -> Marked | None:
    """The part of a 200's answer that made it not count; None when it counts or no part can be named.

    The answer may have been cut short. Of a `code` that stands twice the last is meant, as the last counts.
    """
    if status != 200 or not answer.strip():
        return None
    begin = _skip(answer, 0)
    if answer[begin] != "{":
        return _mark(answer, begin, _end(answer, begin))
    code = _last_code(answer, begin)
    if code is None or answer[slice(*code)] == f'"{ACCEPTED_CODE}"':
        return None
    return _mark(answer, *code)


def _mark(answer: str, begin: int, end: int) -> Marked:
    return Marked(answer[:begin], answer[begin:end], answer[end:])


def _end(answer: str, begin: int) -> int:
    """Where the JSON value ends that begins here; else the first line, or as much of it as can be shown."""
    try:
        return _DECODER.raw_decode(answer, begin)[1]
    except (ValueError, RecursionError):
        line = answer[begin:].splitlines()[0]
        return begin + min(len(line), SHOWN_CHARACTERS)


def _last_code(answer: str, begin: int) -> tuple[int, int] | None:
    """Where the value of the object's own `code` stands; what cannot be read ends the search."""
    found: tuple[int, int] | None = None
    at = begin + 1
    try:
        while True:
            name, at = _DECODER.raw_decode(answer, _skip(answer, at))
            value = _skip(answer, _skip(answer, at) + 1)
            at = _DECODER.raw_decode(answer, value)[1]
            if name == "code":
                found = (value, at)
            at = _skip(answer, at)
            if answer[at] != ",":
                return found
            at += 1
    except (ValueError, IndexError, RecursionError):
        return found


def _skip(answer: str, at: int) -> int:
    blank = _BLANK.match(answer, at)
    return blank.end() if blank else at
