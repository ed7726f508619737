"""What the payer's page says of a bill in each state, and what it offers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import pytest

from cheonggu.domain.payment import GATEWAYS_OWN, AttemptState
from cheonggu.domain.seoul import end_of
from cheonggu.store.bills import PayerBill
from tests.payer_bills import (
    APPROVAL,
    BARE_MERCHANT,
    BY_SEEN,
    CODE,
    PAID,
    PAST_EXPIRY,
    UNPAID,
    attempt,
    changed,
    refund,
    seen,
    shown,
    text,
    with_attempt,
)

WINDOW = f"/p/{CODE}/card"


@pytest.mark.parametrize("name", BY_SEEN)
def test_each_state_is_seen_as_itself(name: str) -> None:
    assert seen(BY_SEEN[name]).seen == name


STATES: list[tuple[str, str, str, bool]] = [
    # seen, tone, what it says of the payer's money, whether one can pay
    ("unpaid", "go", "345,000원 결제하기", True),
    ("refused", "stop", "돈은 나가지 않았어요.", True),
    ("failed", "stop", "돈은 나가지 않았어요.", True),
    ("returned", "stop", "나간 돈은 카드로 돌아가요.", True),
    ("checking", "wait", "다시 결제하지 마세요.", False),
    ("paid", "go", "결제했어요", False),
    ("cancelling", "wait", "아직 돈을 돌려받은 것은 아니에요.", False),
    ("cancelled", "rest", "낸 돈을 카드로 돌려드려요.", False),
    ("expired", "rest", "2026년 11월 21일 토요일까지 결제할 수 있었어요.", False),
    ("withdrawn", "rest", "내실 돈은 없어요.", False),
]


@pytest.mark.parametrize(("name", "tone", "money", "payable"), STATES)
def test_each_state_is_honest_about_the_money(name: str, tone: str, money: str, payable: object) -> None:
    page = text(shown(BY_SEEN[name]))
    assert money in page
    assert f'data-tone="{tone}" data-seen="{name}"' in page
    assert (f'href="{WINDOW}"' in page) is payable


def test_the_table_of_states_is_whole() -> None:
    assert [row[0] for row in STATES] == list(BY_SEEN)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("unpaid", ["받는 분", "보낸 날", "결제 기한", "청구 번호"]),
        ("refused", ["시도한 때", "받는 분", "보낸 날", "결제 기한", "청구 번호"]),
        ("checking", ["결제 시작", "마지막 확인", "받는 분", "청구 번호"]),
        ("paid", ["결제 일시", "받는 분", "카드", "할부", "승인 번호", "청구 번호"]),
        ("cancelling", ["취소 시작", "결제 일시", "받는 분", "카드", "승인 번호", "청구 번호"]),
        (
            "cancelled",
            [
                "취소 일시",
                "돌려받을 돈",
                "취소 번호",
                "결제 일시",
                "받는 분",
                "카드",
                "승인 번호",
                "청구 번호",
            ],
        ),
        ("expired", ["결제 기한", "받는 분", "청구 번호"]),
        ("withdrawn", ["철회 일시", "받는 분", "청구 번호"]),
    ],
)
def test_each_state_lists_its_facts(name: str, labels: list[str]) -> None:
    facts = seen(BY_SEEN[name]).facts
    assert [fact.label for fact in facts] == labels
    assert all(fact.text for fact in facts)


@pytest.mark.parametrize(
    ("expires_at", "words_of_due"),
    [
        (end_of(date(2026, 11, 22)), "<b>오늘 밤\N{NO-BREAK SPACE}11시\N{NO-BREAK SPACE}59분</b>까지"),
        (end_of(date(2026, 11, 23)), "<b>11월 23일 월요일</b>까지"),
        (end_of(date(2027, 1, 1)), "<b>2027년 1월 1일 금요일</b>까지"),
        (end_of(date(2999, 12, 31)), "<b>2999년 12월 31일 화요일</b>까지"),
    ],
)
def test_the_due_date_says_today_and_names_another_year(expires_at: datetime, words_of_due: str) -> None:
    assert seen(changed(UNPAID, expires_at=expires_at)).due == words_of_due


def test_the_last_second_is_still_payable_and_the_next_is_not() -> None:
    end = UNPAID.bill.expires_at
    assert seen(UNPAID, now=end - timedelta(microseconds=1)).seen == "unpaid"
    assert seen(UNPAID, now=end).seen == "expired"


def test_a_payment_begun_in_time_is_still_checked_after_the_expiry() -> None:
    assert seen(changed(BY_SEEN["checking"], expires_at=PAST_EXPIRY)).seen == "checking"


@pytest.mark.parametrize(
    ("price_won", "reading"),
    [(9_999, None), (10_000, "1만원"), (345_000, "34만 5,000원"), (9_999_999_999, "99억 9,999만 9,999원")],
)
def test_the_amount_is_read_in_ten_thousands(price_won: int, reading: str | None) -> None:
    told = seen(changed(UNPAID, price_won=price_won))
    assert (told.amount, told.reading) == (f"{price_won:,}원", reading)


@pytest.mark.parametrize("name", ["withdrawn", "expired", "cancelled"])
def test_an_amount_no_longer_owed_is_struck_through(name: str) -> None:
    assert "<del>345,000원</del>" in text(shown(BY_SEEN[name]))


def test_the_payer_is_masked_everywhere() -> None:
    for payer in BY_SEEN.values():
        page = text(shown(payer))
        assert "김*연" in page
        assert "010-****-5678" in page
        assert "김서연" not in page
        assert "1234" not in page


def test_a_payer_whose_data_was_erased_is_left_out() -> None:
    facts = seen(changed(UNPAID, payer_name="", payer_phone="")).facts
    assert "받는 분" not in [fact.label for fact in facts]


def test_the_card_companys_reason_stands_beside_the_refusal() -> None:
    assert "카드사 답: <b>이용 한도를 넘었어요.</b>" in text(shown(BY_SEEN["refused"]))


def test_a_payment_that_the_gateway_never_had_is_not_called_a_refusal() -> None:
    page = text(shown(BY_SEEN["failed"]))
    assert "결제가 이루어지지 않았어요" in page
    assert "카드사가 승인하지" not in page


def test_what_the_gateway_itself_said_is_told_as_nobody_elses_word() -> None:
    newest = attempt(AttemptState.FAILED, failure="지금은 안 돼요.", failure_code=GATEWAYS_OWN + "CLOSED")
    page = text(shown(with_attempt(UNPAID, newest)))
    assert "결제가 이루어지지 않았어요" in page
    assert "<p>지금은 안 돼요.</p>" in page
    assert "카드사 답" not in page


def test_a_payment_that_was_taken_back_is_never_said_not_to_have_been_charged() -> None:
    over = changed(BY_SEEN["returned"], expires_at=PAST_EXPIRY)
    for payer in (BY_SEEN["returned"], over):
        page = text(shown(payer))
        assert "나간 돈은 카드로 돌아가요." in page
        assert "돈은 나가지 않았어요." not in page


@pytest.mark.parametrize(
    ("payer", "title"),
    [
        (
            with_attempt(UNPAID, attempt(AttemptState.LATE_CHARGED, approval=APPROVAL)),
            "늦게 승인된 결제가 있어요",
        ),
        (
            with_attempt(UNPAID, attempt(AttemptState.LATE_REFUNDED, approval=APPROVAL)),
            "늦게 승인된 결제를 돌려드렸어요",
        ),
        (
            with_attempt(BY_SEEN["withdrawn"], attempt(AttemptState.LATE_CHARGED, approval=APPROVAL)),
            "늦게 승인된 결제가 있어요",
        ),
        (
            with_attempt(BY_SEEN["expired"], attempt(AttemptState.FAILED, failure="한도")),
            "지난 결제는 이루어지지 않았어요",
        ),
        (msgspec.structs.replace(PAID, refund=refund("REFUSED")), "취소되지 않았어요"),
    ],
)
def test_money_that_moved_beside_the_state_is_told(payer: PayerBill, title: str) -> None:
    assert title in [notice.title for notice in seen(payer).notices]


def test_the_merchants_number_can_be_dialled() -> None:
    assert '<a href="tel:025550147">02-555-0147</a>' in text(shown(UNPAID))


@pytest.mark.parametrize("phone", [None, "", "대표전화"])
def test_without_a_number_the_advice_names_none(phone: str | None) -> None:
    merchant = msgspec.structs.replace(BARE_MERCHANT, phone=phone)
    page = text(shown(msgspec.structs.replace(UNPAID, merchant=merchant)))
    assert "결제하지 말고, 알고 있는 연락처로 먼저 물어보세요." in page
    assert "tel:" not in page


def test_the_foot_leaves_out_what_the_merchant_has_not_given() -> None:
    assert seen(UNPAID).business == [
        "한빛수학학원 · 대표 박정민",
        '사업자등록번호 <span class="whole">120-86-00001</span> · '
        '전화 <span class="whole">02-555-0147</span>',
        "서울 강남구 도곡로 408",
    ]
    assert seen(msgspec.structs.replace(UNPAID, merchant=BARE_MERCHANT)).business == ["한빛수학학원"]


@pytest.mark.parametrize(
    ("issuer", "initial"),
    [
        ("한빛", "한"),
        ("(주)한빛", "한"),
        ("㈜ 한빛", "한"),
        ("주식회사 한빛", "한"),
        ("shop", "S"),
        ("★!", "·"),
    ],
)
def test_the_initial_is_the_first_letter_of_the_name(issuer: str, initial: str) -> None:
    assert seen(changed(UNPAID, issuer=issuer)).initial == initial
