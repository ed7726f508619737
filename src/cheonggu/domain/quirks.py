"""How a partner is spoken to: a profile, and switches for what answers and callbacks were seen to look like.

A dated profile changes only what integrators measured (M). The switches have no date: nobody recorded when or
where these forms were met, but parsers in the field know them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

Profile = Literal["docs", "sandbox-2026-08", "live-2026-09"]
AnswerField = Literal["message", "msg", "both"]
CallbackFields = Literal["all", "three"]
CallbackSpelling = Literal["camelCase", "snake_case"]
DateDigits = Literal[12, 14]

PROFILES: Final[tuple[str, ...]] = get_args(Profile)
KEY_IN_CALLBACK: Final[dict[str, bool]] = {"sandbox-2026-08": False, "live-2026-09": True}
"""M: whether a callback's body holds the apiKey. Without a date it is the partner's own choice."""

THREE: Final = ("billId", "apprState", "apprPrice")
"""All that a callback of three fields says."""
DATES: Final = ("apprDt", "apprOriginDt", "apprCancelDt")

_CAPITAL: Final = re.compile(r"(?=[A-Z])")


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's switches. The defaults are how everybody is spoken to."""

    answer_field: AnswerField = "message"
    callback_fields: CallbackFields = "all"
    callback_spelling: CallbackSpelling = "camelCase"
    date_digits: DateDigits = 14

    def dated(self, fields: Mapping[str, str | None]) -> dict[str, str | None]:
        """The fields with dates as long as the partner gets them: 12 digits leave the seconds out (O)."""
        cut = self.date_digits
        return {name: value[:cut] if value and name in DATES else value for name, value in fields.items()}

    def called_back(self, fields: Mapping[str, str | None]) -> dict[str, str | None]:
        """A callback's fields as the partner gets them. An apiKey stays whatever else is left out."""
        told = self.dated(fields)
        if self.callback_fields == "three":
            told = {name: value for name, value in told.items() if name in THREE or name == "apiKey"}
        if self.callback_spelling == "snake_case":
            told = {snake_case(name): value for name, value in told.items()}
        return told


NONE: Final = Quirks()


def snake_case(name: str) -> str:
    """apprCashNum as appr_cash_num."""
    return _CAPITAL.sub("_", name).lower()
