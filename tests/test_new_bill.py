"""The rules of a bill's fields: every limit from both sides, and sentences that name field and rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain import codes
from cheonggu.domain.alimtalk import TEXT_LIMIT, text_length
from cheonggu.domain.bill import SendType
from cheonggu.domain.codes import Refused
from cheonggu.domain.guard import Guard
from cheonggu.domain.new_bill import (
    ISSUER_MAX,
    PAYER_NAME_MAX,
    PRODUCT_NAME_MAX,
    SHORT_MESSAGE,
    NewBill,
    length_rule,
    new_bill,
)
from cheonggu.domain.seoul import SEOUL

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""Noon in Seoul."""
URL_BILL = {"send_type": "URL"}


def made(**given: Any) -> NewBill:
    texts: dict[str, Any] = {
        "bill_id": "TEST0001",
        "send_type": "TALK",
        "issuer": None,
        "product_name": "11월 수강료",
        "price": "10000",
        "supply": None,
        "tax": None,
        "payer_name": "김서연",
        "payer_phone": "01012345678",
        "message": None,
        "expire_day": None,
        "callback_url": "https://partner.example/callback",
        "redirect_url": None,
        "merchant_name": "한빛수학학원",
        "now": NOON,
        "guard": Guard(),
    }
    return new_bill(**texts | given)


def why_refused(**given: Any) -> str | None:
    try:
        made(**given)
    except Refused as refused:
        return refused.message if refused.code is codes.VALIDATION_001 else refused.code.code
    return None


ACCEPTED: list[dict[str, Any]] = [
    {},
    {"bill_id": "B"},
    {"bill_id": "청구-2026/11:0001#김서연"[:20]},
    {"bill_id": "👍🏽"},
    {"bill_id": "A\ue000B"},
    {"issuer": "가" * ISSUER_MAX},
    {"product_name": "가" * PRODUCT_NAME_MAX},
    {"payer_name": "가" * PAYER_NAME_MAX},
    {"price": "1"},
    {"price": "9999999999"},
    {"supply": "9091", "tax": "909"},
    {"supply": "10000", "tax": "0"},
    {"supply": "1"},
    {"tax": "1"},
    {"payer_phone": "0101234567"},
    {"payer_phone": "01612345678"},
    {"payer_phone": "01912345678"},
    {**URL_BILL, "payer_phone": "010-1234-5678"},
    {**URL_BILL, "payer_phone": "+82 10 1234 5678"},
    {**URL_BILL, "payer_phone": "x" * 20},
    {"expire_day": "2026-11-22"},
    {"expire_day": "2999-12-31"},
    {"expire_day": "2028-02-29"},
    {"callback_url": "http://partner.example:8080/a?token=%20&b=//x"},
    {"callback_url": "https://partner.example/" + "a" * 2024},
    {**URL_BILL, "redirect_url": "https://shop.example/?q=%EA%B0%80#done"},
    {**URL_BILL, "redirect_url": "http://192.168.0.1/"},
    {"redirect_url": "not a url at all"},
    {"message": "가" * 800},
]


@pytest.mark.parametrize("texts", ACCEPTED, ids=repr)
def test_what_keeps_the_rules_becomes_a_bill(texts: dict[str, Any]) -> None:
    assert why_refused(**texts) is None


MOBILE = "bill.phone: 휴대폰 번호 형식이 올바르지 않습니다. 하이픈 없이 숫자만 써 주세요."
DIGITS = "1~10자리 숫자(0-9)여야 하고 0으로 시작할 수 없습니다."
HIDDEN = "bill.billId: 공백이나 제어 문자를 쓸 수 없습니다."
DAY = "bill.expireDt: YYYY-MM-DD 형식의 날짜여야 합니다."

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"bill_id": ""}, "bill.billId: 1~20자여야 합니다."),
    ({"bill_id": "x" * 21}, "bill.billId: 1~20자여야 합니다."),
    *(
        ({"bill_id": f"A{hidden}B"}, HIDDEN)
        for hidden in " \t\n\r\x0b\x1f\x7f\x85\xa0\u2003\u2028\u2029\u3000\u200b\u200d\u202e\ufeff\u00ad"
    ),
    ({"send_type": "SMS"}, "bill.sendType: TALK, URL 중 하나여야 합니다."),
    ({"issuer": "x" * 51}, "bill.billIssuer: 50자 이하여야 합니다."),
    ({"product_name": ""}, "bill.productName: 1~200자여야 합니다."),
    ({"product_name": "x" * 201}, "bill.productName: 1~200자여야 합니다."),
    *(
        ({"price": price}, f"bill.price: {DIGITS}")
        for price in (
            "",
            "1,000",
            "-1",
            "+1",
            "1.0",
            "1e3",
            " 1",
            "1 ",
            "01",
            "00",
            "10000000000",
            "１",
            "٣",
            "²",
        )
    ),
    ({"price": "0"}, "bill.price: 1원 이상이어야 합니다."),
    ({"supply": "1.5"}, f"bill.supplyPrice: {DIGITS}"),
    ({"tax": "x"}, f"bill.tax: {DIGITS}"),
    ({"supply": "9000", "tax": "909"}, "bill.supplyPrice: tax와 더한 값이 price와 같아야 합니다."),
    ({"payer_name": "x" * 101}, "bill.memberName: 1~100자여야 합니다."),
    *(
        ({"payer_phone": phone}, MOBILE)
        for phone in (
            "010-1234-5678",
            "01212345678",
            "021234567",
            "010123456",
            "010123456789",
            "０1012345678",
            "",
        )
    ),
    ({"payer_phone": "01012345678\n"}, MOBILE),
    ({**URL_BILL, "payer_phone": ""}, "bill.phone: 1~20자여야 합니다."),
    ({**URL_BILL, "payer_phone": "x" * 21}, "bill.phone: 1~20자여야 합니다."),
    *(
        ({"expire_day": day}, DAY)
        for day in (
            "20261122",
            "2026-11-31",
            "2026-02-29",
            "2026-1-1",
            "26-11-22",
            "2026-11-22 ",
            "２０２６-11-22",
        )
    ),
    ({"expire_day": "2026-11-21"}, "bill.expireDt: 이미 지난 날짜입니다. 오늘이나 그 뒤여야 합니다."),
    ({"expire_day": "3000-01-01"}, "bill.expireDt: 2999-12-31까지여야 합니다."),
]


@pytest.mark.parametrize(("texts", "sentence"), REFUSED, ids=lambda value: repr(value)[:60])
def test_what_breaks_a_rule_is_told_by_field_and_rule(texts: dict[str, Any], sentence: str) -> None:
    assert why_refused(**texts) == sentence


BAD_URLS = (
    "ftp://partner.example/",
    "javascript:alert(1)",
    "//partner.example/",
    "https://",
    "https://user@partner.example/",
    "https://partner.example/한글",
    "https://partner.example/a b",
    "https://partner.example:99999/",
    "https://partner.example/" + "a" * 2025,
)


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("field", ["callback_url", "redirect_url"])
def test_urls_are_http_visible_ascii_and_not_too_long(field: str, url: str) -> None:
    wire_name = {"callback_url": "callbackUrl", "redirect_url": "pageRedirectUrl"}[field]
    sentence = why_refused(**{**URL_BILL, field: url})
    assert sentence is not None
    assert sentence.startswith(f"bill.{wire_name}: ")


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://2130706433/", "http://[::ffff:10.0.0.1]/"])
def test_an_inner_address_in_the_callback_url_is_refused_unless_the_guard_allows_it(url: str) -> None:
    assert (why_refused(callback_url=url) or "").startswith("bill.callbackUrl: ")
    assert why_refused(callback_url="http://127.0.0.1:9000/", guard=Guard(loopback=True)) is None


def test_the_whole_message_must_fit() -> None:
    room = (
        TEXT_LIMIT - text_length(made(message="x" * (SHORT_MESSAGE + 1)), "한빛수학학원") + SHORT_MESSAGE + 1
    )
    assert why_refused(message="가" * room) is None
    for over in (1, 7):
        assert why_refused(message="가" * (room + over)) == (
            f"bill.message: 알림톡 전체가 1,000자 이하여야 합니다. {over}자를 줄여 주세요."
        )


@pytest.mark.parametrize(
    ("least", "most", "rule"),
    [(2, None, "2자 이상이어야 합니다."), (1, 20, "1~20자여야 합니다."), (0, 20, "20자 이하여야 합니다.")],
)
def test_a_limit_is_told_by_its_ends(least: int, most: int | None, rule: str) -> None:
    assert length_rule(least, most) == rule


def test_a_short_message_always_fits() -> None:
    longest = made(
        issuer="가" * ISSUER_MAX,
        product_name="가" * PRODUCT_NAME_MAX,
        payer_name="가" * PAYER_NAME_MAX,
        price="9999999999",
        message="가" * SHORT_MESSAGE,
        expire_day="2999-12-31",
    )
    assert text_length(longest, "") <= TEXT_LIMIT


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_optional_text_that_is_empty_is_absent(nothing: str | None) -> None:
    bill = made(
        **URL_BILL,
        issuer=nothing,
        supply=nothing,
        tax=nothing,
        message=nothing,
        expire_day=nothing,
        redirect_url=nothing,
    )
    optional = (bill.issuer, bill.supply_won, bill.tax_won, bill.message, bill.redirect_url)
    assert optional == (None, None, None, None, None)
    assert bill.expires_at == datetime(2026, 12, 23, tzinfo=SEOUL)


def test_a_redirect_is_kept_for_url_bills_and_dropped_for_talk() -> None:
    url = "https://shop.example/?token=a%2Fb#end"
    assert made(**URL_BILL, redirect_url=url).redirect_url == url
    assert made(redirect_url=url).redirect_url is None


def test_texts_are_kept_as_they_are() -> None:
    bill = made(product_name=" 수강료 ", payer_name=" 김 ", callback_url="HTTP://Partner.Example/?t=%2f")
    assert bill.product_name == " 수강료 "
    assert bill.payer_name == " 김 "
    assert bill.callback_url == "HTTP://Partner.Example/?t=%2f"
    assert bill.send_type is SendType.TALK


@given(st.dates(date(2026, 11, 22), date(2999, 12, 31)))
def test_a_bill_lives_until_the_midnight_in_seoul_that_ends_its_day(day: date) -> None:
    expires_at = made(expire_day=day.isoformat()).expires_at
    assert (expires_at - timedelta(microseconds=1)).astimezone(SEOUL).date() == day
    assert expires_at.astimezone(SEOUL).time() == datetime.min.time()


@given(st.text(max_size=30))
def test_any_bill_id_is_either_taken_as_it_is_or_refused(bill_id: str) -> None:
    sentence = why_refused(bill_id=bill_id)
    if sentence is not None:
        assert sentence.startswith("bill.billId: ")
        return
    assert made(bill_id=bill_id).bill_id == bill_id
    assert 1 <= len(bill_id) <= 20
    assert not any(letter.isspace() for letter in bill_id)
