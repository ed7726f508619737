"""A run as a document: every check with what was sent and answered, masked; and where two of them differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from cheonggu.conform.masking import Masks
from cheonggu.conform.run import Outcome, Ran, Result, why_not_tried
from cheonggu.conform.target import Target
from cheonggu.conform.wire import Exchange

FORMAT: Final = "cheonggu-conform-1"
_SHOWN_CHARACTERS: Final = 1_000
_HEADERS: Final = frozenset(
    {
        "allow",
        "content-type",
        "idempotency-key",
        "retry-after",
        "webhook-id",
        "webhook-timestamp",
    }
)


class NoReport(Exception):
    """A file is no report of a run; the sentence it carries says why."""


def document(target: Target, ran: Ran, version: str) -> dict[str, object]:
    """The whole run."""
    masks = Masks(target, ran.record)
    return {
        "format": FORMAT,
        "version": version,
        "server": target.base_url,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "stopped": None if ran.stopped is None else masks.text(ran.stopped),
        "left": [masks.text(bill) for bill in ran.left],
        "requests": ran.requests,
        "totals": {outcome.value: ran.count(outcome) for outcome in Outcome},
        "checks": [_told(result, masks) for result in ran.results],
    }


def _told(result: Result, masks: Masks) -> dict[str, object]:
    check = result.check
    return {
        "id": check.id,
        "mark": check.mark,
        "english": check.english,
        "korean": check.korean,
        "outcome": result.outcome.value,
        "reason": why_not_tried(result, masks.text),
        "differences": [
            {"mark": one.mark, "expected": masks.text(one.expected), "answered": masks.text(one.answered)}
            for one in result.differences
        ],
        "exchanges": [_exchange(exchange, masks) for exchange in result.exchanges],
    }


def _exchange(exchange: Exchange, masks: Masks) -> dict[str, object]:
    answer = exchange.answer
    return {
        "direction": "received" if exchange.received else "sent",
        "method": exchange.method,
        "url": masks.text(exchange.url),
        "headers": _headers(exchange.headers, masks),
        "body": _shortened(masks.body(exchange.body)),
        "milliseconds": exchange.milliseconds,
        "failure": None if exchange.failure is None else masks.text(exchange.failure),
        "answer": None
        if answer is None
        else {
            "status": answer.status,
            "headers": _headers(answer.headers, masks),
            "body": _shortened(masks.body(answer.body)),
        },
    }


def _headers(headers: Mapping[str, str], masks: Masks) -> dict[str, str]:
    return {name.lower(): masks.text(value) for name, value in headers.items() if name.lower() in _HEADERS}


def _shortened(value: object) -> object:
    """Long texts cut, as they were masked before."""
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {name: _shortened(inner) for name, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in cast("list[object]", value)]
    return value


def read(path: Path) -> dict[str, Any]:
    """A report that was written. Raises NoReport."""
    try:
        found: object = json.loads(path.read_bytes())
    except OSError as error:
        raise NoReport(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError:
        raise NoReport(f"{path} is no JSON.") from None
    if not isinstance(found, dict) or cast("dict[str, Any]", found).get("format") != FORMAT:
        raise NoReport(f"{path} is no report of cheonggu conform: it lacks the format {FORMAT!r}.")
    return cast("dict[str, Any]", found)


class Unlike(msgspec.Struct, frozen=True):
    """A check on which two servers are not alike, and how each one answered."""

    id: str
    mark: str
    english: str
    korean: str
    first: str
    second: str


def unlike(first: Mapping[str, Any], second: Mapping[str, Any], *, messages: bool = False) -> list[Unlike]:
    """Where two reports differ, in the order of the first; what only one of them tried is left out.

    With `messages` other words in an answer are a difference too.
    """
    others = {check["id"]: check for check in _tried(second)}
    found: list[Unlike] = []
    for check in _tried(first):
        other = others.get(check["id"])
        if other is None:
            continue
        ours, theirs = (_came_out(one, messages=messages) for one in (check, other))
        if ours != theirs:
            found.append(Unlike(check["id"], check["mark"], check["english"], check["korean"], ours, theirs))
    return found


def in_both(first: Mapping[str, Any], second: Mapping[str, Any]) -> int:
    """How many checks were tried in both."""
    return len({check["id"] for check in _tried(first)} & {check["id"] for check in _tried(second)})


def _tried(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [check for check in report.get("checks", []) if check["outcome"] != Outcome.NOT_TRIED.value]


def _came_out(check: Mapping[str, Any], *, messages: bool) -> str:
    """Outcome, what differed, and how the last operation was answered."""
    said = [f"{one['expected']} → {one['answered']}" for one in check["differences"]]
    return "; ".join([check["outcome"], *said, *_last_answer(check["exchanges"], messages=messages)])


def _last_answer(exchanges: Sequence[Mapping[str, Any]], *, messages: bool) -> list[str]:
    for exchange in reversed(exchanges):
        answer = exchange["answer"]
        body = answer and answer["body"]
        if isinstance(body, dict) and "code" in body and exchange["direction"] == "sent":
            envelope = cast("dict[str, Any]", body)
            told = f"HTTP {answer['status']} {envelope['code']}"
            return [f"{told} {envelope.get('message')}" if messages else told]
    return []
