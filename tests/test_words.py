"""Korean and English: which one a page speaks, and that both say everything."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
import pytest

from cheonggu.domain.payment import Attempt
from cheonggu.domain.seoul import SEOUL
from cheonggu.store.bills import PayerBill
from cheonggu.web import dates, pages, words
from cheonggu.web.phrases import PHRASES
from tests.payer_bills import BARE_MERCHANT, BY_SEEN, CODE, NOW, UNPAID, asking, changed, shown, text

WINDOW = f"/p/{CODE}/card"


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [
        ("", None, "ko"),
        ("*", None, "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", None, "ko"),
        ("en-US,en;q=0.9", None, "en"),
        ("en-US,en;q=0.9,ko;q=0.8", None, "en"),
        ("en,ko", None, "ko"),
        ("fr-FR,fr;q=0.9", None, "ko"),
        ("fr,en;q=0.5", None, "en"),
        ("EN-gb ; q=0.9 , KO;q=0.1", None, "en"),
        ("en;q=0", None, "ko"),
        ("en;q=x,;;,=,en;q=1.0.0,enx", None, "ko"),
        ("en", "ko", "ko"),
        ("ko", "en", "en"),
        ("ko", "fr", "ko"),
    ],
)
def test_the_language_is_korean_unless_english_is_preferred(
    accepted: str, asked: str | None, language: str
) -> None:
    assert words.choose(asked, accepted).code == language


def test_links_keep_a_language_that_was_chosen() -> None:
    assert f'href="{WINDOW}?lang=en"' in text(shown(UNPAID, asking(lang="en")))
    assert f'href="{WINDOW}"' in text(shown(UNPAID, asking(accept_language="en")))
    assert 'href="?lang=ko"' in text(shown(UNPAID, asking(lang="en")))
    assert 'href="?lang=en"' in text(shown(BY_SEEN["checking"], asking(lang="en")))


def test_a_gateways_own_address_is_left_as_it_is() -> None:
    response = pages.bill_shown(
        asking(lang="en"), UNPAID, NOW, window_path="https://pay.example/w?o=1", practice=False
    )
    assert 'href="https://pay.example/w?o=1"' in text(response)


def test_what_others_wrote_is_marked_korean_on_english_pages_only() -> None:
    english, korean = text(shown(UNPAID, asking(lang="en"))), text(shown(UNPAID))
    for theirs in ("11월 수강료</h1>", "한빛수학학원 대치본원</b>", "안녕하세요.\n"):
        assert f'lang="ko">{theirs}' in english
    assert 'lang="ko">' not in korean.replace('<html lang="ko">', "")


@pytest.mark.parametrize("name", BY_SEEN)
def test_an_english_page_has_no_korean_words_of_ours(name: str) -> None:
    payer = changed(BY_SEEN[name], issuer="Hanbit", product_name="Tuition", message="Hello", payer_name="Kim")
    payer = msgspec.structs.replace(
        payer, merchant=msgspec.structs.replace(BARE_MERCHANT, name="Hanbit"), attempt=_in_latin(payer)
    )
    page = text(shown(payer, asking(lang="en"))).replace(">한국어</a>", "")
    assert not re.search("[가-힣]", page)


def _in_latin(payer: PayerBill) -> Attempt | None:
    if payer.attempt is None:
        return None
    approval = payer.attempt.approval and msgspec.structs.replace(payer.attempt.approval, issuer="Card")
    return msgspec.structs.replace(payer.attempt, failure=payer.attempt.failure and "No", approval=approval)


def test_every_phrase_stands_in_both_languages_with_the_same_figures() -> None:
    for name, pair in PHRASES.items():
        assert all(pair), name
        korean, english = (re.findall("{.*?}", said) for said in pair)
        assert sorted(korean) == sorted(english), name
        assert "!" not in "".join(pair), name


def test_seals_are_two_lines_of_two_syllables_or_one_short_word() -> None:
    for name, (korean, english) in PHRASES.items():
        if name.endswith("_seal"):
            assert re.fullmatch("[가-힣]{2}\\|[가-힣]{2}", korean), name
            assert re.fullmatch("[A-Z]{2,5}", english), name


@pytest.mark.parametrize(
    ("at", "korean", "english"),
    [
        ((2026, 11, 22, 0, 5), "2026년 11월 22일 오전 12:05", "Nov 22, 2026, 12:05 am (Seoul)"),
        ((2026, 11, 22, 12, 0), "2026년 11월 22일 오후 12:00", "Nov 22, 2026, 12:00 pm (Seoul)"),
        ((2026, 1, 2, 23, 59), "2026년 1월 2일 오후 11:59", "Jan 2, 2026, 11:59 pm (Seoul)"),
    ],
)
def test_moments_are_told_on_the_twelve_hour_clock(
    at: tuple[int, int, int, int, int], korean: str, english: str
) -> None:
    moment = datetime(*at, tzinfo=SEOUL)
    assert (dates.moment("ko", moment), dates.moment("en", moment)) == (korean, english)
