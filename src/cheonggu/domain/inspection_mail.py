"""The mail that asks the vendor for the inspection; what only its writer knows stands in brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from cheonggu.domain import masking
from cheonggu.domain.inspection import Shown, Verdict


class Mail(msgspec.Struct, frozen=True):
    """A draft."""

    subject: str
    body: str


_SUBJECT: Final = "[회사 이름] 결제선생 파트너 API 연동 검수 요청"
_BODY: Final = """안녕하세요.
[회사 이름] [담당자 이름]입니다.

결제선생 파트너 API 연동 개발을 마쳐 검수를 요청드립니다.

■ 연동 정보
- apiKey: {api_key}
- member: {member}
- merchant: {merchant}
- 승인 콜백 URL: {callback}

■ 검수용 청구서 ID
{bills}

■ 담당자
- 이름: [담당자 이름]
- 연락처: [전화번호], [메일 주소]

확인 부탁드립니다.
감사합니다.
"""


def draft(api_key: str, verdicts: Sequence[Verdict], bills: Sequence[Shown]) -> Mail:
    """The mail about these bills, without the apiKey itself and without the query of a callback's URL."""
    by_id = {bill.bill_id: bill for bill in bills}
    passed = {one.item: by_id[one.bill_id] for one in verdicts if one.passed and one.bill_id}
    callback = passed.get("callback")
    lines = [
        f"{number}. {one.term}: {one.bill_id if one.passed else '[아직 없음]'}"
        for number, one in enumerate(verdicts, 1)
    ]
    body = _BODY.format(
        api_key=masking.key(api_key),
        member=_every([bill.member for bill in passed.values()]) or "[member]",
        merchant=_every([bill.merchant for bill in passed.values()]) or "[merchant]",
        callback=_without_query(callback.callback_url) if callback else "[콜백 URL]",
        bills="\n".join(lines),
    )
    return Mail(_SUBJECT, body)


def _every(codes: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(codes))


def _without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()
