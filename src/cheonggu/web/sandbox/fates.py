"""What the sandbox's sender and gateway shall do next: with a message, with the refund of a bill."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.providers import sandbox_scripts
from cheonggu.service import Service
from cheonggu.store import bills, payments
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route

MessageOutcome = Literal["ARRIVE", "NO_KAKAOTALK", "BLOCKED", "UNKNOWN_ARRIVED", "UNKNOWN_NEVER_HAD"]
RefundOutcome = Literal[
    "REFUND", "REFUSED_CARD", "REFUSED_BANK", "MAINTENANCE", "UNKNOWN_DONE", "UNKNOWN_NOT_DONE"
]

_MESSAGES: Final[dict[MessageOutcome, str | None]] = {
    "ARRIVE": None,
    "NO_KAKAOTALK": "MESSAGE_REFUSED",
    "BLOCKED": "MESSAGE_BLOCKED",
    "UNKNOWN_ARRIVED": "MESSAGE_UNKNOWN_SENT",
    "UNKNOWN_NEVER_HAD": "MESSAGE_UNKNOWN_NEVER_HAD",
}
_REFUNDS: Final[dict[RefundOutcome, str | None]] = {
    "REFUND": None,
    "REFUSED_CARD": "REFUND_REFUSED_CARD",
    "REFUSED_BANK": "REFUND_REFUSED_BANK",
    "MAINTENANCE": "REFUND_MAINTENANCE",
    "UNKNOWN_DONE": "REFUND_UNKNOWN_DONE",
    "UNKNOWN_NOT_DONE": "REFUND_UNKNOWN_NOT_DONE",
}
"""How the providers' scripts say it; the usual outcome takes a line back."""


class _Message(Asked, kw_only=True):
    outcome: MessageOutcome
    billId: Annotated[str, Meta(min_length=1, max_length=20)] | None = None


class _Refund(Asked, kw_only=True):
    outcome: RefundOutcome
    billId: str


MESSAGE_RULES: Final = {
    "outcome": f"{', '.join(get_args(MessageOutcome))} 가운데 하나여야 합니다.",
    "billId": "1~20자의 청구서 ID를 적거나, 파트너의 모든 메시지라면 빼야 합니다.",
}
REFUND_RULES: Final = {
    "outcome": f"{', '.join(get_args(RefundOutcome))} 가운데 하나여야 합니다.",
    "billId": "결제된 청구서의 ID를 문자열로 적어야 합니다.",
}


def routes() -> list[Route]:
    """The endpoints about what comes next."""
    return [
        json_route("/sandbox/message-outcome", "POST", _message),
        json_route("/sandbox/refund-outcome", "POST", _refund),
    ]


async def _message(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Message, MESSAGE_RULES)
    partner_id = (await door.partner(service, request, asked.apiKey)).partner_id
    await decide_message(service, partner_id, asked.billId, asked.outcome)
    lasts = "NEXT" if asked.billId else "ALL"
    return {"billId": asked.billId, "messages": lasts, "outcome": asked.outcome}


async def decide_message(
    service: Service, partner_id: int, bill_id: str | None, outcome: MessageOutcome
) -> None:
    """The next message of a bill, which need not exist yet; without one, all of the partner's from now on."""
    subject = sandbox_scripts.of_bill(partner_id, bill_id) if bill_id else sandbox_scripts.of_all(partner_id)
    await sandbox_scripts.write(service.db, subject, _MESSAGES[outcome])


async def _refund(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Refund, REFUND_RULES)
    partner_id = (await door.partner(service, request, asked.apiKey)).partner_id
    await decide_refund(service, partner_id, asked.billId, asked.outcome)
    return {"billId": asked.billId, "outcome": asked.outcome}


async def decide_refund(service: Service, partner_id: int, bill_id: str, outcome: RefundOutcome) -> None:
    """What the gateway does when the paid bill is cancelled next. Raises Refused when it cannot be."""
    bill = await bills.find(service.db, service.keyring, partner_id, bill_id)
    if bill is None:
        raise Refused(codes.BILL_003)
    if code := bill.why_not_cancel():
        raise Refused(code)
    attempt = await service.db.run(lambda conn: payments.paying_attempt(conn, partner_id, bill.bill_no))
    if attempt is None:
        raise Refused(codes.BILL_007)
    await sandbox_scripts.write(service.db, attempt.order_id, _REFUNDS[outcome])
