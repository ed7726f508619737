"""What is leased is handed over, whatever becomes of the database right after the claim."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from cheonggu.delivery.message import Messenger
from cheonggu.service import Service
from cheonggu.store.postgres import Connection, DatabaseAway, connect
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import created, deliverer, drain, only, paid


@asynccontextmanager
async def holding(dsn: str) -> AsyncGenerator[Connection]:
    """A transaction to hold locks in."""
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def waiting(service: Service, query: str) -> list[int]:
    """The server processes that wait for a lock with such a statement."""
    rows = await service.db.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query ILIKE $1",
        query,
    )
    return [row["pid"] for row in rows]


async def states(service: Service) -> list[str]:
    rows = await service.db.fetch("SELECT m.state FROM message m JOIN bill USING (bill_no) ORDER BY bill_id")
    return [row["state"] for row in rows]


async def test_messages_are_sent_although_their_claims_others_could_not_be_withdrawn(
    service: Service, dsn: str
) -> None:
    await created(service, bill_id="A-GOOD")
    await created(service, bill_id="B-OVER", expires_at=service.clock.now() + timedelta(days=1))
    await service.clock.advance(service.db, 86_400)
    work = Messenger(service.db, service.clock, service.keyring, service.sender, "https://x.example")
    async with holding(dsn) as lock:
        await lock.execute(
            "SELECT FROM message m JOIN bill USING (bill_no) WHERE bill_id = 'B-OVER' FOR UPDATE OF m"
        )
        step = asyncio.create_task(work.step())
        await until(lambda: anything(waiting(service, "%UPDATE message%")))
        for process in await waiting(service, "%UPDATE message%"):
            await service.db.execute("SELECT pg_terminate_backend($1)", process)
        with pytest.raises(DatabaseAway):
            await step
        await work.hands.finish(5)
        assert await states(service) == ["SENT", "QUEUED"]
    await drain(work)
    assert await states(service) == ["SENT", "WITHDRAWN"]
    await assert_books_hold(service.db, settled=True)


async def test_no_callback_is_leased_before_all_is_read_that_it_takes(service: Service, dsn: str) -> None:
    await paid(service)
    work = deliverer(service)
    async with holding(dsn) as lock:
        await lock.execute("LOCK TABLE webhook_secret IN ACCESS EXCLUSIVE MODE")
        step = asyncio.create_task(work.step())
        await until(lambda: anything(waiting(service, "%webhook_secret%")))
        assert (await only(service, "callback"))["leased_until"] is None
    assert await step
    await work.finish(5)


async def anything(look: Awaitable[list[int]]) -> bool:
    return bool(await look)
