"""A reset of the sandbox while something of another partner's is in hand, or on its way into the tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from structlog.testing import capture_logs
from structlog.typing import EventDict

from cheonggu.store import practice
from cheonggu.store.postgres import connect
from tests.conftest import until
from tests.live import Live

AHEAD_SECONDS = 3 * 86_400


@asynccontextmanager
async def holding() -> AsyncGenerator[tuple[str, list[asyncio.Event]]]:
    """A receiver that refuses each callback, once the event that comes with it is set."""
    calls: list[asyncio.Event] = []

    async def hold(_: web.Request) -> web.Response:
        calls.append(asyncio.Event())
        await calls[-1].wait()
        return web.Response(status=500)

    app = web.Application()
    app.router.add_post("/", hold)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    assert runner.addresses
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", calls
    finally:
        for call in calls:
            call.set()
        await runner.cleanup()


async def theirs(live: Live) -> None:
    """The partner is nobody's to empty from here on, and the clock is days ahead."""
    await live.service.db.execute("UPDATE partner SET sandbox = false WHERE name = 'sandbox'")
    await live.advance(AHEAD_SECONDS)


async def reset(live: Live) -> None:
    status, told = await live.call("/sandbox/reset", {})
    assert status == 200, told


async def test_a_callback_in_hand_is_tried_again_in_the_new_time(live: Live) -> None:
    async with holding() as (url, calls):
        await theirs(live)
        await live.create(billId="THEIRS", callbackUrl=url)
        await live.pay("THEIRS")
        await until(lambda: reached(calls, 1))
        await reset(live)
        with capture_logs() as logs:
            calls[0].set()
            await until(lambda: is_over(live, logs))
        await live.service.db.execute("UPDATE callback SET leased_until = now()")  # 30 seconds, in short
        await until(lambda: reached(calls, 2))


async def is_over(live: Live, logs: Sequence[EventDict]) -> bool:
    """Whether the try was recorded, or was no longer in the worker's hands."""
    recorded = bool((await live.callbacks("THEIRS"))[0]["attempts"])
    return recorded or any(one["event"] == "callback_lease_lost" for one in logs)


async def reached(calls: list[asyncio.Event], times: int) -> bool:
    return len(calls) == times


async def test_what_is_written_late_by_the_clock_before_moves_back_too(live: Live, dsn: str) -> None:
    await theirs(live)
    async with resetting(live, dsn):
        creating = asyncio.create_task(live.create(billId="LATE"))
        await until(lambda: waits_for_a_lock(live, "SELECT create_bills%"))
    await creating

    async def sent() -> bool:
        return [one["state"] for one in await live.messages("LATE")] == ["SENT"]

    await until(sent)


async def test_what_is_written_by_the_new_clock_meanwhile_stays(live: Live) -> None:
    await theirs(live)
    await reset(live)
    reset_at = live.service.clock.now()
    await live.create(billId="NEW")
    await live.service.db.run(lambda conn: practice.gather_stragglers(conn, AHEAD_SECONDS, reset_at))
    assert await live.service.db.fetchval("SELECT min(created_at) FROM message") > reset_at


async def test_a_payment_that_is_settled_late_is_not_open_for_days(live: Live, dsn: str) -> None:
    await theirs(live)
    await live.create(billId="THEIRS")
    paying = asyncio.create_task(live.pay("THEIRS", "TIMEOUT_NOT_CHARGED"))
    await until(lambda: live.service.db.fetchval("SELECT EXISTS (SELECT FROM attempt)"))
    async with resetting(live, dsn):
        await until(lambda: waits_for_a_lock(live, "%FROM bill%NO KEY UPDATE"))
    await paying
    open_until = await live.service.db.fetchval("SELECT confirm_until FROM attempt")
    assert open_until - live.service.clock.now() < timedelta(minutes=1)

    async def is_over() -> bool:
        return (await live.read("THEIRS"))["apprState"] == "W"

    await until(is_over)


@asynccontextmanager
async def resetting(live: Live, dsn: str) -> AsyncGenerator[None]:
    """A reset that stands before the bills meanwhile: whoever comes to them now comes after it."""
    locker = await connect(dsn)
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE bill IN SHARE MODE")
            reset_made = asyncio.create_task(reset(live))
            await until(lambda: waits_for_a_lock(live, "LOCK TABLE%"))
            yield
        await reset_made
    finally:
        await locker.close()


async def waits_for_a_lock(live: Live, query: str) -> bool:
    return await live.service.db.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND ltrim(query, E' \\n') ILIKE $1)",
        query,
    )
