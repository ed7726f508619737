"""The database goes away and comes back: every answer stays honest, and nobody has to restart anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from chaos.proxy import FaultProxy, fault_proxy

from cheonggu.billing.onboarding import make_sandbox_partners
from cheonggu.config import Settings
from cheonggu.store.postgres import connect
from cheonggu.wiring import open_service
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import Live, envelope_of, receiver
from tests.serving import serving, working

Faulty = tuple[Live, FaultProxy]


@pytest_asyncio.fixture
async def faulty(settings: Settings, dsn: str) -> AsyncIterator[Faulty]:
    """The whole service, with a fault proxy before its database."""
    async with (
        fault_proxy(dsn) as (proxy, through),
        open_service(settings, through) as service,
        receiver() as partner,
        aiohttp.ClientSession() as http,
    ):
        await make_sandbox_partners(service.db, service.keyring, service.clock.now())
        async with serving(service), working(service):
            yield Live(service, http, partner), proxy
            proxy.mend()


async def test_while_the_database_is_away_everyone_is_told_and_then_all_goes_on(faulty: Faulty) -> None:
    live, proxy = faulty
    created = await live.create(billId="BEFORE")
    proxy.cut()
    for path, bill in (
        ("/bill", live.bill(billId="DURING")),
        ("/bill/read", {"billId": "BEFORE"}),
        ("/bill/resend", {"billId": "BEFORE"}),
    ):
        status, envelope = await live.call(path, envelope_of(bill))
        assert (status, envelope["code"], envelope["data"]) == (503, "HTTP_503", None)
    async with live.http.get(created["shortUrl"]) as page:
        assert page.status == 503
        assert page.headers["Retry-After"]
        assert "text/html" in page.headers["Content-Type"]
    async with live.http.get(live.url + "/readyz") as ready:
        assert ready.status == 503
    async with live.http.get(live.url + "/healthz") as alive:
        assert alive.status == 200

    proxy.mend()
    await until(lambda: _works(live))
    assert await live.pay("BEFORE") == "F"
    await until(lambda: _called(live))
    await assert_books_hold(live.service.db)


async def _works(live: Live) -> bool:
    status, _ = await live.call("/bill", envelope_of(live.bill()))
    return status == 200


async def _called(live: Live) -> bool:
    return bool(live.receiver.calls)


async def test_a_database_that_blinks_under_load_makes_no_answer_untrue(faulty: Faulty) -> None:
    live, proxy = faulty
    answers: dict[str, str] = {}

    async def create(number: int) -> None:
        bill_id = f"LOAD{number}"
        _, envelope = await live.call("/bill", envelope_of(live.bill(billId=bill_id)))
        answers[bill_id] = envelope["code"]

    for start in range(0, 120, 30):
        crowd = asyncio.gather(*(create(number) for number in range(start, start + 30)))
        await asyncio.sleep(0)
        if start:
            proxy.cut()
            proxy.mend()
        await crowd
    await until(lambda: _works(live))
    rows = await live.service.db.fetch("SELECT bill_id FROM bill WHERE bill_id LIKE 'LOAD%'")
    written = {row["bill_id"] for row in rows}
    acknowledged = {bill_id for bill_id, code in answers.items() if code == "0000"}
    assert set(answers.values()) <= {"0000", "HTTP_503"}
    assert acknowledged <= written
    await assert_books_hold(live.service.db)


async def test_a_change_made_while_nobody_could_hear_of_it_is_not_missed(faulty: Faulty, dsn: str) -> None:
    live, proxy = faulty
    await live.create()
    proxy.cut()
    connection = await connect(dsn)
    await connection.execute("UPDATE partner SET status = 'SUSPENDED' WHERE name = 'sandbox'")
    await connection.close()
    proxy.mend()

    async def suspended() -> bool:
        _, envelope = await live.call("/bill", envelope_of(live.bill()))
        return envelope["code"] == "PARTNER_006"

    await until(suspended)
