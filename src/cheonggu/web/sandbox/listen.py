"""Listening for a partner's callbacks, so that they reach a machine that no callbackUrl can.

A listener asks again and again. Each asking waits a few seconds for callbacks, and is what keeps it alive.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import secrets
from datetime import datetime
from typing import Annotated, Any, Final, cast

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.providers.reply import Reason
from cheonggu.providers.sandbox_listen import Told
from cheonggu.service import Service
from cheonggu.store import listeners
from cheonggu.store.postgres import Row
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route, whose

WAIT_SECONDS: Final = 3.0
"""Shorter than a listener's lease by enough for it to ask again."""
GLANCE_SECONDS: Final = 1.0
"""Should the bell not ring."""
LOST_GRACE_SECONDS: Final = 1.0
"""For a listener whose connection broke to come back."""
MOST_AT_ONCE: Final = 32
MOST_ANSWER_BYTES: Final = 128 * 1024
"""64 KiB of an answer in base64, and what stands around it."""

_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class _Listen(Asked, kw_only=True):
    listener: _Id | None = None
    forwardTo: Annotated[str, msgspec.Meta(max_length=2_048)] = ""
    waitSeconds: Annotated[float, msgspec.Meta(ge=0, le=WAIT_SECONDS)] = WAIT_SECONDS
    holding: list[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}$")]] | None = None


class _Answer(Asked, kw_only=True):
    listener: _Id
    url: Annotated[str, msgspec.Meta(max_length=4_200)]
    status: Annotated[int, msgspec.Meta(ge=100, le=999)] | None = None
    contentEncoding: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    body: str | None = None
    bodyBase64: str | None = None
    durationMs: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    reason: Reason | None = None


_RULES: Final = {
    "listener": "영문자, 숫자, _, -로 된 8자부터 64자까지의 이름이어야 합니다.",
    "forwardTo": "2,048자까지의 문자열이어야 합니다.",
    "waitSeconds": f"0부터 {WAIT_SECONDS:g}까지의 초여야 합니다.",
    "holding": "가지고 있는 콜백의 id 배열이어야 합니다.",
    "url": "실제로 보낸 주소를 문자열로 적어야 합니다.",
    "status": "받은 HTTP 상태 코드여야 합니다. 답이 없었다면 reason을 적어 주세요.",
    "reason": f"{', '.join(Reason)} 가운데 하나여야 합니다.",
    "durationMs": "0부터 60,000까지의 정수여야 합니다.",
    "bodyBase64": "base64여야 합니다.",
}


def routes() -> list[Route]:
    """The endpoints about listening."""
    return [
        json_route("/sandbox/listen", "GET", _see),
        json_route("/sandbox/listen", "POST", _listen),
        json_route("/sandbox/listen", "DELETE", _leave),
        json_route("/sandbox/listen/{forward_no}/answer", "POST", _answer),
    ]


async def _see(service: Service, request: Request) -> dict[str, object]:
    partner_id, _ = await whose(service, request)
    rows = await listeners.of_partner(service.db, partner_id)
    return {
        "listeners": [
            {"listener": row["listener_id"], "forwardTo": row["forward_to"], "beganAt": row["began_at"]}
            for row in rows
        ]
    }


async def _listen(service: Service, request: Request) -> dict[str, object]:
    """A first asking, without a listener's name, gives it one and does not wait."""
    asked = await door.read(request, _Listen, _RULES)
    partner_id = (await door.partner(service, request, asked.apiKey)).partner_id
    listener = asked.listener or secrets.token_urlsafe(12)
    until = await listeners.stay(service.db, partner_id, listener, asked.forwardTo)
    wait_seconds = asked.waitSeconds if asked.listener else 0
    holding = None if asked.holding is None else [int(number) for number in asked.holding]
    waiting = asyncio.create_task(_taken(service, partner_id, listener, holding, wait_seconds))
    gone = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            await _lost(service, partner_id, listener, until)
            return {"listener": listener, "callbacks": []}
        return {"listener": listener, "callbacks": [_handed(row) for row in waiting.result()]}
    finally:
        waiting.cancel()
        gone.cancel()
        await asyncio.gather(waiting, gone, return_exceptions=True)


async def _taken(
    service: Service, partner_id: int, listener: str, holding: list[int] | None, wait_seconds: float
) -> list[Row]:
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_seconds
    with service.bell.rung(listeners.offered(partner_id)) as rung:
        while True:
            rows = await listeners.take(service.db, partner_id, listener, MOST_AT_ONCE, holding)
            left = end - loop.time()
            if rows or left <= 0:
                return sorted(rows, key=lambda row: row["forward_no"])
            await rung.wait(min(left, GLANCE_SECONDS))


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _lost(service: Service, partner_id: int, listener: str, until: datetime) -> None:
    await listeners.leave(service.db, partner_id, listener, until=until, grace_seconds=LOST_GRACE_SECONDS)


def _handed(row: Row) -> dict[str, object]:
    request = cast("dict[str, Any]", msgspec.json.decode(row["request"]))
    return {"id": str(row["forward_no"]), "method": "POST", **request, "secondsLeft": row["seconds_left"]}


async def _answer(service: Service, request: Request) -> dict[str, object]:
    """What came of a callback; `counts` is false for one that is over, or that another listener has."""
    asked = await door.read(request, _Answer, _RULES, most_bytes=MOST_ANSWER_BYTES)
    number: str = request.path_params["forward_no"]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Refused(codes.HTTP_404)
    if asked.status is None and asked.reason is None:
        raise codes.invalid("status", _RULES["status"])
    partner_id = (await door.partner(service, request, asked.apiKey)).partner_id
    told = Told(
        url=asked.url,
        status=asked.status,
        content_encoding=asked.contentEncoding,
        body=_body(asked),
        duration_ms=asked.durationMs,
        reason=asked.reason,
    )
    encoded = msgspec.json.encode(told).decode()
    return {"counts": await listeners.answer(service.db, partner_id, asked.listener, int(number), encoded)}


def _body(asked: _Answer) -> bytes:
    if asked.bodyBase64 is None:
        return (asked.body or "").encode()
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(asked.bodyBase64, validate=True)
    raise codes.invalid("bodyBase64", _RULES["bodyBase64"])


async def _leave(service: Service, request: Request) -> dict[str, object]:
    partner_id, _ = await whose(service, request)
    await listeners.leave(service.db, partner_id, request.query_params.get("listener", "").replace("\0", ""))
    return await _see(service, request)
