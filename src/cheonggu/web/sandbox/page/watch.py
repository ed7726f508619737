"""Tells whoever watches the page that something has changed, by looking at the database while somebody does.

The worker is another process, and other servers may serve the same partner, so the database is asked: by one
loop for all who watch a partner, cheaply, and only while there are any.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import structlog

from cheonggu.service import Service
from cheonggu.store import practice_page
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web.sandbox.journal import Journal

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.35
AWAY_SECONDS: Final = 1.0
"""Between looks while the database is away."""
STILL_HERE_SECONDS: Final = 15.0
"""So that a proxy keeps a quiet connection, and a client that is gone is noticed."""
MOST_WATCHERS: Final = 64

AWAY: Final = "away"
_REGIONS: Final = {
    "phone": ("phone", "bill", "figures"),
    "bills": ("bills", "bill", "figures", "inspection"),
    "callbacks": ("callbacks", "bill", "figures", "inspection"),
    "wallet": ("wallet", "figures"),
    "clock": ("clock", "bills", "bill", "callbacks", "phone"),
    "bill": ("bill", "callbacks"),
    "requests": ("requests", "inspection"),
    "trouble": ("callbacks",),
    "listeners": ("callbacks",),
}
"""What of the page shows each thing that can change. Without a choice the newest bill is shown."""


class TooMany(Exception):
    """As many watch as may."""


class _Watcher:
    """One open page. What it has not been told yet waits in `news`."""

    def __init__(self, bill_id: str) -> None:
        self.bill_id = bill_id
        self.news: set[str] = set()
        self.rung = asyncio.Event()

    def tell(self, news: set[str]) -> None:
        """Something for it to hear."""
        self.news |= news
        self.rung.set()


class Watch:
    """All who watch, by partner."""

    def __init__(self, service: Service, journal: Journal) -> None:
        self._service = service
        self._journal = journal
        self._watchers: dict[int, set[_Watcher]] = {}
        self._loops: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    def close(self) -> None:
        """Let everybody go: the service stops."""
        self._closed = True
        for loop in self._loops.values():
            loop.cancel()
        for watcher in self._everybody():
            watcher.rung.set()

    def full(self) -> bool:
        """Whether nobody more may watch."""
        return self._closed or len(self._everybody()) >= MOST_WATCHERS

    async def changes(self, partner_id: int, bill_id: str) -> AsyncGenerator[frozenset[str]]:
        """The regions that have changed, as often as any has; nothing for a long time gives an empty set.

        The first comes at once, and names none. AWAY stands for a database that cannot be asked. Raises
        TooMany.
        """
        if self.full():
            raise TooMany
        watcher = _Watcher(bill_id)
        self._join(partner_id, watcher)
        try:
            yield frozenset()
            while not self._closed:
                try:
                    async with asyncio.timeout(STILL_HERE_SECONDS):
                        await watcher.rung.wait()
                except TimeoutError:
                    yield frozenset()
                    continue
                watcher.rung.clear()
                news, watcher.news = watcher.news, set()
                if news:
                    yield frozenset(news)
        finally:
            self._leave(partner_id, watcher)

    def _everybody(self) -> list[_Watcher]:
        return [watcher for watchers in self._watchers.values() for watcher in watchers]

    def _join(self, partner_id: int, watcher: _Watcher) -> None:
        self._watchers.setdefault(partner_id, set()).add(watcher)
        if partner_id not in self._loops:
            loop = asyncio.create_task(self._look(partner_id), name="sandbox watch")
            loop.add_done_callback(_tell_of_failure)
            self._loops[partner_id] = loop

    def _leave(self, partner_id: int, watcher: _Watcher) -> None:
        watchers = self._watchers[partner_id]
        watchers.discard(watcher)
        if not watchers:
            del self._watchers[partner_id]
            self._loops.pop(partner_id).cancel()

    async def _look(self, partner_id: int) -> None:
        before: dict[str, str] | None = None
        while True:
            watchers = self._watchers.get(partner_id, set())
            wanted = sorted({watcher.bill_id for watcher in watchers if watcher.bill_id})
            asked = {"requests": str(self._journal.count)}
            try:
                marks = asked | await practice_page.marks(self._service.db, partner_id, wanted)
            except DatabaseAway:
                for watcher in watchers:
                    watcher.tell({AWAY})
                before = {}
                await asyncio.sleep(AWAY_SECONDS)
                continue
            for watcher in watchers if before is not None else ():
                watcher.tell(_changed(before or {}, marks, watcher.bill_id))
            before = marks
            await asyncio.sleep(LOOK_SECONDS)


def _tell_of_failure(loop: asyncio.Task[None]) -> None:
    if not loop.cancelled() and (error := loop.exception()):
        log.error("sandbox_watch_failed", error=type(error).__name__)


def _changed(before: dict[str, str], marks: dict[str, str], bill_id: str) -> set[str]:
    """The regions that show what has changed between two looks."""
    regions: set[str] = set()
    for name, mark in marks.items():
        kind, _, of_bill = name.partition(":")
        if of_bill not in ("", bill_id) or before.get(name) == mark:
            continue
        if of_bill and before and name not in before:
            continue  # it is only watched from now on
        regions.update(_REGIONS[kind])
    return regions
