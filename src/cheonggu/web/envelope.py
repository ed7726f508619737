"""The envelope of every answer: `{code, message, data}`; `data` is null unless the operation succeeded."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec
from starlette.responses import Response

from cheonggu.domain import codes
from cheonggu.domain.codes import Code, Refused
from cheonggu.domain.guesses import WINDOW_SECONDS
from cheonggu.domain.quirks import Quirks

RETRY_AFTER_SECONDS: Final[dict[int, int]] = {429: WINDOW_SECONDS, 503: 5}
"""O: by HTTP status, after how long it is worth trying again."""

PLAIN_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""O: of answers that are neither in the envelope nor pages."""

Header = tuple[bytes, bytes]

_encode: Final = msgspec.json.Encoder().encode
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


def _opening(code: Code, message: str) -> bytes:
    return b'{"code":%b,"message":%b,"data":' % (_encode(code.code), _encode(message))


_SUCCESS: Final = _opening(codes.OK, codes.OK.message)
DONE: Final = b'{"code":%b,' % _encode(codes.OK.code)
"""How the bytes of every success begin, however a partner has them spelled, and of nothing else."""


def success_body(data: msgspec.Struct) -> bytes:
    """The bytes of an answer that carries `data`."""
    return _SUCCESS + _encode(data) + b"}"


def refusal_body(code: Code, message: str | None = None) -> bytes:
    """The bytes of an answer that refuses, with the code's own message unless another is given."""
    return _opening(code, message or code.message) + b"null}"


class _Envelope(msgspec.Struct):
    code: msgspec.Raw
    message: msgspec.Raw
    data: msgspec.Raw


_read: Final = msgspec.json.Decoder(_Envelope).decode


def respelled(body: bytes, quirks: Quirks) -> bytes:
    """An answer's bytes as a partner with switches gets them: `msg` beside `message`, or in its place."""
    if quirks.answer_field == "message":
        return body
    told = _read(body)
    message = b'"msg":%b' % told.message
    if quirks.answer_field == "both":
        message = b'"message":%b,%b' % (told.message, message)
    return b'{"code":%b,%b,"data":%b}' % (told.code, message, told.data)


def headers(http_status: int, body: bytes) -> list[Header]:
    """The headers of an answer."""
    return [*standing_headers(http_status), (b"content-length", b"%d" % len(body))]


@cache
def standing_headers(http_status: int) -> tuple[Header, ...]:
    """The headers of an answer that do not depend on its body."""
    seconds = RETRY_AFTER_SECONDS.get(http_status)
    return _ALWAYS if seconds is None else (*_ALWAYS, (b"retry-after", b"%d" % seconds))


def refusal(refused: Refused) -> Response:
    """The whole answer to a refused request, for endpoints of Starlette."""
    body = refusal_body(refused.code, refused.message)
    response = Response(body, refused.code.http_status)
    response.raw_headers = headers(refused.code.http_status, body)
    return response
