"""Reads what came back, and says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from cheonggu.domain.codes import CODES
from hostile.canaries import leaks
from hostile.requests import Kind, Shot
from hostile.strings import MARK

SLOWEST_SECONDS: Final = 2.0

_SERVERS_OWN: Final = {400, 408, 431}
"""With these the HTTP server refuses, as VALIDATION_001, what never became a request."""
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_MARKUP: Final = re.compile(rb"<[^>]*>?%b" % MARK.encode())
_TRACE: Final = (b"Traceback", b'File "', b"site-packages", b"asyncpg", b"msgspec.")


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the connection is of no more use."""
        return self.headers.get("connection", "").lower() == "close"


def read_head(raw: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; ValueError when it is none."""
    line, *rest = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _STATUS_LINE.match(line)
    if found is None:
        raise ValueError(f"no status line: {line[:60]!r}")
    pairs = [field.decode("latin-1").split(":", 1) for field in rest]
    return int(found[1]), {name.lower(): value.strip() for name, value in pairs}


def faults(shot: Shot, answers: list[Answer], seconds: float) -> Iterator[str]:
    """Everything that is wrong with what a shot got."""
    if seconds > SLOWEST_SECONDS and (shot.framed or answers):
        yield f"slow: {seconds:.2f} s"
    if len(answers) > shot.most:
        yield f"answers: {len(answers)} to {shot.most}"
    if shot.framed and not answers:
        yield "no answer"
    for answer in answers:
        yield from _faults_of(shot.kind, answer, head_only=shot.head_only)


def _faults_of(kind: Kind, answer: Answer, *, head_only: bool) -> Iterator[str]:
    if answer.status >= 500:
        yield f"5xx: {answer.status}"
    if "x-injected" in answer.headers:
        yield "header: injected"
    if answer.headers.get("x-content-type-options") != "nosniff" and answer.body:
        yield "header: sniffing allowed"
    if any(trace in answer.body for trace in _TRACE):
        yield "body: a trace"
    if answer.status >= 400:
        yield from (f"leak: {canary}" for canary in leaks(answer.body.decode(errors="replace")))
    if head_only:
        return
    said = answer.headers.get("content-type", "").partition(";")[0]
    if kind is Kind.API and not answer.headers.get("content-type", "").startswith("application/json"):
        yield f"envelope: {said or 'nothing'} instead of JSON"
    elif said == "application/json" and (kind is not Kind.SERVER or b'"openapi"' not in answer.body):
        yield from _envelope_faults(answer, also_other=kind in (Kind.SANDBOX, Kind.SERVER))
    elif said == "text/html":
        yield from _page_faults(answer)


def _envelope_faults(answer: Answer, *, also_other: bool) -> Iterator[str]:
    """Of {code, message, data}; some endpoints answer other objects when all went well."""
    try:
        tree = cast("dict[str, Any]", json.loads(answer.body))
    except ValueError:
        yield "envelope: no JSON"
        return
    if also_other and answer.status in (200, 503) and "code" not in tree:
        return
    if also_other and tree == {"code": "0000"}:
        return  # the practice receiver, which answers as partners do
    if set(tree) != {"code", "message", "data"}:
        yield f"envelope: keys {sorted(tree)[:5]}"
        return
    code = CODES.get(tree["code"])
    if code is None:
        yield f"envelope: unknown code {tree['code']!r}"
    elif code.http_status != answer.status and answer.status not in _SERVERS_OWN:
        yield f"envelope: {code.code} with {answer.status}"
    if tree["code"] != "0000":
        yield from (f"leak: {canary}" for canary in leaks(json.dumps(tree, ensure_ascii=False)))
    if not isinstance(tree["message"], str) or not tree["message"]:
        yield "envelope: no message"
    if (tree["data"] is not None) != (tree["code"] == "0000"):
        yield "envelope: data where there is none, or none where there is"


def _page_faults(answer: Answer) -> Iterator[str]:
    policy = answer.headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        yield "page: no policy"
    if answer.headers.get("x-frame-options") != "DENY":
        yield "page: may be framed"
    if _MARKUP.search(answer.body):
        yield "page: markup of a stranger's"
