"""POST /bill: what each required field cannot be."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import refuses

SECTION: Final = Section("fields", Need.WRITE)

_REQUIRED: Final = (
    "billId",
    "sendType",
    "productName",
    "price",
    "memberName",
    "phone",
    "hash",
    "callbackUrl",
)
_TEXTS: Final = ("billId", "productName", "memberName", "phone", "hash", "callbackUrl")


for _name in _REQUIRED:
    refuses(
        SECTION,
        (
            (f"{_name}.missing", "S", f"{_name} is required.", f"{_name}: 필수예요.", {_name: ...}),
            (f"{_name}.null", "S", f"{_name} is not null.", f"{_name}: null일 수 없어요.", {_name: None}),
            (f"{_name}.empty", "S", f"{_name} is not empty.", f"{_name}: 비어 있을 수 없어요.", {_name: ""}),
        ),
    )
for _name in _TEXTS:
    refuses(
        SECTION,
        ((f"{_name}.number", "S", f"{_name} is a text.", f"{_name}: 문자열이에요.", {_name: 1012345678}),),
    )
