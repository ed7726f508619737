"""How requests travel: method, path, Content-Type, and what JSON is read."""

from __future__ import annotations

import json
from typing import Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.checks.tables import reads_raw
from cheonggu.conform.probe import Differs, NotTried, Probe
from cheonggu.domain import codes

SECTION: Final = Section("transport")
check = SECTION.check

_LIMIT_BYTES: Final = 64 * 1024
_DEPTH: Final = 32


def _read_body(probe: Probe, bill_id: str | None = None, **extra: object) -> bytes:
    bill = {"billId": bill_id or probe.new_id()}
    return json.dumps(probe.target.who.envelope | {"bill": bill} | extra, ensure_ascii=False).encode()


def _unknown(probe: Probe, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Expect that a read was understood: of a billId that never was."""
    probe.refused(probe.ask_raw("/bill/read", body, headers), codes.BILL_003)


@check("post", "S", "A POST of JSON to an operation is answered.", "연산에 JSON을 POST하면 답해요.")
def post(probe: Probe) -> None:
    answer = probe.read(probe.new_id())
    probe.holds(isinstance(answer.code, str), "an envelope with a code", answer.told)


@check(
    "get", "D", "A read is a POST too; a GET is not carried out.", "조회도 POST예요. GET은 처리하지 않아요."
)
def get(probe: Probe) -> None:
    answer = probe.wire.send("GET", probe.target.api + "/bill/read", api=False)
    probe.holds(not answer.done, "not carried out", answer.told)
    if not answer.done:
        probe.equal("the HTTP status", 405, answer.status, "O")
        probe.equal("Allow", "POST", answer.headers.get("allow"), "O")


@check(
    "partner-prefix",
    "O",
    "Every path answers with and without /partner.",
    "모든 경로는 /partner를 붙여도, 떼어도 답해요.",
)
def partner_prefix(probe: Probe) -> None:
    for base_url in (probe.target.root, probe.target.root + "/partner"):
        answer = probe.ask_raw("/bill/read", _read_body(probe), base_url=base_url)
        probe.refused(answer, codes.BILL_003)


@check(
    "unknown-path",
    "O",
    "An unknown path is 404, in the envelope.",
    "없는 경로는 404이고, 봉투 형식으로 답해요.",
)
def unknown_path(probe: Probe) -> None:
    probe.refused(probe.ask("/bill/conform-no-such-path", {}), codes.HTTP_404)


@check(
    "charset",
    "S",
    "A Content-Type with charset=utf-8 is JSON.",
    "charset=utf-8이 붙은 Content-Type도 JSON이에요.",
)
def charset(probe: Probe) -> None:
    _unknown(probe, _read_body(probe), {"Content-Type": "application/json; charset=utf-8"})


@check(
    "no-content-type",
    "O",
    "A missing Content-Type is read as JSON.",
    "Content-Type이 없으면 JSON으로 읽어요.",
)
def no_content_type(probe: Probe) -> None:
    _unknown(probe, _read_body(probe), {})


@check("other-content-type", "O", "Another Content-Type is 415.", "다른 Content-Type은 415로 거절해요.")
def other_content_type(probe: Probe) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = probe.ask_raw("/bill/read", _read_body(probe), {"Content-Type": kind})
        probe.refused(answer, codes.HTTP_415)


@check(
    "escapes",
    "S",
    "Escaped letters are the same as those in UTF-8.",
    "\\uXXXX로 적은 글자와 UTF-8 글자를 똑같이 읽어요.",
    Need.WRITE,
)
def escapes(probe: Probe) -> None:
    envelope = probe.target.who.envelope | {"bill": probe.a_bill()}
    probe.done(probe.ask_raw("/bill", json.dumps(envelope).encode(), of=envelope))
    envelope = probe.target.who.envelope | {"bill": probe.a_bill()}
    raw = json.dumps(envelope, ensure_ascii=False).encode()
    probe.done(probe.ask_raw("/bill", raw, of=envelope))


@check("unknown-fields", "O", "Unknown fields are ignored.", "모르는 필드는 무시해요.", Need.WRITE)
def unknown_fields(probe: Probe) -> None:
    bill = probe.a_bill(conformExtra={"a": [1, None]})
    probe.done(probe.ask("/bill", bill))
    _unknown(probe, _read_body(probe, conformExtra=[True]))


@check("duplicate-key", "O", "Of a duplicate key the last counts.", "같은 키가 두 번이면 뒤의 것을 읽어요.")
def duplicate_key(probe: Probe) -> None:
    wrong_first = _read_body(probe).replace(b'"apiKey"', b'"apiKey": "", "apiKey"', 1)
    _unknown(probe, wrong_first)
    wrong_last = _read_body(probe).replace(b'"bill"', b'"apiKey": "", "bill"', 1)
    probe.refused(probe.ask_raw("/bill/read", wrong_last), codes.PARTNER_002)


@check(
    "body-limit",
    "O",
    "A body of 64 KiB is read, one byte more is 413.",
    "본문은 64KiB까지 읽고, 1바이트라도 넘으면 413이에요.",
)
def body_limit(probe: Probe) -> None:
    body = _read_body(probe)
    _unknown(probe, body + b" " * (_LIMIT_BYTES - len(body)))
    over = probe.ask_raw("/bill/read", body + b" " * (_LIMIT_BYTES + 1 - len(body)))
    probe.refused(over, codes.HTTP_413)


@check(
    "depth",
    "O",
    "JSON is read 32 levels deep, and refused when deeper.",
    "JSON은 32단계까지 읽고, 더 깊으면 거절해요.",
)
def depth(probe: Probe) -> None:
    for levels, fits in ((_DEPTH - 1, True), (_DEPTH, False)):  # the envelope itself is one
        body = reads_raw(probe, b"[" * levels + b"]" * levels)
        answer = probe.ask_raw("/bill/read", body)
        probe.refused(answer, codes.BILL_003 if fits else codes.VALIDATION_001)


def _malformed(body: bytes) -> Steps:
    return lambda probe: probe.refused(probe.ask_raw("/bill/read", body), codes.VALIDATION_001)


for name, body, english, korean in (
    ("empty-body", b"", "An empty body is refused.", "빈 본문은 거절해요."),
    ("cut-off", b'{"apiKey": "', "JSON that breaks off is refused.", "중간에 끊긴 JSON은 거절해요."),
    ("no-object", b"[]", "JSON that is no object is refused.", "객체가 아닌 JSON은 거절해요."),
):
    SECTION.add(name, "D", english + " HTTP 400.", korean + " HTTP 400이에요.", _malformed(body))


def _refused_anywhere(raw: bytes) -> Steps:
    return lambda probe: probe.refused(
        probe.ask_raw("/bill/read", reads_raw(probe, raw)), codes.VALIDATION_001
    )


for name, raw, english, korean in (
    ("nul", rb'"a\u0000b"', "NUL", "NUL 문자"),
    ("lone-surrogate", rb'"\ud800"', "A lone surrogate", "짝 없는 서로게이트"),
    ("nan", b"NaN", "NaN", "NaN"),
    ("infinity", b"Infinity", "Infinity", "Infinity"),
    ("invalid-utf8", b'"\xff"', "Invalid UTF-8", "잘못된 UTF-8"),
):
    SECTION.add(
        name,
        "O",
        f"{english} is refused, even in a field that nobody reads.",
        f"{korean}: 아무도 읽지 않는 필드에 있어도 거절해요.",
        _refused_anywhere(raw),
    )


@check(
    "refusals-change-nothing",
    "C",
    "A refused create leaves its billId unused.",
    "거절한 생성 요청의 billId는 쓰지 않은 것으로 남아요.",
    Need.WRITE,
)
def refusals_change_nothing(probe: Probe) -> None:
    bill = probe.a_bill(memberName=...)
    if probe.ask("/bill", bill).done:
        raise NotTried("the create was not refused: see fields.memberName.missing")
    answer = probe.read(bill["billId"])
    probe.refused(answer, codes.BILL_003)
    if answer.done:
        raise Differs
