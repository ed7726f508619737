"""The rules as tables: money, days, hashes, masks, retry times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain import codes, hashing, masking, retry, seoul, won
from cheonggu.domain.codes import CODES, Refused


@pytest.mark.parametrize(
    ("text", "amount_won"),
    [
        ("0", 0),
        ("1", 1),
        ("10000", 10_000),
        ("9999999999", 9_999_999_999),
        ("10000000000", None),
        ("", None),
        ("00", None),
        ("01", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        ("1,000", None),
        ("1_000", None),
        (" 1", None),
        ("1\n", None),
        ("１２３", None),
        ("١٢٣", None),
        ("²", None),
        ("만", None),
    ],
)
def test_an_amount_is_plain_ascii_digits(text: str, amount_won: int | None) -> None:
    assert won.parse(text) == amount_won


@given(st.integers(0, 9_999_999_999))
def test_every_amount_of_ten_digits_comes_back_as_it_was_written(amount_won: int) -> None:
    assert won.parse(str(amount_won)) == amount_won
    assert won.with_commas(amount_won).replace(",", "") == str(amount_won)


@pytest.mark.parametrize(
    ("amount_won", "reading"),
    [
        (0, "0원"),
        (9_999, "9,999원"),
        (10_000, "1만원"),
        (345_000, "34만 5,000원"),
        (100_000_000, "1억원"),
        (100_000_001, "1억 1원"),
        (9_999_999_999, "99억 9,999만 9,999원"),
    ],
)
def test_korean_eyes_count_in_ten_thousands(amount_won: int, reading: str) -> None:
    assert won.in_ten_thousands(amount_won) == reading


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2025-02-29", None),
        ("2026-13-01", None),
        ("2026-1-2", None),
        ("20261122", None),
        ("2026-11-22T00:00", None),
        ("2026-W47-7", None),
        ("２０２６-11-22", None),
        ("2026-11-22\n", None),
        ("0000-01-01", None),
        ("", None),
    ],
)
def test_a_day_is_written_one_way(text: str, day: date | None) -> None:
    assert seoul.parse_day(text) == day


def test_a_day_ends_at_midnight_in_seoul() -> None:
    ends = seoul.end_of(date(2026, 11, 22))
    assert ends == datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    assert seoul.today(ends - timedelta(microseconds=1)) == date(2026, 11, 22)
    assert seoul.today(ends) == date(2026, 11, 23)


@given(st.dates(max_value=seoul.LAST_DAY))
def test_the_last_day_before_a_days_end_is_that_day(day: date) -> None:
    assert seoul.last_day_before(seoul.end_of(day)) == day


def test_a_moment_after_midnight_is_of_the_new_day() -> None:
    midnight = seoul.end_of(date(2026, 11, 22))
    assert seoul.last_day_before(midnight + timedelta(microseconds=1)) == date(2026, 11, 23)


def test_a_moment_is_written_in_seoul_time() -> None:
    assert seoul.wire_moment(datetime(2026, 12, 31, 15, 0, 9, tzinfo=UTC)) == "20270101000009"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            ("TEST0001", "01012345678", "10000"),
            "1eb21fa5cbf20deaf144f145f6cda1b4644cc5ef07a8d885fe94d830aa8a1265",
        ),
        (("TEST0001", "10000"), "c24aa51aa22c626d25b1efac23211c2c05fe1d0c3495db31389887760fa607f4"),
    ],
)
def test_the_hash_agrees_with_known_vectors(parts: tuple[str, ...], expected: str) -> None:
    assert hashing.request_hash(*parts) == expected
    assert hashing.matches(expected.upper(), *parts)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=1, max_size=4), st.text())
def test_only_the_right_hash_matches(parts: list[str], other: str) -> None:
    right = sha256(",".join(parts).encode()).hexdigest()
    assert hashing.matches(right, *parts)
    try:
        other.encode()
    except UnicodeEncodeError:
        return
    assert hashing.matches(other, *parts) == (other.lower() == right)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("김서연", "김*연"),
        ("김연", "김*"),
        ("김", "김"),
        ("제갈아름다운", "제****운"),
        ("Kim Seoyeon", "K*m S*****n"),
        ("", ""),
    ],
)
def test_a_name_is_masked(name: str, masked: str) -> None:
    assert masking.name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("01012345678", "010-****-5678"),
        ("0111234567", "011-***-4567"),
        ("+82 10-1234-5678", "************5678"),
        ("1234", "****"),
        ("12345", "*2345"),
    ],
)
def test_a_phone_is_masked(phone: str, masked: str) -> None:
    assert masking.phone(phone) == masked


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("", ""),
        ("0123456789ab", "************"),
        ("0123456789abc", "0123…9abc"),
        ("sandbox-api-key-0123456789abcdef", "sand…cdef"),
    ],
)
def test_of_an_api_key_eight_characters_are_shown_at_most(key: str, masked: str) -> None:
    assert masking.key(key) == masked


BEGAN = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def test_a_callback_is_tried_early_then_hourly_for_a_day() -> None:
    tries: list[timedelta] = []
    at: datetime | None = BEGAN
    while at is not None:
        tries.append(at - BEGAN)
        at = retry.next_after(retry.CALLBACK, BEGAN, at)
    assert [one.total_seconds() for one in tries[:6]] == [0, 10, 60, 300, 900, 3600]
    assert tries[-1] == timedelta(hours=24)
    assert len(tries) == 29


@pytest.mark.parametrize(
    ("schedule", "early_seconds", "hours"),
    [
        (retry.CALLBACK, [0, 10, 60, 300, 900], range(1, 25)),
        (retry.ASK_PAYMENT, [2, 5, 10, 20, 60, 300, 900], range(1, 25)),
        (retry.ASK_MESSAGE, [2, 10, 60, 300, 1800], range(1, 25)),
        (retry.LATE_CHARGE, [60, 600], (1, 24)),
    ],
    ids=["callback", "ask about a payment", "ask about a message", "late charge"],
)
def test_a_schedule_is_dense_at_first_and_ends_after_a_day(
    schedule: retry.Schedule, early_seconds: list[int], hours: Sequence[int]
) -> None:
    assert [offset.total_seconds() for offset in schedule] == [
        *early_seconds,
        *(3600 * hour for hour in hours),
    ]


def test_after_its_end_a_schedule_goes_on_at_its_last_distance() -> None:
    now = BEGAN + timedelta(hours=24)
    assert retry.next_or_last_step(retry.ASK_PAYMENT, BEGAN, now) == now + timedelta(hours=1)
    assert retry.next_or_last_step(retry.LATE_CHARGE, BEGAN, now) == now + timedelta(hours=23)
    assert retry.next_or_last_step(retry.LATE_CHARGE, BEGAN, BEGAN) == BEGAN + timedelta(minutes=1)


@given(st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_next_try_is_always_later(passed: timedelta) -> None:
    now = BEGAN + passed
    at = retry.next_after(retry.CALLBACK, BEGAN, now)
    assert (at is None) == (passed >= timedelta(hours=24))
    assert at is None or at > now
    assert retry.next_or_last_step(retry.ASK_PAYMENT, BEGAN, now) > now


def test_every_code_is_told_under_its_own_name() -> None:
    assert all(code == entry.code for code, entry in CODES.items())
    assert len(CODES) == 28
    assert {entry.mark for entry in CODES.values()} <= set("SDMCO")


def test_these_answers_are_replayed_to_a_retry_and_no_others() -> None:
    lasting = {code for code, entry in CODES.items() if entry.lasting}
    assert lasting == {
        "0000",
        *(f"BILL_00{number}" for number in (1, 3, 4, 5, 6, 8, 9)),
        *("PAYMENT_001", "PAYMENT_002"),
    }


@pytest.mark.parametrize(
    ("refused", "message", "lasting"),
    [
        (Refused(codes.BILL_001), codes.BILL_001.message, True),
        (Refused(codes.BILL_001, "다른 말"), "다른 말", True),
        (Refused(codes.BILL_001, lasting=False), codes.BILL_001.message, False),
        (Refused(codes.BILL_007), codes.BILL_007.message, False),
        (Refused(codes.BILL_007, lasting=True), codes.BILL_007.message, True),
    ],
)
def test_a_refusal_says_and_lasts_as_its_code_unless_told_otherwise(
    refused: Refused, message: str, lasting: object
) -> None:
    assert (refused.message, str(refused), refused.lasting) == (message, message, lasting)


def test_an_unsound_field_is_named_with_its_rule() -> None:
    refused = codes.invalid("bill.price", "1원 이상이어야 합니다.")
    assert (refused.code, refused.message) == (codes.VALIDATION_001, "bill.price: 1원 이상이어야 합니다.")
