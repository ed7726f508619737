"""Outcomes that a request asks for itself, by the header `Cheonggu-Test-Code`. Never in live mode.

The request has to be in order as far as it can be judged by itself: apiKey, caller, fields, hash. If it is
not, it gets the refusal that it would get anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.codes import CODES, OK, Refused, invalid
from cheonggu.store.partners import Caller, Partner
from cheonggu.web import adapters, wire
from cheonggu.web.adapters import Call
from cheonggu.web.head import Head
from cheonggu.web.operations import (
    Incoming,
    Operation,
    Runner,
    for_bill,
    for_merchant,
    for_partner,
    unread_for_talk,
)
from cheonggu.web.partner_api import Answer
from cheonggu.web.silence import HELD_SECONDS

if TYPE_CHECKING:
    from cheonggu.service import Service

TEST_CODE: Final = "Cheonggu-Test-Code"
TEST_CODE_HEADER: Final = TEST_CODE.lower().encode()

BEFORE: Final = {"TIMEOUT_BEFORE": HELD_SECONDS, "LOST_BEFORE": 0.0}
"""Nothing is done and no answer comes; the connection is held for so many seconds, or closed at once."""
AFTER: Final = {"TIMEOUT_AFTER": HELD_SECONDS, "LOST_AFTER": 0.0}
"""All is done as usual and no answer comes."""
TEST_CODES: Final = (*BEFORE, *AFTER, *(code for code in CODES if code != OK.code))
"""All that can be asked for. A success cannot: its data would be of no bill."""

_NEVER_MADE: Final = Answer(0, b"")


class Wish:
    """One request's wish for an outcome. `operation` stands in for the one that was called."""

    def __init__(self, operation: Operation, wanted: str | None = None) -> None:
        """`wanted` is a test code that was said beforehand; without it the request's header says it."""
        self.operation = msgspec.structs.replace(operation, run=self._run)
        self.test_code: str | None = None
        self._asked = operation
        self._wanted = wanted
        self.in_order = False

    async def _run(self, service: Service, _: Operation, incoming: Incoming) -> msgspec.Struct:
        self.test_code = self._wanted or _test_code(incoming.head)
        await _JUDGES[self._asked.name](service, self._asked, incoming)
        self.in_order = True
        if self.test_code in AFTER:
            return await self._asked.run(service, self._asked, incoming)
        raise Refused(CODES.get(self.test_code, codes.HTTP_503))

    @property
    def forced(self) -> bool:
        """Whether the answer is the refusal that was wished for, and not the request's own."""
        return self.in_order and self.test_code not in AFTER

    def granted(self, answer: Answer) -> Answer:
        """What goes back in place of the answer that was made, which is kept back if that was the wish."""
        if not self.in_order or self.test_code is None:
            return answer
        if self.test_code in BEFORE:
            return msgspec.structs.replace(_NEVER_MADE, silent_seconds=BEFORE[self.test_code])
        return msgspec.structs.replace(answer, silent_seconds=AFTER.get(self.test_code))


def _test_code(head: Head) -> str:
    values = [value.decode("latin-1").strip().upper() for value in head.all(TEST_CODE_HEADER)]
    if len(values) == 1 and values[0] in TEST_CODES:
        return values[0]
    raise invalid(TEST_CODE, f"{', '.join(TEST_CODES)} 중 하나여야 합니다.")


class _Nothing(msgspec.Struct):
    """In place of an answer's data."""


async def _bill_to_create(call: Call[wire.CreateBillInfo]) -> _Nothing:
    adapters.asked_bill(call)
    return _Nothing()


async def _bill_to_destroy(call: Call[wire.DestroyBillInfo]) -> _Nothing:
    adapters.asked_price(call)
    return _Nothing()


async def _bill_to_cancel(call: Call[wire.CancelBillInfo]) -> _Nothing:
    adapters.asked_price(call)
    return _Nothing()


async def _bill(_: object) -> _Nothing:
    return _Nothing()


async def _merchant(_: Service, __: Caller) -> _Nothing:
    return _Nothing()


async def _partner(_: Service, __: Partner) -> _Nothing:
    return _Nothing()


_JUDGES: Final[dict[str, Runner]] = {
    "billSend": for_bill(wire.CreateBillInfo, _bill_to_create, unread_for_talk),
    "billDestroy": for_bill(wire.DestroyBillInfo, _bill_to_destroy),
    "billResend": for_bill(wire.ResendBillInfo, _bill),
    "billRead": for_bill(wire.ReadBillInfo, _bill),
    "billCancel": for_bill(wire.CancelBillInfo, _bill_to_cancel),
    "readRemainCount": for_partner(_partner),
    "readMerchantRemainCount": for_merchant(_merchant),
}
