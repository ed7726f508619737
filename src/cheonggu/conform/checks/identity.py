"""Who asks: apiKey, member and merchant."""

from __future__ import annotations

from typing import Any, Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes
from cheonggu.domain.codes import Code

SECTION: Final = Section("identity")
check = SECTION.check

_NOBODY: Final = "conform-nobody"


def _refuses(code: Code, head: dict[str, Any]) -> Steps:
    def steps(probe: Probe) -> None:
        answer = probe.ask("/bill/read", {"billId": probe.new_id()}, head=head)
        probe.refused(answer, code)

    return steps


for name, head, english, korean in (
    ("apiKey.missing", {"apiKey": ...}, "is missing", "없는"),
    ("apiKey.null", {"apiKey": None}, "is null", "null인"),
    ("apiKey.empty", {"apiKey": ""}, "is empty", "빈"),
    ("apiKey.number", {"apiKey": 12345678}, "is a number", "숫자인"),
    ("apiKey.33-characters", {"apiKey": "k" * 33}, "has 33 characters", "33자인"),
):
    SECTION.add(
        name,
        "D",
        f"An apiKey that {english} is PARTNER_002, HTTP 400.",
        f"apiKey가 {korean} 요청은 PARTNER_002, HTTP 400이에요.",
        _refuses(codes.PARTNER_002, head),
    )

for name in ("apiKey", "member", "merchant"):
    SECTION.add(
        f"{name}.unknown",
        "D",
        f"An unknown {name} is PARTNER_003.",
        f"{name}: 모르는 값이면 PARTNER_003이에요.",
        _refuses(codes.PARTNER_003, {name: _NOBODY}),
    )

for name in ("member", "merchant"):
    for kind, value, english, korean in (
        ("missing", ..., "is missing", "없으면"),
        ("null", None, "is null", "null이면"),
        ("number", 7, "is a number", "숫자이면"),
        ("61-characters", "m" * 61, "has 61 characters", "61자이면"),
    ):
        SECTION.add(
            f"{name}.{kind}",
            "S",
            f"A {name} that {english} is refused.",
            f"{name}: {korean} 거절해요.",
            _refuses(codes.VALIDATION_001, {name: value}),
        )


@check(
    "not-mapped",
    "D",
    "A member and a merchant that exist but do not belong together are PARTNER_004.",
    "서로 연동되지 않은 member와 merchant는 PARTNER_004예요.",
    Need.UNMAPPED,
)
def not_mapped(probe: Probe) -> None:
    _refuses(codes.PARTNER_004, {"merchant": probe.target.unmapped_merchant})(probe)


@check(
    "suspended",
    "D",
    "A suspended partner is PARTNER_006.",
    "계약이 정지된 파트너는 PARTNER_006이에요.",
    Need.SUSPENDED,
)
def suspended(probe: Probe) -> None:
    _refuses(codes.PARTNER_006, {"apiKey": probe.target.suspended_api_key})(probe)


@check(
    "messages",
    "D",
    "Refusals of who asks say what the vendor's documentation says.",
    "요청자를 거절할 때 공개 문서의 메시지로 답해요.",
)
def messages(probe: Probe) -> None:
    for code, head in (
        (codes.PARTNER_002, {"apiKey": ""}),
        (codes.PARTNER_003, {"member": _NOBODY}),
    ):
        answer = probe.ask("/bill/read", {"billId": probe.new_id()}, head=head)
        probe.says(answer, code.message)
