"""The hands that a test gets: phone, receiver, clock, payments, and words when something is not so."""

from __future__ import annotations

import http.client
import json
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from cheonggu.client import Done, State
from cheonggu.sandbox.remote import SandboxRefused
from cheonggu.testing import ACCEPT, HANG_UP, NotSo, Received, Reply, Sandbox, Service, started
from cheonggu.testing.process import DidNotStart


def test_a_bill_goes_all_the_way(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill(price=150_000, phone="01098765432")
    message = cheonggu.assert_message_sent(bill.bill_id, to="01098765432", saying="150,000")
    assert message.link == bill.short_url
    assert cheonggu.pay(bill.bill_id) == "F"
    received = cheonggu.receiver.wait_for(bill.bill_id)
    assert received.is_signed
    assert received.json["apprPrice"] == "150000"
    (attempt,) = cheonggu.assert_callback_delivered(bill.bill_id).attempts
    assert attempt.status == 200
    assert cheonggu.assert_paid(bill.bill_id, price=150_000).approval


def test_a_seed_makes_bills_of_this_partner_in_any_state(cheonggu: Sandbox) -> None:
    cheonggu.seed({"billId": "A", "state": "PAID", "price": 1_000}, {"billId": "B", "state": "DESTROYED"})
    cheonggu.assert_paid("A", price=1_000)
    cheonggu.assert_callback_delivered("A")
    assert cheonggu.receiver.wait_for("A").is_signed
    cheonggu.assert_destroyed("B")
    with pytest.raises(SandboxRefused, match="state"):
        cheonggu.seed({"billId": "C", "state": "MELTED"})
    assert cheonggu.callbacks("B") == []


def test_two_partners_do_not_see_each_others_bills(cheonggu: Sandbox) -> None:
    other = cheonggu.another()
    mine, theirs = cheonggu.bill(price=1_000), other.bill(price=2_000)
    assert mine.bill_id == theirs.bill_id == "BILL-1"
    for sandbox in (cheonggu, other):
        sandbox.assert_message_sent("BILL-1")
        assert len(sandbox.phone.messages()) == 1
    cheonggu.pay("BILL-1")
    cheonggu.receiver.wait_for("BILL-1")
    cheonggu.assert_paid("BILL-1", price=1_000)
    other.assert_unpaid("BILL-1")
    assert other.receiver.received == []


def test_a_partner_of_ones_own_takes_milliseconds(cheonggu_service: Service) -> None:
    def whole() -> float:
        began = time.perf_counter()
        with cheonggu_service.partner():
            pass
        cheonggu_service.put_clock_back()
        return time.perf_counter() - began

    assert min(whole() for _ in range(20)) < 0.15  # some 10 ms when nothing else runs


@pytest.mark.cheonggu(points=54)
def test_a_marker_says_how_the_partner_is_made(cheonggu: Sandbox) -> None:
    with pytest.raises(NotSo, match="BILL-1 was not made: /bill answered POINT_001: 쌤포인트가"):
        cheonggu.bill()
    cheonggu.points(55)
    assert cheonggu.bill().short_url


@pytest.mark.cheonggu(profile="docs", points=0)
class TestMarkers:
    @pytest.mark.cheonggu(profile="live-2026-09", points=1_000)
    def test_the_closest_marker_wins(self, cheonggu: Sandbox) -> None:
        bill = cheonggu.bill()
        cheonggu.pay(bill.bill_id)
        assert cheonggu.receiver.wait_for().json["apiKey"] == cheonggu.api_key


@pytest.mark.cheonggu(notices=True, callbackFields="three", callbackSpelling="snake_case")
def test_callbacks_in_another_spelling_are_found_too(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill()
    cheonggu.pay(bill.bill_id)
    assert set(cheonggu.receiver.wait_for(bill.bill_id).json) == {"bill_id", "appr_state", "appr_price"}
    assert isinstance(cheonggu.client.cancel(bill.bill_id, bill.price), Done)
    cheonggu.assert_cancelled(bill.bill_id)
    cheonggu.assert_callback_delivered(bill.bill_id, kind="CANCELED")


async def test_everything_can_be_awaited(cheonggu: Sandbox) -> None:
    aio = cheonggu.aio
    bill = await aio.bill()
    message = await aio.assert_message_sent(bill.bill_id)
    assert [message] == await aio.phone.messages(bill.bill_id)
    async with cheonggu.async_client() as client:
        assert isinstance(await client.resend(bill.bill_id), Done)
    await aio.phone.wait_for_message(bill.bill_id, count=2)
    assert await aio.pay(bill.bill_id) is State.PAID
    assert (await aio.receiver.wait_for(bill.bill_id)).is_signed
    await aio.assert_callback_delivered(bill.bill_id)
    await aio.assert_paid(bill.bill_id)
    with pytest.raises(NotSo, match="not unpaid"):
        await aio.assert_unpaid(bill.bill_id)


def test_the_receiver_answers_as_it_is_told(cheonggu: Sandbox) -> None:
    receiver = cheonggu.receiver
    receiver.reply_next(Reply(503, "later"), HANG_UP, Reply(body={"code": 0}))
    bill = cheonggu.bill(callback_url=f"{receiver.url}?token=a%20b")
    cheonggu.pay(bill.bill_id)
    for count, (seconds, reason) in enumerate(((10, "503"), (60, "no answer"), (300, '"0000"')), 1):
        assert receiver.wait_for(bill.bill_id, count=count).query == "token=a%20b"
        with pytest.raises(NotSo, match=reason):
            cheonggu.assert_callback_delivered(bill.bill_id)
        cheonggu.clock.advance(seconds=seconds)
    receiver.wait_for(bill.bill_id, count=4)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


def test_the_receiver_can_be_the_code_under_test(cheonggu: Sandbox) -> None:
    booked: list[str] = []

    def book(received: Received) -> Reply:
        if not booked:
            booked.append(str(received.bill_id))
            raise KeyError("no such bill")
        return ACCEPT

    cheonggu.receiver.reply = book
    bill = cheonggu.bill()
    cheonggu.pay(bill.bill_id)
    with pytest.raises(NotSo, match=r"reply raised KeyError\('no such bill'\)"):
        cheonggu.assert_callback_delivered(bill.bill_id)
    (callback,) = cheonggu.callbacks(bill.bill_id)
    cheonggu.resend_callback(callback)
    cheonggu.receiver.wait_for(bill.bill_id, count=2)
    assert booked == [bill.bill_id]


def test_what_comes_after_its_test_is_accepted_and_kept_nowhere(cheonggu_service: Service) -> None:
    with cheonggu_service.partner() as gone:
        url = urlsplit(gone.receiver.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    connection.request("POST", url.path, b"{}")
    assert connection.getresponse().status == 200
    connection.close()
    assert gone.receiver.received == []


def test_a_signature_by_another_secret_is_told(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill()
    cheonggu.pay(bill.bill_id)
    received = cheonggu.receiver.wait_for(bill.bill_id)
    forged = Received(
        body=received.body + b" ",
        headers=received.headers,
        query="",
        webhook_secret=cheonggu.webhook_secret,
    )
    assert received.is_signed
    assert forged.signature_wrong == "No signature is by one of the secrets."


def test_callbacks_get_lost_on_purpose(cheonggu: Sandbox) -> None:
    cheonggu.trouble("LOST", times=1)
    bill = cheonggu.bill()
    cheonggu.pay(bill.bill_id)
    with pytest.raises(NotSo, match="no answer"):
        cheonggu.assert_callback_delivered(bill.bill_id)
    assert cheonggu.receiver.received == []
    cheonggu.clock.advance(seconds=10)
    assert len(cheonggu.assert_callback_delivered(bill.bill_id).attempts) == 2


def test_messages_refunds_and_answers_end_as_they_are_told(cheonggu: Sandbox) -> None:
    cheonggu.message_outcome("BLOCKED", "BILL-1")
    bill = cheonggu.bill()
    with pytest.raises(NotSo, match="It is FAILED"):
        cheonggu.assert_message_sent(bill.bill_id)
    cheonggu.pay(bill.bill_id, months=3)
    cheonggu.refund_outcome(bill.bill_id, "MAINTENANCE")
    cancels = [cheonggu.client.cancel(bill.bill_id, bill.price).code for _ in range(2)]
    assert cancels == ["MAINTAINED_METHOD", "0000"]
    cheonggu.answer_next("POINT_001", operation="billSend")
    with pytest.raises(NotSo, match="BILL-2 was not made: /bill answered POINT_001"):
        cheonggu.bill()
    assert [one.code for one in cheonggu.requests("BILL-1")] == ["0000", "MAINTAINED_METHOD", "0000"]


def test_a_payment_after_expiry_moves_the_clock_and_pays_nothing(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill()
    assert cheonggu.pay(bill.bill_id, "AFTER_EXPIRY") is State.UNPAID
    assert "refused" in cheonggu.last_payment[bill.bill_id]
    assert cheonggu.clock.is_moved()


def test_the_clock_goes_to_a_moment(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill(send_type="URL")
    midnight = cheonggu.clock.now().replace(hour=15, minute=0, second=0, microsecond=0)
    assert cheonggu.clock.advance_to(midnight + timedelta(days=32)) > midnight
    assert cheonggu.pay(bill.bill_id) is State.UNPAID
    assert cheonggu.clock.is_moved()


def paid(sandbox: Sandbox, **given: Any) -> str:
    bill_id = sandbox.bill(**given).bill_id
    sandbox.pay(bill_id)
    return bill_id


def create_unhashed(sandbox: Sandbox, bill_id: str) -> bool:
    """Create a bill as a program does that has not made its hash yet."""
    who = {"apiKey": sandbox.api_key, "member": sandbox.member, "merchant": sandbox.merchant}
    bill = {
        "billId": bill_id,
        "sendType": "URL",
        "productName": "수강료",
        "memberName": "김서연",
        "phone": "01012345678",
        "price": "1000",
        "hash": "0" * 64,
        "callbackUrl": sandbox.receiver.url,
    }
    body = json.dumps(who | {"bill": bill}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{sandbox.base_url}/bill", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own URL
        return answer.status == 200


WRONG: dict[str, tuple[Callable[[Sandbox], object], str]] = {
    "unpaid": (
        lambda s: s.assert_paid(s.bill().bill_id, seconds=0.1),
        r"BILL-1 is not paid \(F\)\. It is still unpaid \(W\)\. This test has not paid it\.",
    ),
    "declined": (
        lambda s: s.pay(s.bill().bill_id, "DECLINE") and s.assert_paid("BILL-1", seconds=0.1),
        "still unpaid .* Its last payment ended with REJECT_CARD_COMPANY: 카드사가",
    ),
    "undecided": (
        lambda s: s.pay(s.bill().bill_id, "TIMEOUT_NOT_CHARGED") and s.assert_paid("BILL-1", seconds=0.1),
        "still unpaid .* Its last payment has not been decided, or came to nothing",
    ),
    "never there": (lambda s: s.assert_paid("NONE"), "has no bill NONE, and no request .* with its apiKey"),
    "another bill": (
        lambda s: s.bill() and s.assert_paid("NONE"),
        "has no bill NONE. It sent requests about: BILL-1",
    ),
    "wrong hash": (
        lambda s: create_unhashed(s, "BILL-1") and s.assert_paid("BILL-1"),
        "has no bill BILL-1: /bill answered VALIDATION_002: .* SHA-256 in hex of billId,phone,price",
    ),
    "not made": (
        lambda s: s.bill(price=1, message="x" * 1000),
        "BILL-1 was not made: /bill answered VALIDATION",
    ),
    "destroyed": (
        lambda s: s.client.destroy(s.bill().bill_id, 10_000) and s.assert_paid("BILL-1"),
        r"not paid \(F\)\. It is destroyed \(D\)",
    ),
    "other price": (lambda s: s.assert_paid(paid(s), price="9999"), "its price is 10000, not 9999"),
    "not cancelled": (
        lambda s: s.assert_cancelled(paid(s), seconds=0),
        r"not cancelled \(C\)\. It is still paid \(F\)",
    ),
    "not destroyed": (lambda s: s.assert_destroyed(paid(s)), r"not destroyed \(D\)\. It is paid \(F\)"),
    "message refused": (
        lambda s: s.assert_message_sent(s.bill(phone="01000000001").bill_id),
        "It is FAILED. The sender refused it",
    ),
    "no message": (
        lambda s: s.assert_message_sent(s.bill(send_type="URL").bill_id, seconds=0.1),
        "there is none. .* it is a URL bill",
    ),
    "one message only": (
        lambda s: s.assert_message_sent(s.bill().bill_id, count=2, seconds=0.1),
        r"BILL-1 has 1 message\(s\), not 2",
    ),
    "to somebody else": (
        lambda s: s.assert_message_sent(s.bill().bill_id, to="01000000000"),
        "went to 01012345678, not to 01000000000",
    ),
    "other words": (
        lambda s: s.assert_message_sent(s.bill().bill_id, saying="환불"),
        "does not say '환불'. It says:\n",
    ),
    "no callback": (
        lambda s: s.assert_callback_delivered(s.bill().bill_id, seconds=0.1),
        "no APPROVED callback, because there is none: one is made when a bill has been paid",
    ),
    "other kind": (
        lambda s: s.assert_callback_delivered(paid(s), kind="DESTROYED", seconds=0.1),
        "no DESTROYED callback, only APPROVED",
    ),
    "nothing received": (
        lambda s: s.receiver.wait_for("BILL-1", seconds=0.1),
        "Nothing was received. Was the bill's callbackUrl http",
    ),
    "another received": (
        lambda s: s.receiver.wait_for(paid(s)) and s.receiver.wait_for("BILL-2", count=2, seconds=0.1),
        "a callback about BILL-2, number 2. Received so far: BILL-1.",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_so_is_said_in_words(cheonggu: Sandbox, name: str) -> None:
    act, says = WRONG[name]
    with pytest.raises(NotSo, match=says):
        act(cheonggu)


def test_a_callback_that_is_still_under_way_is_told(cheonggu: Sandbox) -> None:
    cheonggu.receiver.reply = Reply(delay_seconds=8)
    bill_id = paid(cheonggu)
    cheonggu.receiver.wait_for(bill_id)
    with pytest.raises(NotSo, match=r"not delivered within 0\.1 s. It is PENDING after 0 attempt"):
        cheonggu.assert_callback_delivered(bill_id, seconds=0.1)


def test_an_unknown_payment_is_waited_for(cheonggu: Sandbox) -> None:
    bill = cheonggu.bill()
    assert cheonggu.pay(bill.bill_id, "TIMEOUT_CHARGED") is State.UNPAID
    cheonggu.assert_paid(bill.bill_id)


def test_what_the_sandbox_refuses_is_said_with_its_code(cheonggu: Sandbox) -> None:
    for act in (lambda: cheonggu.pay("NONE"), lambda: cheonggu.pay(cheonggu.bill().bill_id, "MAYBE")):
        with pytest.raises(SandboxRefused, match=r"BILL_003|VALIDATION_001: outcome"):
            act()
    with pytest.raises(SandboxRefused, match="VALIDATION_001: profile"):
        cheonggu.another(profile="none")


def test_a_service_that_ends_at_once_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/echo")
    with (
        pytest.raises(DidNotStart, match=r"ended before it was ready\. It said:\s-P -m"),
        started(),
    ):
        pytest.fail("it cannot have started")
