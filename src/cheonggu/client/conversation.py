"""An operation from first try to outcome: which replies are worth another try, and what they prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import uuid4

from cheonggu.client.account import Account
from cheonggu.client.fields import Fields, Unreadable
from cheonggu.client.inputs import InputWrong
from cheonggu.client.judge import TOO_MANY_REQUESTS, Raw, judge
from cheonggu.client.operation import Ask
from cheonggu.client.outcome import Done, Outcome, Refused, Unknown, Why
from cheonggu.client.steps import Request, Steps, send, wait
from cheonggu.domain import codes

T = TypeVar("T")

_FOR_GOOD: Final = {
    code.code for code in codes.CODES.values() if code.lasting or code is codes.IDEMPOTENCY_001
}
"""Refusals that a server keeps with the key: had an earlier try been carried out, its answer would have come
again, and should one still arrive, it gets this refusal, too. All others say nothing of an earlier try."""


def converse(account: Account, ask: Ask[T]) -> Steps[Outcome[T]]:
    """Ask, again where that is safe, and read the answer."""
    if ask.writes and account.idempotency and ask.idempotency_key is None:
        ask = replace(ask, idempotency_key=uuid4().hex)
    outcome = yield from _try(account, ask)
    return _typed(ask, outcome) if isinstance(outcome, Done) else outcome


def _try(account: Account, ask: Ask[Any]) -> Steps[Outcome[Raw]]:
    request = Request(ask.path, _body(ask), ask.idempotency_key)
    waits = iter(account.retry.waits_seconds)
    doubt: Unknown | None = None
    while True:
        reply = yield from send(request)
        outcome = judge(ask, reply)
        pause_seconds = _pause(account, ask, outcome, waits)
        if pause_seconds is None:
            return _in_doubt(outcome, doubt)
        if isinstance(outcome, Unknown) and ask.writes:
            doubt = outcome
        yield from wait(pause_seconds)


def _body(ask: Ask[Any]) -> bytes:
    try:
        return json.dumps(ask.envelope, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise InputWrong(
            "text", f"{error.object[error.start : error.end]!a} cannot be sent as UTF-8."
        ) from None


def _pause(account: Account, ask: Ask[Any], outcome: Outcome[Raw], waits: Iterator[float]) -> float | None:
    """How long to wait before the next try; None when there is to be none."""
    if isinstance(outcome, Done) or not _safe_to_repeat(account, ask, outcome):
        return None
    asked_for = outcome.retry_after_seconds or 0.0
    own = next(waits, None)
    return None if own is None or asked_for > account.retry.longest_seconds else max(own, asked_for)


def _safe_to_repeat(account: Account, ask: Ask[Any], outcome: Refused | Unknown) -> bool:
    match outcome:
        case Unknown():
            return not ask.writes or (account.idempotency and ask.idempotency_key is not None)
        case Refused(sent=False):
            return True
        case Refused(http_status=status, retry_after_seconds=seconds):
            return status == TOO_MANY_REQUESTS and seconds is not None


def _in_doubt(outcome: Outcome[Raw], doubt: Unknown | None) -> Outcome[Raw]:
    """A later try that was turned away does not prove that the first one was, or will be."""
    if doubt is None or not isinstance(outcome, Refused):
        return outcome
    return outcome if outcome.code in _FOR_GOOD else doubt


def _typed(ask: Ask[T], done: Done[Raw]) -> Outcome[T]:
    try:
        data = ask.read(Fields(done.data), ask.bill_id)
    except Unreadable as unreadable:
        if ask.writes:
            data = ask.read(Fields({}), ask.bill_id)  # it was done, whatever else the server says of it
        else:
            why = Why.UNREADABLE
            return Unknown(
                str(unreadable), why, ask.operation, ask.bill_id or None, done.code, done.http_status
            )
    return Done(data, done.message, done.http_status, done.raw, done.code)
