"""Partners of a developer's own: made, listed, changed, emptied and removed, over HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cheonggu.billing import onboarding
from cheonggu.store import reseal
from cheonggu.store.audit import Operator
from cheonggu.store.sealing import Keyring, new_secret_key
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import API_KEY, Live

MADE_BY_DEFAULT = {
    "member": "member",
    "merchant": "merchant",
    "merchantName": "연습 학원",
    "status": "ACTIVE",
    "wallet": "PARTNER",
    "points": 1_000_000,
    "messagePoints": 55,
    "notices": False,
    "keyInCallback": False,
    "profile": "docs",
    "answerField": "message",
    "callbackFields": "all",
    "callbackSpelling": "camelCase",
    "dateDigits": 14,
    "own": True,
}


async def make(live: Live, **asked: object) -> dict[str, Any]:
    status, made = await live.call("/sandbox/partners", asked)
    assert status == 200, made
    return made


async def listed(live: Live) -> list[dict[str, Any]]:
    async with live.http.get(live.url + "/sandbox/partners") as answer:
        return (await answer.json())["partners"]


def envelope(who: dict[str, Any], bill: dict[str, str]) -> dict[str, Any]:
    return {name: who[name] for name in ("apiKey", "member", "merchant")} | {"bill": bill}


async def send(live: Live, who: dict[str, Any], **given: str) -> dict[str, Any]:
    return (await live.call("/bill", envelope(who, live.bill(**given))))[1]


async def test_a_partner_is_made_from_nothing_and_everything_works_with_it(live: Live) -> None:
    made = await make(live)
    assert {name: made[name] for name in MADE_BY_DEFAULT} == MADE_BY_DEFAULT
    assert (await send(live, made, billId="OWN-1"))["code"] == "0000"
    pay = {"apiKey": made["apiKey"], "billId": "OWN-1", "outcome": "APPROVE"}
    assert (await live.call("/sandbox/pay", pay))[1]["state"] == "F"
    await until(lambda: live.called(1))
    assert (await live.operate("/bill/read", {"billId": "OWN-1"}))["code"] == "BILL_003"
    await assert_books_hold(live.service.db)


async def test_everything_of_a_partner_can_be_chosen(live: Live) -> None:
    chosen = {
        "apiKey": "mine",
        "name": "우리 학원 프로그램",
        "member": "m1",
        "merchant": "s1",
        "merchantName": "한빛",
        "wallet": "MERCHANT",
        "messagePoints": 30,
        "points": 90,
        "notices": True,
        "webhookSecret": "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
        "profile": "live-2026-09",
        "answerField": "both",
        "callbackFields": "three",
        "callbackSpelling": "snake_case",
        "dateDigits": 12,
    }
    made = await make(live, **chosen)
    assert {name: made[name] for name in chosen} == chosen
    assert [(await send(live, made))["code"] for _ in range(4)] == ["0000"] * 3 + ["POINT_001"]


async def test_making_one_takes_milliseconds(live: Live) -> None:
    async def seconds() -> float:
        began = time.perf_counter()
        await make(live)
        return time.perf_counter() - began

    assert min([await seconds() for _ in range(20)]) < 0.1


async def test_the_list_shows_the_standing_partners_and_ones_own(live: Live) -> None:
    made = await make(live, name="mine")
    found = await listed(live)
    assert [(one["name"], one["own"]) for one in found] == [
        ("sandbox", False),
        ("sandbox-other", False),
        ("mine", True),
    ]
    assert found[0]["apiKey"] == API_KEY
    assert found[2] == made


async def test_a_rotated_key_is_shown_for_ones_own_partner_and_for_no_standing_one(live: Live) -> None:
    service, made = live.service, await make(live)
    by = Operator("tester", "here")
    new_key = await onboarding.rotate_key(service.db, service.keyring, by, made["partner"])
    standing = (await listed(live))[0]["partner"]
    await onboarding.rotate_key(service.db, service.keyring, by, standing)
    assert [one["apiKey"] for one in await listed(live)][::2] == [None, new_key]
    status, refused = await live.call(f"/sandbox/partners/{standing}", {"profile": "live-2026-09"})
    assert (status, refused["message"].partition(":")[0]) == (400, "profile")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": "sandbox"}, "name"),
        ({"name": " a"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "가" * 51}, "name"),
        ({"apiKey": API_KEY}, "apiKey"),
        ({"apiKey": "x" * 33}, "apiKey"),
        ({"apiKey": "청구"}, "apiKey"),
        ({"member": "a b"}, "member"),
        ({"merchantName": ""}, "merchantName"),
        ({"wallet": "BOTH"}, "wallet"),
        ({"points": -1}, "points"),
        ({"messagePoints": "55"}, "messagePoints"),
        ({"webhookSecret": "whsec_x"}, "webhookSecret"),
        ({"webhookSecret": "MDEyMzQ1Njc4OWFiY2RlZg=="}, "webhookSecret"),
        ({"profile": "live"}, "profile"),
        ({"profile": "sandbox-2026-08", "keyInCallback": True}, "keyInCallback"),
        ({"profile": "live-2026-09", "keyInCallback": False}, "keyInCallback"),
        ({"dateDigits": 13}, "dateDigits"),
        ({"notices": "yes"}, "notices"),
    ],
)
async def test_a_partner_that_cannot_be_is_refused_by_its_field(
    live: Live, asked: dict[str, Any], field: str
) -> None:
    status, refused = await live.call("/sandbox/partners", asked)
    assert (status, refused["code"]) == (400, "VALIDATION_001")
    assert refused["message"].startswith(f"{field}: ")
    assert len(await listed(live)) == 2


async def test_a_partner_is_suspended_and_resumed_at_once(live: Live) -> None:
    made = await make(live, name="mine")
    for status, code in (("SUSPENDED", "PARTNER_006"), ("ACTIVE", "0000")):
        assert (await live.call("/sandbox/partners/mine", {"status": status}))[1]["status"] == status
        assert (await send(live, made))["code"] == code


@pytest.mark.parametrize(
    "path", ["/sandbox/partners/nobody", "/sandbox/partners/999", "/sandbox/partners/%00"]
)
async def test_who_is_not_there_is_not_found(live: Live, path: str) -> None:
    assert (await live.call(path, {"notices": True}))[0] == 404
    async with live.http.delete(live.url + path) as answer:
        assert answer.status == 404


async def test_an_operators_partner_is_not_for_the_sandbox_to_change(live: Live) -> None:
    service = live.service
    new = onboarding.NewPartner(name="real")
    await onboarding.create_partner(service.db, service.keyring, Operator("tester", "here"), new)
    assert (await live.call("/sandbox/partners/real", {"status": "SUSPENDED"}))[0] == 404


async def test_removing_a_partner_leaves_nothing_of_it_and_everything_of_others(live: Live) -> None:
    made = await make(live, name="mine")
    await live.create(billId="STAYS")
    await send(live, made, billId="GOES")
    await live.call("/sandbox/pay", {"apiKey": made["apiKey"], "billId": "GOES", "outcome": "APPROVE"})
    async with live.http.delete(live.url + "/sandbox/partners/mine") as answer:
        assert await answer.json() == {"removed": True}
    assert (await send(live, made))["code"] == "PARTNER_003"
    assert (await live.read("STAYS"))["apprState"] == "W"
    assert len(await listed(live)) == 2
    for table in ("bill", "callback", "ledger", "wallet", "sandbox_message"):
        rows = await live.service.db.fetch(f"SELECT partner_id FROM {table}")  # noqa: S608
        assert made["partner"] not in {row["partner_id"] for row in rows}
    await assert_books_hold(live.service.db)


async def test_a_standing_partner_cannot_be_removed(live: Live) -> None:
    async with live.http.delete(live.url + "/sandbox/partners/sandbox") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "HTTP_404")


async def test_reset_brings_everybody_back_to_the_first_state(live: Live) -> None:
    made = await make(live, name="mine", points=500, notices=True, profile="live-2026-09", dateDigits=12)
    first = await listed(live)
    await send(live, made)
    for partner in ("mine", "sandbox"):
        changes = {"status": "SUSPENDED", "notices": False, "profile": "sandbox-2026-08", "dateDigits": 14}
        await live.call(f"/sandbox/partners/{partner}", changes | {"answerField": "msg", "messagePoints": 1})
    await live.call("/sandbox/reset", {})
    assert await listed(live) == first
    await assert_books_hold(live.service.db)


async def test_reset_can_remove_ones_own_partners(live: Live) -> None:
    made = await make(live)
    await send(live, made)
    assert (await live.call("/sandbox/reset", {"partners": True}))[0] == 200
    assert [one["own"] for one in await listed(live)] == [False, False]
    assert (await live.call("/sandbox/reset", {"partners": "yes"}))[0] == 400


async def test_a_kept_key_is_sealed_again_with_the_others(live: Live) -> None:
    made = await make(live)
    old, new = live.service.settings.secret_key, new_secret_key()
    ring = Keyring.parse(f"{new},{old}")
    await reseal.reseal(live.service.db, ring)
    sealed = await live.service.db.fetchval("SELECT api_key_sealed FROM sandbox_partner")
    assert Keyring.parse(new).open(sealed, made["partner"], "api_key") == made["apiKey"]
