"""Days and moments as a payer reads them, in Seoul time, in Korean or English."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from cheonggu.domain.seoul import SEOUL, last_day_before

_WEEKDAYS_KO: Final = "월화수목금토일"
_WEEKDAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NIGHT_FROM_HOUR: Final = 21


def day(language: str, on: date, *, year: bool = True) -> str:
    """`2026년 11월 30일 월요일`, `Monday, November 30, 2026`; the year may be left out."""
    if language == "ko":
        years = f"{on.year}년 " if year else ""
        return f"{years}{on.month}월 {on.day}일 {_WEEKDAYS_KO[on.weekday()]}요일"
    years = f", {on.year}" if year else ""
    return f"{_WEEKDAYS_EN[on.weekday()]}, {_MONTHS_EN[on.month - 1]} {on.day}{years}"


def moment(language: str, at: datetime) -> str:
    """`2026년 11월 22일 오후 2:03`, `Nov 22, 2026, 2:03 pm (Seoul)`."""
    local = at.astimezone(SEOUL)
    if language == "ko":
        half = "오전" if local.hour < 12 else "오후"
        return f"{local.year}년 {local.month}월 {local.day}일 {half} {_on_twelve(local)}:{local:%M}"
    return f"{_MONTHS_EN[local.month - 1][:3]} {local.day}, {local.year}, {_clock_en(local)} (Seoul)"


def day_short(language: str, at: datetime) -> str:
    """`11월 22일`, `Nov 22`."""
    local = at.astimezone(SEOUL)
    return (
        f"{local.month}월 {local.day}일"
        if language == "ko"
        else f"{_MONTHS_EN[local.month - 1][:3]} {local.day}"
    )


def second(at: datetime) -> str:
    """`14:03:07` in Seoul, for developers: as their logs have it."""
    return f"{at.astimezone(SEOUL):%H:%M:%S}"


def minute(language: str, at: datetime) -> str:
    """`오후 2:03`, `2:03 pm`."""
    local = at.astimezone(SEOUL)
    if language == "en":
        return _clock_en(local)
    return f"{'오전' if local.hour < 12 else '오후'} {_on_twelve(local)}:{local:%M}"


def last_minute(language: str, expires_at: datetime) -> str:
    """The last minute before something ends: midnight is told as `밤 11시 59분`, `11:59 pm`."""
    local = (expires_at - timedelta(minutes=1)).astimezone(SEOUL)
    if language == "en":
        return _clock_en(local)
    part = "밤" if local.hour >= _NIGHT_FROM_HOUR else "오전" if local.hour < 12 else "오후"
    return f"{part}\N{NO-BREAK SPACE}{_on_twelve(local)}시\N{NO-BREAK SPACE}{local.minute}분"


def deadline(language: str, expires_at: datetime) -> str:
    """`2026년 11월 30일 월요일 밤 11시 59분`, `Monday, November 30, 2026, 11:59 pm (Seoul)`."""
    last_day, time = day(language, last_day_before(expires_at)), last_minute(language, expires_at)
    return f"{last_day} {time}" if language == "ko" else f"{last_day}, {time} (Seoul)"


def _clock_en(local: datetime) -> str:
    return f"{_on_twelve(local)}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def _on_twelve(local: datetime) -> int:
    return (local.hour - 1) % 12 + 1
