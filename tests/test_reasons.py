"""A payer who reads English reads in English why the payment failed."""

from __future__ import annotations

import pytest

from cheonggu.providers import sandbox_gateway, toss_gateway
from cheonggu.providers.toss_answers import BY_THE_CARD, BY_THE_GATEWAY
from cheonggu.web.reasons import ENGLISH, told
from cheonggu.web.words import Code, Language

OURS = {
    *BY_THE_CARD.values(),
    *BY_THE_GATEWAY.values(),
    *sandbox_gateway.DECLINES.values(),
    sandbox_gateway.UNREADABLE.reason,
    sandbox_gateway.CANCELED.reason,
    toss_gateway.UNFIT_KEY.reason,
    toss_gateway.FAILED.reason,
    toss_gateway.EXPIRED.reason,
    toss_gateway.CANCELED.reason,
}


def test_every_reason_of_our_gateways_has_its_english_and_nothing_else_has() -> None:
    assert set(ENGLISH) == OURS
    assert not any("가" <= char <= "힣" for text in ENGLISH.values() for char in text)


@pytest.mark.parametrize(
    ("language", "reason", "said"),
    [
        ("ko", "정지된 카드예요.", "정지된 카드예요."),
        ("en", "정지된 카드예요.", "This card is suspended."),
        ("en", "<b>남의 말</b>", '<span lang="ko">&lt;b&gt;남의 말&lt;/b&gt;</span>'),
    ],
)
def test_a_reason_is_told_in_the_pages_language(language: Code, reason: str, said: str) -> None:
    assert told(reason, Language(language)) == said
