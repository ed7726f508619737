"""The journal: what was asked and answered lately, bounded, and shown to whom it concerns."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from cheonggu.billing import onboarding
from cheonggu.store.audit import Operator
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.partner_api import Answer
from cheonggu.web.sandbox.journal import BODY_BYTES, MOST_NOTED, MOST_READ, Journal, Note
from tests.live import API_KEY, OTHER, Live, envelope_of


async def requests(live: Live, **query: str) -> list[dict[str, Any]]:
    """GET /sandbox/requests."""
    async with live.http.get(live.url + "/sandbox/requests", params=query) as answer:
        return (await answer.json())["requests"]


async def whole(live: Live, entry_id: str, **query: str) -> tuple[int, dict[str, Any]]:
    """GET /sandbox/requests/{id}."""
    async with live.http.get(f"{live.url}/sandbox/requests/{entry_id}", params=query) as answer:
        return answer.status, await answer.json()


async def test_a_request_is_listed_newest_first(live: Live) -> None:
    bill = live.bill()
    await live.operate("/bill", bill, Idempotency_Key="k")
    await live.operate("/bill", bill)
    await live.operate("/bill/read", {"billId": bill["billId"]}, Cheonggu_Test_Code="MAINTAINED_METHOD")
    listed = await requests(live)
    shown = [(e["path"], e["code"], e["idempotencyKey"], e["testCode"], e["httpStatus"]) for e in listed]
    assert shown == [
        ("/bill/read", "MAINTAINED_METHOD", False, "MAINTAINED_METHOD", 200),
        ("/bill", "BILL_001", False, None, 200),
        ("/bill", "0000", True, None, 200),
    ]
    assert {(e["billId"], e["apiKey"]) for e in listed} == {(bill["billId"], "sand…cdef")}
    assert all(0 < e["milliseconds"] < 10_000 for e in listed)
    assert listed == await requests(live, billId=bill["billId"])
    assert await requests(live, limit="1") == listed[:1]
    assert await requests(live, billId="NEVER") == []


async def test_both_texts_can_be_seen_without_the_key(live: Live) -> None:
    bill = live.bill()
    data = await live.create(**bill)
    (listed,) = await requests(live)
    status, entry = await whole(live, listed["id"])
    assert status == 200
    assert {name: entry[name] for name in listed} == listed
    assert json.loads(entry["body"]) == envelope_of(bill) | {"apiKey": "sand…cdef"}
    assert json.loads(entry["answer"])["data"] == data | {"apiKey": "sand…cdef"}


async def test_a_body_that_is_no_json_is_shown_as_it_came(live: Live) -> None:
    await live.call("/bill", b'{"apiKey": "mistyped-key-0123456789", \xff')
    (listed,) = await requests(live)
    assert (listed["code"], listed["billId"], listed["apiKey"]) == ("VALIDATION_001", "", "")
    assert await requests(live, apiKey="") == [listed]
    _, entry = await whole(live, listed["id"], apiKey="")
    assert entry["body"] == '{"apiKey": "mist…6789", �'


async def test_a_long_body_is_cut_and_still_found(live: Live) -> None:
    bill = live.bill() | {"padding": "나" * 10_000}
    await live.operate("/bill", bill)
    (listed,) = await requests(live, billId=bill["billId"])
    _, entry = await whole(live, listed["id"])
    assert len(entry["body"].encode()) <= BODY_BYTES + 8
    assert entry["bodyBytes"] == len(json.dumps(envelope_of(bill)))


async def test_a_partner_of_ones_own_is_seen_by_its_key_only(live: Live) -> None:
    db, by = live.service.db, Operator("tester", "here")
    own = await onboarding.create_partner(
        db, live.service.keyring, by, onboarding.NewPartner(name="own", wallet_kind="PARTNER")
    )
    await live.call("/read/remain_count", {"apiKey": own.api_key})
    await live.call("/read/remain_count", {"apiKey": OTHER["apiKey"]})
    await live.call("/read/remain_count", {"apiKey": "mistyped"})
    listed = await requests(live)
    assert [(e["apiKey"], e["code"]) for e in listed] == [("********", "PARTNER_003"), ("sand…3210", "0000")]
    own_sandbox = await live.call("/sandbox/partners", {"name": "of-a-test"})
    await live.call("/read/remain_count", {"apiKey": own_sandbox[1]["apiKey"]})
    assert len(await requests(live)) == 3
    (seen,) = await requests(live, apiKey=own.api_key)
    assert (await whole(live, seen["id"]))[0] == 404
    assert (await whole(live, seen["id"], apiKey=own.api_key))[0] == 200
    assert len(await requests(live, apiKey=OTHER["apiKey"])) == 1


async def test_reset_empties_it(live: Live) -> None:
    await live.create()
    (listed,) = await requests(live)
    await live.call("/sandbox/reset", {})
    assert await requests(live) == []
    assert (await whole(live, listed["id"]))[0] == 404
    await live.create()
    (later,) = await requests(live)
    assert later["id"] != listed["id"]


@pytest.mark.parametrize("limit", ["0", "501", "x", "-1", "１"])
async def test_a_wrong_limit_is_refused(live: Live, limit: str) -> None:
    async with live.http.get(live.url + "/sandbox/requests", params={"limit": limit}) as answer:
        assert (answer.status, (await answer.json())["message"][:6]) == (400, "limit:")


READ = next(operation for operation in OPERATIONS if operation.name == "billRead")
ANSWER = Answer(200, b'{"code":"0000","message":"","data":{}}')


def body_of(bill_id: str) -> bytes:
    return json.dumps({"apiKey": API_KEY, "bill": {"billId": bill_id}}).encode()


def a_note(bill_id: str) -> Note:
    return Note(at=1.0, seconds=0.1, operation=READ, body=body_of(bill_id), answer=ANSWER, keyed=False)


def test_it_keeps_the_last_and_no_more() -> None:
    journal = Journal()
    for number in range(MOST_NOTED + 10):
        journal.note(a_note(f"B{number}"))
    listed = [journal.entry(*found) for found in journal.newest()]
    assert journal.count == MOST_NOTED + 10
    assert [entry.bill_id for entry in listed] == [f"B{n}" for n in range(MOST_NOTED + 9, 9, -1)]
    assert len({entry.id for entry in listed}) == MOST_NOTED
    found = journal.find(listed[3].id)
    assert found is not None
    assert journal.whole(*found).bill_id == listed[3].bill_id


def test_reads_outlast_the_list_but_are_bounded_too() -> None:
    journal = Journal()
    for number in range(MOST_READ + 2):
        journal.note_read(body_of(f"B{number}"))
        journal.note_read(body_of("OFTEN"))
    assert "B0" not in journal.reads(API_KEY)
    assert journal.reads("another") == []
    assert journal.reads(API_KEY)[:2] == ["OFTEN", f"B{MOST_READ + 1}"]
    assert len(journal.reads(API_KEY)) == MOST_READ


def test_a_long_read_is_remembered_too_and_takes_no_more_room() -> None:
    journal = Journal()
    tracemalloc.start()
    for number in range(MOST_READ):
        journal.note_read(json.dumps(json.loads(body_of(f"B{number}")) | {"pad": "나" * 1_500}).encode())
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    journal.note_read(body_of("B0") + b" " * 60_000)
    assert journal.reads(API_KEY)[0] == "B0"
    assert len(journal.reads(API_KEY)) == MOST_READ
    assert held_bytes < 5_000_000
