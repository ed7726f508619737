"""The sandbox's JSON: see what was sent, pay, move points and the clock, start over. Never in live mode."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Final, Literal, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cheonggu.billing import sandbox_partners
from cheonggu.config import Settings, is_address
from cheonggu.delivery import callback as callbacks
from cheonggu.delivery.message import message_id
from cheonggu.delivery.payment import pay
from cheonggu.domain import codes
from cheonggu.domain.alimtalk import render
from cheonggu.domain.bill import WIRE_STATE, Bill
from cheonggu.domain.codes import Refused
from cheonggu.domain.message import Kind
from cheonggu.domain.seoul import LAST_DAY, end_of
from cheonggu.providers.sandbox import erase_practice
from cheonggu.service import Service
from cheonggu.store import accounts, bills, points, practice
from cheonggu.store.partners import Partner
from cheonggu.store.postgres import Connection, Row
from cheonggu.web.body import read_body
from cheonggu.web.envelope import PLAIN_HEADERS, refusal
from cheonggu.web.forms import from_elsewhere
from cheonggu.web.guesses import partner_of
from cheonggu.web.parse import parse_object

log = structlog.get_logger()
T = TypeVar("T", bound=msgspec.Struct)

Outcome = Literal["APPROVE", "DECLINE", "TIMEOUT_CHARGED", "TIMEOUT_NOT_CHARGED", "CHARGED_LATE"]


class _Asked(msgspec.Struct, kw_only=True):
    """Every request may name a partner by its apiKey; without one it is about the sandbox partner."""

    apiKey: str = sandbox_partners.FIRST.api_key


class _Pay(_Asked, kw_only=True):
    billId: str
    outcome: Outcome


class _Points(_Asked, kw_only=True):
    balance: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    merchant: str | None = None


class _Clock(_Asked, kw_only=True):
    advanceSeconds: Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)]


_AT_FIELD: Final = re.compile(r"`(?:\$\.)?(\w+)`(?: - at `\$`)?$")
_RULES: Final = {
    "billId": "청구서 ID를 문자열로 적어야 합니다.",
    "outcome": f"{', '.join(get_args(Outcome))} 가운데 하나여야 합니다.",
    "balance": "0 이상의 정수여야 합니다.",
    "advanceSeconds": "0부터 366일까지의 초여야 합니다.",
}
_LAST_MOMENT: Final = end_of(LAST_DAY)
_RESETS: Final = 5
"""Once more for what was on its way into the tables, dated by the clock before."""
_STRAGGLING_SECONDS: Final = 0.1

Handler = Callable[[Service, Request], Awaitable[dict[str, object]]]


def routes() -> list[Route]:
    """The sandbox's endpoints."""
    return [
        _route("/sandbox/messages", "GET", _messages),
        _route("/sandbox/callbacks", "GET", _callbacks),
        _route("/sandbox/callbacks/{callback_id}/resend", "POST", _resend),
        _route("/sandbox/pay", "POST", _pay),
        _route("/sandbox/points", "POST", _points),
        _route("/sandbox/clock", "POST", _clock),
        _route("/sandbox/reset", "POST", _reset),
        _route("/sandbox/receiver", "POST", _receiver),
    ]


def _route(path: str, method: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        service: Service = request.app.state.service
        settings = service.settings
        foreign = from_elsewhere(request.headers, request.url.scheme, settings.public_url)
        if (
            foreign
            or not _names_us(request, settings)
            or not service.settings.sandbox_allows(_address(request))
        ):
            return refusal(Refused(codes.HTTP_403))
        try:
            body = await handler(service, request)
        except Refused as refused:
            return refusal(refused)
        return Response(msgspec.json.encode(body), media_type="application/json", headers=PLAIN_HEADERS)

    return Route(path, endpoint, methods=[method])


def _address(request: Request) -> str:
    """Who asks; what a proxy passes on comes from somewhere else, and from where is only hearsay."""
    proxied = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return "" if proxied or request.client is None else request.client.host


def _names_us(request: Request, settings: Settings) -> bool:
    """Whether Host is an address or one of our own names: a stranger's name may be made to lead here."""
    host = request.url.hostname or ""
    own = {"localhost", settings.host, urlsplit(settings.public_url).hostname}
    return host in own or is_address(host)


async def _messages(service: Service, request: Request) -> dict[str, object]:
    rows = await practice.messages(service.db, *await _whose(service, request))
    return {"messages": [_message(service, row) for row in rows]}


def _message(service: Service, row: Row) -> dict[str, object]:
    bill = bills.opened(row, service.keyring)
    text, buttons = render(bill, service.settings.public_url)
    sent = row["message_state"] == "SENT"
    return {
        "id": message_id(bill.partner_id, bill.bill_no, row["send_number"]),
        "billId": bill.bill_id,
        "kind": Kind.SEND if row["send_number"] == 1 else Kind.RESEND,
        "to": bill.payer_phone,
        "text": text,
        "buttons": buttons,
        "state": row["message_state"],
        "sentAt": row["settled_at"] if sent else None,
    }


async def _callbacks(service: Service, request: Request) -> dict[str, object]:
    rows = await practice.callbacks(service.db, *await _whose(service, request))
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


async def _pay(service: Service, request: Request) -> dict[str, object]:
    asked = await _read(request, _Pay)
    partner = await _partner(service, request, asked.apiKey)
    bill = await bills.find(service.db, service.keyring, partner.partner_id, asked.billId)
    if bill is None:
        raise Refused(codes.BILL_003)
    return {"state": WIRE_STATE[(await _paid(service, bill, asked.outcome)).state]}


async def _paid(service: Service, bill: Bill, outcome: str) -> Bill:
    try:
        return await pay(service, bill, outcome)
    except Refused:
        return await bills.find(service.db, service.keyring, bill.partner_id, bill.bill_id) or bill


async def _points(service: Service, request: Request) -> dict[str, object]:
    asked = await _read(request, _Points)
    partner = await _partner(service, request, asked.apiKey)
    now = service.clock.now()
    wallet_code = asked.merchant or ""
    if (partner.wallet_kind == "MERCHANT") != bool(wallet_code):
        raise codes.invalid("merchant", "하위사업장마다 지갑이 있는 파트너만, 그리고 반드시 적어야 합니다.")

    async def change(conn: Connection) -> int:
        if wallet_code and not await accounts.has_merchant(conn, partner.partner_id, wallet_code):
            raise Refused(codes.PARTNER_003)
        return await points.set_balance(
            conn,
            partner_id=partner.partner_id,
            wallet_code=wallet_code,
            points=asked.balance,
            note="sandbox",
            at=now,
        )

    return {"balance": await service.db.run(change)}


async def _clock(service: Service, request: Request) -> dict[str, object]:
    asked = await _read(request, _Clock)
    if service.clock.now() + timedelta(seconds=asked.advanceSeconds) > _LAST_MOMENT:
        raise codes.invalid("advanceSeconds", "2999년을 넘길 수 없습니다.")
    await service.clock.advance(service.db, asked.advanceSeconds)
    return {"now": service.clock.now()}


async def _reset(service: Service, _request: Request) -> dict[str, object]:
    async def start_over(conn: Connection) -> None:
        await practice.start_over(conn, sandbox_partners.START_POINTS)
        await erase_practice(conn)

    moved = service.clock.moved
    for _ in range(_RESETS):
        await service.db.run(start_over)
        await service.clock.refresh(service.db)
        if not moved:
            break
        await asyncio.sleep(_STRAGGLING_SECONDS)
        if not await practice.has_stragglers(service.db, service.clock.now()):
            break
    service.directory.forget()
    return {"reset": True}


async def _receiver(_service: Service, request: Request) -> dict[str, object]:
    """A callback receiver to try things with: it accepts everything, and says so in the log."""
    body = await _object(request)
    log.info(
        "practice_receiver_called", bill_id=str(body.get("billId")), appr_state=str(body.get("apprState"))
    )
    return {"code": "0000"}


async def _whose(service: Service, request: Request) -> tuple[int, str | None]:
    api_key = request.query_params.get("apiKey", sandbox_partners.FIRST.api_key)
    partner = await _partner(service, request, api_key)
    bill_id = request.query_params.get("billId")
    return partner.partner_id, bill_id and bill_id.replace("\0", "")  # PostgreSQL's texts have no NUL


async def _partner(service: Service, request: Request, api_key: str) -> Partner:
    return await partner_of(service, api_key, request.client, request.scope["headers"])


async def _read(request: Request, of: type[T]) -> T:
    try:
        return msgspec.convert(await _object(request), of)
    except msgspec.ValidationError as error:
        found = _AT_FIELD.search(str(error))
        field = found[1] if found else "본문"
        raise codes.invalid(field, _RULES.get(field, "빠졌거나 올바르지 않습니다.")) from None


async def _object(request: Request) -> dict[str, object]:
    """The JSON object in the body, whatever its Content-Type: `curl -d` says that it is a form."""
    return parse_object(await read_body((), request.receive))
