"""Business time: expiry, retries and everything else that waits. One clock for the whole service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cheonggu.sandbox.remote import Remote


class Clock:
    """Moves forward only; `before_moving` is asked first, and may refuse."""

    def __init__(self, remote: Remote, before_moving: Callable[[], None]) -> None:
        self._remote = remote
        self._before_moving = before_moving

    def now(self) -> datetime:
        """This moment in business time."""
        return self._advanced(0)

    def is_moved(self) -> bool:
        """Whether it shows another time than this machine's."""
        return abs(self.now() - datetime.now(UTC)) > timedelta(seconds=1)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Let this much business time pass, for everybody on the service; it is now as returned."""
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._before_moving()
        return self._advanced(span.total_seconds())

    def advance_to(self, moment: datetime) -> datetime:
        """Let time pass until `moment`, which has a time zone. What is over already is refused."""
        return self.advance(seconds=(moment - self.now()).total_seconds())

    def _advanced(self, seconds: float) -> datetime:
        told = self._remote.post("/sandbox/clock", {"advanceSeconds": seconds})
        return datetime.fromisoformat(told["now"])
