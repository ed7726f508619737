"""An object of the wire, read tolerantly: camelCase or snake_case, numbers as text or as integers.

What is absent, null, empty or not of the kind looked for reads as None. Only an object that contradicts
itself is unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn, cast

from cheonggu.domain import won
from cheonggu.domain.seoul import SEOUL

_DIGITS = re.compile(r"[0-9]+")
_MOMENT_FORMS = {14: "%Y%m%d%H%M%S", 12: "%y%m%d%H%M%S", 8: "%Y%m%d"}


class Unreadable(ValueError):
    """This is not what was expected; the sentence says what is wrong with it."""


def read_object(body: bytes | str) -> Mapping[str, Any]:
    """The JSON object in `body`. Raises Unreadable."""
    try:
        value: object = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Unreadable("The body is no JSON object.")
    return cast("dict[str, Any]", value)


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(constant)  # Python reads NaN and Infinity, JSON has none


class Fields:
    """The fields of an object, whichever way their names are spelled."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for name, value in given.items():
            plain = name.replace("_", "").lower()
            if self._values.get(plain) in (None, ""):
                self._values[plain] = value
            elif value not in (None, "", self._values[plain]):
                raise Unreadable(f"{name} is there twice, with different values.")

    def text(self, name: str) -> str | None:
        """A text that is not empty; an integer is read as its digits."""
        value = self._values.get(name.lower())
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) and value else None

    def amount_won(self, name: str) -> int | None:
        """A whole amount."""
        text = self.text(name)
        return None if text is None else won.parse(text)

    def count(self, name: str) -> int | None:
        """A whole number of at most 18 digits."""
        text = self.text(name)
        return int(text) if text and len(text) <= 18 and re.fullmatch(r"-?[0-9]+", text) else None

    def moment(self, name: str) -> datetime | None:
        """A moment in Seoul: `YYYYMMDDhhmmss`, or 12 digits with or without the century, or a day alone."""
        text = self.text(name)
        if text is None or not text.isascii() or not _DIGITS.fullmatch(text):
            return None
        form = "%Y%m%d%H%M" if _leads_with_century(text) else _MOMENT_FORMS.get(len(text))
        try:
            return datetime.strptime(text, form).replace(tzinfo=SEOUL) if form else None
        except ValueError:
            return None


def _leads_with_century(text: str) -> bool:
    """Whether 12 digits are `YYYYMMDDhhmm`: `2026…` cannot be `YYMMDDhhmmss`, there is no 26th month."""
    return len(text) == 12 and text.startswith("20") and int(text[2:4]) > 12
