"""Callbacks as the sandbox shows them, sent again by hand, and a receiver to try them with."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import structlog
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.delivery import callback as callbacks
from cheonggu.delivery.callback import ANSWER_KEPT_BYTES, webhook_id
from cheonggu.domain import codes
from cheonggu.domain.blame import blame
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.postgres import Row
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route, read_object, whose

log = structlog.get_logger()


def routes() -> list[Route]:
    """The endpoints about callbacks."""
    return [
        json_route("/sandbox/callbacks", "GET", _callbacks),
        json_route("/sandbox/callbacks/{callback_id}", "GET", _callback),
        json_route("/sandbox/callbacks/{callback_id}/resend", "POST", _resend),
        json_route("/sandbox/receiver", "POST", _receiver),
    ]


async def _callbacks(service: Service, request: Request) -> dict[str, object]:
    rows = await practice.callbacks(service.db, *await whose(service, request))
    return {"callbacks": [shown(row) for row in rows]}


async def _callback(service: Service, request: Request) -> dict[str, object]:
    api_key = request.query_params.get("apiKey", Asked().apiKey)
    return await _found(service, *await _meant(service, request, api_key))


async def _resend(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, Asked, {})
    partner_id, callback_no = await _meant(service, request, asked.apiKey)
    if not await callbacks.resend(service, partner_id, callback_no):
        raise _no_callback()
    return await _found(service, partner_id, callback_no)


async def _found(service: Service, partner_id: int, callback_no: int) -> dict[str, object]:
    rows = await practice.callbacks(service.db, partner_id, None, callback_no)
    if not rows:
        raise _no_callback()
    return shown(rows[0])


def shown(row: Row) -> dict[str, object]:
    """A row of practice.callbacks as JSON, with everything that was sent and heard."""
    return {
        "id": f"{row['partner_id']}-{row['callback_no']}",
        "webhookId": webhook_id(row["partner_id"], row["callback_no"]),
        "billId": row["bill_id"],
        "kind": row["kind"],
        "url": row["url"],
        "state": row["state"],
        "beganAt": row["began_at"],
        "nextAt": row["due_at"],
        "attempts": [shown_attempt(*columns) for columns in row["attempts"]],
    }


def shown_attempt(
    at: object, status: int | None, reason: str | None, duration_ms: int, answer: bytes, sent: str | None
) -> dict[str, object]:
    """An attempt as JSON. `request` is null where it was not kept, and for what was never built."""
    request = cast("dict[str, Any]", msgspec.json.decode(sent)) if sent else None
    return {
        "at": at,
        "status": status,
        "reason": reason,
        "accepted": reason is None,
        "durationMs": duration_ms,
        "trouble": request.pop("trouble") if request else None,
        "forwardedTo": request.pop("forwardedTo") if request else None,
        "request": request,
        "answer": _shown_answer(answer, None if reason is None else status),
    }


def _shown_answer(answer: bytes, refused_with: int | None) -> dict[str, object]:
    text = answer.decode(errors="replace")
    return {
        "text": text,
        "cut": len(answer) >= ANSWER_KEPT_BYTES,
        "marked": blame(refused_with, text),
    }


async def _meant(service: Service, request: Request, api_key: str) -> tuple[int, int]:
    """Partner and callback of the id in the path; one that is not the sandbox's needs its apiKey besides.

    Raises Refused.
    """
    partner_id, callback_no = _number(request)
    if await practice.is_private(service.db, partner_id):
        found = await door.partner(service, request, api_key)
        if found.partner_id != partner_id:
            raise _no_callback()
    return partner_id, callback_no


def _number(request: Request) -> tuple[int, int]:
    """Partner and callback of the id in the path. Raises Refused with HTTP_404."""
    callback_id: str = request.path_params["callback_id"]
    partner_id, dash, number = callback_id.removeprefix("cb_").replace("_", "-").partition("-")
    if not (dash and _is_number(partner_id) and _is_number(number)):
        raise _no_callback()
    return int(partner_id), int(number)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _no_callback() -> Refused:
    return Refused(codes.HTTP_404, "그런 콜백이 없습니다. GET /sandbox/callbacks에서 id를 확인해 주세요.")


async def _receiver(_service: Service, request: Request) -> dict[str, object]:
    """A callback receiver to try things with: it accepts everything, and says so in the log."""
    body = await read_object(request)
    log.info(
        "practice_receiver_called", bill_id=str(body.get("billId")), appr_state=str(body.get("apprState"))
    )
    return {"code": "0000"}
