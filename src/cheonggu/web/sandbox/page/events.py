"""GET /sandbox/events: server-sent events that name the regions of the page that have changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from cheonggu.service import Service
from cheonggu.web.envelope import PLAIN_HEADERS, RETRY_AFTER_SECONDS
from cheonggu.web.sandbox.page.place import place_of
from cheonggu.web.sandbox.page.view import who_is_meant
from cheonggu.web.sandbox.page.watch import AWAY, Watch

HERE: Final = "retry: 2000\nevent: here\ndata:\n\n"
"""The first event: whoever hears it should look at the page anew, as it may have changed before."""
STILL_HERE: Final = ": still here\n\n"
_AWAY_EVENT: Final = "event: away\ndata:\n\n"
_HEADERS: Final = {**PLAIN_HEADERS, "X-Accel-Buffering": "no"}


async def events(request: Request, service: Service, watch: Watch) -> Response:
    """Events for as long as the client stays, or 503 when too many watch."""
    place = place_of(request)
    if watch.full():
        headers = {**PLAIN_HEADERS, "Retry-After": str(RETRY_AFTER_SECONDS[503])}
        return PlainTextResponse("Too many watch, or the service stops.", 503, headers)
    who = await who_is_meant(service, place)
    stream = _stream(watch, who.partner_id, place.bill)
    return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)


async def _stream(watch: Watch, partner_id: int, bill_id: str) -> AsyncGenerator[str]:
    first = True
    async with aclosing(watch.changes(partner_id, bill_id)) as changes:
        async for regions in changes:
            yield _event(regions, first=first)
            first = False


def _event(regions: frozenset[str], *, first: bool) -> str:
    if first:
        return HERE
    if AWAY in regions:
        return _AWAY_EVENT
    return f"event: changed\ndata: {' '.join(sorted(regions))}\n\n" if regions else STILL_HERE
