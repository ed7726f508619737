"""What the partner API refuses: the order of checks, hashes, idempotency keys, and failures behind it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from cheonggu.billing.desk import Idem
from cheonggu.domain import codes
from cheonggu.domain.codes import Code, Refused
from cheonggu.domain.hashing import request_hash
from cheonggu.store.intake import Created
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web.operations import EVERYWHERE, OPERATIONS
from tests.asgi import call
from tests.partner_stub import WHO, Stub, a_request

WRITING = [operation.path for operation in OPERATIONS if operation.writes]
ABOUT_A_BILL = [operation.path for operation in OPERATIONS if operation.path.startswith("/bill")]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    stub = Stub(monkeypatch)
    stub.verbs.answers = Created("TEST0001", "code")
    return stub


STEPS: list[tuple[dict[str, Any], str]] = [
    ({"apiKey": 5, "member": 5, "bill": 5}, "PARTNER_002"),
    ({"apiKey": None}, "PARTNER_002"),
    ({"apiKey": ""}, "PARTNER_002"),
    ({"apiKey": "k" * 33}, "PARTNER_002"),
    ({"apiKey": ["key"]}, "PARTNER_002"),
    ({"apiKey": "k" * 32, "member": 5, "bill": 5}, "PARTNER_003"),
    ({"apiKey": "열쇠", "member": 5}, "PARTNER_003"),
    ({"apiKey": "suspended", "member": 5, "bill": 5}, "PARTNER_006"),
    ({"member": 5, "bill": 5}, "VALIDATION_001"),
    ({"member": None, "merchant": "nobody"}, "VALIDATION_001"),
    ({"merchant": "s" * 61}, "VALIDATION_001"),
    ({"member": "nobody", "bill": 5}, "PARTNER_003"),
    ({"merchant": "t", "bill": 5}, "PARTNER_004"),
    ({"bill": 5}, "VALIDATION_001"),
    ({"bill": None}, "VALIDATION_001"),
]


@pytest.mark.parametrize("path", ABOUT_A_BILL)
@pytest.mark.parametrize(("fields", "code"), STEPS, ids=lambda value: repr(value)[:40])
async def test_checks_come_in_their_order(stub: Stub, path: str, fields: dict[str, Any], code: str) -> None:
    answer = await stub.ask(path, a_request(path) | fields)
    assert answer.code == code
    assert answer.status == codes.CODES[code].http_status
    assert answer.envelope["data"] is None
    assert stub.verbs.given == []


@pytest.mark.parametrize("path", ABOUT_A_BILL)
async def test_a_request_without_its_bill_is_told_so(stub: Stub, path: str) -> None:
    answer = await stub.ask(path, WHO)
    assert answer.envelope["message"] == "bill: 필수 값입니다."


@pytest.mark.parametrize("path", ["/read/remain_count", "/read/merchant/remain_count"])
async def test_balances_check_the_caller(stub: Stub, path: str) -> None:
    assert (await stub.ask(path, {})).code == "PARTNER_002"
    assert (await stub.ask(path, WHO | {"apiKey": "nobody"})).code == "PARTNER_003"
    assert (await stub.ask(path, WHO | {"apiKey": "suspended"})).code == "PARTNER_006"


async def test_the_partners_own_balance_asks_for_nothing_but_the_key(stub: Stub) -> None:
    stub.verbs.answers = 0
    assert (await stub.ask("/read/remain_count", {"apiKey": "key", "member": 5})).code == "0000"
    assert (await stub.ask("/read/merchant/remain_count", {"apiKey": "key"})).code == "VALIDATION_001"
    assert (await stub.ask("/read/merchant/remain_count", WHO | {"merchant": "t"})).code == "PARTNER_004"


async def test_of_a_duplicate_key_the_last_counts(stub: Stub) -> None:
    sound = json.dumps(a_request("/bill"))[1:]
    assert (await call(stub.api, "/bill", f'{{"apiKey":5,"bill":[],{sound}'.encode())).code == "0000"


HASH = request_hash("TEST0001", "01012345678", "10000")
SHORT_HASH = request_hash("TEST0001", "10000")
HASHES: list[tuple[str, dict[str, Any], str]] = [
    ("/bill", {"hash": HASH.upper()}, "0000"),
    ("/bill", {"price": 10000}, "0000"),
    ("/bill", {"hash": SHORT_HASH}, "VALIDATION_002"),
    ("/bill", {"hash": "x"}, "VALIDATION_002"),
    ("/bill", {"hash": "해시"}, "VALIDATION_002"),
    ("/bill", {"hash": f" {HASH}"}, "VALIDATION_002"),
    ("/bill", {"price": "10001"}, "VALIDATION_002"),
    ("/bill", {"hash": "x", "price": "x"}, "VALIDATION_001"),
    ("/bill", {"hash": "x", "expireDt": "2026-11-21"}, "VALIDATION_001"),
    ("/bill", {"hash": "x", "callbackUrl": "http://10.0.0.1/"}, "VALIDATION_001"),
    ("/bill", {"hash": "x", "message": "가" * 999}, "VALIDATION_001"),
    ("/bill/destroy", {"hash": HASH, "phone": "01012345678"}, "VALIDATION_002"),
    ("/bill/destroy", {"hash": SHORT_HASH.upper()}, "0000"),
    ("/bill/destroy", {"price": "0"}, "VALIDATION_001"),
    ("/bill/destroy", {"price": "1e4", "hash": "x"}, "VALIDATION_001"),
    ("/bill/cancel", {"hash": HASH}, "VALIDATION_002"),
    ("/bill/cancel", {"cancelReason": "가" * 21, "hash": "x"}, "VALIDATION_001"),
]


@pytest.mark.parametrize(("path", "fields", "code"), HASHES, ids=lambda value: repr(value)[:40])
async def test_the_hash_is_judged_after_the_fields(
    stub: Stub, path: str, fields: dict[str, Any], code: str
) -> None:
    assert (await stub.ask(path, a_request(path, **fields))).code == code
    assert bool(stub.verbs.given) == (code == "0000")


async def test_a_hyphen_in_a_phone_is_refused_in_the_vendors_words(stub: Stub) -> None:
    answer = await stub.ask("/bill", a_request("/bill", phone="010-1234-5678"))
    assert answer.code == "VALIDATION_001"
    assert "휴대폰 번호 형식이 올바르지 않습니다" in answer.envelope["message"]


@pytest.mark.parametrize("url", [5, "no url", "가" * 3000, None])
async def test_a_redirect_is_not_even_read_for_talk(stub: Stub, url: object) -> None:
    assert (await stub.ask("/bill", a_request("/bill", pageRedirectUrl=url))).code == "0000"
    assert stub.verbs.given[0][1].redirect_url is None


@pytest.mark.parametrize("path", WRITING)
async def test_an_idempotency_key_goes_to_the_verb_with_the_digest_of_the_bytes(
    stub: Stub, path: str
) -> None:
    if path == "/bill/cancel":
        stub.verbs.fails = Refused(codes.BILL_008)
    request = a_request(path)
    await stub.ask(path, request, "k-1")
    digest = sha256(json.dumps(request, ensure_ascii=False).encode()).digest()
    assert stub.verbs.given[0][-1] == Idem(path[1:], "k-1", digest)


@pytest.mark.parametrize(
    "keys", [("",), ("a b",), ("k" * 256,), ("키".encode().decode("latin-1"),), ("a", "b")]
)
@pytest.mark.parametrize("path", WRITING)
async def test_an_idempotency_key_is_one_of_1_to_255_visible_ascii(
    stub: Stub, path: str, keys: tuple[str, ...]
) -> None:
    answer = await stub.ask(path, a_request(path), *keys)
    assert answer.code == "VALIDATION_001"
    assert answer.envelope["message"].startswith("Idempotency-Key: ")


async def test_an_idempotency_key_of_a_read_is_ignored(stub: Stub) -> None:
    stub.verbs.fails = Refused(codes.BILL_003)
    assert (await stub.ask("/bill/read", a_request("/bill/read"), "a b")).code == "BILL_003"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_every_refusal_reaches_the_client_with_its_status(stub: Stub, operation: Any) -> None:
    refusals: tuple[Code, ...] = (*operation.refusals, *EVERYWHERE)
    for code in refusals:
        stub.verbs.fails = Refused(code)
        answer = await stub.ask(operation.path, a_request(operation.path))
        assert (answer.status, answer.code, answer.envelope["message"]) == (
            code.http_status,
            code.code,
            code.message,
        )
        assert ("retry-after" in answer.headers) == (code.http_status in {429, 503})


async def test_a_database_that_is_away_is_an_unknown_outcome(stub: Stub) -> None:
    stub.verbs.fails = DatabaseAway(OSError("secret-host"))
    with capture_logs() as logged:
        answer = await stub.ask("/bill", a_request("/bill"))
    assert (answer.status, answer.code) == (503, "HTTP_503")
    assert logged[0]["event"] == "database_away"
    assert "secret-host" not in json.dumps(logged)


async def test_a_failure_is_answered_without_a_trace_and_logged_without_the_request(stub: Stub) -> None:
    stub.verbs.fails = RuntimeError("Key (phone)=(01012345678)")
    with capture_logs() as logged:
        answer = await stub.ask("/bill", a_request("/bill"))
    assert answer.envelope == {"code": "ERROR", "message": codes.ERROR.message, "data": None}
    assert answer.status == 500
    assert (logged[0]["event"], logged[0]["operation"]) == ("request_failed", "billSend")
    assert "partner_stub.py" in logged[0]["where"][-1]
    assert "01012345678" not in json.dumps(logged)


async def test_answers_are_counted_by_operation_and_code(stub: Stub) -> None:
    def counted(operation: str, code: str) -> float:
        labels = {"operation": operation, "code": code}
        return REGISTRY.get_sample_value("cheonggu_api_answers_total", labels) or 0

    before = counted("billResend", "0000"), counted("none", "HTTP_404")
    await stub.ask("/bill/resend", a_request("/bill/resend"))
    await call(stub.api, "/no/such/path")
    assert (counted("billResend", "0000"), counted("none", "HTTP_404")) == (before[0] + 1, before[1] + 1)
