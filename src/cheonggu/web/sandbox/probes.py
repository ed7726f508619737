"""Made-up callbacks: what does your receiver do with a wrong amount, an unknown bill, a bad signature?"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.delivery.probe import SIGNATURES, Probe, Signature, probe
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.store import bills
from cheonggu.store.outbox import CallbackSettled
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.callbacks import shown_attempt
from cheonggu.web.sandbox.door import Asked, json_route


class Wanted(Asked, kw_only=True):
    """A callback to make up, as a request asks for it."""

    billId: str | None = None
    url: str | None = None
    alter: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    remove: list[str] = msgspec.field(default_factory=list[str])
    signature: Signature = "GOOD"
    webhookId: Annotated[str, msgspec.Meta(pattern=r"^[!-,\-/-~]{1,100}$")] | None = None


_RULES: Final = {
    "billId": "청구서 ID를 문자열로 적어야 합니다.",
    "url": "보낼 주소를 문자열로 적어야 합니다.",
    "alter": "바꾸거나 더할 필드의 JSON 객체여야 합니다.",
    "remove": "뺄 필드 이름의 배열이어야 합니다.",
    "signature": f"{', '.join(SIGNATURES)} 가운데 하나여야 합니다.",
    "webhookId": "점(.) 없이 보이는 ASCII 100자까지여야 합니다.",
}


def routes() -> list[Route]:
    """The endpoint for made-up callbacks."""
    return [json_route("/sandbox/callbacks/probe", "POST", _send)]


async def _send(service: Service, request: Request) -> dict[str, object]:
    tried = await made_up(service, request, await door.read(request, Wanted, _RULES))
    return shown_attempt(tried.at, tried.status, tried.reason, tried.duration_ms, tried.answer, tried.sent)


async def made_up(service: Service, request: Request, asked: Wanted) -> CallbackSettled:
    """Make the callback up and send it; the try as it would be recorded. Raises Refused."""
    partner = await door.partner(service, request, asked.apiKey)
    bill = None
    if asked.billId is not None:
        bill = await bills.find(service.db, service.keyring, partner.partner_id, asked.billId)
        if bill is None:
            raise Refused(codes.BILL_003, "없는 청구서의 콜백을 보내려면 billId를 alter에 적어 주세요.")
    elif asked.url is None:
        raise codes.invalid("url", "billId가 없으면 보낼 주소를 적어야 합니다.")
    if asked.url is not None and (reason := service.guard.literal_reason(asked.url)):
        raise codes.invalid("url", reason)
    wanted = Probe(
        bill=bill,
        url=asked.url,
        alter=asked.alter,
        remove=asked.remove,
        signature=asked.signature,
        webhook_id=asked.webhookId,
    )
    return await probe(service, partner, asked.apiKey, wanted)
