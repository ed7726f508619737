"""How many wrong guesses came from where, in bounded memory. What was right is never counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

WINDOW_SECONDS: Final = 60
MOST_REMEMBERED: Final = 10_000
"""Of each kind of guess: about 2 MB. Whoever guesses wrong beyond them shares one budget."""


class _Window(msgspec.Struct):
    ends: float
    failed: int = 0


class Guesses:
    """Counts wrong guesses by source: `most` in the minute that begins with the first; 0 counts nothing.

    A window is forgotten when it ends and never before, so that many sources cannot push each other out.
    `clock` gives monotonic seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._windows: dict[str, _Window] = {}  # in the order in which they end
        self._others = _Window(0.0)

    def __len__(self) -> int:
        """How many sources are remembered."""
        return len(self._windows)

    def spent(self, source: str) -> bool:
        """Whether a source has no wrong guess left in this minute."""
        if not self._most:
            return False
        window = self._window(source)
        return window is not None and window.failed >= self._most

    def failed(self, source: str) -> bool:
        """Count a wrong guess; whether it was one more than there may be."""
        if not self._most:
            return False
        window = self._window(source)
        if window is None:
            window = self._windows[source] = _Window(self._clock() + WINDOW_SECONDS)
        window.failed += 1
        return window.failed > self._most

    def _window(self, source: str) -> _Window | None:
        """The window that this source counts in; None if it needs one of its own."""
        now = self._clock()
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest].ends > now:
                break
            del self._windows[oldest]
        found = self._windows.get(source)
        if found is not None or len(self._windows) < MOST_REMEMBERED:
            return found
        if self._others.ends <= now:
            self._others = _Window(now + WINDOW_SECONDS)
        return self._others
