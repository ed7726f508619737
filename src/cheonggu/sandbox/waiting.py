"""Waiting for what another process does: often at first, more seldom later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.05

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line


def wait_until(look: Callable[[], T | None], seconds: float) -> T | None:
    """What `look` finds first, or None when it finds nothing in time."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        last_look = time.monotonic() >= deadline
        found = look()
        if found is not None or last_look:
            return found
        time.sleep(min(pause, max(deadline - time.monotonic(), 0)))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
