"""The vendor's inspection, rehearsed against a running sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from cheonggu.config import Mode
from cheonggu.service import Service
from tests.conftest import until
from tests.live import OTHER, Live
from tests.serving import serving
from tests.test_sandbox_commands import run, told


async def inspected(live: Live, **asked: str) -> dict[str, Any]:
    status, answer = await live.call("/sandbox/inspection", asked)
    assert status == 200, answer
    return answer


async def test_a_whole_integration_passes(live: Live) -> None:
    first = await inspected(live)
    assert first["passed"] is False
    assert [one["passed"] for one in first["items"]] == [False] * 5
    for bill_id in ("I-PAID", "I-CALLED", "I-BACK"):
        await live.create(billId=bill_id)
        await live.pay(bill_id)
    await until(lambda: live.called(3))
    await live.create(billId="I-GONE")
    await live.create(billId="I-SEEN")
    assert await live.destroy("I-GONE") == "0000"
    assert (await live.cancel("I-BACK"))["code"] == "0000"
    await live.read("I-SEEN")

    async def passed() -> bool:
        return (await inspected(live))["passed"]

    await until(passed)
    chosen = {one["item"]: one["billId"] for one in (await inspected(live))["items"]}
    assert (chosen["cancelled"], chosen["destroyed"], chosen["read"]) == ("I-BACK", "I-GONE", "I-SEEN")
    assert {chosen["approved"], chosen["callback"]} == {"I-PAID", "I-CALLED"}
    theirs = await inspected(live, apiKey=OTHER["apiKey"], approved="I-PAID")
    assert [one["passed"] for one in theirs["items"]] == [False] * 5
    named = await inspected(live, read="I-GONE")
    assert [one["passed"] for one in named["items"] if one["item"] == "read"] == [False]
    ended = await run(live, "inspect")
    assert (ended.returncode, ended.stdout.count("passed ")) == (0, 5)
    assert (await told(live, "inspect"))["passed"] is True
    assert "2. API로 취소: I-BACK" in (await run(live, "inspect", "--mail")).stdout
    missing = await run(live, "inspect", "--approved", "I-GONE")
    assert missing.returncode == 1
    assert "The bill is destroyed." in missing.stdout


async def test_the_practice_receiver_proves_nothing(live: Live) -> None:
    await live.create(billId="I-OWN", callbackUrl=f"{live.url}/sandbox/receiver")
    await live.pay("I-OWN")

    async def delivered() -> bool:
        return (await live.callbacks("I-OWN"))[0]["state"] == "DELIVERED"

    await until(delivered)
    (callback,) = [one for one in (await inspected(live))["items"] if one["item"] == "callback"]
    assert (callback["passed"], callback["english"]) == (
        False,
        "The sandbox's own receiver took it, not yours.",
    )


@pytest.mark.parametrize("code", ["TIMEOUT_AFTER", "LOST_AFTER", "MAINTAINED_METHOD"])
async def test_a_read_without_its_answer_is_none(
    live: Live, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cheonggu.web.sandbox import test_codes

    monkeypatch.setitem(test_codes.AFTER, "TIMEOUT_AFTER", 0.1)
    await live.create(billId="I-LOST")
    try:
        await live.operate("/bill/read", {"billId": "I-LOST"}, Cheonggu_Test_Code=code)
    except aiohttp.ServerDisconnectedError:
        assert code != "MAINTAINED_METHOD"
    items = (await inspected(live, read="I-LOST"))["items"]
    assert [one["passed"] for one in items if one["item"] == "read"] == [False]


@pytest.mark.parametrize("wrong", [{"approved": 7}, {"apiKey": "nobody"}, {"read": ["B"]}])
async def test_a_wrong_question_is_refused(live: Live, wrong: dict[str, Any]) -> None:
    _, envelope = await live.call("/sandbox/inspection", wrong)
    assert envelope["code"] in ("VALIDATION_001", "PARTNER_003")


async def test_live_mode_rehearses_nothing(service: Service) -> None:
    live_mode = replace(service, settings=replace(service.settings, mode=Mode.LIVE))
    async with (
        serving(live_mode) as url,
        aiohttp.ClientSession() as http,
        http.post(url + "/sandbox/inspection", json={}) as answer,
    ):
        assert answer.status == 404
