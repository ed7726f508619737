"""Profiles and switches: how answers and callbacks look, for one partner at a time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cheonggu.domain.approval_fields import NAMES
from cheonggu.domain.quirks import PROFILES, snake_case
from tests.conftest import until
from tests.live import API_KEY, Live


async def set_to(live: Live, **switches: object) -> None:
    status, answered = await live.call("/sandbox/partners/sandbox", switches)
    assert status == 200, answered


async def called_back(live: Live) -> dict[str, Any]:
    """The callback of a bill that is paid now."""
    before = len(live.receiver.calls)
    bill_id = (await live.create())["billId"]
    await live.pay(bill_id)
    await until(lambda: live.called(before + 1))
    return live.receiver.calls[before].body


@pytest.mark.parametrize(
    ("profile", "key"), [("docs", None), ("sandbox-2026-08", None), ("live-2026-09", API_KEY)]
)
async def test_a_profile_decides_on_the_key_in_the_callback_and_on_nothing_else(
    live: Live, profile: str, key: str | None
) -> None:
    await set_to(live, profile=profile)
    body = await called_back(live)
    assert body.pop("apiKey", None) == key
    assert tuple(body) == NAMES


async def test_profiles_are_changed_back_and_forth_at_once(live: Live) -> None:
    for profile in (*PROFILES, *reversed(PROFILES)):
        await set_to(live, profile=profile)
        assert ("apiKey" in await called_back(live)) == (profile == "live-2026-09")


async def test_without_a_date_the_key_in_callbacks_is_ones_own_choice(live: Live) -> None:
    await set_to(live, keyInCallback=True)
    assert (await called_back(live))["apiKey"] == API_KEY
    await set_to(live, notices=True)
    assert (await called_back(live))["apiKey"] == API_KEY
    await set_to(live, keyInCallback=False)
    assert "apiKey" not in await called_back(live)


@pytest.mark.parametrize(
    ("answer_field", "names"),
    [
        ("message", ["code", "message", "data"]),
        ("msg", ["code", "msg", "data"]),
        ("both", ["code", "message", "msg", "data"]),
    ],
)
async def test_every_answer_to_the_partner_has_its_field(
    live: Live, answer_field: str, names: list[str]
) -> None:
    await set_to(live, answerField=answer_field)
    done = await live.operate("/bill", live.bill())
    refused = await live.operate("/bill/read", {"billId": "NEVER"})
    wrong = await live.operate("/bill", live.bill(price="x"))
    for answered, code in ((done, "0000"), (refused, "BILL_003"), (wrong, "VALIDATION_001")):
        assert (answered["code"], list(answered)) == (code, names)
        assert {answered[name] for name in names[1:-1]} != {""}
    unknown = (await live.call("/bill", {"apiKey": "nobody's"}))[1]
    assert list(unknown) == ["code", "message", "data"]


async def test_a_callback_of_three_fields_says_no_more(live: Live) -> None:
    await set_to(live, callbackFields="three")
    assert list(await called_back(live)) == ["billId", "apprState", "apprPrice"]
    await set_to(live, profile="live-2026-09", callbackSpelling="snake_case")
    assert list(await called_back(live)) == ["api_key", "bill_id", "appr_state", "appr_price"]


async def test_a_callback_in_snake_case_has_all_fields(live: Live) -> None:
    await set_to(live, callbackSpelling="snake_case")
    body = await called_back(live)
    assert list(body) == [snake_case(name) for name in NAMES]
    assert {"appr_cash_issuance_number", "appr_issuer_cd"} < set(body)


async def test_short_dates_stand_in_callback_read_and_cancel_alike(live: Live) -> None:
    await set_to(live, dateDigits=12)
    body = await called_back(live)
    read = await live.read(body["billId"])
    cancelled = (await live.cancel(body["billId"]))["data"]
    after = await live.read(body["billId"])
    assert read["apprDt"] == body["apprDt"] == after["apprOriginDt"]
    assert cancelled["apprCancelDt"] == after["apprDt"]
    assert all(re.fullmatch("[0-9]{12}", one) for one in (read["apprDt"], cancelled["apprCancelDt"]))


async def test_a_switch_of_one_partner_is_no_other_partners(live: Live) -> None:
    other = (await live.call("/sandbox/partners", {"answerField": "msg"}))[1]
    body = {"apiKey": other["apiKey"], "member": "member", "merchant": "merchant", "bill": live.bill()}
    assert "msg" in (await live.call("/bill", body))[1]
    assert "msg" not in await live.operate("/bill", live.bill())
