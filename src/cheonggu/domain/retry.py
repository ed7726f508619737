"""When to try again, as data. All moments are business time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

Schedule = Sequence[timedelta]
"""Offsets from the beginning at which something is tried; ascending."""

_HOURS = tuple(timedelta(hours=hour) for hour in range(1, 25))

CALLBACK: Final[Schedule] = (
    timedelta(0),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    *_HOURS,
)
"""D: hourly for 24 hours after the approval; O: four quick tries before that."""

ASK_PAYMENT: Final[Schedule] = (
    timedelta(seconds=2),
    timedelta(seconds=5),
    timedelta(seconds=10),
    timedelta(seconds=20),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    *_HOURS,
)
"""O: how often the gateway is asked about a payment or a refund whose outcome is unknown."""

LATE_CHARGE: Final[Schedule] = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=24),
)
"""O: a payment given up as not found is looked for again, so that a late charge is refunded."""

ASK_MESSAGE: Final[Schedule] = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *_HOURS,
)
"""O: how often the sender is asked about a message whose fate is unknown."""


LONG_UNKNOWN: Final = timedelta(hours=1)
"""O: after this a payment or a refund is the operator's to look into: asking alone may never end it."""


def next_after(schedule: Schedule, began_at: datetime, now: datetime) -> datetime | None:
    """The first moment of the schedule after `now`, or None when it is over.

    Moments missed while nothing ran fall together into one: an outage ends in one try, not in a burst.
    """
    return next((began_at + offset for offset in schedule if began_at + offset > now), None)


def next_or_last_step(schedule: Schedule, began_at: datetime, now: datetime) -> datetime:
    """As `next_after`, but never over: after the end it goes on at the schedule's last distance."""
    return next_after(schedule, began_at, now) or now + (schedule[-1] - schedule[-2])
