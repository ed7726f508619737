"""The rules as tables: money, days, hashes, masks, retry times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain import hashing, masking, retry, seoul, won
from cheonggu.domain.codes import CODES


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
