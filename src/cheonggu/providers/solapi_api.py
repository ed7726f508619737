"""Solapi's API v4 as it is called: signed requests, and how it refuses one as a whole."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from cheonggu.providers.calling import Answer, Calls, NoAnswer

log = structlog.get_logger()

_ADVICE: Final[Mapping[int, str]] = {
    400: "compare the templates and the channel with what is registered at Solapi",
    401: "check the API key and secret, and the addresses that Solapi lets in",
    402: "charge the balance at Solapi; what is due goes out by itself then",
    403: "check the API key and secret, the addresses that Solapi lets in, and this machine's clock",
    404: "check the address of Solapi's API",
}
"""For the operator, where it is something to put right."""
_WORDS: Final[Mapping[int, str]] = {
    401: "솔라피가 API 키를 받아들이지 않았어요",
    402: "솔라피 잔액이 부족해요",
    403: "솔라피가 API 키를 받아들이지 않았어요",
    429: "솔라피에 요청이 너무 많았어요",
}
_OF_ONE_REQUEST: Final = frozenset({400, 413})
_NO_LETTER = re.compile(r"[^A-Za-z]", re.ASCII)
_LONGEST_CODE: Final = 40


class _Trouble(msgspec.Struct, frozen=True, rename="camel"):
    """How Solapi says no. Its message may name a receiver and is not read."""

    error_code: object = None


class Balance(msgspec.Struct, frozen=True):
    """What is left at Solapi: money, and points that are used like it."""

    balance: float
    point: float = 0

    @property
    def won(self) -> float:
        """Both together."""
        return self.balance + self.point


class Refused(Exception):
    """Solapi answered something else than 200: as far as it says, it did nothing."""

    def __init__(self, answer: Answer) -> None:
        code = ""
        with suppress(NoAnswer):
            code = _NO_LETTER.sub("", str(answer.read(_Trouble).error_code or ""))[:_LONGEST_CODE]
        super().__init__(f"{answer.status} {code}".strip())
        self.status = answer.status
        self.code = code

    @property
    def in_words(self) -> str:
        """For whoever looks at a message that was not handed over."""
        return f"{_WORDS.get(self.status, '솔라피가 요청을 받지 않았어요')} ({self})"

    @property
    def in_advice(self) -> str:
        """For the operator who asks what is wrong."""
        return f"It refuses to answer ({self}): {_ADVICE.get(self.status, 'try again later')}."

    @property
    def is_of_one_request(self) -> bool:
        """Whether another request may fare better at once."""
        return self.status in _OF_ONE_REQUEST

    def tell_the_operator(self, messages: int) -> None:
        """Log it, as an error where it is the operator's to put right."""
        advice = _ADVICE.get(self.status)
        if advice is None:
            log.warning("solapi_refused", status=self.status, code=self.code, messages=messages)
        else:
            log.error("solapi_refused", status=self.status, code=self.code, messages=messages, advice=advice)


def authorization(api_key: str, api_secret: str, date: str, salt: str) -> str:
    """The header that signs a request. No two requests may have the same salt."""
    signature = hmac.new(api_secret.encode(), (date + salt).encode(), hashlib.sha256).hexdigest()
    return f"HMAC-SHA256 ApiKey={api_key}, Date={date}, salt={salt}, signature={signature}"


class Api:
    """Signed calls. Both raise NoAnswer when nobody knows what came of it, and Refused."""

    def __init__(self, calls: Calls, api_key: str, api_secret: str) -> None:
        self._calls = calls
        self._api_key = api_key
        self._api_secret = api_secret

    async def get(self, path: str) -> Answer:
        """Ask. `path` has its query with it, quoted."""
        return _good(await self._calls.call("GET", path, headers=self._headers()))

    async def post(self, path: str, body: object) -> Answer:
        """Hand over, as JSON."""
        return _good(await self._calls.call("POST", path, headers=self._headers(), body=body))

    def _headers(self) -> Mapping[str, str]:
        date = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {"Authorization": authorization(self._api_key, self._api_secret, date, secrets.token_hex(16))}


def _good(answer: Answer) -> Answer:
    if answer.status != 200:
        raise Refused(answer)
    return answer
