"""Payers are erased from bills that are over, whole and for good; what is open is left, and reads stay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import asyncpg
import pytest

from cheonggu.billing import refunds
from cheonggu.billing.erasure import Erased, Eraser
from cheonggu.config import Settings, SettingWrong, load
from cheonggu.delivery import retention
from cheonggu.delivery.payment import pay
from cheonggu.service import Service
from cheonggu.store import audit, bills, erasure
from cheonggu.store.audit import Operator
from cheonggu.store.postgres import Connection, Database
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import caller_of, created, found
from tests.live import OTHER, Live, Received, envelope_of
from tests.serving import working
from tests.test_audit import run

BY = Operator("tester", "here")
YEAR: Final = 365
SECRETS: Final = ("김서연", "01012345678", "비밀 메모", "token-of-kim", "고객 변심")


def eraser(service: Service, *, dry_run: bool = False) -> Eraser:
    return Eraser(service.db, BY, service.clock.now(), dry_run=dry_run)


def echo(call: Received) -> tuple[int, str]:
    """A receiver that answers with the payer's name, as receivers do."""
    return 200, json.dumps({"code": "0000", "customer": "김서연"}, ensure_ascii=False)


async def settled(service: Service) -> None:
    """Wait until the worker has nothing left to do, now or later."""

    async def quiet() -> bool:
        return await service.db.fetchval(
            "SELECT NOT EXISTS (SELECT FROM message WHERE due_at IS NOT NULL)"
            " AND NOT EXISTS (SELECT FROM callback WHERE due_at IS NOT NULL)"
            " AND NOT EXISTS (SELECT FROM attempt WHERE ask_at IS NOT NULL)"
        )

    await until(quiet)


async def days_pass(live: Live, days: int) -> None:
    for part in (days // 2, days - days // 2):
        await live.advance(timedelta(days=part).total_seconds())


async def a_bill(live: Live, bill_id: str, **given: str) -> None:
    """An unpaid bill with all that may be personal in it, and a payment that was declined."""
    live.receiver.answer = echo
    await live.create(billId=bill_id, message="비밀 메모", **given)
    assert await live.pay(bill_id, "DECLINE") == "W"


async def stays_unpaid(live: Live, bill_id: str) -> None:
    await a_bill(live, bill_id)


async def is_paid(live: Live, bill_id: str) -> None:
    await a_bill(live, bill_id)
    assert await live.pay(bill_id) == "F"


async def is_paid_by_link(live: Live, bill_id: str) -> None:
    await a_bill(live, bill_id, sendType="URL", pageRedirectUrl="https://shop.example/?t=token-of-kim")
    assert await live.pay(bill_id) == "F"


async def is_cancelled(live: Live, bill_id: str) -> None:
    await is_paid(live, bill_id)
    assert (await live.cancel(bill_id))["code"] == "0000"


async def is_destroyed(live: Live, bill_id: str) -> None:
    await a_bill(live, bill_id)
    assert await live.destroy(bill_id) == "0000"


WAYS = [stays_unpaid, is_paid, is_paid_by_link, is_cancelled, is_destroyed]
"""How a bill may end."""

Way = Callable[[Live, str], Awaitable[None]]


async def everything_stored(db: Database) -> str:
    """Every row of every table, as text; bytes as what they would be in UTF-8."""
    told = ""
    for row in await db.fetch("SELECT relname FROM pg_stat_user_tables"):
        for one in await db.fetch(f'SELECT * FROM "{row["relname"]}"'):  # noqa: S608 - a table of ours
            told += " ".join(
                value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                for value in one.values()
            )
    return told


@pytest.mark.parametrize("way", WAYS)
async def test_a_bill_that_is_over_is_erased_whole(live: Live, way: Way) -> None:
    service = live.service
    await way(live, "E1")
    await settled(service)
    held = [word for word in SECRETS if word in await everything_stored(service.db)]
    assert "비밀 메모" in held
    assert await service.db.fetchval("SELECT count(*) FROM attempt WHERE failure IS NOT NULL") == 1
    points = await live.balance()
    await days_pass(live, YEAR + 60)
    before = await live.read("E1")
    assert await eraser(service).erase_old(YEAR) == Erased(1, 0)
    stored = await everything_stored(service.db)
    assert [word for word in SECRETS if word in stored] == []
    bill = await service.db.fetchrow("SELECT * FROM bill")
    assert bill is not None
    assert [bill[name] for name in ("name_sealed", "phone_sealed", "name_index", "phone_index")] == [None] * 4
    assert await service.db.fetchval("SELECT count(*) FROM attempt WHERE failure IS NOT NULL") == 0
    assert await live.read("E1") == before
    assert await live.balance() == points
    await assert_books_hold(service.db, settled=True)
    assert await eraser(service).erase_old(YEAR) == Erased(0, 0)


async def test_a_bill_that_was_over_lately_is_left(live: Live) -> None:
    await is_paid(live, "E1")
    await settled(live.service)
    await days_pass(live, YEAR - 1)
    assert await eraser(live.service).erase_old(YEAR) == Erased(0, 0)
    await live.advance(timedelta(days=1, seconds=60).total_seconds())
    assert await eraser(live.service, dry_run=True).erase_old(YEAR) == Erased(1, 0)


async def test_an_unpaid_bill_is_over_when_it_expires(service: Service) -> None:
    now = service.clock.now()
    for bill_id, days in (("LATER", -1), ("LONG AGO", -YEAR - 1), ("NOT YET", 1)):
        await created(service, bill_id=bill_id, send_type="URL", expires_at=now + timedelta(days=days))
    await service.db.execute("UPDATE bill_history SET at = at - interval '10 years'")
    assert await eraser(service).erase_old(YEAR) == Erased(1, 0)
    assert await service.db.fetchval("SELECT bill_id FROM bill WHERE erased_at IS NOT NULL") == "LONG AGO"


STILL_OPEN = {
    "a message waits": "UPDATE message SET state = 'QUEUED', due_at = now(), settled_at = NULL",
    "a message's fate is unknown": "UPDATE message SET state = 'UNKNOWN', due_at = '2999-1-1'",
    "a callback will be tried again": "UPDATE callback SET state = 'PENDING', due_at = '2999-1-1'",
    "a payment is asked about": "UPDATE attempt SET ask_at = '2999-1-1'",
    "a payment is undecided": "UPDATE attempt SET state = 'UNKNOWN', ask_at = '2999-1-1', approval = NULL",
    "a late charge is not given back": "UPDATE attempt SET state = 'LATE_CHARGED'",
    "it is being paid": "UPDATE bill SET state = 'PAYING'",
    "it is being cancelled": "UPDATE bill SET state = 'CANCELING'",
    "it can still be paid": "UPDATE bill SET state = 'READY'",
}


@pytest.mark.parametrize("sql", STILL_OPEN.values(), ids=STILL_OPEN.keys())
async def test_a_bill_about_which_something_is_open_is_left(live: Live, dsn: str, sql: str) -> None:
    service = live.service
    await live.create(billId="E1", expireDt="2999-12-31")
    await live.pay("E1")
    await settled(service)
    in_a_year = Eraser(service.db, BY, service.clock.now() + timedelta(days=YEAR + 1))

    async def opened_for_a_moment(conn: Connection) -> None:
        """What the worker must not see: it would settle this at once."""
        await conn.execute("LOCK TABLE message, callback, attempt, bill IN SHARE MODE")
        await conn.execute(sql)
        assert await conn.fetch(erasure.PAGE_OF_BILLS, 1, 0, service.clock.now() + timedelta(days=1)) == [
            (1, None)
        ]
        raise _BackAgain

    with pytest.raises(_BackAgain):
        await service.db.run(opened_for_a_moment)
    assert await in_a_year.erase_old(YEAR) == Erased(1, 0)


class _BackAgain(Exception):
    """Undoes a transaction."""


async def test_a_bill_with_an_open_refund_is_left(service: Service) -> None:
    bill = await _paid_and_quiet(service)
    caller = await caller_of(service)
    await refunds.begin_cancel(
        service,
        caller,
        bill_id=bill,
        price_won=10_000,
        reason="x",
        idem=None,
        lease_seconds=15,
    )
    later = Eraser(service.db, BY, service.clock.now() + timedelta(days=YEAR + 1))
    assert await later.erase_old(YEAR) == Erased(0, 0)
    await service.db.execute("UPDATE bill SET state = 'PAID'")  # whatever it says, money is on its way
    assert await later.erase_old(YEAR) == Erased(0, 0)


async def _paid_and_quiet(service: Service) -> str:
    bill = await created(service, send_type="URL")
    await pay(service, bill, "APPROVE")
    await service.db.execute(
        "UPDATE callback SET state = 'EXHAUSTED', due_at = NULL, settled_at = $1", service.clock.now()
    )
    return bill.bill_id


async def test_a_bill_that_moves_on_between_the_look_and_the_erasing_is_left(service: Service) -> None:
    bill_id = await _paid_and_quiet(service)
    look = await erasure.look(service.db, 1, 0, service.clock.now())
    assert len(look.closed) == 1
    await refunds.begin_cancel(
        service,
        await caller_of(service),
        bill_id=bill_id,
        price_won=10_000,
        reason="x",
        idem=None,
        lease_seconds=15,
    )
    erased = await service.db.run(
        lambda conn: erasure.erase(conn, 1, look.closed, service.clock.now()),
    )
    assert erased == 0
    assert (await found(service, 1, bill_id)).payer_name == "김서연"


# What an erased bill still does.


async def test_an_erased_bill_answers_as_before(live: Live) -> None:
    for way, bill_id in ((is_paid, "PAID"), (stays_unpaid, "EXPIRED"), (is_destroyed, "GONE")):
        await way(live, bill_id)
    await settled(live.service)
    told_before = live.receiver.calls[0].body
    await days_pass(live, YEAR + 60)
    assert await eraser(live.service).erase_old(YEAR) == Erased(3, 0)

    for bill_id in ("PAID", "EXPIRED", "GONE"):
        assert (await live.operate("/bill/resend", {"billId": bill_id}))["code"] == "BILL_006"
        assert (await live.operate("/bill", live.bill(billId=bill_id)))["code"] == "BILL_001"
    assert await live.destroy("PAID") == "BILL_004"
    assert (await live.cancel("EXPIRED"))["code"] == "BILL_008"
    (callback,) = await live.callbacks("PAID")
    status, _ = await live.call(f"/sandbox/callbacks/{callback['id']}/resend", {})
    assert status == 200
    await settled(live.service)
    assert live.receiver.calls[-1].body == told_before
    assert await live.destroy("EXPIRED") == "0000"
    assert (await live.cancel("PAID"))["code"] == "0000"
    assert (await live.read("PAID"))["apprState"] == "C"
    await settled(live.service)
    await assert_books_hold(live.service.db, settled=True)


@pytest.mark.parametrize("way", [is_paid, stays_unpaid, is_cancelled, is_destroyed])
async def test_an_erased_bills_page_leaves_the_payer_out(live: Live, way: Way) -> None:
    await way(live, "E1")
    await settled(live.service)

    async def page() -> str:
        code: str = await live.service.db.fetchval("SELECT short_code FROM bill")
        async with live.http.get(f"{live.url}/p/{code}") as answer:
            assert answer.status == 200
            return await answer.text()

    await days_pass(live, YEAR + 60)
    assert "김*연" in await page()
    await eraser(live.service).erase_old(YEAR)
    assert "김" not in await page()
    assert "****" not in (await page()).replace("-****-****-", "")
    assert "11월 수강료" in await page()


async def test_what_was_cancelled_after_all_is_erased_again_in_its_time(live: Live) -> None:
    await is_paid(live, "E1")
    await settled(live.service)
    await days_pass(live, YEAR + 1)
    await eraser(live.service).erase_old(YEAR)
    await live.cancel("E1")
    await settled(live.service)
    assert "고객 변심" in await everything_stored(live.service.db)
    await live.advance(3_600)
    assert await eraser(live.service).erase_old(YEAR) == Erased(0, 0)
    await days_pass(live, YEAR + 1)
    assert await eraser(live.service).erase_old(YEAR) == Erased(1, 0)
    assert "고객 변심" not in await everything_stored(live.service.db)
    await assert_books_hold(live.service.db, settled=True)


# One person's request.


async def test_a_person_is_erased_from_what_is_over_and_nobody_else_is(live: Live) -> None:
    service = live.service
    await is_paid(live, "HERS")
    await live.create(billId="HERS-OPEN", expireDt="2999-12-31")
    await live.create(billId="NAMESAKE", phone="01099998888", sendType="URL")
    await live.pay("NAMESAKE")
    theirs = envelope_of(live.bill(billId="THEIRS", sendType="URL"))
    assert (await live.call("/bill", theirs | OTHER))[1]["code"] == "0000"
    await settled(service)
    await days_pass(live, 60)

    async def erased(*, dry_run: bool = False) -> Erased:
        return await eraser(service, dry_run=dry_run).erase_payer(
            service.keyring, 1, phone="010-1234-5678", name=None
        )

    assert await erased(dry_run=True) == Erased(1, 1)
    assert await erased() == Erased(1, 1)
    assert await erased() == Erased(0, 1)
    rows = await service.db.fetch("SELECT bill_id FROM bill WHERE erased_at IS NOT NULL")
    assert [row["bill_id"] for row in rows] == ["HERS"]
    left = await bills.find_by_payer(service.db, service.keyring, 1, phone="01012345678")
    assert [bill.bill_id for bill in left] == ["HERS-OPEN"]
    by_name = await eraser(service).erase_payer(service.keyring, 1, phone=None, name="김서연")
    assert by_name == Erased(1, 1)
    await assert_books_hold(service.db)


# At length.


async def many_bills_that_are_over(service: Service, count: int) -> None:
    """Destroyed bills of long ago, written as creates and destroys would."""
    await created(service, bill_id="MODEL", send_type="URL")
    await service.db.execute(
        "INSERT INTO bill SELECT (jsonb_populate_record(b, jsonb_build_object('bill_no', 10000000 + n,"
        " 'bill_id', 'M' || n, 'short_code', lpad(n::text, 22, 'x'), 'state', 'DESTROYED', 'step', 1))).*"
        " FROM bill b, generate_series(1, $1::integer) n",
        count,
    )
    await service.db.execute(
        "INSERT INTO short_code SELECT short_code, partner_id, bill_no FROM bill WHERE step = 1"
    )
    await service.db.execute(
        "INSERT INTO bill_history SELECT partner_id, bill_no, s, CASE s WHEN 1 THEN 'READY' END,"
        " CASE s WHEN 1 THEN 'DESTROYED' ELSE 'READY' END, now() - interval '2 years'"
        " FROM bill, generate_series(0, 1) s WHERE step = 1"
    )


async def test_many_bills_are_erased_in_many_commits_and_one_entry_tells_of_it(service: Service) -> None:
    await many_bills_that_are_over(service, 2 * erasure.PAGE + 1)
    assert await eraser(service, dry_run=True).erase_old(YEAR) == Erased(2 * erasure.PAGE + 1, 0)
    assert await service.db.fetchval("SELECT count(*) FROM bill WHERE erased_at IS NOT NULL") == 0
    assert await eraser(service).erase_old(YEAR) == Erased(2 * erasure.PAGE + 1, 0)
    commits = await service.db.fetchval(
        "SELECT count(DISTINCT xmin::text) FROM bill WHERE erased_at IS NOT NULL"
    )
    assert commits == 3
    (entry,) = await audit.entries(service.db, since=None, most=10)
    assert (entry["act"], json.loads(entry["about"])) == ("payers erase", {"olderThanDays": YEAR})
    await assert_books_hold(service.db)


async def test_a_person_with_very_many_bills_is_erased_from_all(service: Service) -> None:
    count, seal = 1_010, service.keyring.seal  # one look finds 1,000
    await many_bills_that_are_over(service, count)
    bill_ids = [f"M{n}" for n in range(1, count + 1)]
    await service.db.execute(
        "UPDATE bill b SET name_sealed = s.name, phone_sealed = s.phone, phone_index = $4"
        " FROM unnest($1::text[], $2::bytea[], $3::bytea[]) s (bill_id, name, phone)"
        " WHERE b.bill_id = s.bill_id",
        bill_ids,
        [seal("이름", 1, bill_id, "name") for bill_id in bill_ids],
        [seal("0109999", 1, bill_id, "phone") for bill_id in bill_ids],
        service.keyring.index(1, "phone", "0109999"),
    )
    erased = await eraser(service).erase_payer(service.keyring, 1, phone="010-9999", name=None)
    assert erased == Erased(count, 0)
    assert await service.db.fetchval("SELECT bill_id FROM bill WHERE erased_at IS NULL") == "MODEL"


async def test_creating_does_not_wait_for_the_erasing(service: Service) -> None:
    await many_bills_that_are_over(service, 100)
    look = await erasure.look(service.db, 1, 0, service.clock.now())

    async def hold_everything(conn: Connection) -> int:
        erased = await erasure.erase(conn, 1, look.closed, service.clock.now())
        async with asyncio.timeout(30):
            await created(service, bill_id="MEANWHILE")
        return erased

    assert await service.db.run(hold_everything) == 100
    await assert_books_hold(service.db)


# The database's own guard.


HALF = [
    "UPDATE bill SET name_sealed = NULL",
    "UPDATE bill SET phone_index = NULL",
    "UPDATE bill SET erased_at = now()",
    "UPDATE bill SET erased_at = now(), name_sealed = NULL, phone_sealed = NULL, name_index = NULL",
]


@pytest.mark.parametrize("sql", HALF)
async def test_half_erased_is_refused(service: Service, sql: str) -> None:
    await created(service)
    with pytest.raises(asyncpg.CheckViolationError, match="bill_erased_whole"):
        await service.db.execute(sql)


WHOLE = (
    "UPDATE bill SET erased_at = now(), name_sealed = NULL, phone_sealed = NULL, name_index = NULL,"
    " phone_index = NULL, message = NULL, redirect_url = NULL"
)


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT 1", "open_bills_are_not_erased"),
        (
            "UPDATE message SET failure = 'x', settled_at = now() - interval '1 day'",
            "what_is_erased_is_erased_whole",
        ),
    ],
)
async def test_verify_finds_what_was_erased_wrongly(service: Service, sql: str, rule: str) -> None:
    await created(service)
    await service.db.execute(WHOLE)
    await service.db.execute(sql)
    with pytest.raises(AssertionError, match=rule):
        await assert_books_hold(service.db)


# The command, and the worker.


async def test_the_command_erases_and_says_so_once(service: Service, dsn: str, settings: Settings) -> None:
    await _paid_and_quiet(service)
    await created(service, bill_id="OPEN")

    async def erase(*options: str) -> dict[str, Any]:
        status, said = await run(dsn, settings, "payers", "erase", *options, "--json")
        assert status == 0, said
        return json.loads(said)

    person = ("sandbox", "--phone", "01012345678")
    assert await erase(*person, "--dry-run") == {"dryRun": True, "erased": 1, "stillOpen": 1}
    assert await erase("--older-than", "1") == {"dryRun": False, "erased": 0, "stillOpen": 0}
    assert await audit.entries(service.db, since=None, most=10) == []
    assert await erase(*person) == {"dryRun": False, "erased": 1, "stillOpen": 1}
    (entry,) = await audit.entries(service.db, since=None, most=10)
    assert (entry["act"], entry["partner"], entry["about"]) == ("payers erase", "sandbox", '{"by": "phone"}')


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "one of the three"),
        (["sandbox", "--phone", "1", "--name", "a"], "one of the three"),
        (["sandbox", "--phone", ""], "one of the three"),
        (["--phone", "01012345678"], "say whose payer"),
        (["--older-than", "0"], "greater than or equal to 1"),
        (["nobody", "--older-than", "5"], "There is no partner"),
    ],
)
async def test_a_request_that_is_not_clear_is_refused(
    service: Service, dsn: str, settings: Settings, arguments: list[str], says: str
) -> None:
    status, said = await run(dsn, settings, "payers", "erase", *arguments)
    assert status == 1
    assert says in said


async def test_the_worker_erases_by_itself_if_it_is_told_to(service: Service) -> None:
    await _paid_and_quiet(service)
    await service.clock.advance(service.db, timedelta(days=31).total_seconds())

    async def erased() -> bool:
        return await service.db.fetchval("SELECT count(*) FROM bill WHERE erased_at IS NOT NULL") == 1

    await retention.erase_old(service)
    assert not await erased()
    told_to = replace(service, settings=replace(service.settings, erase_after_days=30))
    async with working(told_to):
        await until(erased)
    (entry,) = await audit.entries(service.db, since=None, most=10)
    assert (entry["operator"], entry["about"]) == ("cheonggu worker", '{"olderThanDays": 30}')


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "36501", "٣"])
def test_an_odd_number_of_days_is_refused(text: str) -> None:
    with pytest.raises(SettingWrong, match="CHEONGGU_ERASE_AFTER_DAYS must be a whole number of days"):
        load({"CHEONGGU_ERASE_AFTER_DAYS": text})


def test_nobody_is_erased_unless_the_setting_says_so() -> None:
    assert load({}).erase_after_days is None
    assert load({"CHEONGGU_ERASE_AFTER_DAYS": "1825"}).erase_after_days == 1825
