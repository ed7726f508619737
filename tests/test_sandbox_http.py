"""The sandbox's endpoints, and what watches the service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from cheonggu.billing import onboarding
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.audit import Operator
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import created
from tests.live import Live


async def test_an_unknown_sandbox_message_list_is_empty(live: Live) -> None:
    assert await live.messages("NEVER") == []


async def test_reset_starts_over(live: Live) -> None:
    await live.create(billId="BEFORE")
    await live.pay("BEFORE")
    await live.advance(86_400)
    status, _ = await live.call("/sandbox/reset", {})
    assert status == 200
    assert await live.balance() == 1_000_000
    assert (await live.operate("/bill/read", {"billId": "BEFORE"}))["code"] == "BILL_003"
    assert await live.service.db.fetchval("SELECT offset_seconds FROM clock") == 0
    await live.create(billId="BEFORE")
    await assert_books_hold(live.service.db)


@pytest.mark.parametrize("bill_id", ["%00", "x" * 300, "%F0%9F%92%B8"])
async def test_odd_bill_ids_are_of_no_message(live: Live, bill_id: str) -> None:
    for what in ("messages", "callbacks"):
        async with live.http.get(f"{live.url}/sandbox/{what}?billId={bill_id}") as answer:
            assert (answer.status, await answer.json()) == (200, {what: []})


async def test_the_clock_does_not_leave_the_calendar(live: Live) -> None:
    near_the_end = datetime(2999, 12, 30, tzinfo=UTC) - datetime.now(UTC)
    await live.service.db.execute("UPDATE clock SET offset_seconds = $1", near_the_end.total_seconds())
    await live.service.clock.refresh(live.service.db)
    status, envelope = await live.call("/sandbox/clock", {"advanceSeconds": 366 * 86_400})
    assert (status, envelope["code"]) == (400, "VALIDATION_001")


async def test_reset_under_load_succeeds_and_leaves_nothing_behind(live: Live) -> None:
    stop = asyncio.Event()

    async def use(client: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            bill = live.bill(billId=f"L{client}-{number}", sendType="URL" if number % 2 else "TALK")
            await live.operate("/bill", bill)
            await live.call("/sandbox/pay", {"billId": bill["billId"], "outcome": "APPROVE"})
            await live.destroy(bill["billId"])

    users = [asyncio.create_task(use(client)) for client in range(8)]
    for days in range(1, 6):
        await live.advance(days * 86_400)
        status, body = await live.call("/sandbox/reset", {})
        assert status == 200, body
    stop.set()
    await asyncio.gather(*users)
    ahead = "SELECT count(*) FROM bill WHERE created_at > $1"
    assert await live.service.db.fetchval(ahead, live.service.clock.now()) == 0
    await assert_books_hold(live.service.db)


async def test_reset_moves_what_other_partners_wait_for_back_with_the_clock(live: Live) -> None:
    live.receiver.answer = lambda _: (500, "")
    await live.service.db.execute("UPDATE partner SET sandbox = false WHERE name = 'sandbox'")
    await live.advance(3 * 86_400)
    await live.create(billId="THEIRS")
    await live.pay("THEIRS")

    async def tried() -> bool:
        return bool((await live.callbacks("THEIRS"))[0]["attempts"])

    await until(tried)
    assert (await live.call("/sandbox/reset", {}))[0] == 200
    due_at = await live.service.db.fetchval("SELECT due_at FROM callback")
    assert abs((due_at - live.service.clock.now()).total_seconds()) < 60
    assert (await live.read("THEIRS"))["apprState"] == "F"


async def test_a_merchants_own_wallet_is_there_from_the_beginning(live: Live) -> None:
    db, keyring = live.service.db, live.service.keyring
    by = Operator("tester", "here")
    made = await onboarding.create_partner(
        db, keyring, by, onboarding.NewPartner(name="chain", wallet_kind="MERCHANT")
    )
    shop = onboarding.NewMerchant(
        partner_id=made.partner_id, merchant_code="shop", name="가게", members=["m"]
    )
    await onboarding.create_merchant(db, by, shop)
    who = {"apiKey": made.api_key, "member": "m", "merchant": "shop"}
    points = {"apiKey": made.api_key, "balance": 55}
    assert (await live.call("/sandbox/points", points))[0] == 400
    assert (await live.call("/sandbox/points", points | {"merchant": "shop"}))[1] == {"balance": 55}
    codes = [(await live.call("/bill", who | {"bill": live.bill()}))[1]["code"] for _ in range(2)]
    assert codes == ["0000", "POINT_001"]
    _, partners = await live.call("/read/remain_count", {"apiKey": made.api_key})
    assert partners["data"]["balance"] == 0
    await assert_books_hold(db)


async def test_health_and_metrics_answer(live: Live) -> None:
    await live.create()
    for path in ("/healthz", "/readyz"):
        async with live.http.get(live.url + path) as answer:
            assert answer.status == 200
    async with live.http.get(live.url + "/metrics") as answer:
        text = await answer.text()
    assert 'cheonggu_api_answers_total{code="0000",operation="billSend"}' in text
    assert "cheonggu_backlog" in text


async def test_neither_a_foreign_page_nor_a_proxys_client_can_use_the_sandbox(live: Live) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Host": "evil.example:8080", "Sec-Fetch-Site": "same-origin"},
    ):
        async with live.http.post(live.url + "/sandbox/reset", json={}, headers=headers) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("path", "body", "field", "says"),
    [
        ("/sandbox/pay", {"billId": "B", "outcome": "MAYBE"}, "outcome", "TIMEOUT_CHARGED"),
        ("/sandbox/pay", {"outcome": "APPROVE"}, "billId", "문자열"),
        ("/sandbox/pay", {"billId": 7, "outcome": "APPROVE"}, "billId", "문자열"),
        ("/sandbox/points", {"balance": -1}, "balance", "0 이상"),
        ("/sandbox/points", {}, "balance", "0 이상"),
        ("/sandbox/clock", {"advanceSeconds": -1}, "advanceSeconds", "366일"),
        ("/sandbox/clock", {"advanceSeconds": "soon"}, "advanceSeconds", "366일"),
    ],
)
async def test_a_wrong_wish_is_refused_with_its_rule(
    live: Live, path: str, body: dict[str, Any], field: str, says: str
) -> None:
    status, envelope = await live.call(path, body)
    assert (status, envelope["code"]) == (400, "VALIDATION_001")
    assert envelope["message"].startswith(f"{field}: ")
    assert says in envelope["message"]


async def test_of_more_than_a_thousand_messages_the_newest_are_shown_oldest_first(service: Service) -> None:
    await asyncio.gather(*(created(service, bill_id=f"N{number}") for number in range(1_002)))
    last = await created(service, bill_id="LAST")
    found = await practice.messages(service.db, last.partner_id, None)
    assert len(found) == 1_000
    assert found[-1]["bill_id"] == "LAST"
    assert [row["asked_at"] for row in found] == sorted(row["asked_at"] for row in found)
