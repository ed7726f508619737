"""The vendor's inspection, rehearsed: which bills do, what is missing, and the mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from cheonggu.config import Mode
from cheonggu.domain.bill import State
from cheonggu.domain.inspection import ITEMS, ItemName, Shown, inspect
from cheonggu.domain.inspection_mail import draft
from cheonggu.service import Service
from tests.conftest import until
from tests.live import API_KEY, OTHER, Live
from tests.serving import serving
from tests.test_sandbox_commands import run, told


def bill(bill_id: str, state: State = State.READY, **known: Any) -> Shown:
    facts: dict[str, Any] = {"member": "m", "merchant": "s"}
    facts["callback_url"] = "https://partner.example/cb?token=secret"
    return Shown(bill_id=bill_id, state=state, **facts | known)


PAID = bill("PAID", State.PAID)
CALLED = bill("CALLED", State.PAID, callback_state="DELIVERED")
GONE = bill("GONE", State.DESTROYED)
BACK = bill("BACK", State.CANCELED)
SEEN = bill("SEEN", was_read=True)
ALL = [PAID, CALLED, GONE, BACK, SEEN]


@pytest.mark.parametrize(
    ("bills", "given", "chosen"),
    [
        (ALL, {}, ["PAID", "BACK", "GONE", "SEEN", "CALLED"]),
        ([CALLED, PAID, *ALL[2:]], {}, ["PAID", "BACK", "GONE", "SEEN", "CALLED"]),
        ([CALLED, GONE, BACK, SEEN], {}, ["CALLED", "BACK", "GONE", "SEEN", "CALLED"]),
        ([PAID, GONE], {}, ["PAID", None, "GONE", None, None]),
        ([], {}, [None] * 5),
        (ALL, {"approved": "CALLED"}, ["CALLED", "BACK", "GONE", "SEEN", "CALLED"]),
        (ALL, {"read": "PAID"}, ["PAID", "BACK", "GONE", "PAID", "CALLED"]),
        (ALL, {"destroyed": "NEVER"}, ["PAID", "BACK", "NEVER", "SEEN", "CALLED"]),
    ],
)
def test_bills_are_chosen_so_that_five_different_ones_stand_there(
    bills: list[Shown], given: dict[ItemName, str], chosen: list[str | None]
) -> None:
    verdicts = inspect(bills, given)
    assert [one.item for one in verdicts] == list(ITEMS)
    assert [one.bill_id for one in verdicts] == chosen


@pytest.mark.parametrize(
    ("item", "shown", "english"),
    [
        ("approved", bill("B"), "The bill is not paid yet."),
        ("approved", BACK, "The bill is cancelled."),
        ("cancelled", bill("B", State.CANCELING), "The bill is being cancelled."),
        ("destroyed", bill("B", State.PAYING), "The bill is being paid."),
        ("read", bill("B"), "This process has not answered a /bill/read of it."),
        ("callback", GONE, "The bill is destroyed."),
        ("callback", bill("B", callback_state="PENDING"), "The callback has not been answered yet."),
        (
            "callback",
            bill("B", State.PAID, callback_state="EXHAUSTED", callback_reason='code is "1"'),
            'The callback was not accepted: code is "1"',
        ),
        (
            "callback",
            bill("B", State.PAID, callback_state="DELIVERED", practice_receiver=True),
            "The sandbox's own receiver took it, not yours.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_pass_says_why_and_what_to_do(item: ItemName, shown: Shown, english: str) -> None:
    verdict = next(one for one in inspect([shown], {item: shown.bill_id}) if one.item == item)
    assert (verdict.passed, verdict.english) == (False, english)
    assert verdict.next_english
    assert verdict.next_korean


def test_the_mail_has_the_ids_and_no_secret() -> None:
    mail = draft(API_KEY, inspect(ALL, {}), ALL)
    for line in (
        "1. 승인: PAID",
        "2. API로 취소: BACK",
        "3. 파기: GONE",
        "4. 조회: SEEN",
        "콜백 URL: https://partner.example/cb\n",
    ):
        assert line in mail.body
    assert API_KEY not in mail.body
    assert "secret" not in mail.body
    empty = draft(API_KEY, inspect([], {}), [])
    assert empty.body.count("[아직 없음]") == 5


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
