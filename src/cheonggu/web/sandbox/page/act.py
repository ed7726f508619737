"""A form of the page that was sent, and why what it asks for may not be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import Request

from cheonggu.billing.own_partners import Identity
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.web.sandbox.page.place import Place

Form = Mapping[str, str]


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was sent: by whom it is meant, from where, with what in it."""

    request: Request
    service: Service
    who: Identity
    place: Place
    form: Form


class Shown(msgspec.Struct, frozen=True):
    """What an act leads to when it is shown at once and kept nowhere: a place, and what its template gets."""

    place: Place
    more: dict[str, object]


class NotTaken(Exception):
    """What was sent was refused; `field` is where the page should say so, if it is about one.

    `place` is where its form stands, when that is not the one that sends a bill.
    """

    def __init__(self, refused: Refused, place: Place | None = None) -> None:
        super().__init__(refused.message)
        self.code = refused.code.code
        self.place = place
        field, colon, rule = refused.message.partition(": ")
        named = bool(colon) and field.startswith("bill.")
        self.field = field.removeprefix("bill.") if named else _FIELD_OF_CODE.get(self.code, "")
        self.rule = rule if named else refused.message


_FIELD_OF_CODE: Final = {"BILL_001": "billId"}
