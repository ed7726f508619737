"""What a developer is told of a refusal in the sandbox: a header, the journal, a line of the log."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from cheonggu.config import Mode
from cheonggu.domain.codes import CODES
from cheonggu.domain.explanation import MOST_IN_LINE
from cheonggu.domain.next_steps import NEXT_STEPS
from cheonggu.service import Service
from cheonggu.web.docs_page import field_rows
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.words import Language
from tests.live import API_KEY, OTHER, Live, envelope_of
from tests.serving import serving

EXPLAIN = "Cheonggu-Explain"


async def refused(live: Live, path: str, request: Any, **headers: str) -> tuple[dict[str, Any], str]:
    """Send what will be refused: the envelope and the header."""
    named = {"Content-Type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}
    data = request if isinstance(request, bytes) else json.dumps(request).encode()
    async with live.http.post(live.url + path, data=data, headers=named) as answer:
        return await answer.json(), answer.headers[EXPLAIN]


async def why(live: Live) -> dict[str, Any]:
    """The last entry's explanation."""
    async with live.http.get(live.url + "/sandbox/requests", params={"limit": "1"}) as answer:
        (entry,) = (await answer.json())["requests"]
        return entry["explanation"]


async def test_a_wrong_hash_is_explained_in_header_journal_and_log(live: Live) -> None:
    bill = live.bill(hash=sha256(b"X-1,010-1234-5678,150000").hexdigest(), billId="X-1")
    with capture_logs() as logs:
        told, header = await refused(live, "/bill", envelope_of(bill))
    assert told == {"code": "VALIDATION_002", "message": CODES["VALIDATION_002"].message, "data": None}
    assert header.startswith(
        'Phone with hyphens. You hashed "X-1,010-1234-5678,150000". Hash "X-1,01012345678,150000"'
    )
    explained = await why(live)
    assert explained["mistakes"] == ["phone_hyphens"]
    assert (explained["hashed"], explained["toHash"]) == (
        "X-1,010-1234-5678,150000",
        "X-1,01012345678,150000",
    )
    assert explained["korean"] == "phone에 하이픈을 넣었어요. 해시한 글은 'X-1,010-1234-5678,150000'예요."
    assert explained["marks"] == "SM"
    assert "billId" in explained["codeLines"]["java"]
    (line,) = [entry for entry in logs if entry["event"] == "refused"]
    without = 'Phone with hyphens. You hashed "...". Hash "...": SHA-256'
    assert (line["code"], line["why"][: len(without)]) == ("VALIDATION_002", without)
    assert line["why"].endswith(header[header.index(" [S M] More: GET /sandbox/requests/") :])


@pytest.mark.parametrize("path", ["/bill/destroy", "/bill/cancel"])
async def test_a_phone_that_does_not_belong_into_the_hash_is_found_in_the_bill(live: Live, path: str) -> None:
    await live.create(billId="X-2")
    bill = {"billId": "X-2", "price": "150000", "hash": sha256(b"X-2,01012345678,150000").hexdigest()}
    _, header = await refused(live, path, envelope_of(bill))
    assert header.startswith(
        'Phone put in: this operation takes two parts. You hashed "X-2,010-****-5678,150000".'
    )
    theirs = {**OTHER, "bill": bill}
    _, header = await refused(live, path, theirs)
    assert header.startswith("The hash is not that of")  # another partner's bill betrays nothing


async def test_the_bills_own_price_is_tried(live: Live) -> None:
    await live.create(billId="X-3", price="150000")
    bill = {"billId": "X-3", "price": "15000", "hash": sha256(b"X-3,150000").hexdigest()}
    _, header = await refused(live, "/bill/destroy", envelope_of(bill))
    assert header.startswith("Another price: the bill's own.")


@pytest.mark.parametrize(
    ("changed", "field", "says", "marks"),
    [
        ({"phone": "010-1234-5678"}, "bill.phone", 'You sent "010-1234-5678": send "01012345678".', "SMO"),
        ({"phone": "+82 10-1234-5678"}, "bill.phone", 'send "01012345678".', "SMO"),
        ({"price": "150,000원"}, "bill.price", 'send "150000".', "SDO"),
        ({"price": "150000.00"}, "bill.price", 'send "150000".', "SDO"),
        ({"price": 150000.5}, "bill.price", "something else than a text", "SDO"),
        ({"expireDt": "20991231"}, "bill.expireDt", 'send "2099-12-31".', "SDO"),
        ({"billId": "X 1"}, "bill.billId", 'send "X1".', "SDO"),
        (
            {"billId": "x" * 21},
            "bill.billId",
            "bill.billId (required, string, 1–20 characters): Your own id",
            "SDO",
        ),
        ({"sendType": "talk"}, "bill.sendType", 'send "TALK".', "S"),
        ({"productName": None}, "bill.productName", "What the money is for.", "SO"),
        ({"callbackUrl": "ftp://x"}, "bill.callbackUrl", "http(s)", "SMO"),
    ],
    ids=str,
)
async def test_a_refused_field_shows_its_rule_and_where_that_comes_from(
    live: Live, changed: dict[str, Any], field: str, says: str, marks: str
) -> None:
    told, header = await refused(live, "/bill", envelope_of(live.bill() | changed))
    explained = await why(live)
    assert (told["code"], explained["field"], explained["marks"]) == ("VALIDATION_001", field, marks)
    assert says in explained["english"]
    assert header.isascii()
    assert f"[{' '.join(marks)}]" in header
    assert told["message"] in explained["korean"]


@pytest.mark.parametrize(
    ("renamed", "to", "says"),
    [
        ("memberName", "member_name", 'You sent "member_name": it is called memberName.'),
        ("phone", "Phone", "it is called phone"),
        ("callbackUrl", "callbackURL", "it is called callbackUrl"),
        ("productName", "something", "What the money is for."),
    ],
)
async def test_a_field_under_another_name_is_found(live: Live, renamed: str, to: str, says: str) -> None:
    bill = live.bill()
    bill[to] = bill.pop(renamed)
    await refused(live, "/bill", envelope_of(bill))
    assert says in (await why(live))["english"]


async def test_a_field_in_the_wrong_place_is_found(live: Live) -> None:
    bill = live.bill()
    phone = bill.pop("phone")
    await refused(live, "/bill", envelope_of(bill) | {"phone": phone})
    assert "You sent it outside of bill." in (await why(live))["english"]


@pytest.mark.parametrize(
    ("path", "request_", "code", "says"),
    [
        ("/bill/read", envelope_of({"billId": "NONE"}), "BILL_003", "Check billId and apiKey"),
        ("/bill/read", {"apiKey": "nobody"}, "PARTNER_003", "It is the apiKey that is unknown."),
        ("/bill/read", {"apiKey": f"{API_KEY}\n"}, "PARTNER_002", "1 to 32 characters"),
        ("/bill/read", {"apiKey": "key "}, "PARTNER_003", "white space around it"),
        (
            "/read/merchant/remain_count",
            {"apiKey": API_KEY, "member": "x", "merchant": "y"},
            "PARTNER_003",
            "The apiKey is known; member or merchant is not.",
        ),
        ("/bill", b"\xff{", "VALIDATION_001", "not JSON"),
        ("/bill", b"", "VALIDATION_001", "not JSON"),
        ("/bill", b'{"bill": "x"}', "PARTNER_002", "apiKey is absent"),
    ],
    ids=str,
)
async def test_every_refusal_says_what_it_means_and_what_to_do(
    live: Live, path: str, request_: Any, code: str, says: str
) -> None:
    told, header = await refused(live, path, request_)
    assert told["code"] == code
    assert says in header
    assert NEXT_STEPS[code][0] in header


async def test_a_forced_refusal_says_that_it_was_asked_for(live: Live) -> None:
    _, header = await refused(live, "/bill", envelope_of(live.bill()), Cheonggu_Test_Code="POINT_001")
    assert "A test code asked for this answer." in header
    _, header = await refused(
        live, "/bill", envelope_of(live.bill(phone="1")), Cheonggu_Test_Code="POINT_001"
    )
    assert "asked for" not in header


async def test_what_was_sent_cannot_break_the_header(live: Live) -> None:
    odd = "나\r\nX-Evil: 1\x00\x7f" + "가" * 500
    for name in ("billId", "phone", "price", "hash", "sendType"):
        bill = live.bill() | {name: odd.replace("\x00", "")}
        _, header = await refused(live, "/bill", envelope_of(bill))
        assert header.isascii()
        assert header.isprintable()
        assert len(header) < MOST_IN_LINE + 60


@pytest.mark.parametrize(
    "hashed",
    [
        "X-1,+821098765432,150000",
        "X-1,010.9876.5432,150000",
        f"{API_KEY},X-1,01098765432,150000",
        'X-1,"01098765432","150000"',
        "no usual mistake",
    ],
)
async def test_the_log_says_what_is_wrong_and_none_of_the_values(live: Live, hashed: str) -> None:
    bill = live.bill(billId="X-1", phone="01098765432", hash=sha256(hashed.encode()).hexdigest())
    odd = live.bill(phone="canary 01098765432")
    with capture_logs() as logs:
        for asked in (bill, odd):
            await refused(live, "/bill", envelope_of(asked))
    assert [entry["event"] for entry in logs] == ["refused", "refused"]
    for canary in ("9876", "canary", API_KEY):
        assert canary not in str(logs)


async def test_the_log_is_told_of_some_refusals_only(live: Live) -> None:
    with capture_logs() as logs:
        for _ in range(30):
            await refused(live, "/bill/read", envelope_of({"billId": "NONE"}))
    assert 10 <= sum(entry["event"] == "refused" for entry in logs) < 30


async def test_a_success_carries_no_explanation(live: Live) -> None:
    async with live.http.post(live.url + "/bill", json=envelope_of(live.bill())) as answer:
        assert EXPLAIN not in answer.headers
    assert await why(live) is None


async def test_nothing_is_explained_in_live_mode(service: Service) -> None:
    live_mode = replace(service, settings=replace(service.settings, mode=Mode.LIVE))
    async with serving(live_mode) as url, aiohttp.ClientSession() as http:
        with capture_logs() as logs:
            for request in ({"apiKey": API_KEY}, {"apiKey": "nobody"}, {}):
                async with http.post(url + "/bill", json=request) as answer:
                    assert EXPLAIN not in answer.headers
        assert not logs


def test_every_field_of_a_request_says_where_its_rule_comes_from() -> None:
    rows = [row for operation in OPERATIONS for row in field_rows(operation.request, Language("en"))]
    assert all(row.marks and set(row.marks) <= set("SDMCO") for row in rows)
