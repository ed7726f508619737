"""The partner API as a bare ASGI application: this is the hot path, and a table needs no router."""

from __future__ import annotations

import traceback
from time import perf_counter
from typing import TYPE_CHECKING, Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from cheonggu.domain import codes
from cheonggu.domain.codes import Code, Refused
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web import envelope
from cheonggu.web.body import Unread, read_body
from cheonggu.web.envelope import Header
from cheonggu.web.metrics import NO_OPERATION, count_answer
from cheonggu.web.operations import ROUTES, Incoming, Operation
from cheonggu.web.parse import parse_object

if TYPE_CHECKING:
    from cheonggu.service import Service

log = structlog.get_logger()

_KEY_HEADER: Final = b"idempotency-key"
_ALLOW: Final[Header] = (b"allow", b"POST")
_CLOSE: Final[Header] = (b"connection", b"close")
_FRAMES_LOGGED: Final = 8


class PartnerApi:
    """Answers every request in the envelope; a path that is no operation gets HTTP_404."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; nothing is answered to a client that went away."""
        began = perf_counter()
        operation = ROUTES.get(scope["path"])
        name = operation.name if operation else NO_OPERATION
        more_headers: tuple[Header, ...] = ()
        try:
            code, body = codes.OK, await self._operate(operation, scope, receive)
        except ClientDisconnect:
            return
        except Refused as refused:
            code, body = refused.code, envelope.refusal_body(refused.code, refused.message)
            more_headers = _headers_of(refused)
        except Exception as error:  # noqa: BLE001 - every request gets an answer, and never a stack trace
            code = _code_of(error, name)
            body = envelope.refusal_body(code)
        count_answer(name, code.code, perf_counter() - began)
        await _send(send, code, body, more_headers)

    async def _operate(self, operation: Operation | None, scope: Scope, receive: Receive) -> bytes:
        if operation is None:
            raise Refused(codes.HTTP_404)
        if scope["method"] != "POST":
            raise Refused(codes.HTTP_405)
        headers: list[Header] = scope["headers"]
        body = await read_body(headers, receive)
        keys = [value for name, value in headers if name == _KEY_HEADER]
        data = await operation.run(self._service, operation, Incoming(body, parse_object(body), keys))
        return envelope.success_body(data)


def _headers_of(refused: Refused) -> tuple[Header, ...]:
    if isinstance(refused, Unread):
        return (_CLOSE,)
    return (_ALLOW,) if refused.code is codes.HTTP_405 else ()


def _code_of(error: Exception, operation: str) -> Code:
    """What a failure is answered with. Its own words are not logged either: they may quote the request."""
    if isinstance(error, DatabaseAway):
        log.warning("database_away", operation=operation, cause=type(error.__cause__).__name__)
        return codes.HTTP_503
    log.error("request_failed", operation=operation, **told_of(error))
    return codes.ERROR


def told_of(error: Exception) -> dict[str, object]:
    """What the log is told of an unforeseen error: its kind and where, not its words."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


async def _send(send: Send, code: Code, body: bytes, more_headers: tuple[Header, ...]) -> None:
    headers = envelope.headers(code.http_status, body)
    headers.extend(more_headers)
    await send({"type": "http.response.start", "status": code.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
