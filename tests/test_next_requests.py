"""Outcomes that are said beforehand, for the next requests of a program that is not touched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, get_args

import aiohttp
import pytest

from cheonggu.store.postgres import connect
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.sandbox.armed import Name
from tests import commands
from tests.conftest import until
from tests.live import OTHER, Live, envelope_of


async def arm(live: Live, code: str, **more: Any) -> list[dict[str, Any]]:
    """Want an outcome; what is waited for."""
    status, told = await live.call("/sandbox/test-code", {"code": code} | more)
    assert status == 200, told
    return told["next"]


async def waited_for(live: Live) -> list[dict[str, Any]]:
    async with live.http.get(f"{live.url}/sandbox/test-code") as answer:
        return (await answer.json())["next"]


def test_every_operation_can_be_named() -> None:
    assert list(get_args(Name)) == [operation.name for operation in OPERATIONS]


async def test_the_next_requests_are_answered_as_was_said_and_then_as_usual(live: Live) -> None:
    assert await arm(live, "point_001", operation="billSend", times=2) == [
        {"code": "POINT_001", "operation": "billSend", "timesLeft": 2}
    ]
    bill = live.bill(billId="NEXT")
    assert (await live.operate("/bill/read", {"billId": "NEXT"}))["code"] == "BILL_003"
    codes = [(await live.operate("/bill", bill))["code"] for _ in range(3)]
    assert codes == ["POINT_001", "POINT_001", "0000"]
    assert await waited_for(live) == []


async def test_what_was_said_first_comes_first(live: Live) -> None:
    await arm(live, "MAINTAINED_METHOD")
    await arm(live, "ERROR", operation="billSend")
    codes = [(await live.operate("/bill", live.bill(billId="ORDER")))["code"] for _ in range(3)]
    assert codes == ["MAINTAINED_METHOD", "ERROR", "0000"]


async def test_an_answer_is_lost_after_all_was_done(live: Live) -> None:
    await arm(live, "LOST_AFTER", operation="billSend")
    with pytest.raises(aiohttp.ClientError):
        await live.create(billId="LOST")
    assert (await live.read("LOST"))["apprState"] == "W"


async def test_a_request_that_is_not_in_order_uses_nothing_up(live: Live) -> None:
    await arm(live, "POINT_001", operation="billSend")
    wrong = live.bill(billId="WRONG", hash="0" * 64)
    assert (await live.operate("/bill", wrong))["code"] == "VALIDATION_002"
    assert (await live.operate("/bill", live.bill(billId="WRONG")))["code"] == "POINT_001"


@asynccontextmanager
async def callers_unknown(dsn: str) -> AsyncGenerator[None]:
    """Requests of members that are not known yet wait meanwhile."""
    locker = await connect(dsn)
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE member IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await locker.close()


def as_nobody(live: Live, operation: str) -> asyncio.Task[str]:
    """Ask with a member that there is not, which is not in order; the code."""

    async def ask() -> str:
        request = envelope_of({"billId": "NONE"}) | {"member": "nobody"}
        return (await live.call(operation, request))[1]["code"]

    return asyncio.create_task(ask())


@pytest.mark.parametrize("way", ["deleted", "reset"])
async def test_what_is_deleted_while_a_request_has_it_does_not_come_back(
    live: Live, dsn: str, way: str
) -> None:
    await arm(live, "ERROR", operation="billRead")
    await arm(live, "ERROR", operation="billRead", times=2)
    async with callers_unknown(dsn):
        asked = [as_nobody(live, "/bill/read") for _ in range(2)]
        await until(lambda: left(live, [1]))
        if way == "reset":
            await live.call("/sandbox/reset", {})
        else:
            assert (await live.http.delete(f"{live.url}/sandbox/test-code")).status == 200
    assert await asyncio.gather(*asked) == ["PARTNER_003"] * 2
    assert await waited_for(live) == []
    assert (await live.operate("/bill/read", {"billId": "NONE"}))["code"] == "BILL_003"


async def test_what_is_given_back_keeps_its_place(live: Live, dsn: str) -> None:
    await arm(live, "MAINTAINED_METHOD", operation="billDestroy")
    await arm(live, "POINT_001", operation="billRead")
    await arm(live, "ERROR")
    said = await waited_for(live)
    async with callers_unknown(dsn):
        asked = [as_nobody(live, "/bill/read") for _ in range(2)]
        await until(lambda: left(live, [1]))
    assert await asyncio.gather(*asked) == ["PARTNER_003"] * 2
    assert await waited_for(live) == said


async def left(live: Live, times: list[int]) -> bool:
    return [one["timesLeft"] for one in await waited_for(live)] == times


async def test_nothing_waits_for_a_partner_that_was_removed(live: Live) -> None:
    made = (await live.call("/sandbox/partners", {"apiKey": "chosen"}))[1]
    await arm(live, "ERROR", apiKey="chosen")
    assert (await live.http.delete(f"{live.url}/sandbox/partners/{made['name']}")).status == 200
    await live.call("/sandbox/partners", {"apiKey": "chosen"})
    assert (await live.call("/read/remain_count", {"apiKey": "chosen"}))[1]["code"] == "0000"


async def test_a_header_of_the_request_itself_goes_before_what_was_said(live: Live) -> None:
    await arm(live, "POINT_001", operation="billSend")
    bill = live.bill(billId="HEADER")
    assert (await live.operate("/bill", bill, **{"Cheonggu-Test-Code": "ERROR"}))["code"] == "ERROR"
    assert (await live.operate("/bill", bill))["code"] == "POINT_001"


async def test_it_is_the_partners_own_and_reset_forgets_it(live: Live) -> None:
    await arm(live, "ERROR", apiKey=OTHER["apiKey"])
    assert await waited_for(live) == []
    await live.create(billId="MINE")
    assert (await live.call("/read/remain_count", {"apiKey": OTHER["apiKey"]}))[1]["code"] == "ERROR"
    await arm(live, "ERROR")
    await live.call("/sandbox/reset", {})
    assert await waited_for(live) == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"code": "0000"}, "code"),
        ({"code": "NO_SUCH"}, "code"),
        ({}, "code"),
        ({"code": "ERROR", "operation": "dance"}, "operation"),
        ({"code": "ERROR", "times": 0}, "times"),
    ],
)
async def test_a_wrong_wish_is_refused_with_its_rule(live: Live, wish: dict[str, Any], field: str) -> None:
    status, told = await live.call("/sandbox/test-code", wish)
    assert (status, told["code"]) == (400, "VALIDATION_001")
    assert told["message"].startswith(f"{field}: ")
    assert await waited_for(live) == []


async def test_the_command_says_it_shows_it_and_takes_it_back(live: Live) -> None:
    async def run(*arguments: str) -> Any:
        ended = await asyncio.to_thread(
            commands.run, "sandbox", "next", *arguments, "--base-url", live.url, "--json"
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)["next"]

    wanted = [{"code": "LOST_AFTER", "operation": "billSend", "timesLeft": 3}]
    assert await run("lost_after", "--operation", "billSend", "--times", "3") == wanted
    assert await run() == wanted
    assert await run("--clear") == []
