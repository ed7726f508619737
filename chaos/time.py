"""Business time as the service sees it: the machine's, plus what the clock was moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cheonggu.domain import seoul


@dataclass
class BusinessTime:
    """What time it is for the service."""

    offset_seconds: float = 0.0

    def now(self) -> datetime:
        """This moment."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    def today(self) -> str:
        """The day it is in Seoul, as a request writes it."""
        return seoul.today(self.now()).isoformat()

    def until_midnight(self) -> float:
        """How many seconds until the day ends in Seoul."""
        return (seoul.end_of(seoul.today(self.now())) - self.now()).total_seconds()

    def until_hour(self, hour: int) -> float:
        """How many seconds until it is this hour in Seoul, today or tomorrow."""
        now = self.now().astimezone(seoul.SEOUL)
        then = now.replace(hour=hour, minute=0, second=0, microsecond=0)
        return ((then - now).total_seconds()) % 86_400
