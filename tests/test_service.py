"""The whole story through real HTTP: create, message, pay, callback, cancel, and refusals on the way."""

from __future__ import annotations

import asyncio
import base64
import hmac
from typing import Any

import pytest

from cheonggu.domain.hashing import request_hash
from cheonggu.domain.seoul import today
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import nobody_asks
from tests.live import API_KEY, MEMBER, MERCHANT, OTHER, WEBHOOK_SECRET, Live, Received, envelope_of


async def test_the_whole_story_from_bill_to_cancel(live: Live) -> None:
    callback = live.receiver.url + "?token=a%2Fb+c"
    created = await live.create(billId="STORY-1", callbackUrl=callback, message="감사합니다")
    assert created["shortUrl"].startswith(live.url + "/p/")
    assert len(created["shortUrl"].rsplit("/", 1)[1]) == 22
    assert (created["apiKey"], created["member"], created["merchant"]) == (API_KEY, MEMBER, MERCHANT)
    assert await live.balance() == 1_000_000 - 55

    async def sent() -> bool:
        return [one["state"] for one in await live.messages("STORY-1")] == ["SENT"]

    await until(sent)
    [message] = await live.messages("STORY-1")
    assert message["to"] == "01012345678"
    assert message["kind"] == "SEND"
    assert message["buttons"][0]["url"] == created["shortUrl"]
    for told in ("한빛수학학원", "11월 수강료", "150,000", "감사합니다"):
        assert told in message["text"]

    assert (await live.read("STORY-1"))["apprState"] == "W"
    assert await live.pay("STORY-1") == "F"
    await until(lambda: live.called(1))
    got = live.receiver.calls[0]
    assert got.query == "token=a%2Fb+c"
    assert got.body["billId"] == "STORY-1"
    assert got.body["apprState"] == "F"
    assert got.body["apprPrice"] == "150000"
    assert "apiKey" not in got.body
    assert _signed(got, WEBHOOK_SECRET)

    read = await live.read("STORY-1")
    assert {name: got.body[name] for name in got.body} == {name: read[name] for name in got.body}
    canceled = await live.cancel("STORY-1")
    assert canceled["code"] == "0000"
    assert canceled["data"]["apprOriginNum"] == read["apprNum"]
    after = await live.read("STORY-1")
    assert after["apprState"] == "C"
    assert after["apprNum"] == canceled["data"]["apprNum"]
    assert after["apprOriginNum"] == read["apprNum"]
    assert after["apprOriginDt"] == read["apprDt"]
    assert after["apprDt"] == canceled["data"]["apprCancelDt"]
    assert (await live.cancel("STORY-1"))["code"] == "BILL_005"
    await assert_books_hold(live.service.db, settled=True)


def _signed(got: Received, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.raw
    mac = base64.b64encode(hmac.digest(key, told, "sha256")).decode()
    return f"v1,{mac}" in got.headers["webhook-signature"].split(" ")


async def test_every_operation_answers_under_partner_too(live: Live) -> None:
    _, created = await live.call("/partner/bill", envelope_of(live.bill(billId="P1")))
    assert created["code"] == "0000"
    _, read = await live.call("/partner/bill/read", envelope_of({"billId": "P1"}))
    assert read["data"]["apprState"] == "W"
    _, balance = await live.call("/partner/read/remain_count", {"apiKey": API_KEY})
    assert balance["data"]["balance"] == 1_000_000 - 55


async def test_a_second_use_of_a_bill_id_changes_nothing(live: Live) -> None:
    await live.create(billId="TWICE")
    again = await live.operate("/bill", live.bill(billId="TWICE", price="99"))
    assert (again["code"], again["data"]) == ("BILL_001", None)
    assert await live.balance() == 1_000_000 - 55
    assert (await live.read("TWICE"))["apprPrice"] == "150000"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"apiKey": None}, 400, "PARTNER_002"),
        ({"apiKey": ""}, 400, "PARTNER_002"),
        ({"apiKey": 7}, 400, "PARTNER_002"),
        ({"apiKey": "x" * 33}, 400, "PARTNER_002"),
        ({"apiKey": "unknown"}, 200, "PARTNER_003"),
        ({"apiKey": "unknown", "bill": {}}, 200, "PARTNER_003"),
        ({"apiKey": "unknown", "member": 7}, 200, "PARTNER_003"),
        ({"member": None}, 400, "VALIDATION_001"),
        ({"member": "x" * 61}, 400, "VALIDATION_001"),
        ({"member": "nobody"}, 200, "PARTNER_003"),
        ({"merchant": "nowhere"}, 200, "PARTNER_003"),
        ({"merchant": "nowhere", "bill": {}}, 200, "PARTNER_003"),
        ({"merchant": "other-merchant"}, 200, "PARTNER_003"),
        ({"bill": None}, 400, "VALIDATION_001"),
        ({"bill": []}, 400, "VALIDATION_001"),
        ({"bill": {}}, 400, "VALIDATION_001"),
    ],
)
async def test_checks_come_in_their_order(live: Live, change: dict[str, Any], status: int, code: str) -> None:
    got_status, envelope = await live.call("/bill", envelope_of(live.bill()) | change)
    assert (got_status, envelope["code"], envelope["data"]) == (status, code, None)
    assert await live.balance() == 1_000_000


async def test_known_member_and_merchant_that_are_not_mapped_are_told_apart(live: Live) -> None:
    await live.service.db.execute(
        "INSERT INTO member SELECT partner_id, 'second' FROM partner WHERE name = 'sandbox'"
    )
    _, envelope = await live.call("/bill", envelope_of(live.bill()) | {"member": "second"})
    assert envelope["code"] == "PARTNER_004"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("hash", "0" * 64, "VALIDATION_002"),
        ("billId", "", "VALIDATION_001"),
        ("billId", "x" * 21, "VALIDATION_001"),
        ("billId", "with space", "VALIDATION_001"),
        ("billId", "tab\there", "VALIDATION_001"),
        ("sendType", "SMS", "VALIDATION_001"),
        ("price", "0", "VALIDATION_001"),
        ("price", "1,000", "VALIDATION_001"),
        ("price", "12345678901", "VALIDATION_001"),
        ("price", True, "VALIDATION_001"),
        ("price", 1.5, "VALIDATION_001"),
        ("phone", "010-1234-5678", "VALIDATION_001"),
        ("phone", "0212345678", "VALIDATION_001"),
        ("expireDt", "2020-01-01", "VALIDATION_001"),
        ("expireDt", "3000-01-01", "VALIDATION_001"),
        ("expireDt", "tomorrow", "VALIDATION_001"),
        ("callbackUrl", "ftp://example.com", "VALIDATION_001"),
        ("callbackUrl", "http://169.254.169.254/", "VALIDATION_001"),
        ("callbackUrl", "http://example.com/한글", "VALIDATION_001"),
        ("productName", "x" * 201, "VALIDATION_001"),
        ("message", "가" * 1000, "VALIDATION_001"),
        ("supplyPrice", "1", None),
        ("memberName", None, "VALIDATION_001"),
    ],
)
async def test_a_bad_field_is_named_and_changes_nothing(
    live: Live, field: str, value: object, code: str | None
) -> None:
    bill: dict[str, Any] = live.bill() | {field: value}
    if field in {"billId", "price", "phone"} and isinstance(value, str):
        bill["hash"] = request_hash(bill["billId"], bill["phone"], bill["price"])
    status, envelope = await live.call("/bill", envelope_of(bill))
    if code is None:
        assert envelope["code"] == "0000"
        return
    expected_status = 400 if code == "VALIDATION_001" else 200
    assert (status, envelope["code"], envelope["data"]) == (expected_status, code, None)
    if code == "VALIDATION_001":
        assert field in envelope["message"]
    assert await live.balance() == 1_000_000


async def test_a_hyphen_in_the_phone_is_refused_in_the_vendors_words(live: Live) -> None:
    envelope = await live.operate("/bill", live.bill(phone="010-1234-5678"))
    assert "휴대폰 번호 형식이 올바르지 않습니다" in envelope["message"]


async def test_an_integer_price_is_read_as_its_digits(live: Live) -> None:
    bill: dict[str, Any] = live.bill(billId="INT") | {"price": 150000}
    assert (await live.operate("/bill", bill))["code"] == "0000"
    assert (await live.read("INT"))["apprPrice"] == "150000"


async def test_points_that_run_out_write_nothing(live: Live) -> None:
    await live.call("/sandbox/points", {"balance": 54})
    envelope = await live.operate("/bill", live.bill(billId="POOR"))
    assert envelope["code"] == "POINT_001"
    assert (await live.operate("/bill/read", {"billId": "POOR"}))["code"] == "BILL_003"
    assert (await live.operate("/bill", live.bill(billId="POOR", sendType="URL")))["code"] == "0000"
    assert await live.balance() == 54


async def test_another_partners_bill_is_as_absent_as_one_that_never_was(live: Live) -> None:
    await live.create(billId="MINE")
    for path, bill in {
        "/bill/read": {"billId": "MINE"},
        "/bill/resend": {"billId": "MINE"},
        "/bill/destroy": {"billId": "MINE", "price": "150000", "hash": request_hash("MINE", "150000")},
        "/bill/cancel": {
            "billId": "MINE",
            "price": "150000",
            "cancelReason": "x",
            "hash": request_hash("MINE", "150000"),
        },
    }.items():
        theirs = await live.call(path, OTHER | {"bill": bill})
        never = bill | {"billId": "NEVER"}
        if "hash" in bill:
            never["hash"] = request_hash("NEVER", "150000")
        nobodys = await live.call(path, OTHER | {"bill": never})
        assert theirs == nobodys
        assert theirs[1]["code"] == "BILL_003"
    assert (await live.read("MINE"))["apprState"] == "W"


async def test_destroy_takes_the_two_part_hash_and_the_bills_price(live: Live) -> None:
    await live.create(billId="D1")
    three = {"billId": "D1", "price": "150000", "hash": request_hash("D1", "01012345678", "150000")}
    assert (await live.operate("/bill/destroy", three))["code"] == "VALIDATION_002"
    assert await live.destroy("D1", "1") == "BILL_009"
    assert await live.destroy("D1") == "0000"
    assert (await live.read("D1"))["apprState"] == "D"
    assert await live.destroy("D1") == "BILL_005"
    assert await live.pay("D1") == "D"
    await live.create(billId="D2")
    assert await live.pay("D2") == "F"
    assert await live.destroy("D2") == "BILL_004"
    assert (await live.cancel("D1"))["code"] == "BILL_005"
    await assert_books_hold(live.service.db)


async def test_resend_sends_the_same_link_again_and_debits_again(live: Live) -> None:
    created = await live.create(billId="R1")
    assert (await live.operate("/bill/resend", {"billId": "R1"}))["code"] == "0000"

    async def both_sent() -> bool:
        return [one["state"] for one in await live.messages("R1")] == ["SENT", "SENT"]

    await until(both_sent)
    first, second = await live.messages("R1")
    assert (first["kind"], second["kind"]) == ("SEND", "RESEND")
    assert first["text"] == second["text"]
    assert second["buttons"][0]["url"] == created["shortUrl"]
    assert await live.balance() == 1_000_000 - 110


async def test_resend_is_refused_by_state_with_one_code(live: Live) -> None:
    await live.create(billId="U1", sendType="URL")
    assert (await live.operate("/bill/resend", {"billId": "U1"}))["code"] == "BILL_006"
    await live.create(billId="PAID")
    await live.pay("PAID")
    assert (await live.operate("/bill/resend", {"billId": "PAID"}))["code"] == "BILL_006"
    await live.create(billId="OLD", expireDt=today(live.service.clock.now()).isoformat())
    await live.advance(2 * 86_400)
    assert (await live.operate("/bill/resend", {"billId": "OLD"}))["code"] == "BILL_006"
    assert await live.pay("OLD") == "W"
    assert await live.destroy("OLD") == "0000"


async def test_a_decline_leaves_the_bill_to_be_paid_again(live: Live) -> None:
    await live.create(billId="NO")
    assert await live.pay("NO", "DECLINE") == "W"
    assert (await live.cancel("NO"))["code"] == "BILL_008"
    assert await live.pay("NO") == "F"
    await until(lambda: live.called(1))
    assert len(live.receiver.calls) == 1
    await assert_books_hold(live.service.db, settled=True)


async def test_a_time_out_that_charged_is_found_out(live: Live) -> None:
    await live.create(billId="SLOW")
    async with nobody_asks(live.service):
        assert await live.pay("SLOW", "TIMEOUT_CHARGED") == "W"
        assert await live.destroy("SLOW") == "BILL_007"
        assert await live.pay("SLOW") == "W", "a second payment began while the first was undecided"

    async def paid() -> bool:
        return (await live.read("SLOW"))["apprState"] == "F"

    await until(paid)
    await until(lambda: live.called(1))
    await assert_books_hold(live.service.db, settled=True)


async def test_a_time_out_that_did_not_charge_fails_only_after_the_window(live: Live) -> None:
    await live.create(billId="GONE")
    assert await live.pay("GONE", "TIMEOUT_NOT_CHARGED") == "W"
    assert await live.destroy("GONE") == "BILL_007"
    await live.advance(11)

    async def payable() -> bool:
        return await live.pay("GONE") == "F"

    await until(payable)
    await assert_books_hold(live.service.db, settled=True)


async def test_a_late_charge_is_given_back_and_the_bill_stays_as_it_is(live: Live) -> None:
    await live.create(billId="LATE")
    assert await live.pay("LATE", "CHARGED_LATE") == "W"
    await live.advance(11)

    async def attempt_is(state: str) -> bool:
        return await live.service.db.fetchval("SELECT state FROM attempt") == state

    await until(lambda: attempt_is("FAILED"))
    await live.advance(3600)
    await until(lambda: attempt_is("LATE_REFUNDED"))
    assert (await live.read("LATE"))["apprState"] == "W"
    assert live.receiver.calls == []
    await assert_books_hold(live.service.db, settled=True)


async def test_of_pay_destroy_and_pay_at_once_one_wins(live: Live) -> None:
    for number in range(15):
        bill_id = f"RACE{number}"
        await live.create(billId=bill_id, sendType="URL")
        paid, destroyed, paid_too = await asyncio.gather(
            live.pay(bill_id), live.destroy(bill_id), live.pay(bill_id)
        )
        state = (await live.read(bill_id))["apprState"]
        assert (destroyed == "0000") == (state == "D"), (paid, destroyed, paid_too, state)
        assert state in {"D", "F"}
    await assert_books_hold(live.service.db, settled=True)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/bill", 405, "HTTP_405"),
        ("POST", "/nothing", 404, "HTTP_404"),
        ("GET", "/", 404, "HTTP_404"),
        ("DELETE", "/sandbox/pay", 405, "HTTP_405"),
        ("POST", "/healthz", 405, "HTTP_405"),
    ],
)
async def test_every_answer_is_in_the_envelope(
    live: Live, method: str, path: str, status: int, code: str
) -> None:
    async with live.http.request(method, live.url + path) as answer:
        body = await answer.json()
        assert (answer.status, body["code"], body["data"]) == (status, code, None)
