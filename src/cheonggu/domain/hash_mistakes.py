"""From a wrong hash to the mistake behind it: the usual ones are tried, alone and in likely pairs.

A hash is made in steps: which parts, each of them, how they are joined, as which bytes, by which digest. A
search takes one step or two wrongly, some hundred times at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import msgspec

from cheonggu.domain import hash_steps, masking
from cheonggu.domain.hash_steps import MOST_CHARACTERS, Option, Sent
from cheonggu.domain.hash_words import MISTAKES, Mistake


class Found(msgspec.Struct, frozen=True):
    """The mistakes that lead to the given hash, and the text that was hashed with them."""

    mistakes: tuple[Mistake, ...]
    text: str


def find(sent: Sent) -> Found | None:
    """The mistake behind a wrong hash, or None if it is none of those that are known."""
    if max(map(len, (sent.given, sent.bill_id, sent.price, sent.phone or ""))) > MOST_CHARACTERS:
        return None
    text_steps = hash_steps.of_text(sent)
    for form, wanted in hash_steps.forms(sent.given):
        digests = hash_steps.digests(sent, len(wanted))
        for tried in _tries([*text_steps, hash_steps.encodings(sent), digests]) if digests else ():
            text = hash_steps.text(tried)
            if hash_steps.digested(text, tried) == wanted:
                return _found(sent, form, tried, text)
    return None


def _found(sent: Sent, form: str | None, tried: Sequence[Option], text: str) -> Found | None:
    names = dict.fromkeys(name for name in (form, *(option.name for option in tried)) if name)
    if sent.phone_looked_up and sent.phone:
        hashed_phone = str(tried[hash_steps.PHONE_STEP].value)
        text = text.replace(hashed_phone, masking.phone(sent.phone)) if hashed_phone else text
    return Found(tuple(MISTAKES[name] for name in names), text) if names else None


def _tries(steps: list[list[Option]]) -> Iterator[list[Option]]:
    """Every step taken rightly but at most two; two only where both mistakes are usual."""
    right = [options[0] for options in steps]
    yield right
    for place, options in enumerate(steps):
        for option in options[1:]:
            yield [*right[:place], option, *right[place + 1 :]]
    usual = [[option for option in options[1:] if option.usual] for options in steps]
    for first, second in combinations(range(len(steps)), 2):
        for one in usual[first]:
            for other in usual[second]:
                tried = list(right)
                tried[first], tried[second] = one, other
                yield tried


MOST_SHOWN: Final = 160


def shown(text: str) -> str:
    """A hashed text for a header or a line of a log: visible ASCII, everything else escaped, and cut."""
    escaped = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return f'"{escaped}"' if len(escaped) <= MOST_SHOWN else f'"{escaped[:MOST_SHOWN]}..."'
