"""The partner API's transport, and what goes to the verbs and comes back."""

from __future__ import annotations

import pytest

from cheonggu.domain.hashing import request_hash
from cheonggu.domain.payment import Approval, BillFacts
from cheonggu.store.intake import Created
from cheonggu.web import body
from tests.asgi import call
from tests.partner_stub import NOON, WHO, Stub, a_request


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    return Stub(monkeypatch)


HASH = request_hash("TEST0001", "01012345678", "10000")


@pytest.mark.parametrize("prefix", ["", "/partner"])
async def test_a_create_is_handed_on_and_answered(stub: Stub, prefix: str) -> None:
    stub.verbs.answers = Created("TEST0001", "8F3Kq2")
    answer = await stub.ask(f"{prefix}/bill", a_request("/bill", price=10000, tax="", nobody=1))
    assert answer.status == 200
    assert answer.envelope == {
        "code": "0000",
        "message": "성공하였습니다.",
        "data": WHO | {"billId": "TEST0001", "hash": HASH, "shortUrl": "https://bills.example/p/8F3Kq2"},
    }
    caller, new, idem = stub.verbs.given[0]
    assert (caller.partner.partner_id, caller.wallet_code, idem) == (7, "s", None)
    assert (new.price_won, new.tax_won, new.callback_url) == (10_000, None, "https://partner.example/?t=1")


async def test_answers_are_json_that_nobody_keeps(stub: Stub) -> None:
    answer = await stub.ask("/bill/resend", a_request("/bill/resend"))
    assert answer.headers == {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-length": str(len(answer.body)),
    }
    assert answer.envelope["data"] == {"apiKey": "key", "billId": "TEST0001"}


async def test_a_destroy_takes_price_and_ignores_a_phone(stub: Stub) -> None:
    answer = await stub.ask("/bill/destroy", a_request("/bill/destroy", phone="01012345678"))
    assert answer.envelope["data"] == {"apiKey": "key", "billId": "TEST0001"}
    assert stub.verbs.given[0][1:] == ("TEST0001", 10_000, None)


async def test_a_read_tells_a_payment(stub: Stub) -> None:
    approval = Approval(
        order_id="o", amount_won=10_000, approved_at=NOON, approval_number="30014728", pay_type="CARD_VAN"
    )
    stub.verbs.answers = BillFacts(bill_id="TEST0001", wire_state="F", price_won=10_000, approval=approval)
    data = (await stub.ask("/bill/read", a_request("/bill/read"))).envelope["data"]
    assert stub.verbs.given == [(7, "TEST0001")]
    told = {name: value for name, value in data.items() if value is not None}
    assert told["apiKey"] == "key"
    assert (told["apprState"], told["apprDt"], told["apprNum"]) == ("F", "20261122120000", "30014728")
    assert all(isinstance(value, str) for value in told.values())


async def test_an_unpaid_bill_tells_four_fields(stub: Stub) -> None:
    stub.verbs.answers = BillFacts(bill_id="TEST0001", wire_state="W", price_won=10_000)
    data = (await stub.ask("/bill/read", a_request("/bill/read"))).envelope["data"]
    assert len(data) == 20
    assert {name: value for name, value in data.items() if value is not None} == {
        "apiKey": "key",
        "billId": "TEST0001",
        "apprState": "W",
        "apprPrice": "10000",
    }


async def test_a_cancel_answers_with_both_numbers(stub: Stub) -> None:
    approval = Approval(
        order_id="o", amount_won=10_000, approved_at=NOON, approval_number="30014728", pay_type="CARD_VAN"
    )
    stub.verbs.answers = BillFacts(
        bill_id="TEST0001",
        wire_state="C",
        price_won=10_000,
        approval=approval,
        refund_number="30014901",
        refunded_at=NOON,
    )
    request = a_request("/bill/cancel", cancelReason="수강 취소")
    answer = await stub.ask("/bill/cancel", request)
    assert answer.envelope["data"] == WHO | {
        "billId": "TEST0001",
        "hash": request["bill"]["hash"],
        "apprNum": "30014901",
        "apprOriginNum": "30014728",
        "apprCancelDt": "20261122120000",
    }
    assert stub.verbs.given[0][1:4] == ("TEST0001", 10_000, "수강 취소")


async def test_balances_are_of_the_partner_and_of_the_wallet_that_pays(stub: Stub) -> None:
    stub.verbs.answers = 1_000_000
    answer = await stub.ask("/read/remain_count", {"apiKey": "key"})
    assert answer.envelope["data"] == {
        "balance": 1_000_000,
        "chargeUrl": "https://bills.example/docs#points",
    }
    await stub.ask("/read/merchant/remain_count", WHO)
    assert stub.verbs.given == [(7, ""), (7, "s")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_answered(stub: Stub, method: str) -> None:
    answer = await call(stub.api, "/bill", method=method)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "HTTP_405", "POST")


@pytest.mark.parametrize("path", ["/", "/bills", "/bill/", "/partner", "/partner/partner/bill", "/BILL"])
async def test_an_unknown_path_is_told_in_the_envelope(stub: Stub, path: str) -> None:
    answer = await call(stub.api, path)
    assert (answer.status, answer.code) == (404, "HTTP_404")


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        (None, True),
        ("", True),
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ("application/vnd.partner+json", True),
        ("text/plain", False),
        ("text/json", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=application/json", False),
        ("application/jsonp", False),
    ],
)
async def test_content_types(stub: Stub, content_type: str | None, taken: bool) -> None:  # noqa: FBT001
    headers = [] if content_type is None else [("content-type", content_type)]
    answer = await call(stub.api, "/bill", b"{}", headers=headers)
    assert (answer.status, answer.code) == ((400, "PARTNER_002") if taken else (415, "HTTP_415"))


PADDED = b'{"apiKey":"nobody"}'.ljust(body.MAX_BODY_BYTES)
PIECE = b" " * 16_384


@pytest.mark.parametrize(
    ("pieces", "declared", "code", "closed"),
    [
        ([PADDED], None, "PARTNER_003", False),
        ([PADDED[:100], PADDED[100:]], None, "PARTNER_003", False),
        ([PADDED, b""], "10", "PARTNER_003", False),
        ([PADDED, b" "], None, "HTTP_413", False),
        ([PADDED + b" "], None, "HTTP_413", False),
        ([PIECE] * 5, "100", "HTTP_413", False),
        ([PIECE] * 5, str(16_384 * 5), "HTTP_413", False),
        ([PIECE] * 70, None, "HTTP_413", True),
        ([], str(2 * 1024 * 1024), "HTTP_413", True),
        ([], "9" * 40, "HTTP_413", True),
    ],
)
async def test_a_body_has_64_kib_at_most_whatever_is_declared(
    stub: Stub,
    pieces: list[bytes | None],
    declared: str | None,
    code: str,
    closed: bool,  # noqa: FBT001
) -> None:
    headers = [] if declared is None else [("content-length", declared)]
    answer = await call(stub.api, "/bill", pieces, headers=headers)
    assert answer.code == code
    assert ("connection" in answer.headers) == closed


async def test_nothing_is_answered_to_a_client_that_goes_away(stub: Stub) -> None:
    assert (await call(stub.api, "/bill", [b'{"apiKey":', None])).status == 0
    assert (await call(stub.api, "/bill", [])).status == 0
    assert (await call(stub.api, "/bill", [PIECE] * 5 + [None])).status == 0
