"""What you give to an operation, judged before anything is sent. Nothing is mended silently."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

from cheonggu.domain import seoul, won

BILL_ID_MAX: Final = 20

_MOBILE: Final = re.compile(r"01[016789][0-9]{7,8}")
_SEPARATORS: Final = re.compile(r"[-. ]")
_KEY: Final = re.compile(r"[!-~]{1,255}")


class InputWrong(ValueError):
    """What you gave cannot be sent, and was not. `field` is the argument's name, `rule` what it breaks."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


def normal_phone(text: str) -> str:
    """A Korean mobile number as the API wants it: `010-1234-5678`, `+82 10-1234-5678` → `01012345678`.

    For you to call where you take numbers from people. Raises InputWrong for what is no mobile number.
    """
    digits = _SEPARATORS.sub("", text.strip())
    if digits.startswith(("+82", "82")):
        digits = "0" + digits.removeprefix("+").removeprefix("82").removeprefix("0")
    if not _MOBILE.fullmatch(digits):
        raise InputWrong("phone", "this is no Korean mobile number, as in 010-1234-5678.")
    return digits


def phone_of(text: str, *, talk: bool) -> str:
    """A payer's phone. For a TALK bill: the digits of a Korean mobile number."""
    if talk and not _MOBILE.fullmatch(text):
        raise InputWrong(
            "phone", "a Korean mobile number in digits alone, without hyphens, as in 01012345678."
        )
    if not text or not text.isprintable():
        raise InputWrong("phone", "give the payer's phone number.")
    return text


def amount_of(field: str, value: int | str, *, least: int = 0) -> str:
    """An amount in won as the wire writes it: digits alone."""
    given: Any = value  # floats and bools do come from unchecked code, and True is an int
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise InputWrong(field, f"whole won as an int or as digits, not {type(given).__name__}.")
    text = str(given)
    amount_won = won.parse(text)
    if amount_won is None:
        raise InputWrong(
            field, "whole won in digits alone: no commas, sign or leading zero, at most 10 digits."
        )
    if amount_won < least:
        raise InputWrong(field, f"it has to be {least} won or more.")
    return text


def bill_id_of(text: str) -> str:
    """A bill's id: yours, never used before, 1 to 20 characters."""
    if not 1 <= len(text) <= BILL_ID_MAX or not text.isprintable() or " " in text:
        raise InputWrong("bill_id", f"1 to {BILL_ID_MAX} characters, no white space, no control characters.")
    return text


def day_of(value: date | str) -> str:
    """The last day to pay, in Seoul. A datetime is not a day until somebody says where."""
    if isinstance(value, datetime):
        raise InputWrong("last_day", "give a date: the day in Seoul, not a datetime.")
    if isinstance(value, date):
        return value.isoformat()
    if seoul.parse_day(value) is None:
        raise InputWrong("last_day", "give a date, or text as in 2026-12-31.")
    return value


def key_of(text: str) -> str:
    """An idempotency key."""
    if not _KEY.fullmatch(text):
        raise InputWrong("idempotency_key", "1 to 255 visible ASCII characters.")
    return text
