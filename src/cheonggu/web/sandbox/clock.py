"""Move business time forward, and start over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.billing import sandbox_partners
from cheonggu.domain import codes
from cheonggu.domain.seoul import LAST_DAY, end_of
from cheonggu.providers.sandbox import erase_practice
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.postgres import Connection, Database
from cheonggu.web.sandbox import armed, door
from cheonggu.web.sandbox.door import Asked, json_route


class _Clock(Asked, kw_only=True):
    advanceSeconds: Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)]


class _Reset(Asked, kw_only=True):
    partners: bool = False
    deterministic: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


_RULES: Final = {
    "advanceSeconds": "0부터 366일까지의 초여야 합니다.",
    "partners": "true면 만든 파트너를 지우고, false면 비우기만 합니다.",
    "deterministic": "1~200자여야 합니다.",
}
_LAST_MOMENT: Final = end_of(LAST_DAY)
_RESETS: Final = 5
"""Once more for what was on its way into the tables, dated by the clock before."""
_STRAGGLING_SECONDS: Final = 0.1
_IN_HAND_SECONDS: Final = 35.0
"""As long as the longest lease, and a little."""


def routes() -> list[Route]:
    """The endpoints about time."""
    return [
        json_route("/sandbox/clock", "POST", _clock),
        json_route("/sandbox/reset", "POST", _reset),
    ]


async def _clock(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Clock, _RULES)
    await move_clock(service, asked.advanceSeconds)
    return {"now": service.clock.now()}


async def move_clock(service: Service, seconds: float, *, from_offset: float | None = None) -> None:
    """Let so much business time pass; with `from_offset` only if nobody has moved the clock away from it.

    Raises Refused when that would leave the calendar.
    """
    if service.clock.now() + timedelta(seconds=seconds) > _LAST_MOMENT:
        raise codes.invalid("advanceSeconds", "2999년을 넘길 수 없습니다.")
    await service.clock.advance(service.db, seconds, from_offset=from_offset)


async def _reset(_service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Reset, _RULES)
    await start_over(request, removing=asked.partners, deterministic=asked.deterministic)
    return {"reset": True}


async def start_over(request: Request, *, removing: bool = False, deterministic: str | None = None) -> None:
    """Empty every sandbox partner and set the clock back; with `removing` those that were made go, too.

    With `deterministic` ids are derived from that text from now on. Raises Refused where they cannot be.
    """
    service: Service = request.app.state.service

    async def empty(conn: Connection) -> float:
        back_seconds = await practice.start_over(
            conn, sandbox_partners.START_POINTS, removing=removing, id_seed=deterministic
        )
        await erase_practice(conn)
        return back_seconds

    async def gather(conn: Connection) -> None:
        await practice.gather_stragglers(conn, back_seconds, service.clock.now())

    back_seconds = 0.0
    for _ in range(_RESETS):
        back_seconds = max(back_seconds, await _once_nothing_is_in_hand(service.db, empty))
        await service.clock.refresh(service.db)
        await service.ids.refresh(service.db)
        if not back_seconds:
            break
        await asyncio.sleep(_STRAGGLING_SECONDS)
        await service.db.run(gather)
        if not await practice.has_stragglers(service.db, service.clock.now()):
            break
    service.directory.forget()
    request.app.state.journal.forget()
    armed.armed(request).forget()


async def _once_nothing_is_in_hand(db: Database, empty: Callable[[Connection], Awaitable[float]]) -> float:
    deadline = asyncio.get_running_loop().time() + _IN_HAND_SECONDS
    while True:
        try:
            return await db.run(empty)
        except practice.InHand:
            if asyncio.get_running_loop().time() > deadline:
                raise codes.invalid(
                    "deterministic", "결제나 콜백이 끝나지 않았습니다. 잠시 후 다시 해 주세요."
                ) from None
            await asyncio.sleep(_STRAGGLING_SECONDS)
