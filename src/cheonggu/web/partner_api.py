"""The partner API: from a request's headers and body to its answer. A table of operations needs no router."""

from __future__ import annotations

import traceback
from time import perf_counter
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from cheonggu.domain import codes
from cheonggu.domain.codes import Code, Refused
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web import envelope
from cheonggu.web.body import Unread, read_body
from cheonggu.web.envelope import Header
from cheonggu.web.guesses import Peer
from cheonggu.web.head import Head
from cheonggu.web.metrics import ANSWERS, NO_OPERATION
from cheonggu.web.operations import ROUTES, Incoming, Operation, incoming_to

if TYPE_CHECKING:
    from cheonggu.service import Service

log = structlog.get_logger()

_ALLOW: Final[Header] = (b"allow", b"POST")
_CLOSE: Final[Header] = (b"connection", b"close")
_FRAMES_LOGGED: Final = 8
FALL_SILENT: Final = "fall_silent"
"""Where, in a request's ASGI state, the server's protocol says how to leave it without an answer."""


class Answer(msgspec.Struct, frozen=True):
    """What goes back: an HTTP status and an envelope.

    `headers` are its own beside the usual ones. With `silent_seconds` nothing goes back: the connection is
    held for so long and then closed.
    """

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()
    silent_seconds: float | None = None


class PartnerApi:
    """Answers every request in the envelope.

    `answer` takes a request that was read whole: that is how the server's own protocol calls it. As an ASGI
    application it takes any other, and answers HTTP_404 on a path that is no operation.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(self, operation: Operation, head: Head, body: bytes, peer: Peer) -> Answer:
        """The answer to a POST to an operation. It raises nothing."""
        began = perf_counter()
        incoming: Incoming | None = None
        try:
            incoming = incoming_to(operation, body, head, peer)
            data = await operation.run(self._service, operation, incoming)
            code, answered = codes.OK, envelope.success_body(data)
        except Refused as refused:
            code, answered = refused.code, envelope.refusal_body(refused.code, refused.message)
        except Exception as error:  # noqa: BLE001 - every request gets an answer, and never a stack trace
            code = _code_of(error, operation.name)
            answered = envelope.refusal_body(code)
        if incoming is not None and incoming.partner is not None and incoming.partner.quirks is not None:
            answered = envelope.respelled(answered, incoming.partner.quirks)
        ANSWERS.count(operation.name, code.code, perf_counter() - began)
        return Answer(code.http_status, answered)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; nothing is answered to a client that went away."""
        began = perf_counter()
        operation = ROUTES.get(scope["path"])
        try:
            body = await _body_for(operation, scope, receive)
        except ClientDisconnect:
            return
        except Refused as refused:
            name = operation.name if operation else NO_OPERATION
            ANSWERS.count(name, refused.code.code, perf_counter() - began)
            refusal = Answer(refused.code.http_status, envelope.refusal_body(refused.code, refused.message))
            await _send(send, refusal, _headers_of(refused))
        else:
            assert operation is not None
            answer = await self.answer(operation, Head(scope["headers"]), body, scope.get("client"))
            if answer.silent_seconds is None:
                await _send(send, answer, answer.headers)
            else:
                await _fall_silent(scope, receive, answer.silent_seconds)


async def _body_for(operation: Operation | None, scope: Scope, receive: Receive) -> bytes:
    if operation is None:
        raise Refused(codes.HTTP_404)
    if scope["method"] != "POST":
        raise Refused(codes.HTTP_405)
    return await read_body(scope["headers"], receive)


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


async def _fall_silent(scope: Scope, receive: Receive, seconds: float) -> None:
    """Wait until the connection is gone: whoever returns earlier without an answer makes it a 500."""
    scope["state"][FALL_SILENT](seconds)
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, answer: Answer, more_headers: tuple[Header, ...] = ()) -> None:
    headers = envelope.headers(answer.status, answer.body)
    headers.extend(more_headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
