"""The worker as a whole: it drains, outlives its database, shares with others, and stops cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
import structlog.testing

from cheonggu.delivery import worker
from cheonggu.delivery.payment import pay
from cheonggu.delivery.worker import work
from cheonggu.domain.bill import State
from cheonggu.domain.message import AskedMessage, NeverHad, Sending, Sent
from cheonggu.providers import Alimtalk, Handed
from cheonggu.service import Service
from cheonggu.store import workers
from cheonggu.store.postgres import Database, DatabaseAway, open_database
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import created, found, only, paid, run_out
from tests.loopback import ACCEPTED, partner


@asynccontextmanager
async def working(service: Service) -> AsyncGenerator[asyncio.Event]:
    """A worker at work, told to stop at the end if it was not before."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(service, stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


def rows(service: Service, table: str, state: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    """Whether so many rows of a table are in a state."""

    async def look() -> bool:
        sql = f"SELECT count(*) FROM {table} WHERE state = $1"  # noqa: S608
        return await service.db.fetchval(sql, state) == count

    return look


async def test_a_bill_goes_its_whole_way(service: Service) -> None:
    async with partner() as receiver, working(service):
        bill = await created(service, callback_url=receiver.url)
        await until(rows(service, "message", "SENT"))
        assert (await pay(service, bill, "APPROVE")).state is State.PAID
        await until(rows(service, "callback", "DELIVERED"))
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize(
    ("window_key", "state", "callbacks"),
    [("TIMEOUT_CHARGED", "PAID", 1), ("TIMEOUT_NOT_CHARGED", "READY", 0)],
)
async def test_an_unknown_payment_is_settled_by_asking(
    service: Service, window_key: str, state: str, callbacks: int
) -> None:
    async with partner() as receiver, working(service):
        bill = await pay(service, await created(service, callback_url=receiver.url), window_key)
        assert bill.state is State.PAYING
        await service.clock.advance(service.db, 11)

        async def decided() -> bool:
            return (await found(service, 1, bill.bill_id)).state == state

        await until(decided)
        await until(rows(service, "callback", "DELIVERED", callbacks))
    await assert_books_hold(service.db, settled=True)


async def test_a_late_charge_is_given_back_by_itself(service: Service) -> None:
    async with working(service):
        bill = await pay(service, await created(service), "CHARGED_LATE")
        await service.clock.advance(service.db, 11)
        await until(rows(service, "attempt", "FAILED"))
        await service.clock.advance(service.db, 61)
        await until(rows(service, "attempt", "LATE_REFUNDED"))
        assert (await found(service, 1, bill.bill_id)).state is State.READY
        assert await service.db.fetchval("SELECT refund_number IS NOT NULL FROM sandbox_refund")
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize(
    ("phone", "state", "tries"),
    [("01000000001", "FAILED", 1), ("01000000002", "SENT", 1), ("01000000003", "SENT", 2)],
)
async def test_special_phones_act_out_what_senders_do(
    service: Service, phone: str, state: str, tries: int
) -> None:
    async with working(service):
        await created(service, payer_phone=phone)
        await until(rows(service, "message", state))
    assert (await only(service, "sandbox_message"))["tries"] == tries
    await assert_books_hold(service.db, settled=True)


# Living and dying


async def test_a_worker_says_that_it_lives_until_it_stops(service: Service) -> None:
    async def lives() -> bool:
        return await workers.living(service.db) == 1

    assert await workers.living(service.db) == 0
    async with working(service):
        await until(lives)
        first = (await only(service, "worker"))["seen_at"]

        async def again() -> bool:
            return (await only(service, "worker"))["seen_at"] > first

        await until(again)
    assert await service.db.fetch("SELECT * FROM worker") == []


async def test_a_worker_unheard_of_for_long_is_dead(service: Service) -> None:
    await workers.seen(service.db, "gone")
    await service.db.execute("UPDATE worker SET seen_at = seen_at - interval '11 seconds'")
    assert await workers.living(service.db) == 0


async def _claims_ended() -> bool:
    return not any(task.get_name() == worker.CLAIMING for task in asyncio.all_tasks())


async def test_stopping_sees_through_what_is_in_hand_and_claims_nothing_more(service: Service) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer.wait()
        writer.write(ACCEPTED)

    async with partner(slow) as receiver:
        async with working(service) as stop:
            await paid(service, callback_url=receiver.url)
            await asked.wait()
            stop.set()
            await until(_claims_ended)
            await created(service, bill_id="LATER")
            answer.set()
        assert (await only(service, "callback"))["state"] == "DELIVERED"
    assert await service.db.fetchval("SELECT count(*) FROM message WHERE state = 'QUEUED'") == 1
    await assert_books_hold(service.db)


async def test_stopping_does_not_wait_for_ever(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STOP_SECONDS", 0.2)
    sender = _Held()
    async with working(replace(service, sender=sender)) as stop:
        await created(service)
        await sender.taken.wait()
        stop.set()
    assert (await only(service, "message"))["state"] == "SENDING"


class _Held:
    """A sender that takes a message and never answers."""

    name = "held"
    most_at_once = 100
    accept_window_seconds = 3.0

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.held: list[str] = []

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        self.held = [one.message_id for one in messages]
        self.taken.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        assert [one.message_id for one in messages] == self.held
        return [NeverHad()]


async def test_what_a_killed_worker_left_in_hand_is_seen_through_by_the_next(service: Service) -> None:
    sender = _Held()
    await created(service)
    killed = asyncio.create_task(work(replace(service, sender=sender), asyncio.Event()))
    await sender.taken.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert (await only(service, "message"))["state"] == "SENDING"
    await run_out(service, "message")
    async with working(service):
        await until(rows(service, "message", "SENDING", 0))
        await service.clock.advance(service.db, 5)
        await until(rows(service, "message", "SENT"))
    await assert_books_hold(service.db, settled=True)


async def test_a_round_that_fails_ends_nothing(service: Service) -> None:
    class Broken(_Held):
        async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
            if messages[0].bill_id == "BAD":
                raise RuntimeError
            return [Sent("ref", service.clock.now()) for _ in messages]

    async with working(replace(service, sender=Broken())):
        await created(service, bill_id="BAD")
        await until(rows(service, "message", "UNKNOWN"))
        await created(service, bill_id="GOOD")
        await until(rows(service, "message", "SENT"))


KILL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_it_outlives_its_database(service: Service, dsn: str) -> None:
    for number in range(40):
        await created(service, bill_id=f"B{number}")
    admin = await open_database(dsn, size=1)
    async with working(service):
        for sent in (1, 10, 20, 30):

            async def enough(least: int = sent) -> bool:
                return least <= await admin.fetchval("SELECT count(*) FROM message WHERE state <> 'QUEUED'")

            await until(enough)
            await admin.execute(KILL_OTHERS)

        async def all_sent() -> bool:
            await admin.execute(RUN_OUT_LOST)
            return await admin.fetchval("SELECT count(*) FROM message WHERE state = 'SENT'") == 40

        await until(all_sent)
        assert await admin.fetchval("SELECT count(*) FROM sandbox_message") == 40
    await admin.close()
    await assert_books_hold(service.db, settled=True)


# What was leased by a claim whose answer got lost with its connection is nobody's until the lease runs out.
RUN_OUT_LOST = """
UPDATE message SET leased_until = clock_timestamp()
WHERE leased_until < clock_timestamp() + interval '18 seconds'
"""


class Cut:
    """A database whose line can be cut: before a statement, or after it so that its answer is lost."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.before = self.after = False
        self.lost = 0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def call(*args: object) -> object:
            if self.before:
                self._lose()
            answer = await getattr(self._db, name)(*args)
            if self.after:
                self._lose()
            return answer

        return call

    def _lose(self) -> None:
        self.lost += 1
        raise DatabaseAway(ConnectionResetError())


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_while_the_database_is_away_it_waits_and_says_so_once(service: Service, cut: str) -> None:
    line = Cut(service.db)
    sender = _Slow(service)
    with structlog.testing.capture_logs() as logs:
        async with working(replace(service, db=cast("Database", line), sender=sender)):
            await created(service)
            await sender.taken.wait()
            setattr(line, cut, True)
            sender.let_go.set()

            async def missed() -> bool:
                return line.lost >= 5

            await until(missed)
            setattr(line, cut, False)

            async def is_back() -> bool:
                return any(log["event"] == "database_back" for log in logs)

            await until(is_back)
            await until(rows(service, "message", "SENT"))
    assert [log["event"] for log in logs if log["event"] != "message_lease_lost"] == [
        "database_away",
        "database_back",
    ]
    await assert_books_hold(service.db, settled=True)


class _Slow(_Held):
    """A sender that answers once it is let go."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        self._service = service

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        self.taken.set()
        await self.let_go.wait()
        return await self._service.sender.send(messages)


async def test_several_workers_share_the_work(service: Service) -> None:
    async with partner() as receiver, working(service), working(service), working(service):
        for number in range(30):
            await paid(service, bill_id=f"P{number}", callback_url=receiver.url)
            await created(service, bill_id=f"B{number}")
        await until(rows(service, "callback", "DELIVERED", 30))

        async def nothing_waits() -> bool:
            return await service.db.fetchval("SELECT count(*) FROM message WHERE due_at IS NOT NULL") == 0

        await until(nothing_waits)
    assert await service.db.fetchval("SELECT max(tries) FROM sandbox_message") == 1
    assert len(receiver.heard) == 30
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize(("age_hours", "kept"), [(47, 1), (49, 0)])
async def test_old_idempotency_keys_are_swept_out(service: Service, age_hours: int, kept: int) -> None:
    now = service.clock.now()
    await service.db.execute(
        "INSERT INTO idempotency VALUES (1, 'bill', 'key', sha256(''), '0000', NULL, NULL, $1)",
        now - timedelta(hours=age_hours),
    )
    await workers.sweep(service.db, now)
    assert await service.db.fetchval("SELECT count(*) FROM idempotency") == kept
