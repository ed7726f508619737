"""Outcomes that are said beforehand, for the next requests of a program that is not touched."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args

import aiohttp
import pytest

from cheonggu.web.operations import OPERATIONS
from cheonggu.web.sandbox.armed import Name
from tests import commands
from tests.live import OTHER, Live


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
