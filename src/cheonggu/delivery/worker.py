"""The worker: sends what waits to be sent, asks about what is undecided, and says that it lives."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from cheonggu.delivery import janitor, retention
from cheonggu.delivery.callback import Deliverer
from cheonggu.delivery.message import Messenger
from cheonggu.service import Service
from cheonggu.store import workers
from cheonggu.store.postgres import DatabaseAway

log = structlog.get_logger()

POLL_SECONDS: Final = 0.1
HEARTBEAT_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 60.0
ANALYZE_SECONDS: Final = 2.0
STOP_SECONDS: Final = 12.0
"""Longer than any one call may take, so that what is in hand is seen through."""
SHORTEST_BACK_OFF_SECONDS: Final = 0.1
LONGEST_BACK_OFF_SECONDS: Final = 2.0
"""While the database is away."""
GOODBYE_SECONDS: Final = 1.0
"""A worker that cannot say that it stopped is taken for dead soon enough."""
CLAIMING: Final = "claiming"
"""The name of the tasks that take new work in hand."""

Step = Callable[[], Awaitable[object]]
"""One round of work; gives something true when there may be more to do at once."""
Rest = Callable[[float], Awaitable[None]]
"""Waits so many seconds, or less when from its call on there is a reason to look again."""


async def work(service: Service, stop: asyncio.Event) -> None:
    """Work until `stop` is set; then claim nothing more, see through what is in hand, and return.

    Any number of workers may share a database. One that dies leaves leases behind, which run out.
    """
    messenger = Messenger(
        service.db, service.clock, service.keyring, service.sender, service.settings.public_url
    )
    deliverer = Deliverer(service.db, service.clock, service.keyring, service.courier)
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    ended = asyncio.Event()
    outage = _Outage()

    def claim(step: Step, rest: Rest) -> asyncio.Task[None]:
        rest = at_most_until(stop, rest)
        return asyncio.create_task(_repeat(step, stop, outage, POLL_SECONDS, rest), name=CLAIMING)

    def repeat(step: Step, every: float = POLL_SECONDS) -> asyncio.Task[None]:
        return asyncio.create_task(_repeat(step, stop, outage, every, _rest_until(stop)))

    claims = [claim(messenger.fill, messenger.rest), claim(deliverer.step, deliverer.hands.rest)]
    others = [
        repeat(lambda: janitor.ask_payments(service)),
        repeat(lambda: janitor.ask_refunds(service)),
        repeat(lambda: workers.sweep(service.db, service.clock.now()), SWEEP_SECONDS),
        repeat(lambda: workers.analyze(service.db), ANALYZE_SECONDS),
        repeat(lambda: retention.erase_old(service), retention.EVERY_SECONDS),
    ]
    life = asyncio.create_task(
        _repeat(
            lambda: workers.seen(service.db, worker_id), ended, outage, HEARTBEAT_SECONDS, _rest_until(ended)
        )
    )
    try:
        await stop.wait()
        stopping = asyncio.get_running_loop().time()
        await asyncio.wait(claims, timeout=STOP_SECONDS)
        left = stopping + STOP_SECONDS - asyncio.get_running_loop().time()
        await asyncio.gather(
            asyncio.wait(others, timeout=left), messenger.finish(left), deliverer.finish(left)
        )
    finally:
        ended.set()
        for task in (*claims, *others, life):
            task.cancel()
        await asyncio.gather(*claims, *others, life, return_exceptions=True)
        await asyncio.gather(messenger.finish(0), deliverer.finish(0))
    with contextlib.suppress(DatabaseAway, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await workers.gone(service.db, worker_id)


class _Outage:
    """Tells the log once that the database is away, and once that it is back.

    `nth` counts outages. That one is over is known from a round that began in it: one that was under way
    when the database went may still end well.
    """

    def __init__(self) -> None:
        self.nth = 0
        self._said = False

    def goes_on(self, away: DatabaseAway) -> None:
        if not self._said:
            log.warning("database_away", reason=str(away))
            self.nth += 1
        self._said = True

    def is_over(self, began_in: int) -> None:
        if self._said and began_in == self.nth:
            log.warning("database_back")
            self._said = False


async def _repeat(step: Step, stop: asyncio.Event, outage: _Outage, every: float, rest: Rest) -> None:
    """Do round after round until told to stop; nothing that a round raises ends it."""
    back_off = SHORTEST_BACK_OFF_SECONDS
    wait = _rest_until(stop)
    while not stop.is_set():
        began_in = outage.nth
        try:
            more = await step()
        except DatabaseAway as away:
            outage.goes_on(away)
        except Exception:
            log.exception("worker_round_failed")
        else:
            outage.is_over(began_in)
            back_off = SHORTEST_BACK_OFF_SECONDS
            if not more:
                await rest(every)
            continue
        await wait(back_off)
        back_off = min(2 * back_off, LONGEST_BACK_OFF_SECONDS)


def _rest_until(event: asyncio.Event) -> Rest:
    async def rest(seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    return rest


def at_most_until(event: asyncio.Event, rest: Rest) -> Rest:
    """The same rest, but over once the event is set."""

    async def at_most(seconds: float) -> None:
        resting, waiting = asyncio.ensure_future(rest(seconds)), asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((resting, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            waiting.cancel()

    return at_most
