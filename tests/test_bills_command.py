"""`cheonggu bills list`: an operator looks through a partner's bills."""

from __future__ import annotations

from datetime import timedelta

import pytest
import pytest_asyncio

from cheonggu.billing import destroy
from cheonggu.billing.sandbox_partners import OTHER
from cheonggu.config import Settings
from cheonggu.delivery.payment import cancel, pay
from cheonggu.domain.seoul import SEOUL
from cheonggu.service import Service
from cheonggu.store import bill_list
from tests.flow import caller_of, created, paid
from tests.operating import Run, operator, page_by_page, told


@pytest_asyncio.fixture
async def run(service: Service, dsn: str, settings: Settings) -> Run:
    return operator(dsn, settings)


async def listed(run: Run, *options: str) -> list[str]:
    return [row["billId"] for row in (await told(run, "bills", "list", "sandbox", *options))["bills"]]


async def in_every_state(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bill of each: expired, waiting, being paid, paid, cancelled, destroyed; and another partner's."""
    monkeypatch.setattr(service.gateway, "silence_seconds", 0.05)
    caller = await caller_of(service)
    await created(service, bill_id="OVER", expires_at=service.clock.now() + timedelta(hours=1))
    await service.clock.advance(service.db, 3 * 3600)
    await created(service, bill_id="WAITS")
    await pay(service, await created(service, bill_id="PAYING"), "TIMEOUT_CHARGED")
    await paid(service, bill_id="PAID")
    back = await paid(service, bill_id="BACK")
    await cancel(service, caller, bill_id="BACK", price_won=back.price_won, reason="", idem=None)
    gone = await created(service, bill_id="GONE")
    await destroy.destroy(service, caller, bill_id="GONE", price_won=gone.price_won, idem=None)
    await created(service, OTHER, bill_id="OTHERS")


@pytest.mark.parametrize(
    ("state", "bills"),
    [
        (None, ["GONE", "BACK", "PAID", "PAYING", "WAITS", "OVER"]),
        ("W", ["PAYING", "WAITS", "OVER"]),
        ("f", ["PAID"]),
        ("C", ["BACK"]),
        ("D", ["GONE"]),
        ("expired", ["OVER"]),
    ],
)
async def test_bills_are_listed_by_what_the_api_calls_their_state(
    service: Service, run: Run, monkeypatch: pytest.MonkeyPatch, state: str | None, bills: list[str]
) -> None:
    await in_every_state(service, monkeypatch)
    assert await listed(run, *(["--state", state] if state else [])) == bills


async def test_a_bill_is_shown_without_its_payers_name_and_number(service: Service, run: Run) -> None:
    await created(service, bill_id="B1")
    await paid(service, bill_id="B2")
    second, first = (await told(run, "bills", "list", "sandbox"))["bills"]
    assert (first["apprState"], first["state"], first["expired"], first["paid"]) == (
        "W",
        "READY",
        False,
        None,
    )
    assert (first["price"], first["payer"], first["phone"]) == (10_000, "김*연", "010-****-5678")
    assert first["merchant"] == "sandbox-merchant"
    assert first["created"].endswith("+09:00")
    assert (second["apprState"], second["state"]) == ("F", "PAID")
    assert second["created"] <= second["paid"] < second["expires"]
    shown = (await run("bills", "list", "sandbox")).stdout
    assert "B1" in shown
    assert "김서연" not in shown
    assert "01012345678" not in shown


async def test_a_list_is_narrowed_by_merchant_and_time(service: Service, run: Run) -> None:
    await created(service, bill_id="OLD")
    await service.clock.advance(service.db, timedelta(days=2).total_seconds())
    await created(service, bill_id="NEW")
    yesterday = f"{service.clock.now().astimezone(SEOUL) - timedelta(days=1):%Y-%m-%d}"
    assert await listed(run, "--since", yesterday) == ["NEW"]
    assert await listed(run, "--until", yesterday) == ["OLD"]
    assert await listed(run, "--merchant", "sandbox-merchant") == ["NEW", "OLD"]
    assert await listed(run, "--merchant", "none") == []
    assert "no such bill" in (await run("bills", "list", "sandbox", "--merchant", "none")).stdout


@pytest.mark.parametrize("look", [1, 2, bill_list.LOOK])
async def test_pages_hold_every_bill_once(
    service: Service, run: Run, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    monkeypatch.setattr(bill_list, "LOOK", look)
    for number in range(5):
        await created(service, bill_id=f"B{number}")
    pages = await page_by_page(run, "bills", "billId", "bills", "list", "sandbox", "--limit", "2")
    assert pages == [["B4", "B3"], ["B2", "B1"], ["B0"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "nobody"], "There is no partner"),
        (["list", "sandbox", "--state", "PAID"], "W, F, C, D, expired"),
        (["list", "sandbox", "--after", "NONE"], "has no bill 'NONE'"),
        (["list", "sandbox", "--since", "2026-13-01"], "is no time"),
    ],
)
async def test_what_cannot_be_is_one_sentence(
    service: Service, run: Run, arguments: list[str], says: str
) -> None:
    ended = await run("bills", *arguments)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
