"""Callbacks: what they say, when they count, and that nobody waits for somebody else's server."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

from cheonggu.billing import destroy
from cheonggu.billing.sandbox_partners import FIRST, OTHER
from cheonggu.delivery import callback as callbacks
from cheonggu.delivery.callback import ANSWER_KEPT_BYTES, LEASE_SECONDS, body_of, heard, webhook_id
from cheonggu.delivery.payment import cancel
from cheonggu.domain import webhook
from cheonggu.domain.payment import Approval
from cheonggu.domain.retry import CALLBACK
from cheonggu.providers.outbound import Answered
from cheonggu.service import Service
from cheonggu.store import outbox
from cheonggu.store.outbox import Allowance, ClaimedCallback
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, deliverer, drain, only, paid, run_out
from tests.loopback import ACCEPTED, Act, Partner, hang_up, partner

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
EVERYTHING = Allowance({}, 32, 1_024)


def http(status: int, body: bytes, *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 %d Whatever" % status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*head, b"", body])


# What it says


APPROVAL = Approval(
    order_id="o1", amount_won=150_000, approved_at=NOON, approval_number="30014728", pay_type="CARD_VAN"
)


def claimed(**given: object) -> ClaimedCallback:
    callback = ClaimedCallback(
        partner_id=1,
        callback_no=2,
        fence=3,
        kind="APPROVED",
        url="http://127.0.0.1:9/",
        receiver="http://127.0.0.1:9",
        began_at=NOON,
        bill_id="B1",
        price_won=150_000,
        approval=APPROVAL,
        refund_number=None,
        refunded_at=None,
        api_key_sealed=None,
        secrets_sealed=(),
    )
    return msgspec.structs.replace(callback, **given)


@pytest.mark.parametrize(
    ("given", "state", "number"),
    [
        ({"kind": "APPROVED"}, "F", "30014728"),
        ({"kind": "CANCELED", "refund_number": "9", "refunded_at": NOON}, "C", "9"),
        ({"kind": "DESTROYED", "approval": None}, "D", None),
    ],
)
def test_a_notice_tells_the_state_that_it_is_about(
    given: dict[str, object], state: str, number: str | None
) -> None:
    body = json.loads(body_of(claimed(**given), None))
    assert (body["apprState"], body["apprNum"]) == (state, number)


def test_the_api_key_comes_first_and_only_where_it_is_wanted() -> None:
    assert list(json.loads(body_of(claimed(), "key")))[:2] == ["apiKey", "billId"]
    assert "apiKey" not in json.loads(body_of(claimed(), None))


# On its way


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Partner]:
    async with partner() as server:
        yield server


async def test_an_approval_is_told_with_the_vendors_body_and_a_signature(
    service: Service, receiver: Partner
) -> None:
    bill = await paid(service, callback_url=receiver.url + "?token=a%2Fb&c=%ED%95%9C")
    await drain(deliverer(service))
    (told,) = receiver.heard
    row = await only(service, "callback")
    body = json.loads(told.body)
    assert told.target == b"/callback?token=a%2Fb&c=%ED%95%9C"
    assert (body["billId"], body["apprState"], body["apprPrice"]) == (bill.bill_id, "F", "10000")
    assert told.headers["Content-Type"].startswith("application/json")
    assert told.headers["User-Agent"] == "Cheonggu"
    assert told.headers["webhook-id"] == webhook_id(1, row["callback_no"])
    assert _verified(told.headers, told.body, FIRST.webhook_secret)
    assert not _verified(told.headers, told.body, OTHER.webhook_secret)
    assert (row["state"], row["tries"], row["due_at"]) == ("DELIVERED", 1, None)
    await assert_books_hold(service.db, settled=True)


def _verified(headers: dict[str, str], body: bytes, secret: str) -> bool:
    return webhook.verify(
        [secret],
        headers["webhook-id"],
        int(headers["webhook-timestamp"]),
        body,
        headers["webhook-signature"],
        now=int(time.time()),
    )


async def test_the_timestamp_is_real_time_whatever_the_sandbox_clock_says(
    service: Service, receiver: Partner
) -> None:
    await service.clock.advance(service.db, 86_400 * 30)
    await paid(service, callback_url=receiver.url)
    await drain(deliverer(service))
    assert abs(int(receiver.heard[0].headers["webhook-timestamp"]) - time.time()) < 60
    assert (await only(service, "callback_attempt"))["at"] > datetime.now(UTC) + timedelta(days=29)


@pytest.mark.parametrize(("notices", "states"), [(True, ["F", "C"]), (False, ["F"])])
async def test_a_cancel_is_told_to_partners_who_want_notices(
    service: Service, receiver: Partner, *, notices: bool, states: list[str]
) -> None:
    await service.db.execute("UPDATE partner SET notices = $1", notices)
    bill = await paid(service, callback_url=receiver.url)
    work = deliverer(service)
    await drain(work)
    await cancel(
        service,
        await caller_of(service),
        bill_id=bill.bill_id,
        price_won=bill.price_won,
        reason="환불",
        idem=None,
    )
    await drain(work)
    bodies = [json.loads(told.body) for told in receiver.heard]
    assert [body["apprState"] for body in bodies] == states
    if notices:
        approved, canceled = bodies
        assert canceled["apprOriginNum"] == approved["apprNum"] != canceled["apprNum"]
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize(("notices", "states"), [(True, ["D"]), (False, [])])
async def test_a_destroy_is_told_to_partners_who_want_notices(
    service: Service, receiver: Partner, *, notices: bool, states: list[str]
) -> None:
    await service.db.execute("UPDATE partner SET notices = $1", notices)
    bill = await created(service, callback_url=receiver.url)
    await destroy.destroy(service, await caller_of(service), bill.bill_id, bill.price_won, None)
    await drain(deliverer(service))
    assert [json.loads(told.body)["apprState"] for told in receiver.heard] == states


async def test_for_a_day_after_a_rotation_both_secrets_sign(service: Service, receiver: Partner) -> None:
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    await paid(service, callback_url=receiver.url)
    await service.db.execute(
        "UPDATE webhook_secret SET valid_until = now() + interval '24 hours' WHERE partner_id = 1"
    )
    await service.db.execute(
        "INSERT INTO webhook_secret VALUES (1, 2, $1)", service.keyring.seal(new, 1, 2, "webhook")
    )
    await drain(deliverer(service))
    await service.db.execute("UPDATE webhook_secret SET valid_until = now() WHERE secret_no = 1")
    await paid(service, bill_id="TEST0002", callback_url=receiver.url)
    await drain(deliverer(service))
    first, second = receiver.heard
    assert _verified(first.headers, first.body, FIRST.webhook_secret)
    assert _verified(first.headers, first.body, new)
    assert _verified(second.headers, second.body, new)
    assert not _verified(second.headers, second.body, FIRST.webhook_secret)


@pytest.mark.parametrize(
    ("answer", "status", "word"),
    [
        (http(201, b'{"code":"0000"}'), 201, "200이어야"),
        (http(500, b"oops"), 500, "HTTP 500"),
        (http(302, b"", b"Location: /elsewhere"), 302, "리다이렉트"),
        (http(200, b""), 200, "비어"),
        (http(200, b"OK"), 200, "JSON이 아니"),
        (http(200, b"<html></html>"), 200, "HTML"),
        (http(200, b'{"ok":true}'), 200, "code가 없어요"),
        (http(200, b'{"code":0}'), 200, "숫자 0"),
        (http(200, b'{"code":"1"}'), 200, '"1"'),
        (http(200, b'{"code":"\\u0000\\ud800"}'), 200, '"0000"이어야'),
        (http(200, b'"0000"'), 200, "객체가 아니라"),
        (http(200, b"x" * 70_000), 200, "64KiB"),
        (b"nonsense\r\n\r\n", None, "HTTP로 읽을 수 없는"),
        (hang_up, None, "끊겼어요"),
    ],
)
async def test_a_try_that_does_not_count_says_why(
    service: Service, answer: bytes | Act, status: int | None, word: str
) -> None:
    async with partner(answer) as server:
        await paid(service, callback_url=server.url)
        await drain(deliverer(service))
    attempt, row = await only(service, "callback_attempt"), await only(service, "callback")
    assert word in attempt["reason"]
    assert (attempt["status"], attempt["try_number"]) == (status, 1)
    assert len(attempt["answer"]) <= ANSWER_KEPT_BYTES
    assert (row["state"], row["due_at"] - row["began_at"]) == ("PENDING", CALLBACK[1])
    await assert_books_hold(service.db)


async def test_a_server_that_is_not_there_is_a_reason_too(service: Service) -> None:
    await paid(service, callback_url="http://127.0.0.1:1/")
    await drain(deliverer(service))
    assert "거부" in (await only(service, "callback_attempt"))["reason"]


async def test_every_try_says_the_same_bytes_under_the_same_id(service: Service) -> None:
    async with partner(http(500, b""), http(500, b""), ACCEPTED) as server:
        await paid(service, callback_url=server.url)
        work = deliverer(service)
        await drain(work)
        await service.clock.advance(service.db, 10)
        await drain(work)
        await service.db.execute("UPDATE bill SET state = 'CANCELED'")
        await service.clock.advance(service.db, 60)
        await drain(work)
        assert {told.body for told in server.heard} == {server.heard[0].body}
        assert {told.headers["webhook-id"] for told in server.heard} == {webhook_id(1, 1)}
        assert len(server.heard) == 3
    attempts = await service.db.fetch("SELECT try_number, reason FROM callback_attempt ORDER BY 1")
    assert [(row["try_number"], row["reason"] is None) for row in attempts] == [
        (1, False),
        (2, False),
        (3, True),
    ]


async def test_the_tries_follow_the_schedule_for_a_day_and_then_end(service: Service) -> None:
    async with partner(http(503, b"")) as server:
        await paid(service, callback_url=server.url)
        work = deliverer(service)
        due: list[timedelta] = []
        while (row := await only(service, "callback"))["state"] == "PENDING":
            due.append(row["due_at"] - row["began_at"])
            wait = (row["due_at"] - service.clock.now()).total_seconds()
            await service.clock.advance(service.db, max(wait, 0))
            await drain(work)
            assert len(server.heard) == len(due)
    assert due == list(CALLBACK)
    assert row["state"] == "EXHAUSTED"
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("before", ["DELIVERED", "EXHAUSTED"])
async def test_a_callback_can_be_sent_again_by_hand(service: Service, before: str) -> None:
    first = ACCEPTED if before == "DELIVERED" else http(500, b"")
    async with partner(first, ACCEPTED) as server:
        await paid(service, callback_url=server.url)
        if before == "EXHAUSTED":
            await service.clock.advance(service.db, 86_400)
        work = deliverer(service)
        await drain(work)
        assert (await only(service, "callback"))["state"] == before
        assert await callbacks.resend(service, 1, 1)
        await drain(work)
        assert len(server.heard) == 2
    row = await only(service, "callback")
    assert (row["state"], row["tries"]) == ("DELIVERED", 2)
    await assert_books_hold(service.db, settled=True)


async def test_a_callback_that_is_not_there_cannot_be_sent_again(service: Service) -> None:
    assert not await callbacks.resend(service, 1, 99)


# The partner's key


KEY = FIRST.api_key


async def _put_key_in_callbacks(service: Service) -> None:
    await service.db.execute(
        "UPDATE partner SET key_in_callback = true, api_key_sealed = $1 WHERE partner_id = 1",
        service.keyring.seal(KEY, 1, "api_key"),
    )


async def test_a_partners_key_is_told_by_profile_and_never_kept(service: Service) -> None:
    await _put_key_in_callbacks(service)
    echo = http(200, json.dumps({"code": KEY, "again": KEY}).encode())
    async with partner(echo) as server:
        await paid(service, callback_url=server.url)
        await drain(deliverer(service))
        assert json.loads(server.heard[0].body)["apiKey"] == KEY
    attempt = await only(service, "callback_attempt")
    assert KEY.encode() not in attempt["answer"]
    assert b"********" in attempt["answer"]
    assert KEY not in attempt["reason"]


@pytest.mark.parametrize("before", range(ANSWER_KEPT_BYTES - len(KEY), ANSWER_KEPT_BYTES + 1, 4))
def test_a_key_that_straddles_the_cut_leaves_no_piece_behind(before: int) -> None:
    body = b"x" * before + KEY.encode()
    reply = Answered(status=500, body=body, content_encoding=None, duration_ms=1)
    kept = heard(claimed(), NOON, reply, KEY).answer
    assert kept.strip(b"x").strip(b"*") == b""
    assert len(kept) <= ANSWER_KEPT_BYTES


async def test_a_secret_that_does_not_open_is_a_reason_and_nothing_is_sent(
    service: Service, receiver: Partner
) -> None:
    await paid(service, callback_url=receiver.url)
    await service.db.execute("UPDATE webhook_secret SET secret_sealed = 'broken'")
    await drain(deliverer(service))
    assert not receiver.heard
    assert "does not open" in (await only(service, "callback_attempt"))["reason"]


# Leases


async def test_a_callback_whose_worker_died_is_made_again(service: Service, receiver: Partner) -> None:
    await paid(service, callback_url=receiver.url)
    dead, _ = await outbox.claim_callbacks(service.db, service.clock.now(), LEASE_SECONDS, EVERYTHING, "", 10)
    assert len(dead) == 1
    work = deliverer(service)
    await drain(work)
    assert not receiver.heard  # the lease still runs
    await run_out(service, "callback")
    await drain(work)
    assert len(receiver.heard) == 1
    assert (await only(service, "callback"))["state"] == "DELIVERED"


async def test_a_worker_frozen_beyond_its_lease_does_not_write(service: Service) -> None:
    taken, let_go = asyncio.Event(), asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await let_go.wait()
        writer.write(http(500, b""))

    async with partner(slow, ACCEPTED) as server:
        await paid(service, callback_url=server.url)
        frozen = deliverer(service)
        await frozen.step()
        await taken.wait()
        await run_out(service, "callback")
        await drain(deliverer(service))
        row, attempt = await only(service, "callback"), await only(service, "callback_attempt")
        let_go.set()
        await frozen.hands.finish(5)
    assert await only(service, "callback") == row
    assert await only(service, "callback_attempt") == attempt
    assert row["state"] == "DELIVERED"


async def test_two_workers_at_the_same_queue_make_each_callback_once(
    service: Service, receiver: Partner
) -> None:
    for number in range(40):
        await paid(service, bill_id=f"B{number}", callback_url=receiver.url)
    await asyncio.gather(*(drain(deliverer(service)) for _ in range(4)))
    assert Counter(told.headers["webhook-id"] for told in receiver.heard) == {
        webhook_id(1, number): 1 for number in range(1, 41)
    }
    await assert_books_hold(service.db, settled=True)
