"""What befalls callbacks on purpose in a sandbox, between the Deliverer and whoever posts for it.

What is lost, and whose, is said in a table (store/trouble.py), as the worker is another process. Each try is
an attempt as any other, with words that say whose doing it was. Here, too, what was sent comes to be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from cheonggu.providers.courier import CallbackRequest, Courier, as_sent
from cheonggu.providers.reply import NotAnswered, Reason, Reply, Sent
from cheonggu.store import trouble
from cheonggu.store.batch import Batcher
from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Database, DatabaseAway
from cheonggu.store.trouble import Kind

MOST_LOOKS_AT_ONCE: Final = 256
_REASONS: Final[dict[Kind, Reason]] = {
    "DOWN": Reason.DOWN_ON_PURPOSE,
    "LOST": Reason.LOST_ON_PURPOSE,
    "ANSWER_LOST": Reason.ANSWER_LOST_ON_PURPOSE,
}


class TroubledCourier:
    """A Courier before another one, which gets what nothing befalls."""

    def __init__(self, inner: Courier, db: Database, clock: Clock) -> None:
        self._inner = inner
        self._db = db
        self._looks = Batcher(self._look, most=MOST_LOOKS_AT_ONCE, keys=lambda _: ())
        self._clock = clock

    async def deliver(self, request: CallbackRequest) -> Reply:
        """Lose it, or its answer, if so it was said; else pass it on."""
        if request.made_up:
            return await self._pass_on(request)
        try:
            befalls = await self._looks.submit((request.partner_id, request.bill_id))
            if befalls is not None:
                return await self._befallen(request, *befalls)
        except DatabaseAway:  # whoever records this try will notice, too
            pass
        return await self._pass_on(request)

    async def _befallen(self, request: CallbackRequest, kind: Kind, under: str) -> Reply:
        """Losses are used up when they happen: an answer that never came cannot be lost."""
        if kind == "ANSWER_LOST":
            reply = await self._pass_on(request)
            if isinstance(reply, NotAnswered) or not await self._used(request, kind, under):
                return reply
            return _lost(kind, reply.sent or as_sent(request), reply.duration_ms)
        if kind == "LOST" and not await trouble.use(self._db, request.partner_id, under, kind):
            return await self.deliver(request)
        return _lost(kind, as_sent(request))

    async def _used(self, request: CallbackRequest, kind: Kind, under: str) -> bool:
        try:
            return await trouble.use(self._db, request.partner_id, under, kind)
        except DatabaseAway:
            return False

    async def _pass_on(self, request: CallbackRequest) -> Reply:
        reply = await self._inner.deliver(request)
        return reply if reply.sent else msgspec.structs.replace(reply, sent=as_sent(request))

    async def _look(self, callbacks: Sequence[tuple[int, str]]) -> Sequence[tuple[Kind, str] | None]:
        return await trouble.looming(self._db, callbacks, self._clock.now())


def _lost(kind: Kind, sent: Sent, duration_ms: int = 0) -> NotAnswered:
    return NotAnswered(
        reason=_REASONS[kind],
        detail=kind,
        status=None,
        body=b"",
        duration_ms=duration_ms,
        sent=msgspec.structs.replace(sent, trouble=kind),
    )
