"""What a reply means: the one place that decides between done, refused and unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from cheonggu.client.fields import Unreadable, read_object
from cheonggu.client.operation import Ask
from cheonggu.client.outcome import Done, Outcome, Refused, Unknown, Why
from cheonggu.client.steps import Answer, Lost, NotSent, Reply
from cheonggu.domain import codes

Raw = Mapping[str, Any]

_TRANSIENT: Final = {codes.BILL_007.code, codes.MAINTAINED_METHOD.code, codes.LIMIT_001.code}
TOO_MANY_REQUESTS: Final = 429


def judge(ask: Ask[Any], reply: Reply) -> Outcome[Raw]:
    """Judge one reply. A 5xx is never an answer; anything else is one if it is an envelope."""
    match reply:
        case NotSent(reason):
            return Refused(f"Nothing was sent: {reason}", transient=True)
        case Lost(reason, timed_out):
            return _unknown(ask, reason, Why.TIMEOUT if timed_out else Why.LOST)
        case Answer():
            return _judge_answer(ask, reply)


def _judge_answer(ask: Ask[Any], answer: Answer) -> Outcome[Raw]:
    envelope = _envelope(answer.body)
    code = envelope.get("code")
    message = str(envelope.get("message") or envelope.get("msg") or f"HTTP {answer.status}")
    if answer.status >= 500:
        failed = _unknown(ask, message, Why.SERVER_ERROR, str(code) if code else None, answer.status)
        return replace(failed, retry_after_seconds=_seconds(answer.retry_after))
    if isinstance(code, str):
        return _judge_code(ask, answer, envelope, code, message)
    if 200 <= answer.status < 300:
        return _unknown(ask, "The answer is no envelope.", Why.UNREADABLE, None, answer.status)
    return Refused(
        f"HTTP {answer.status} without an envelope: is the base URL right?",
        http_status=answer.status,
        transient=answer.status == TOO_MANY_REQUESTS,
        retry_after_seconds=_seconds(answer.retry_after),
    )


def _judge_code(ask: Ask[Any], answer: Answer, envelope: Raw, code: str, message: str) -> Outcome[Raw]:
    if answer.status == 200 and code == codes.OK.code:
        given = envelope.get("data")
        data: Raw = cast("Raw", given) if isinstance(given, dict) else {}
        return Done(data, message, answer.status, data)
    if code == codes.BILL_007.code and ask.operation == "cancel":
        return _unknown(ask, message, Why.UNDER_WAY, code, answer.status)
    known = codes.CODES.get(code)
    return Refused(
        message,
        code,
        answer.status,
        meaning=known.meaning if known and known is not codes.OK else None,
        transient=code in _TRANSIENT or answer.status == TOO_MANY_REQUESTS,
        retry_after_seconds=_seconds(answer.retry_after),
    )


def _unknown(
    ask: Ask[Any], message: str, why: Why, code: str | None = None, status: int | None = None
) -> Unknown:
    return Unknown(message, why, ask.operation, ask.bill_id or None, code, status)


def _envelope(body: bytes) -> Raw:
    try:
        return read_object(body)
    except Unreadable:
        return {}


def _seconds(retry_after: str | None) -> float | None:
    """Of Retry-After, in its form of seconds; its other form, a date, is not used by servers of this API."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
