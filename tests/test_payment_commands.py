"""`cheonggu payment list` and `late`: where a partner's money stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from cheonggu.billing.sandbox_partners import OTHER
from cheonggu.config import Settings
from cheonggu.delivery import janitor
from cheonggu.delivery.payment import cancel, pay
from cheonggu.domain.bill import Bill
from cheonggu.domain.codes import Refused
from cheonggu.domain.seoul import SEOUL
from cheonggu.service import Service
from cheonggu.store import payment_list
from cheonggu.store.payment_list import Wanted
from tests.flow import caller_of, created, paid
from tests.operating import Run, operator, page_by_page, told


@pytest_asyncio.fixture
async def run(service: Service, dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(service.gateway, "silence_seconds", 0.05)
    return operator(dsn, settings)


async def cancelled(service: Service, bill: Bill) -> None:
    caller = await caller_of(service)
    await cancel(service, caller, bill_id=bill.bill_id, price_won=bill.price_won, reason="변심", idem=None)


async def charged_late(service: Service, bill_id: str) -> None:
    """A payment that was given up as not found, and charged after all."""
    await pay(service, await created(service, bill_id=bill_id), "CHARGED_LATE")
    for seconds in (60, 120):
        await service.clock.advance(service.db, seconds)
        assert await janitor.ask_payments(service) == 1


async def test_every_try_to_pay_is_listed_newest_first_with_what_one_looks_for(
    service: Service, run: Run
) -> None:
    await paid(service, bill_id="PAID")
    await pay(service, await created(service, bill_id="TRIED"), "DECLINE:REJECT_CARD_LIMIT")
    await pay(service, await created(service, bill_id="ASKED"), "TIMEOUT_CHARGED")
    await cancelled(service, await paid(service, bill_id="BACK"))
    await paid(service, OTHER, bill_id="OTHERS")
    back, asked, tried, first = (await told(run, "payment", "list", "sandbox"))["payments"]
    assert [one["billId"] for one in (back, asked, tried, first)] == ["BACK", "ASKED", "TRIED", "PAID"]
    assert [one["state"] for one in (back, asked, tried, first)] == [
        "REFUNDED",
        "UNKNOWN",
        "FAILED",
        "APPROVED",
    ]
    row = await service.db.fetchrow("SELECT * FROM attempt WHERE state = 'APPROVED' AND partner_id = 1")
    assert row is not None
    assert (first["orderId"], first["amount"]) == (row["order_id"], 10_000)
    assert first["approval"].isdigit()
    assert datetime.fromisoformat(first["since"]) == row["settled_at"]
    assert first["since"].endswith("+09:00")
    assert (first["next"], first["refunds"]) == (None, [])
    assert (tried["code"], tried["reason"]) == ("REJECT_CARD_LIMIT", "카드 한도를 넘었어요.")
    assert asked["next"] > asked["since"]
    assert [(one["kind"], one["state"]) for one in back["refunds"]] == [("CANCEL", "DONE")]
    assert back["refunds"][0]["number"].isdigit()


async def test_a_walk_of_many_looks_finds_each_payment_of_its_time_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers and moments may be out of step by a little: a look at nothing of that time is not the end."""
    monkeypatch.setattr(payment_list, "LOOK", 2)
    for number in range(1, 8):
        await paid(service, bill_id=f"B{number}")
    since = service.clock.now() - timedelta(days=1)
    began = (
        "UPDATE attempt SET began_at = $1::timestamptz + make_interval(mins => $2) WHERE attempt_no = any($3)"
    )
    for minutes, numbers in ((-30, [6, 7]), (1, [3, 4, 5]), (-61, [1, 2])):
        await service.db.execute(began, since, minutes, numbers)
    for wanted, numbers in ((Wanted(since=since), [5, 4, 3]), (Wanted(), [7, 6, 5, 4, 3, 2, 1])):
        found = [held async for page in payment_list.all_payments(service.db, 1, wanted) for held in page]
        assert [held.attempt_no for held in found] == numbers
    assert [len(page) async for page in payment_list.all_payments(service.db, 1, Wanted())] == [2, 2, 2, 1]


async def test_a_refund_that_was_refused_says_why(service: Service, run: Run) -> None:
    bill = await paid(service)
    await service.db.execute("INSERT INTO sandbox_script SELECT order_id, 'REFUND_REFUSED_CARD' FROM attempt")
    with pytest.raises(Refused):
        await cancelled(service, bill)
    (payment,) = (await told(run, "payment", "list", "1"))["payments"]
    (refund,) = payment["refunds"]
    assert payment["state"] == "APPROVED"
    assert (refund["state"], refund["refusalKind"]) == ("REFUSED", "CARD")
    assert "CANCEL REFUSED CARD 카드사가" in (await run("payment", "list", "1")).stdout.replace("\n", " ")


async def test_people_see_seouls_clock_and_no_empty_column(service: Service, run: Run) -> None:
    await paid(service)
    approved: datetime = await service.db.fetchval("SELECT settled_at FROM attempt")
    head, line, *_ = (await run("payment", "list", "sandbox")).stdout.splitlines()
    assert head.split() == ["billId", "orderId", "amount", "state", "since", "approval", "approved"]
    assert f"{approved.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}" in line
    assert "+09:00" not in line


async def test_a_list_is_narrowed_by_state_bill_and_time(service: Service, run: Run) -> None:
    await paid(service, bill_id="OLD")
    await service.clock.advance(service.db, timedelta(days=3).total_seconds())
    await pay(service, await created(service, bill_id="NEW"), "DECLINE")
    await paid(service, bill_id="NEWER")

    async def listed(*options: str) -> list[str]:
        return [
            row["billId"] for row in (await told(run, "payment", "list", "sandbox", *options))["payments"]
        ]

    now = service.clock.now().astimezone(SEOUL)
    yesterday, today = f"{now - timedelta(days=1):%Y-%m-%d}", f"{now:%Y-%m-%d}"
    assert await listed() == ["NEWER", "NEW", "OLD"]
    assert await listed("--state", "approved") == ["NEWER", "OLD"]
    assert await listed("--state", "UNKNOWN") == []
    assert await listed("--bill", "NEW") == ["NEW"]
    assert await listed("--since", yesterday) == ["NEWER", "NEW"]
    assert await listed("--until", yesterday) == ["OLD"]
    assert await listed("--since", yesterday, "--until", today) == ["NEWER", "NEW"]
    assert await listed("--since", yesterday, "--until", now.replace(tzinfo=None).isoformat()) == [
        "NEWER",
        "NEW",
    ]


async def test_pages_hold_every_payment_once(service: Service, run: Run) -> None:
    for number in range(5):
        await paid(service, bill_id=f"B{number}")
    pages = await page_by_page(run, "payments", "billId", "payment", "list", "sandbox", "--limit", "2")
    assert pages == [["B4", "B3"], ["B2", "B1"], ["B0"]]
    assert "--after" in (await run("payment", "list", "sandbox", "--limit", "4")).stderr
    assert (await run("payment", "list", "sandbox", "--limit", "5")).stderr == ""


async def test_a_late_charge_is_told_of_until_its_money_is_back(service: Service, run: Run) -> None:
    assert (await told(run, "payment", "late")) == {"payments": []}
    assert "No charge ever came late." in (await run("payment", "late")).stdout
    await charged_late(service, "LATE")
    (row,) = (await told(run, "payment", "late", exits=1))["payments"]
    assert (row["partner"], row["billId"], row["amount"]) == ("sandbox", "LATE", 10_000)
    assert (row["back"], row["returned"], row["refusals"]) == (False, None, 0)
    assert row["next"] is not None
    await service.db.execute("INSERT INTO sandbox_script SELECT order_id, 'REFUND_REFUSED_BANK' FROM attempt")
    assert await janitor.ask_refunds(service) == 1
    (row,) = (await told(run, "payment", "late", exits=1))["payments"]
    assert (row["refusals"], row["refusal"]) == (1, "은행이 취소를 거절했어요.")
    await service.clock.advance(service.db, 3700)
    assert await janitor.ask_refunds(service) == 1
    await paid(service, OTHER, bill_id="OTHERS")
    (row,) = (await told(run, "payment", "late"))["payments"]
    assert (row["back"], row["next"]) == (True, None)
    assert row["returned"] is not None
    assert (await told(run, "payment", "list", "1"))["payments"][0]["state"] == "LATE_REFUNDED"


async def test_late_charges_whose_money_is_not_back_come_first(service: Service, run: Run) -> None:
    await charged_late(service, "FIRST")
    await charged_late(service, "SECOND")
    await service.db.execute("UPDATE refund SET ask_at = ask_at + interval '1 day' WHERE refund_no = 1")
    assert await janitor.ask_refunds(service) == 1
    rows = (await told(run, "payment", "late", exits=1))["payments"]
    assert [(row["billId"], row["back"]) for row in rows] == [("FIRST", False), ("SECOND", True)]
    assert (await run("payment", "late", "--limit", "1")).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "nobody"], "There is no partner"),
        (["list", "sandbox", "--state", "PAID"], "CONFIRMING, UNKNOWN"),
        (["list", "sandbox", "--since", "yesterday"], "'yesterday' is no time"),
        (["list", "sandbox", "--since", "0001-01-01"], "is no time"),
        (["list", "sandbox", "--until", "9999-12-31"], "is no time"),
        (["list", "sandbox", "--bill", "NONE"], "has no bill 'NONE'"),
        (["list", "sandbox", "--after", "x"], "has no payment 'x'"),
        (["list", "sandbox-other", "--after", "{order}"], "has no payment"),
        (["list", "sandbox", "--limit", "0"], "limit"),
    ],
)
async def test_what_cannot_be_is_one_sentence(
    service: Service, run: Run, arguments: list[str], says: str
) -> None:
    await paid(service)
    order: str = await service.db.fetchval("SELECT order_id FROM attempt")
    ended = await run("payment", *(argument.format(order=order) for argument in arguments))
    assert ended.returncode == 1
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
