"""What comes of a call to a partner's server: its answer, or why there is none, in stable words."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from cheonggu.providers.connector import BodyTooLargeError, ForbiddenError, HeadTooLargeError


class Reason(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    FORBIDDEN_ADDRESS = "forbidden_address"
    TLS = "tls"
    TOO_LARGE = "too_large"
    HEADERS_TOO_LARGE = "headers_too_large"
    BAD_HTTP = "bad_http"
    DISCONNECTED = "disconnected"
    BAD_URL = "bad_url"
    CLOSED = "closed"
    UNEXPECTED = "unexpected"
    LOST_ON_PURPOSE = "lost_on_purpose"
    ANSWER_LOST_ON_PURPOSE = "answer_lost_on_purpose"
    DOWN_ON_PURPOSE = "down_on_purpose"
    LISTENER_GONE = "listener_gone"


SENTENCES: Final[Mapping[Reason, str]] = {
    Reason.TIMEOUT: "제한 시간 안에 답을 다 받지 못했어요",
    Reason.REFUSED: "연결을 거부당했어요. 서버가 켜져 있고 포트가 맞는지 확인해 주세요",
    Reason.UNREACHABLE: "서버까지 연결할 수 없어요",
    Reason.DNS: "호스트 이름의 주소를 찾을 수 없어요",
    Reason.FORBIDDEN_ADDRESS: "공인망 밖이라 보내지 않았어요. CHEONGGU_CALLBACK_ALLOW로 허용할 수 있어요",
    Reason.TLS: "TLS로 연결할 수 없어요. 인증서를 확인해 주세요",
    Reason.TOO_LARGE: "답의 본문이 64KiB를 넘어서 읽기를 그만두었어요",
    Reason.HEADERS_TOO_LARGE: "답의 헤더가 16KiB를 넘어서 읽기를 그만두었어요",
    Reason.BAD_HTTP: "HTTP로 읽을 수 없는 답이에요",
    Reason.DISCONNECTED: "답을 다 받기 전에 연결이 끊겼어요",
    Reason.BAD_URL: "URL이 올바르지 않아요",
    Reason.CLOSED: "보내는 쪽이 멈추는 중이라 보내지 못했어요",
    Reason.UNEXPECTED: "보내다가 예상하지 못한 오류가 났어요",
    Reason.LOST_ON_PURPOSE: "샌드박스가 일부러 콜백을 잃어버렸어요(LOST). 도착하지 않았어요",
    Reason.ANSWER_LOST_ON_PURPOSE: "샌드박스가 일부러 답을 잃어버렸어요(ANSWER_LOST). 콜백은 도착했어요",
    Reason.DOWN_ON_PURPOSE: "샌드박스가 일부러 연결을 거부했어요(DOWN). 콜백은 도착하지 않았어요",
    Reason.LISTENER_GONE: "cheonggu listen이 콜백을 가져간 뒤 답을 알려 주지 않았어요",
}


class Sent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request as it was sent: `headers` are those we set, beside which HTTP puts its own (Host, lengths).

    `forwarded_to` is where a listener posted it instead of to `url`; `trouble` is what the sandbox did to it.
    """

    method: str = "POST"
    url: str
    headers: Mapping[str, str]
    body: str
    forwarded_to: str | None = None
    trouble: str | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The server's whole answer. `body` is as it was sent: never decompressed.

    `sent` is set where the request is to be kept with what came of it.
    """

    status: int
    body: bytes
    content_encoding: str | None
    duration_ms: int
    sent: Sent | None = None


class NotAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """No whole answer. `status` and `body` are what had been heard of it by then.

    `detail` says more, in the words of whoever noticed; it never holds the URL, which may carry a token.
    """

    reason: Reason
    detail: str
    status: int | None
    body: bytes
    duration_ms: int
    sent: Sent | None = None

    @property
    def sentence(self) -> str:
        """The reason for people."""
        return SENTENCES[self.reason]


Reply = Answered | NotAnswered


class BadUrlError(Exception):
    """The URL cannot be called; the text says why."""


_KINDS: Final[tuple[tuple[type[BaseException], Reason], ...]] = (
    (BadUrlError, Reason.BAD_URL),
    (ForbiddenError, Reason.FORBIDDEN_ADDRESS),
    (HeadTooLargeError, Reason.HEADERS_TOO_LARGE),
    (LineTooLong, Reason.HEADERS_TOO_LARGE),
    (BodyTooLargeError, Reason.TOO_LARGE),
    (ssl.SSLError, Reason.TLS),
    (socket.gaierror, Reason.DNS),
    (ConnectionRefusedError, Reason.REFUSED),
    (ConnectionError, Reason.DISCONNECTED),
    (TimeoutError, Reason.TIMEOUT),
    (aiohttp.ClientConnectorDNSError, Reason.DNS),
    (aiohttp.ClientConnectorError, Reason.UNREACHABLE),
    (aiohttp.ClientConnectionError, Reason.DISCONNECTED),
    (aiohttp.ClientPayloadError, Reason.DISCONNECTED),
    (HttpProcessingError, Reason.BAD_HTTP),
)
"""The first kind found anywhere among an error and its causes decides: aiohttp wraps what happened."""

MAX_DETAIL_CHARACTERS: Final = 200
_OUR_OWN_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def explain(error: Exception) -> tuple[Reason, str]:
    """The reason behind what was raised, and its detail."""
    links = list(_links(error))[::-1]  # the first cause knows most
    for link in links:
        if isinstance(link, OSError) and link.errno in _OUR_OWN_LIMITS:
            return Reason.UNEXPECTED, _detail(link)
        if isinstance(link, HttpProcessingError) and link.message.startswith("Too many headers"):
            return Reason.HEADERS_TOO_LARGE, link.message
    for kind, reason in _KINDS:
        for link in links:
            if isinstance(link, kind):
                return reason, _detail(link)
    return Reason.UNEXPECTED, _detail(error)


def _links(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _detail(error: BaseException) -> str:
    match error:
        case BadUrlError() | ForbiddenError():
            return str(error)
        case ssl.SSLCertVerificationError(verify_message=str(message)):
            return message
        case OSError() if error.strerror:
            return error.strerror
        case HttpProcessingError() if not isinstance(error, LineTooLong):
            first_line = error.message.partition("\n")[0].rstrip(":")
            return "".join(filter(str.isprintable, first_line))[:MAX_DETAIL_CHARACTERS]
        case _:
            return type(error).__name__
