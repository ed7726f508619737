"""Callbacks as the sandbox shows them, sent again by hand, and a receiver to try them with."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.delivery import callback as callbacks
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.postgres import Row
from cheonggu.web.sandbox.door import json_route, read_object, whose

log = structlog.get_logger()


def routes() -> list[Route]:
    """The endpoints about callbacks."""
    return [
        json_route("/sandbox/callbacks", "GET", _callbacks),
        json_route("/sandbox/callbacks/{callback_id}/resend", "POST", _resend),
        json_route("/sandbox/receiver", "POST", _receiver),
    ]


async def _callbacks(service: Service, request: Request) -> dict[str, object]:
    rows = await practice.callbacks(service.db, *await whose(service, request))
    return {"callbacks": [_callback(row) for row in rows]}


def _callback(row: Row) -> dict[str, object]:
    return {
        "id": f"{row['partner_id']}-{row['callback_no']}",
        "billId": row["bill_id"],
        "kind": row["kind"],
        "state": row["state"],
        "nextAt": row["due_at"],
        "attempts": [
            {"at": at, "status": status, "reason": reason} for at, status, reason in row["attempts"]
        ],
    }


async def _resend(service: Service, request: Request) -> dict[str, object]:
    callback_id: str = request.path_params["callback_id"]
    partner_id, dash, number = callback_id.removeprefix("cb_").replace("_", "-").partition("-")
    if not (dash and _is_number(partner_id) and _is_number(number)):
        raise _no_callback()
    if not await callbacks.resend(service, int(partner_id), int(number)):
        raise _no_callback()
    rows = await practice.callbacks(service.db, int(partner_id), None, int(number))
    return _callback(rows[0])


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
