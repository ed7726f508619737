"""Told to stop, server and worker stop at once when idle, and see through what is in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from cheonggu.cli.process import listen
from cheonggu.cli.running import http_server
from cheonggu.delivery import worker
from cheonggu.delivery.hands import Hands
from cheonggu.delivery.message import Messenger
from cheonggu.service import Service
from cheonggu.store.postgres import connect
from cheonggu.web import server
from cheonggu.web.server import Server
from tests.conftest import until
from tests.live import API_KEY

LONG_REST_SECONDS = 600.0
PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def serving(service: Service) -> AsyncGenerator[tuple[Server, asyncio.Task[None]]]:
    """A server, and the task that ends with it."""
    made = http_server(service)
    running = asyncio.create_task(made.serve(listen(service.settings.host, service.settings.port)))

    async def started() -> bool:
        return made.started

    await until(started)
    try:
        yield made, running
    finally:
        made.stop()
        await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_a_server_stops_at_once_and_closes_what_is_kept_for_another_request(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TICK_SECONDS", LONG_REST_SECONDS)
    async with aiohttp.ClientSession() as http, serving(service) as (made, _):
        async with http.get(f"{service.settings.origin}/healthz") as answer:
            assert answer.status == 200
        assert made.server_state.connections
        made.stop()


async def test_a_server_that_stops_answers_what_is_in_hand(service: Service, dsn: str) -> None:
    holder = await connect(dsn)

    async def held_up() -> bool:
        return await service.db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0

    async def ask(http: aiohttp.ClientSession) -> tuple[int, bool]:
        address = f"{service.settings.origin}/read/remain_count"
        async with http.post(address, json={"apiKey": API_KEY}) as answer:
            return answer.status, (await answer.json())["code"] == "0000"

    async with aiohttp.ClientSession() as http, serving(service) as (made, running):
        async with holder.transaction():
            await holder.execute("LOCK TABLE wallet")
            asked = asyncio.create_task(ask(http))
            await until(held_up)
            made.stop()
            with pytest.raises(aiohttp.ClientConnectorError):  # nobody new is let in meanwhile
                await until(lambda: _let_in(service.settings.origin))
            assert not running.done()
        assert await asked == (200, True)
    await holder.close()


async def _let_in(origin: str) -> bool:
    """False while somebody new is; raises once not."""
    async with aiohttp.ClientSession() as http, http.get(f"{origin}/healthz"):
        return False


async def test_a_worker_with_nothing_in_hand_does_not_rest_to_the_end(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting: set[str] = set()
    rest_of_messages, rest_of_callbacks = Messenger.rest, Hands.rest

    async def rest_messages(self: Messenger, seconds: float) -> None:
        resting.add("messages")
        await rest_of_messages(self, seconds)

    async def rest_callbacks(self: Hands, seconds: float) -> None:
        resting.add("callbacks")
        await rest_of_callbacks(self, seconds)

    async def all_rest() -> bool:
        return len(resting) == 2

    monkeypatch.setattr(Messenger, "rest", rest_messages)
    monkeypatch.setattr(Hands, "rest", rest_callbacks)
    monkeypatch.setattr(worker, "POLL_SECONDS", LONG_REST_SECONDS)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(service, stop))
    await until(all_rest)
    stop.set()
    began = asyncio.get_running_loop().time()
    await working
    assert asyncio.get_running_loop().time() - began < PATIENCE_SECONDS


async def test_who_rests_sees_what_is_freed_as_the_rest_begins() -> None:
    hands, over = Hands(1), asyncio.Event()

    async def work() -> None:
        await over.wait()

    hands.take(work())
    await asyncio.sleep(0)
    over.set()
    await asyncio.sleep(0)  # it ends, and is about to tell so
    assert hands.free == 0
    rest = worker.at_most_until(asyncio.Event(), hands.rest)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await rest(LONG_REST_SECONDS)
    assert hands.free == 1
