"""Made-up callbacks: what they say, how they are signed, and that they leave no trace."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from cheonggu.domain import webhook
from cheonggu.domain.approval_fields import NAMES
from tests.conftest import free_port
from tests.live import WEBHOOK_SECRET, Live, receiver
from tests.test_callback_lab import get, paid, tried, trouble
from tests.test_listen import NOWHERE, listening


async def probe(live: Live, **asked: object) -> dict[str, Any]:
    status, body = await live.call("/sandbox/callbacks/probe", asked)
    assert (status, "accepted" in body) == (200, True), body
    return body


async def everything(live: Live) -> dict[str, int]:
    """How many rows each table of the business holds."""
    tables = ("bill", "bill_history", "callback", "callback_attempt", "attempt", "ledger", "message")
    count = "SELECT count(*) FROM {}"
    return {table: await live.service.db.fetchval(count.format(table)) for table in tables}


async def test_a_probe_of_a_paid_bill_says_what_its_callback_says_but_for_what_was_altered(
    live: Live,
) -> None:
    await paid(live, "TRUE")
    await tried(live, "TRUE", 1)
    before = await everything(live)
    attempt = await probe(live, billId="TRUE", alter={"apprPrice": "1", "extra": [1]}, remove=["apprNum"])
    true, made_up = live.receiver.calls
    assert attempt["accepted"]
    assert attempt["request"]["body"].encode() == made_up.raw
    assert made_up.body.pop("extra") == [1]
    assert made_up.body | {"apprPrice": "150000", "apprNum": true.body["apprNum"]} == true.body
    assert true.headers["webhook-id"] != made_up.headers["webhook-id"]
    assert await everything(live) == before


async def test_a_probe_without_a_bill_is_a_sample_to_any_url(live: Live) -> None:
    attempt = await probe(live, url=live.receiver.url + "?t=%2F", alter={"billId": "UNKNOWN"})
    (came,) = live.receiver.calls
    assert (attempt["accepted"], came.query) == (True, "t=%2F")
    assert list(came.body) == list(NAMES)
    assert (came.body["billId"], came.body["apprState"]) == ("UNKNOWN", "F")


@pytest.mark.parametrize(
    ("signature", "genuine", "fresh"),
    [("GOOD", True, True), ("BAD", False, True), ("OLD", True, False), ("NONE", None, None)],
)
async def test_a_probe_is_signed_as_asked(
    live: Live, signature: str, *, genuine: bool | None, fresh: bool | None
) -> None:
    await probe(live, url=live.receiver.url, signature=signature, webhookId="cb_1_7")
    (came,) = live.receiver.calls
    if genuine is None:
        assert not [name for name in came.headers if name.startswith("webhook-")]
        return
    timestamp = int(came.headers["webhook-timestamp"])
    said = came.headers["webhook-signature"]
    assert came.headers["webhook-id"] == "cb_1_7"
    assert webhook.verify([WEBHOOK_SECRET], "cb_1_7", timestamp, came.raw, said) is genuine
    assert (abs(time.time() - timestamp) < webhook.TOLERANCE_SECONDS) is fresh


async def test_a_probe_that_is_not_accepted_says_why_and_what_is_to_blame(live: Live) -> None:
    live.receiver.answer = lambda _: (200, '{"code":"E1"}')
    attempt = await probe(live, url=live.receiver.url)
    assert (attempt["status"], attempt["accepted"]) == (200, False)
    assert attempt["answer"]["marked"] == ['{"code":', '"E1"', "}"]
    assert '"E1"' in attempt["reason"]


async def test_a_probe_goes_where_the_bills_callbacks_go_and_meets_no_trouble(live: Live) -> None:
    await live.create(billId="HEARD", callbackUrl=NOWHERE)
    await trouble(live, billId="HEARD", kind="LOST")
    async with receiver() as local, listening(live, local.url):
        attempt = await probe(live, billId="HEARD")
        assert attempt["accepted"]
        assert attempt["forwardedTo"].startswith(local.url)
        await probe(live, billId="HEARD", url=live.receiver.url)
    assert (len(local.calls), len(live.receiver.calls)) == (1, 1)
    assert (await get(live, "/sandbox/callbacks/trouble"))["trouble"][0]["timesLeft"] == 1


async def test_a_receiver_that_is_not_there_is_the_reason(live: Live) -> None:
    attempt = await probe(live, url=f"http://127.0.0.1:{free_port()}/")
    assert (attempt["status"], "거부" in attempt["reason"]) == (None, True)
    assert json.loads(attempt["request"]["body"])["billId"] == "PROBE-1"


@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        ({}, "VALIDATION_001", "url"),
        ({"billId": "NEVER"}, "BILL_003", "alter"),
        ({"url": "http://10.0.0.1/"}, "VALIDATION_001", "url"),
        ({"url": "ftp://a"}, "VALIDATION_001", "url"),
        ({"url": "http://127.0.0.1:1/", "remove": ["nothing"]}, "VALIDATION_001", "remove"),
        ({"url": "http://127.0.0.1:1/", "alter": []}, "VALIDATION_001", "alter"),
        ({"url": "http://127.0.0.1:1/", "signature": "MAYBE"}, "VALIDATION_001", "signature"),
        ({"url": "http://127.0.0.1:1/", "webhookId": "a.b"}, "VALIDATION_001", "webhookId"),
    ],
    ids=str,
)
async def test_a_probe_that_makes_no_sense_is_refused(
    live: Live, asked: dict[str, object], code: str, word: str
) -> None:
    _, envelope = await live.call("/sandbox/callbacks/probe", asked)
    assert envelope["code"] == code
    assert word in envelope["message"]
