"""Every outcome of a payment, a message and a refund that a developer can ask for, and what is told of it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cheonggu.cli.app import app
from cheonggu.domain.seoul import today
from cheonggu.providers.sandbox_gateway import DECLINES
from cheonggu.sandbox.remote import SandboxRefused
from cheonggu.store.postgres import connect
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import Live


async def told(live: Live, bill_id: str, outcome: str, **particulars: object) -> dict[str, Any]:
    asked = {"billId": bill_id, "outcome": outcome} | particulars
    status, answered = await live.call("/sandbox/pay", asked)
    assert status == 200, answered
    return answered


async def talk_bill(live: Live, **given: str) -> str:
    return (await live.create(**given))["billId"]


async def url_bill(live: Live, **given: str) -> str:
    return await talk_bill(live, sendType="URL", **given)


# Payments


async def test_an_approval_may_be_in_instalments(live: Live) -> None:
    bill_id = await url_bill(live)
    assert await told(live, bill_id, "APPROVE", months=6) == {"state": "F"}
    assert (await live.read(bill_id))["apprMonthly"] == "6"


@pytest.mark.parametrize("code", DECLINES)
async def test_a_decline_tells_the_card_companys_code_and_words(live: Live, code: str) -> None:
    bill_id = await url_bill(live)
    declined = {"code": code, "message": DECLINES[code]}
    assert await told(live, bill_id, "DECLINE", code=code) == {"state": "W", "declined": declined}
    assert await told(live, bill_id, "APPROVE") == {"state": "F"}


async def test_who_closes_the_window_has_done_nothing(live: Live) -> None:
    bill_id = await url_bill(live)
    assert await told(live, bill_id, "CLOSE") == {"state": "W"}
    assert await live.service.db.fetchval("SELECT count(*) FROM attempt") == 0


async def test_of_two_payments_one_is_refused_and_both_are_told(live: Live) -> None:
    bill_id = await url_bill(live)
    both = await told(live, bill_id, "PAY_TWICE", months=3)
    assert both["state"] == "F"
    done, refused = sorted(both["payments"], key=lambda one: "refused" in one)
    assert done == {"state": "F"}
    assert refused["refused"]["code"] in {"BILL_004", "BILL_007"}
    assert await live.service.db.fetchval("SELECT count(*) FROM attempt") == 1
    await until(lambda: live.called(1))
    await assert_books_hold(live.service.db)


async def test_after_expiry_the_clock_has_moved_and_no_money(live: Live) -> None:
    now = live.service.clock.now()
    bill_id = await url_bill(live, expireDt=str(today(now)))
    after = await told(live, bill_id, "AFTER_EXPIRY")
    assert (after["state"], after["refused"]["code"]) == ("W", "BILL_006")
    assert "기한" in after["refused"]["message"]
    assert 0 < after["clockMovedSeconds"] <= 86_400
    assert today(live.service.clock.now()) > today(now)
    assert (await told(live, bill_id, "AFTER_EXPIRY"))["clockMovedSeconds"] == 0


async def test_after_expiry_wished_for_twice_at_once_moves_the_clock_once(live: Live, dsn: str) -> None:
    now = live.service.clock.now()
    bill_id = await url_bill(live, expireDt=str(today(now) + timedelta(days=3)))
    locker = await connect(dsn)
    try:
        async with locker.transaction():
            await locker.execute("SELECT FROM clock FOR UPDATE")
            both = [asyncio.create_task(told(live, bill_id, "AFTER_EXPIRY")) for _ in range(2)]
            await until(lambda: waiting_for_a_lock(live, 2))
        answers = sorted(await asyncio.gather(*both), key=lambda one: one["clockMovedSeconds"])
    finally:
        await locker.close()
    assert [one["refused"]["code"] for one in answers] == ["BILL_006"] * 2
    assert answers[0]["clockMovedSeconds"] == 0 < answers[1]["clockMovedSeconds"]
    assert today(live.service.clock.now()) == today(now) + timedelta(days=4)


async def waiting_for_a_lock(live: Live, many: int) -> bool:
    return await live.service.db.fetchval(_WAITING) == many


_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_the_clock_is_not_moved_for_a_bill_that_cannot_expire_any_more(live: Live) -> None:
    paid, far = await url_bill(live), await url_bill(live, expireDt="2999-12-31")
    await told(live, paid, "APPROVE")
    after = await told(live, paid, "AFTER_EXPIRY")
    assert (after["refused"]["code"], after["clockMovedSeconds"]) == ("BILL_004", 0)
    status, refused = await live.call("/sandbox/pay", {"billId": far, "outcome": "AFTER_EXPIRY"})
    assert (status, refused["message"].partition(":")[0]) == (400, "outcome")
    assert not live.service.clock.moved


async def test_a_lost_callback_comes_with_a_later_try(live: Live) -> None:
    bill_id = await url_bill(live)
    assert await told(live, bill_id, "APPROVE_LOSE_CALLBACK", times=2) == {"state": "F"}

    async def tried(times: int) -> bool:
        return len((await live.callbacks(bill_id))[0]["attempts"]) == times

    for times, seconds in ((1, 10), (2, 60)):
        await until(lambda times=times: tried(times))
        assert live.receiver.calls == []
        await live.advance(seconds)
    await until(lambda: live.called(1))
    assert (await live.callbacks(bill_id))[0]["attempts"][0]["reason"]


async def test_of_two_wishes_at_once_to_lose_a_callback_the_refused_one_takes_back_nothing(
    live: Live, dsn: str
) -> None:
    bill_id = await url_bill(live)
    locker = await connect(dsn)
    try:
        async with locker.transaction():
            await locker.execute("SELECT FROM bill FOR UPDATE")
            both = [asyncio.create_task(told(live, bill_id, "APPROVE_LOSE_CALLBACK")) for _ in range(2)]
            await until(lambda: waiting_for_a_lock(live, 2))
        answers = await asyncio.gather(*both)
    finally:
        await locker.close()
    assert sorted("refused" in one for one in answers) == [False, True]

    async def is_lost() -> bool:
        tries = (await live.callbacks(bill_id))[0]["attempts"]
        return bool(tries) and tries[0]["reason"] is not None

    await until(is_lost)
    assert live.receiver.calls == []


async def test_where_nothing_can_be_approved_no_callback_gets_lost(live: Live) -> None:
    bill_id = await url_bill(live)
    await live.destroy(bill_id)
    after = await told(live, bill_id, "APPROVE_LOSE_CALLBACK")
    assert (after["state"], after["refused"]["code"]) == ("D", "BILL_005")
    assert await live.service.db.fetchval("SELECT count(*) FROM sandbox_trouble") == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"outcome": "DECLINE", "months": 3}, "months"),
        ({"outcome": "APPROVE", "months": 37}, "months"),
        ({"outcome": "APPROVE", "code": "REJECT_CARD_LIMIT"}, "code"),
        ({"outcome": "DECLINE", "code": "NO_SUCH"}, "code"),
        ({"outcome": "APPROVE", "times": 1}, "times"),
        ({"outcome": "APPROVE_LOSE_CALLBACK", "times": 0}, "times"),
    ],
)
async def test_a_particular_that_an_outcome_does_not_have_changes_nothing(
    live: Live, asked: dict[str, Any], field: str
) -> None:
    bill_id = await url_bill(live)
    status, refused = await live.call("/sandbox/pay", {"billId": bill_id} | asked)
    assert (status, refused["message"].partition(":")[0]) == (400, field)
    assert (await live.read(bill_id))["apprState"] == "W"


# Messages


async def decide(live: Live, outcome: str, **more: str) -> dict[str, Any]:
    status, answered = await live.call("/sandbox/message-outcome", {"outcome": outcome} | more)
    assert status == 200, answered
    return answered


async def states(live: Live, bill_id: str, *wanted: str) -> None:
    async def so() -> bool:
        return [one["state"] for one in await live.messages(bill_id)] == list(wanted)

    await until(so)


@pytest.mark.parametrize(
    ("outcome", "first", "failure"),
    [
        ("NO_KAKAOTALK", "FAILED", "3019"),
        ("BLOCKED", "FAILED", "3018"),
        ("UNKNOWN_ARRIVED", "UNKNOWN", None),
        ("UNKNOWN_NEVER_HAD", "UNKNOWN", None),
        ("ARRIVE", "SENT", None),
    ],
)
async def test_a_messages_fate_is_decided_before_its_bill_is_there_and_for_one_message_only(
    live: Live, outcome: str, first: str, failure: str | None
) -> None:
    answered = await decide(live, outcome, billId="LATER")
    assert answered == {"billId": "LATER", "messages": "NEXT", "outcome": outcome}
    await talk_bill(live, billId="LATER")
    await states(live, "LATER", first)
    assert await live.service.db.fetchval("SELECT failure_code FROM message") == failure
    if first == "UNKNOWN":
        await live.advance(60)
        await states(live, "LATER", "SENT")
    await live.operate("/bill/resend", {"billId": "LATER"})
    await states(live, "LATER", "SENT" if first == "UNKNOWN" else first, "SENT")
    assert await live.balance() == 1_000_000 - 55 * (1 if first == "FAILED" else 2)
    await assert_books_hold(live.service.db)


async def test_all_of_a_partners_messages_meet_the_same_until_told_otherwise(live: Live) -> None:
    assert await decide(live, "NO_KAKAOTALK") == {
        "billId": None,
        "messages": "ALL",
        "outcome": "NO_KAKAOTALK",
    }
    refused = [await talk_bill(live), await talk_bill(live)]
    spared = await talk_bill(live, phone="01000000002")
    for bill_id in refused:
        await states(live, bill_id, "FAILED")
    await states(live, spared, "UNKNOWN")
    await decide(live, "ARRIVE")
    await states(live, await talk_bill(live), "SENT")


async def test_what_is_decided_for_one_partner_is_not_for_another_and_ends_with_a_reset(live: Live) -> None:
    other = (await live.call("/sandbox/partners", {}))[1]["apiKey"]
    await decide(live, "BLOCKED", apiKey=other)
    await states(live, await talk_bill(live), "SENT")
    await decide(live, "BLOCKED")
    await live.call("/sandbox/reset", {})
    await states(live, await talk_bill(live), "SENT")


@pytest.mark.parametrize(
    ("asked", "field"),
    [({}, "outcome"), ({"outcome": "LOST"}, "outcome"), ({"outcome": "ARRIVE", "billId": ""}, "billId")],
)
async def test_a_fate_that_no_message_has_is_refused(live: Live, asked: dict[str, str], field: str) -> None:
    status, refused = await live.call("/sandbox/message-outcome", asked)
    assert (status, refused["message"].partition(":")[0]) == (400, field)


# Refunds


async def refund(live: Live, bill_id: str, outcome: str) -> dict[str, Any]:
    return (await live.call("/sandbox/refund-outcome", {"billId": bill_id, "outcome": outcome}))[1]


@pytest.mark.parametrize(
    ("outcome", "first", "state"),
    [
        ("REFUND", "0000", "C"),
        ("REFUSED_CARD", "PAYMENT_001", "F"),
        ("REFUSED_BANK", "PAYMENT_002", "F"),
        ("MAINTENANCE", "MAINTAINED_METHOD", "F"),
    ],
)
async def test_the_next_cancel_is_refused_as_decided_and_the_one_after_it_is_done(
    live: Live, outcome: str, first: str, state: str
) -> None:
    bill_id = await url_bill(live)
    await live.pay(bill_id)
    assert await refund(live, bill_id, outcome) == {"billId": bill_id, "outcome": outcome}
    assert (await live.cancel(bill_id))["code"] == first
    assert (await live.read(bill_id))["apprState"] == state
    if state == "F":
        assert (await live.cancel(bill_id))["code"] == "0000"
    await assert_books_hold(live.service.db)


@pytest.mark.parametrize("outcome", ["UNKNOWN_DONE", "UNKNOWN_NOT_DONE"])
async def test_an_unknown_refund_is_settled_by_asking(live: Live, outcome: str) -> None:
    bill_id = await url_bill(live)
    await live.pay(bill_id)
    await refund(live, bill_id, outcome)
    code = (await live.cancel(bill_id))["code"]  # the janitor asks after two seconds
    assert code == "0000"
    assert (await live.read(bill_id))["apprState"] == "C"


async def test_a_decision_on_a_refund_is_taken_back(live: Live) -> None:
    bill_id = await url_bill(live)
    await live.pay(bill_id)
    await refund(live, bill_id, "REFUSED_CARD")
    await refund(live, bill_id, "REFUND")
    assert (await live.cancel(bill_id))["code"] == "0000"


@pytest.mark.parametrize(("pay", "code"), [(None, "BILL_003"), ("CLOSE", "BILL_008")])
async def test_only_a_paid_bill_has_a_refund_to_decide_on(live: Live, pay: str | None, code: str) -> None:
    bill_id = await url_bill(live) if pay else "NEVER"
    assert (await refund(live, bill_id, "MAINTENANCE"))["code"] == code


# From the command line


def printed(stdout: str) -> str:
    """The command's own line: the service logs in this process, too."""
    return next(line for line in stdout.splitlines() if line.startswith("{"))


async def test_the_command_line_decides_on_outcomes_and_partners(live: Live) -> None:
    key = "from-the-command-line"
    runner = CliRunner(env={"BILL_BASE_URL": live.url, "BILL_API_KEY": key})

    async def run(*arguments: str) -> dict[str, Any]:
        ended = await asyncio.to_thread(runner.invoke, app, ["sandbox", *arguments, "--json"])
        assert ended.exit_code == 0, (arguments, ended.output, ended.exception)
        return json.loads(printed(ended.stdout))

    made = await run("partner", "create", "mine", "--key", key, "--points", "500", "--notices")
    assert (made["apiKey"], made["points"], made["notices"]) == (key, 500, True)
    who = {name: made[name] for name in ("apiKey", "member", "merchant")}
    await run("message-outcome", "no-kakaotalk")
    assert (await live.call("/bill", who | {"bill": live.bill(billId="CLI")}))[1]["code"] == "0000"
    declined = await run("pay", "CLI", "decline", "--code", "INVALID_STOPPED_CARD")
    assert declined["declined"]["code"] == "INVALID_STOPPED_CARD"
    assert await run("pay", "CLI", "--months", "3") == {"state": "F"}
    shown = await asyncio.to_thread(runner.invoke, app, ["sandbox", "pay", "CLI"])
    assert "BILL_004: 이미 결제된 청구서입니다." in shown.stdout
    assert (await run("refund-outcome", "CLI", "maintenance"))["outcome"] == "MAINTENANCE"
    assert (await run("profile", "live-2026-09", "--partner", "mine"))["keyInCallback"]
    assert (await run("partner", "set", "mine", "--date-digits", "12"))["dateDigits"] == 12
    assert [one["name"] for one in (await run("partner", "list"))["partners"]][-1] == "mine"
    assert await run("partner", "remove", "mine") == {"removed": True}
    gone = await asyncio.to_thread(runner.invoke, app, ["sandbox", "pay", "CLI"])
    assert isinstance(gone.exception, SandboxRefused)
    assert gone.exception.code == "PARTNER_003"
