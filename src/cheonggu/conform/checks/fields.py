"""POST /bill: what each required field cannot be."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import refuses, requires

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
_TEXTS: Final = ("productName", "memberName", "phone", "hash", "callbackUrl")


requires(SECTION, "S", _REQUIRED, lambda probe, name, value: probe.create(**{name: value}), Need.WRITE)
for _name in _TEXTS:
    refuses(
        SECTION,
        ((f"{_name}.number", "S", f"{_name} is a text.", f"{_name}: 문자열이에요.", {_name: 1012345678}),),
    )
