"""Trouble for callbacks, on purpose: what is to be lost, what that was, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.seoul import LAST_DAY, end_of
from cheonggu.service import Service
from cheonggu.store import bills, trouble
from cheonggu.store.postgres import Row
from cheonggu.store.trouble import ANY_BILL, KINDS, Kind
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route, whose


class _Trouble(Asked, kw_only=True):
    kind: Kind
    billId: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    seconds: Annotated[float, msgspec.Meta(gt=0, le=366 * 86_400)] | None = None


_RULES: Final = {
    "kind": f"{', '.join(KINDS)} 가운데 하나여야 합니다.",
    "billId": "청구서 ID를 문자열로 적거나, 파트너의 모든 청구서라면 빼야 합니다.",
    "times": "1부터 10,000까지의 정수여야 합니다.",
    "seconds": "0보다 크고 366일을 넘지 않는 초여야 합니다.",
}
_LAST_MOMENT: Final = end_of(LAST_DAY)


def routes() -> list[Route]:
    """The endpoints about trouble."""
    path = "/sandbox/callbacks/trouble"
    return [
        json_route(path, "GET", _see),
        json_route(path, "POST", _make),
        json_route(path, "DELETE", _clear),
    ]


async def _see(service: Service, request: Request) -> dict[str, object]:
    partner_id, bill_id = await whose(service, request)
    return await _all(service, partner_id, bill_id)


async def _make(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Trouble, _RULES)
    partner_id = (await door.partner(service, request, asked.apiKey)).partner_id
    if asked.billId and not await bills.find(service.db, service.keyring, partner_id, asked.billId):
        raise Refused(codes.BILL_003)
    under = asked.billId or ANY_BILL
    if asked.kind == "DOWN":
        if asked.seconds is None or asked.times is not None:
            raise codes.invalid("seconds", "DOWN은 몇 초 동안인지 seconds만 적어야 합니다.")
        until = service.clock.now() + timedelta(seconds=asked.seconds)
        await trouble.be_down(service.db, partner_id, under, min(until, _LAST_MOMENT))
    elif asked.seconds is not None:
        raise codes.invalid("seconds", f"{asked.kind}에는 몇 번인지 times를 적어야 합니다.")
    else:
        await trouble.lose(service.db, partner_id, under, asked.kind, asked.times or 1)
    return await _all(service, partner_id, asked.billId)


async def _clear(service: Service, request: Request) -> dict[str, object]:
    partner_id, bill_id = await whose(service, request)
    kind = request.query_params.get("kind")
    if kind is not None and kind not in KINDS:
        raise codes.invalid("kind", _RULES["kind"])
    await trouble.clear(service.db, partner_id, bill_id, kind)
    return await _all(service, partner_id, None)


async def _all(service: Service, partner_id: int, bill_id: str | None) -> dict[str, object]:
    """What is still to come, of the partner or as it concerns one bill."""
    rows = await trouble.of_partner(service.db, partner_id, service.clock.now())
    concerned = (ANY_BILL, bill_id)
    return {"trouble": [_shown(row) for row in rows if bill_id is None or row["bill_id"] in concerned]}


def _shown(row: Row) -> dict[str, object]:
    return {
        "billId": row["bill_id"] or None,
        "kind": row["kind"],
        "timesLeft": row["times_left"],
        "until": row["until"],
    }
