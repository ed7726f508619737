"""What Solapi's four-digit status codes of a message mean for it.

The first digit tells where it stands: 1 was refused, 2 is with the platform, 3 with the carrier, 4 arrived.
2000 and 3000 are under way, 2100 waits for its hour; every other code of 1, 2 and 3 is that record's end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final


class Fate(Enum):
    """What a code says of a message."""

    DELIVERED = "delivered"
    UNDER_WAY = "under way"
    NEVER = "will never arrive, whatever anybody does"
    AGAIN = "was not sent, for a reason that is not the payer's and may be gone later"


REASONS: Final[Mapping[str, str]] = {
    "1026": "같은 번호로 겹쳐 보냈어요.",
    "1028": "쓸 수 없는 글자가 들어 있어요.",
    "1031": "메시지가 너무 길어요.",
    "1060": "수신이 차단된 번호예요.",
    "1061": "받는 분이 수신을 거부했어요.",
    "1064": "신고로 차단된 번호예요.",
    "2060": "수신이 차단된 번호예요.",
    "2061": "받는 분이 수신을 거부했어요.",
    "2064": "신고로 차단된 번호예요.",
    "2254": "스팸으로 걸러졌어요.",
    "3010": "휴대폰 번호 형식이 올바르지 않아요.",
    "3032": "가입되지 않은 번호예요.",
    "3040": "제한 시간 안에 전달되지 않았어요.",
    "3047": "받는 분이 수신을 거부했어요.",
    "3054": "스팸으로 걸러졌어요.",
    "3055": "스팸으로 걸러졌어요.",
    "3061": "받는 분이 수신을 거부했어요.",
    "3102": "채널의 친구가 아니에요.",
    "3104": "카카오톡을 쓰지 않는 번호예요.",
    "3107": "알림톡을 차단했거나 72시간 안에 카카오톡을 쓰지 않은 분이에요.",
    "3108": "보낼 수 있는 시간이 아니에요.",
}
"""Why a message will never arrive. A code that is not here has a sentence that names it."""

FAULTS: Final[Mapping[str, str]] = {
    "1010": "솔라피에 필요한 값이 빠졌어요. 발신번호(solapi_from)를 넣어 보세요.",
    "1020": "솔라피 계정을 확인해 주세요.",
    "1024": "솔라피에 오류가 있어요.",
    "1030": "솔라피 잔액이 부족해요.",
    "1041": "카카오톡 채널(pfId)이 올바르지 않아요.",
    "1042": "알림톡 템플릿이 올바르지 않아요.",
    "1043": "등록한 템플릿과 내용이 달라요.",
    "1044": "템플릿의 버튼이 올바르지 않아요.",
    "1045": "템플릿의 버튼 주소가 올바르지 않아요.",
    "1046": "템플릿의 버튼이 올바르지 않아요.",
    "1047": "템플릿의 버튼이 올바르지 않아요.",
    "1048": "템플릿의 버튼 주소가 올바르지 않아요.",
    "1052": "템플릿의 버튼이 올바르지 않아요.",
    "1062": "발신번호가 등록되지 않았어요.",
    "2024": "솔라피에 오류가 있어요.",
    "2062": "발신번호가 등록되지 않았어요.",
    "2063": "솔라피 계정이 차단됐어요.",
    "2230": "솔라피 잔액이 부족해요.",
    "3013": "발신번호가 올바르지 않아요.",
    "3059": "발신번호가 올바르지 않아요.",
    "3101": "카카오톡 채널(pfId)이 올바르지 않아요.",
    "3103": "등록한 템플릿과 내용이 달라요.",
    "3105": "등록되지 않은 템플릿이에요.",
    "3106": "카카오톡 채널이 올바르지 않아요.",
}
"""What the operator has to put right, or Solapi. No payer's message may fail for ever because of it."""

_ENDED = re.compile(r"[123]\d{3}", re.ASCII)
_UNDER_WAY: Final = frozenset({"2000", "2100", "3000"})


def fate_of(code: str) -> Fate:
    """What a code says. One that nobody knows leaves the message under way: it is asked about again."""
    if code == "4000":
        return Fate.DELIVERED
    if code in FAULTS:
        return Fate.AGAIN
    if code in _UNDER_WAY or not _ENDED.fullmatch(code):
        return Fate.UNDER_WAY
    return Fate.NEVER


def reason_of(code: str) -> str:
    """The same in words, for whoever looks at the message."""
    return REASONS.get(code) or FAULTS.get(code) or f"솔라피가 보내지 못했어요 (코드 {code})."
