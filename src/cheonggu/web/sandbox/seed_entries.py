"""What a seed may say, and reading it: what is misspelt is told before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.web.sandbox import door, fates, outcomes, partners
from cheonggu.web.sandbox.fates import MessageOutcome
from cheonggu.web.sandbox.outcomes import Wish
from cheonggu.web.sandbox.partners import NewOwnPartner

S = TypeVar("S", bound=msgspec.Struct)

State = Literal[
    "UNPAID", "EXPIRED", "DECLINED", "PAYMENT_UNKNOWN", "PAID", "CANCEL_REFUSED", "CANCELLED", "DESTROYED"
]
Text = Annotated[str, Meta(min_length=1, max_length=200)]

MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 4 << 20
_PAYMENT: Final[dict[State, str]] = {
    "DECLINED": "DECLINE",
    "PAYMENT_UNKNOWN": "TIMEOUT_NOT_CHARGED",
    "PAID": "APPROVE",
    "CANCEL_REFUSED": "APPROVE",
    "CANCELLED": "APPROVE",
}
"""What the payer's card company does on the way to a state."""


class SeedBill(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A bill as /bill takes it, with what it does not say made up, and where it shall stand."""

    billId: str
    partner: str = "sandbox"
    state: State = "UNPAID"
    months: int | None = None
    declineCode: str | None = None
    loseCallbacks: int | None = None
    messageOutcome: MessageOutcome = "ARRIVE"
    sendType: str = "TALK"
    billIssuer: str | None = None
    productName: str = "수강료"
    price: str | int = "150000"
    supplyPrice: str | int | None = None
    tax: str | int | None = None
    memberName: str = "김서연"
    phone: str = "01012345678"
    message: str | None = None
    expireDt: str | None = None
    callbackUrl: str | None = None
    pageRedirectUrl: str | None = None

    @property
    def wish(self) -> Wish | None:
        """How it is paid on the way to its state, if it is."""
        if self.state not in _PAYMENT:
            return None
        outcome = "APPROVE_LOSE_CALLBACK" if self.loseCallbacks is not None else _PAYMENT[self.state]
        asked = {"months": self.months, "code": self.declineCode, "times": self.loseCallbacks}
        return msgspec.convert({"outcome": outcome} | asked, Wish)


class SeedPoints(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a wallet holds at the end."""

    balance: Annotated[int, Meta(ge=0, le=10**15)]
    partner: str = "sandbox"
    merchant: str | None = None


class SeedClock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How much business time passes at the end."""

    advanceSeconds: Annotated[float, Meta(ge=0, le=366 * 86_400)]


class Seed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to make: partners first, then bills, points and the clock."""

    reset: bool = False
    deterministic: Text | None = None
    partners: list[dict[str, Any]] = []
    bills: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    clock: dict[str, Any] | None = None


RULES: Final = {
    "reset": "true나 false여야 합니다.",
    "deterministic": "1~200자여야 합니다.",
    "partners": "파트너의 목록이어야 합니다.",
    "bills": "청구서의 목록이어야 합니다.",
    "points": "지갑의 목록이어야 합니다.",
    "clock": "advanceSeconds를 적어야 합니다.",
    "advanceSeconds": "0부터 366일까지의 초여야 합니다.",
}
_BILL_RULES: Final = {
    "state": f"{', '.join(get_args(State))} 가운데 하나여야 합니다.",
    "messageOutcome": fates.MESSAGE_RULES["outcome"],
}
_POINTS_RULES: Final = {"balance": "0 이상의 정수여야 합니다."}


class Planned(msgspec.Struct, kw_only=True):
    """A seed whose every entry was read."""

    reset: bool
    deterministic: str | None
    partners: list[NewOwnPartner]
    bills: list[SeedBill]
    points: list[SeedPoints]
    clock: SeedClock | None

    @classmethod
    def of(cls, seed: Seed) -> Planned:
        """Raises Refused with the entry and the field."""
        if seed.deterministic is not None and not seed.reset:
            raise codes.invalid(
                "deterministic", "비우고 시작할 때만 정할 수 있습니다. reset도 true로 적어 주세요."
            )
        if len(seed.partners) + len(seed.bills) + len(seed.points) > MOST_ENTRIES:
            raise codes.invalid("bills", f"항목은 모두 {MOST_ENTRIES:,}개까지입니다.")
        planned = cls(
            reset=seed.reset,
            deterministic=seed.deterministic,
            partners=_entries("partners", seed.partners, NewOwnPartner, partners.RULES),
            bills=_entries("bills", seed.bills, SeedBill, _BILL_RULES | outcomes.RULES),
            points=_entries("points", seed.points, SeedPoints, _POINTS_RULES),
            clock=None if seed.clock is None else _entry("clock", seed.clock, SeedClock, RULES),
        )
        for number, one in enumerate(planned.partners):
            if one.name is None:
                raise codes.invalid(f"partners[{number}]: name", partners.RULES["name"])
        for number, bill in enumerate(planned.bills):
            _check_bill(f"bills[{number}] {bill.billId}", bill, planned.bills[:number])
        return planned


def _entries(kind: str, given: Sequence[dict[str, Any]], of: type[S], rules: Mapping[str, str]) -> list[S]:
    return [_entry(f"{kind}[{number}]", entry, of, rules) for number, entry in enumerate(given)]


def _entry(at: str, given: dict[str, Any], of: type[S], rules: Mapping[str, str]) -> S:
    try:
        return door.fitting(given, of, rules)
    except Refused as refused:
        raise at_entry(at, refused) from None


def _check_bill(at: str, bill: SeedBill, before: Sequence[SeedBill]) -> None:
    """What can be said without the database. Raises Refused."""
    if any((one.partner, one.billId) == (bill.partner, bill.billId) for one in before):
        raise codes.invalid(f"{at}: billId", "앞에서 이미 썼습니다.")
    if bill.state == "EXPIRED" and bill.expireDt is not None:
        raise codes.invalid(f"{at}: expireDt", "EXPIRED인 청구서의 기한은 저절로 정해집니다.")
    try:
        wish = bill.wish
    except msgspec.ValidationError:
        field = "months" if bill.months is not None else "loseCallbacks"
        raise codes.invalid(
            f"{at}: {field}", outcomes.RULES["months" if field == "months" else "times"]
        ) from None
    try:
        if wish is not None:
            wish.check()
        elif (bill.months, bill.declineCode, bill.loseCallbacks) != (None, None, None):
            raise codes.invalid(
                "state", f"{bill.state}에는 결제가 없어서 months, declineCode, loseCallbacks를 쓰지 않습니다."
            )
    except Refused as refused:
        raise at_entry(at, refused) from None


def at_entry(at: str, refused: Refused) -> Refused:
    """The same refusal, saying of which entry."""
    return Refused(refused.code, f"{at}: {refused.message}")
