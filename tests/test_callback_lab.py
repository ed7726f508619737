"""The callback lab: attempts seen whole, and losses on purpose."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from cheonggu.billing import onboarding
from cheonggu.billing.erasure import Eraser
from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain import webhook
from cheonggu.domain.retry import CALLBACK
from cheonggu.store.audit import Operator
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import OTHER, WEBHOOK_SECRET, Live


async def get(live: Live, path: str, **query: str) -> dict[str, Any]:
    async with live.http.get(live.url + path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def tried(live: Live, bill_id: str, times: int) -> dict[str, Any]:
    """The bill's callback, once it has been tried so often."""

    async def often() -> bool:
        found = await live.callbacks(bill_id)
        return bool(found) and len(found[0]["attempts"]) >= times

    await until(often)
    (callback,) = await live.callbacks(bill_id)
    assert len(callback["attempts"]) == times
    return callback


async def paid(live: Live, bill_id: str, **given: str) -> None:
    await live.create(billId=bill_id, **given)
    assert await live.pay(bill_id) == "F"


async def trouble(live: Live, **asked: object) -> list[dict[str, Any]]:
    """Ask for trouble; all that is to come."""
    status, body = await live.call("/sandbox/callbacks/trouble", asked)
    assert status == 200, body
    return body["trouble"]


# Attempts seen whole


async def test_an_attempt_shows_what_was_sent_and_what_was_heard(live: Live) -> None:
    live.receiver.answer = lambda _: (200, '{"code":"1","message":"없는 주문"}')
    url = live.receiver.url + "?token=a%2Fb&c=%ED%95%9C"
    await paid(live, "WHOLE", callbackUrl=url)
    callback = await tried(live, "WHOLE", 1)
    assert callback == await get(live, f"/sandbox/callbacks/{callback['id']}")
    assert callback == await get(live, f"/sandbox/callbacks/{callback['webhookId']}")
    (attempt,) = callback["attempts"]
    (came,) = live.receiver.calls
    request = attempt["request"]
    assert (request["method"], request["url"], request["body"].encode()) == ("POST", url, came.raw)
    assert request["headers"].items() <= came.headers.items()
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= request["headers"].keys()
    assert attempt["answer"] == {
        "text": '{"code":"1","message":"없는 주문"}',
        "cut": False,
        "marked": ['{"code":', '"1"', ',"message":"없는 주문"}'],
    }
    assert (attempt["accepted"], attempt["status"], attempt["trouble"]) == (False, 200, None)
    assert attempt["durationMs"] >= 0
    assert '"1"' in attempt["reason"]


async def test_a_request_is_shown_as_it_was_signed_also_after_a_rotation(live: Live) -> None:
    await paid(live, "ROTATED")
    await tried(live, "ROTATED", 1)
    await live.service.db.execute("UPDATE webhook_secret SET valid_until = now() - interval '1 s'")
    (attempt,) = (await live.callbacks("ROTATED"))[0]["attempts"]
    headers = attempt["request"]["headers"]
    assert webhook.verify(
        [WEBHOOK_SECRET],
        headers["webhook-id"],
        int(headers["webhook-timestamp"]),
        attempt["request"]["body"].encode(),
        headers["webhook-signature"],
    )


async def test_a_partners_key_is_masked_in_what_is_shown(live: Live) -> None:
    seal = live.service.keyring.seal(FIRST.api_key, 1, "api_key")
    await live.service.db.execute(
        "UPDATE partner SET key_in_callback = true, api_key_sealed = $1 WHERE partner_id = 1", seal
    )
    await paid(live, "KEY")
    callback = await tried(live, "KEY", 1)
    assert live.receiver.calls[0].body["apiKey"] == FIRST.api_key
    assert FIRST.api_key not in json.dumps(callback)
    assert json.loads(callback["attempts"][0]["request"]["body"])["apiKey"] == "********"


@pytest.mark.parametrize("key", ["a", "0", "code", "url", "body", '"', "\\", '","'])
async def test_whatever_a_partners_key_is_what_was_sent_stays_readable(live: Live, key: str) -> None:
    _, own = await live.call("/sandbox/partners", {"apiKey": key, "keyInCallback": True})
    who = {name: own[name] for name in ("apiKey", "member", "merchant")}
    assert (await live.call("/bill", who | {"bill": live.bill(billId="SHORT")}))[1]["code"] == "0000"
    await live.call("/sandbox/pay", {"apiKey": key, "billId": "SHORT", "outcome": "APPROVE"})

    async def delivered() -> bool:
        (callback,) = (await get(live, "/sandbox/callbacks", apiKey=key))["callbacks"]
        return callback["state"] == "DELIVERED"

    await until(delivered)
    (callback,) = (await get(live, "/sandbox/callbacks", apiKey=key))["callbacks"]
    request = callback["attempts"][0]["request"]
    assert request["url"] == live.receiver.url
    assert json.loads(request["body"]) == live.receiver.calls[0].body | {"apiKey": "********"}
    async with live.http.get(f"{live.url}/sandbox?show=callbacks&partner={own['name']}") as page:
        assert page.status == 200


async def test_a_callback_of_a_partner_that_is_not_the_sandboxs_needs_its_key(live: Live) -> None:
    by, keyring = Operator("kim", "here"), live.service.keyring
    new = onboarding.NewPartner(name="private", key_in_callback=True)
    made = await onboarding.create_partner(live.service.db, keyring, by, new)
    shop = onboarding.NewMerchant(partner_id=made.partner_id, merchant_code="M", name="M", members=["m"])
    await onboarding.create_merchant(live.service.db, by, shop)
    who = {"apiKey": made.api_key, "member": "m", "merchant": "M"}
    bill = live.bill(billId="PRIVATE", sendType="URL")
    assert (await live.call("/bill", who | {"bill": bill}))[1]["code"] == "0000"
    await live.call("/sandbox/pay", {"apiKey": made.api_key, "billId": "PRIVATE", "outcome": "APPROVE"})
    (callback,) = (await get(live, "/sandbox/callbacks", apiKey=made.api_key))["callbacks"]
    path = f"/sandbox/callbacks/{callback['id']}"
    for query in ({}, {"apiKey": OTHER["apiKey"]}):
        async with live.http.get(live.url + path, params=query) as answer:
            assert answer.status == 404
        assert (await live.call(f"{path}/resend", query))[0] == 404
    assert (await get(live, path, apiKey=made.api_key))["billId"] == "PRIVATE"
    assert (await live.call(f"{path}/resend", {"apiKey": made.api_key}))[0] == 200


async def test_what_was_sent_is_erased_with_its_bill(live: Live) -> None:
    await paid(live, "ERASED")
    await tried(live, "ERASED", 1)
    await live.advance(86_400)
    eraser = Eraser(live.service.db, Operator("kim", "here"), live.service.clock.now())
    assert (await eraser.erase_old(1)).bills == 1
    (attempt,) = (await live.callbacks("ERASED"))[0]["attempts"]
    assert (attempt["request"], attempt["answer"]["text"], attempt["accepted"]) == (None, "", True)


@pytest.mark.parametrize("callback_id", ["1-99", "9", "x-1", "1-" + "9" * 30])
async def test_a_callback_that_is_not_there_is_not_found(live: Live, callback_id: str) -> None:
    async with live.http.get(f"{live.url}/sandbox/callbacks/{callback_id}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "HTTP_404")


# Losses on purpose


async def test_a_callback_is_lost_as_often_as_was_said_and_then_arrives(live: Live) -> None:
    await live.create(billId="LOST")
    assert await trouble(live, billId="LOST", kind="LOST", times=2) == [
        {"billId": "LOST", "kind": "LOST", "timesLeft": 2, "until": None}
    ]
    await live.pay("LOST")
    first = (await tried(live, "LOST", 1))["attempts"][0]
    assert (first["trouble"], first["status"], first["accepted"]) == ("LOST", None, False)
    assert "샌드박스가 일부러" in first["reason"]
    await live.advance(10)
    await tried(live, "LOST", 2)
    assert live.receiver.calls == []
    await live.advance(60)
    callback = await tried(live, "LOST", 3)
    assert callback["state"] == "DELIVERED"
    assert len(live.receiver.calls) == 1
    assert (await get(live, "/sandbox/callbacks/trouble"))["trouble"] == []
    await assert_books_hold(live.service.db)


async def test_a_lost_answer_means_the_same_callback_twice(live: Live) -> None:
    await live.create(billId="TWICE")
    await trouble(live, billId="TWICE", kind="ANSWER_LOST")
    await live.pay("TWICE")
    attempt = (await tried(live, "TWICE", 1))["attempts"][0]
    assert (attempt["trouble"], attempt["answer"]["text"]) == ("ANSWER_LOST", "")
    await live.advance(10)
    assert (await tried(live, "TWICE", 2))["state"] == "DELIVERED"
    one, two = live.receiver.calls
    assert (one.raw, one.headers["webhook-id"]) == (two.raw, two.headers["webhook-id"])


async def test_an_answer_that_never_came_cannot_be_lost(live: Live) -> None:
    await live.create(billId="NOBODY", callbackUrl="http://127.0.0.1:1/")
    await trouble(live, billId="NOBODY", kind="ANSWER_LOST")
    await live.pay("NOBODY")
    attempt = (await tried(live, "NOBODY", 1))["attempts"][0]
    assert attempt["trouble"] is None
    assert "거부" in attempt["reason"]
    (left,) = (await get(live, "/sandbox/callbacks/trouble", billId="NOBODY"))["trouble"]
    assert left["timesLeft"] == 1


async def test_a_day_of_a_dead_receiver_passes_in_seconds(live: Live) -> None:
    await live.create(billId="DAY")
    (said,) = await trouble(live, billId="DAY", kind="DOWN", seconds=23 * 3600 + 1800)
    assert said["until"]
    await live.pay("DAY")
    steps = [later - sooner for sooner, later in itertools.pairwise(CALLBACK)]
    for tries, step in enumerate(steps, start=1):
        await tried(live, "DAY", tries)
        await live.advance(step.total_seconds())
    callback = await tried(live, "DAY", len(CALLBACK))
    assert callback["state"] == "DELIVERED"
    assert [attempt["trouble"] for attempt in callback["attempts"]] == ["DOWN"] * (len(CALLBACK) - 1) + [None]
    assert len(live.receiver.calls) == 1
    await assert_books_hold(live.service.db)


async def test_trouble_of_a_partner_befalls_all_its_bills_and_nobody_elses(live: Live) -> None:
    await trouble(live, kind="LOST", times=2)
    for bill_id in ("ANY-1", "ANY-2"):
        await paid(live, bill_id)
        assert (await tried(live, bill_id, 1))["attempts"][0]["trouble"] == "LOST"
    await paid(live, "ANY-3")
    assert (await tried(live, "ANY-3", 1))["state"] == "DELIVERED"
    await trouble(live, kind="LOST", apiKey=OTHER["apiKey"])
    await paid(live, "MINE")
    assert (await tried(live, "MINE", 1))["state"] == "DELIVERED"


async def test_losses_asked_for_at_once_are_used_up_one_by_one(live: Live) -> None:
    await trouble(live, kind="LOST", times=5)
    bill_ids = [f"MANY-{number}" for number in range(12)]
    for bill_id in bill_ids:
        await paid(live, bill_id)
    befell = [(await tried(live, bill_id, 1))["attempts"][0]["trouble"] for bill_id in bill_ids]
    assert befell.count("LOST") == 5
    assert len(live.receiver.calls) == 7


async def test_trouble_is_taken_back_by_bill_by_kind_and_by_a_reset(live: Live) -> None:
    async def clear(**query: str) -> list[tuple[str | None, str]]:
        async with live.http.delete(f"{live.url}/sandbox/callbacks/trouble", params=query) as answer:
            assert answer.status == 200, await answer.text()
            return [(one["billId"], one["kind"]) for one in (await answer.json())["trouble"]]

    await live.create(billId="BACK")
    await trouble(live, billId="BACK", kind="DOWN", seconds=60)
    await trouble(live, kind="LOST")
    await trouble(live, kind="ANSWER_LOST")
    assert await clear(billId="BACK") == [(None, "ANSWER_LOST"), (None, "LOST")]
    assert await clear(kind="LOST") == [(None, "ANSWER_LOST")]
    await live.call("/sandbox/reset", {})
    assert (await get(live, "/sandbox/callbacks/trouble"))["trouble"] == []


@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        ({}, "VALIDATION_001", "kind"),
        ({"kind": "FIRE"}, "VALIDATION_001", "DOWN, LOST, ANSWER_LOST"),
        ({"kind": "DOWN"}, "VALIDATION_001", "seconds"),
        ({"kind": "DOWN", "seconds": 0}, "VALIDATION_001", "seconds"),
        ({"kind": "DOWN", "seconds": 5, "times": 2}, "VALIDATION_001", "seconds"),
        ({"kind": "LOST", "seconds": 5}, "VALIDATION_001", "times"),
        ({"kind": "LOST", "times": 0}, "VALIDATION_001", "times"),
        ({"kind": "LOST", "billId": ""}, "VALIDATION_001", "billId"),
        ({"kind": "LOST", "billId": "NEVER"}, "BILL_003", ""),
    ],
    ids=str,
)
async def test_trouble_that_makes_no_sense_is_refused_and_changes_nothing(
    live: Live, asked: dict[str, object], code: str, word: str
) -> None:
    _, envelope = await live.call("/sandbox/callbacks/trouble", asked)
    assert envelope["code"] == code
    assert word in envelope["message"]
    assert (await get(live, "/sandbox/callbacks/trouble"))["trouble"] == []
