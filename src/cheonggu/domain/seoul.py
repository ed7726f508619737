"""Days and moments as Seoul counts them. Korea keeps +09:00 all year, so the offset is fixed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

SEOUL: Final = timezone(timedelta(hours=9), "KST")
DEFAULT_LIFE_DAYS: Final = 30
"""O: a bill without expireDt can be paid for 30 days."""
LAST_DAY: Final = date(2999, 12, 31)
"""O: clients do send 2099-12-31; beyond this a date is a mistake."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date | None:
    """The day written as `YYYY-MM-DD` in ASCII digits, or None when it is not one."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def today(now: datetime) -> date:
    """The day it is in Seoul."""
    return now.astimezone(SEOUL).date()


@lru_cache(maxsize=256)  # every create asks, and nearly all of them about the same few days
def end_of(day: date) -> datetime:
    """The midnight that ends `day` in Seoul: the first moment that is no longer that day (D)."""
    return datetime(day.year, day.month, day.day, tzinfo=SEOUL) + timedelta(days=1)


def last_day_before(expires_at: datetime) -> date:
    """The last day on which something that expires at `expires_at` is still valid."""
    return (expires_at.astimezone(SEOUL) - timedelta(microseconds=1)).date()


def wire_moment(moment: datetime) -> str:
    """`YYYYMMDDhhmmss` in Seoul time, as apprDt is written (D)."""
    return moment.astimezone(SEOUL).strftime("%Y%m%d%H%M%S")
