"""Wakes who waits for something that another process does, by its topic."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Generator


class Bell:
    """Rung through PostgreSQL's NOTIFY, whose payload is the topic; see store/changes.py.

    What is rung while the connection is down is not heard, so a wait has an end, and looks for itself then.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, topic: str) -> None:
        """Wake those who wait for the topic."""
        for event in self._waiting.get(topic, ()):
            event.set()

    @contextlib.contextmanager
    def rung(self, topic: str) -> Generator[Rung]:
        """Hears the topic from here on: look first and then wait, and nothing is missed."""
        event = asyncio.Event()
        self._waiting[topic].add(event)
        try:
            yield Rung(event)
        finally:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]


class Rung:
    """One who waits for a topic."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    async def wait(self, seconds: float) -> None:
        """Wait until it is rung, or was since the last wait; no longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()
