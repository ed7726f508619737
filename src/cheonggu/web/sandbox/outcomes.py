"""Every outcome of a payment at hand, through the same code as the payer's page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from cheonggu.delivery.payment import pay
from cheonggu.domain import codes
from cheonggu.domain.bill import WIRE_STATE, Bill, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import AttemptState
from cheonggu.providers.sandbox_gateway import DECLINES, LONGEST_MONTHS, REJECTED
from cheonggu.service import Service
from cheonggu.store import bills, payments, trouble

Outcome = Literal[
    "APPROVE",
    "DECLINE",
    "TIMEOUT_CHARGED",
    "TIMEOUT_NOT_CHARGED",
    "CHARGED_LATE",
    "CLOSE",
    "PAY_TWICE",
    "AFTER_EXPIRY",
    "APPROVE_LOSE_CALLBACK",
]
APPROVING: Final = ("APPROVE", "PAY_TWICE", "AFTER_EXPIRY", "APPROVE_LOSE_CALLBACK")
FARTHEST_DAYS: Final = 366
"""As far as the clock may be moved at once."""


class Wish(msgspec.Struct, kw_only=True):
    """What shall become of a payment. Particulars belong to some outcomes only."""

    outcome: Outcome
    months: Annotated[int, Meta(ge=0, le=LONGEST_MONTHS)] | None = None
    code: str | None = None
    times: Annotated[int, Meta(ge=1, le=10_000)] | None = None

    def check(self) -> None:
        """Raises Refused for a particular that the outcome does not have."""
        if self.months is not None and self.outcome not in APPROVING:
            raise codes.invalid("months", f"{self.outcome}에는 할부 개월이 없습니다.")
        if self.code is not None and self.outcome != "DECLINE":
            raise codes.invalid("code", "outcome이 DECLINE일 때만 적을 수 있습니다.")
        if self.code is not None and self.code not in DECLINES:
            raise codes.invalid("code", RULES["code"])
        if self.times is not None and self.outcome != "APPROVE_LOSE_CALLBACK":
            raise codes.invalid("times", "outcome이 APPROVE_LOSE_CALLBACK일 때만 적을 수 있습니다.")

    @property
    def window_key(self) -> str:
        """What the payment window gives the gateway for it."""
        if self.outcome == "DECLINE":
            return f"DECLINE:{self.code or REJECTED}"
        return f"APPROVE:{self.months or 0}" if self.outcome in APPROVING else self.outcome


RULES: Final = {
    "outcome": f"{', '.join(get_args(Outcome))} 가운데 하나여야 합니다.",
    "months": f"0(일시불)부터 {LONGEST_MONTHS}까지의 정수여야 합니다.",
    "code": f"{', '.join(DECLINES)} 가운데 하나여야 합니다.",
    "times": "1부터 10,000까지의 정수여야 합니다.",
}


async def bring_about(service: Service, bill: Bill, wish: Wish) -> dict[str, object]:
    """Let it happen to a bill; its state afterwards, and what needs a word. Raises Refused for the wish."""
    wish.check()
    match wish.outcome:
        case "CLOSE":
            return {"state": WIRE_STATE[bill.state]}
        case "PAY_TWICE":
            return await _twice(service, bill, wish)
        case "AFTER_EXPIRY":
            return await _after_expiry(service, bill, wish)
        case "APPROVE_LOSE_CALLBACK":
            return await _losing(service, bill, wish)
        case _:
            return await _once(service, bill, wish)


async def _once(
    service: Service, bill: Bill, wish: Wish, *, begun: Callable[[], Awaitable[None]] | None = None
) -> dict[str, object]:
    """Pay: `refused` says why a payment did not begin, `declined` what the card company answered."""
    try:
        after = await pay(service, bill, wish.window_key, begun=begun)
    except Refused as refused:
        now = await bills.find(service.db, service.keyring, bill.partner_id, bill.bill_id) or bill
        told = {"code": refused.code.code, "message": _why(refused, now, service)}
        return {"state": WIRE_STATE[now.state], "refused": told}
    state: dict[str, object] = {"state": WIRE_STATE[after.state]}
    if after.state is not State.READY:
        return state
    attempt = await service.db.run(lambda conn: payments.newest_attempt(conn, bill.partner_id, bill.bill_no))
    if attempt is not None and attempt.state is AttemptState.FAILED:
        state["declined"] = {"code": attempt.failure_code, "message": attempt.failure}
    return state


def _why(refused: Refused, bill: Bill, service: Service) -> str:
    """The code's own words speak of sending where a payment is late."""
    if bill.expired(service.clock.now()):
        return "결제 기한이 지난 청구서입니다."
    return refused.message


async def _twice(service: Service, bill: Bill, wish: Wish) -> dict[str, object]:
    """Two payers press at the same moment; `payments` tells of each."""
    told = await asyncio.gather(_once(service, bill, wish), _once(service, bill, wish))
    after = await bills.find(service.db, service.keyring, bill.partner_id, bill.bill_id) or bill
    return {"state": WIRE_STATE[after.state], "payments": told}


async def _after_expiry(service: Service, bill: Bill, wish: Wish) -> dict[str, object]:
    """Let the bill expire, by moving the whole service's clock, and then pay."""
    wait = bill.expires_at - service.clock.now()
    if bill.state is not State.READY or wait < timedelta(0):
        return await _once(service, bill, wish) | {"clockMovedSeconds": 0}
    if wait > timedelta(days=FARTHEST_DAYS):
        raise codes.invalid(
            "outcome", f"기한이 {FARTHEST_DAYS}일 넘게 남은 청구서는 시계를 기한까지 옮길 수 없습니다."
        )
    moved_seconds = await service.clock.advance_to(service.db, bill.expires_at)
    told = await _once(service, bill, wish)
    return told | {"clockMovedSeconds": moved_seconds, "now": service.clock.now()}


async def _losing(service: Service, bill: Bill, wish: Wish) -> dict[str, object]:
    """Approve, and let the next tries of the callback get lost on their way."""

    async def lose() -> None:
        await trouble.lose(service.db, bill.partner_id, bill.bill_id, "LOST", wish.times or 1)

    return await _once(service, bill, wish, begun=lose)
