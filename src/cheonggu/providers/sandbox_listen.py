"""Hands callbacks to whoever listens for them (`cheonggu listen`) instead of posting them itself.

The worker offers a callback in a table, a listener takes it through any API process, posts it where it likes,
and tells what came of it. Who posts is on the user's own machine, so no guard stands before it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import msgspec

from cheonggu.providers.courier import CallbackRequest, Courier, as_sent
from cheonggu.providers.reply import Answered, NotAnswered, Reason, Reply
from cheonggu.providers.sandbox_trouble import MOST_LOOKS_AT_ONCE
from cheonggu.store import listeners
from cheonggu.store.batch import Batcher
from cheonggu.store.bell import Bell
from cheonggu.store.listeners import Standing
from cheonggu.store.postgres import Database, DatabaseAway

DEADLINE_SECONDS: Final = 10.0
TAKEN_WITHIN_SECONDS: Final = 6.0
"""By then its own address gets it, with what is left of the time."""
GLANCE_SECONDS: Final = 0.5
"""How soon it is seen that a listener is gone, as nobody rings then."""


class Offered(msgspec.Struct, frozen=True, rename="camel"):
    """A request as listeners are handed it."""

    bill_id: str
    url: str
    headers: dict[str, str]
    body: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener tells of a post: where to, and an answer or the reason why there is none."""

    url: str
    status: int | None
    content_encoding: str | None
    body: bytes
    duration_ms: int
    reason: Reason | None


class ListenedCourier:
    """A Courier before another one, which gets what nobody listens for."""

    def __init__(self, inner: Courier, db: Database, bell: Bell) -> None:
        self._inner = inner
        self._db = db
        self._bell = bell
        self._looks = Batcher(self._look, most=MOST_LOOKS_AT_ONCE, keys=lambda _: ())

    async def deliver(self, request: CallbackRequest) -> Reply:
        """Hand it to a listener, if there is one and it takes it in time; else pass it on."""
        try:
            if await self._looks.submit(request.partner_id):
                return await self._hand_over(request)
        except DatabaseAway:  # whoever records this try will notice, too
            pass
        return await self._inner.deliver(request)

    async def _look(self, partner_ids: Sequence[int]) -> Sequence[bool]:
        return await listeners.listened_to(self._db, partner_ids)

    async def _hand_over(self, request: CallbackRequest) -> Reply:
        loop = asyncio.get_running_loop()
        began = loop.time()
        offered = Offered(request.bill_id, request.url, dict(request.headers), request.body.decode())
        number = await listeners.offer(
            self._db, request.partner_id, msgspec.json.encode(offered).decode(), DEADLINE_SECONDS
        )
        try:
            outcome = await self._outcome(request, number, began)
        finally:
            with contextlib.suppress(DatabaseAway):
                await listeners.forget(self._db, request.partner_id, number)
        if outcome is not None:
            return outcome
        try:
            async with asyncio.timeout_at(began + DEADLINE_SECONDS):
                return await self._inner.deliver(request)
        except TimeoutError:
            return _unanswered(request, Reason.TIMEOUT, loop.time() - began)

    async def _outcome(self, request: CallbackRequest, number: int, began: float) -> Reply | None:
        """What a listener tells of it; None when nobody has taken it and nobody will."""
        partner_id, loop = request.partner_id, asyncio.get_running_loop()
        with self._bell.rung(listeners.answered(partner_id, number)) as rung:
            while (left := began + DEADLINE_SECONDS - loop.time()) > 0:
                standing = await self._standing(partner_id, number)
                if standing is not None and standing.reply is not None:
                    return _reply(request, standing.reply)
                late = loop.time() > began + TAKEN_WITHIN_SECONDS
                if standing is not None and standing.taken and not standing.listened_to:
                    return _unanswered(request, Reason.LISTENER_GONE, loop.time() - began)
                nobody = standing is not None and not standing.taken and (late or not standing.listened_to)
                if nobody and await listeners.withdraw(self._db, partner_id, number):
                    return None
                await rung.wait(min(left, GLANCE_SECONDS))
        return _unanswered(request, Reason.TIMEOUT, DEADLINE_SECONDS)

    async def _standing(self, partner_id: int, number: int) -> Standing | None:
        try:
            return await listeners.standing(self._db, partner_id, number)
        except DatabaseAway:
            return None


def _reply(request: CallbackRequest, encoded: str) -> Reply:
    told = msgspec.json.decode(encoded, type=Told)
    sent = as_sent(request, forwarded_to=told.url)
    if told.reason is None and told.status is not None:
        return Answered(
            status=told.status,
            body=told.body,
            content_encoding=told.content_encoding,
            duration_ms=told.duration_ms,
            sent=sent,
        )
    return NotAnswered(
        reason=told.reason or Reason.UNEXPECTED,
        detail="",
        status=told.status,
        body=told.body,
        duration_ms=told.duration_ms,
        sent=sent,
    )


def _unanswered(request: CallbackRequest, reason: Reason, seconds: float) -> NotAnswered:
    return NotAnswered(
        reason=reason,
        detail="",
        status=None,
        body=b"",
        duration_ms=round(seconds * 1_000),
        sent=as_sent(request),
    )
