"""`cheonggu.client` against servers that do as they are told: how it judges, and when it repeats."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from cheonggu.client import (
    NO_RETRY,
    AddressWrong,
    AsyncClient,
    Client,
    Done,
    Refused,
    Retry,
    State,
    Unknown,
    Verdict,
    Why,
)
from cheonggu.domain.hashing import request_hash
from tests.client_sides import BOTH, QUICK, Side, envelope, http
from tests.conftest import free_port
from tests.live import API_KEY, MEMBER, MERCHANT
from tests.loopback import Act, flood, hang_up, once, partner, silence

both = pytest.mark.parametrize("side", BOTH, ids=lambda side: side.name)

OK = http(200, envelope("0000", "성공", billId="B1", shortUrl="http://s/p/1"))
PAID = http(200, envelope("0000", "성공", billId="B1", apprState="F", apprPrice="500"))
UNPAID = http(200, envelope("0000", "성공", billId="B1", apprState="W", apprPrice="500"))
BUSY = http(429, envelope("LIMIT_001", "많습니다"), "Retry-After: 0")
AWAY = http(503, envelope("HTTP_503", "잠시 후"))
MISSING = http(200, envelope("BILL_003", "없음"))
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"

Operation = Callable[[Any], Any]


def create(client: Any) -> Any:
    return client.create(
        bill_id="B1",
        price=500,
        phone="01012345678",
        payer_name="김서연",
        product_name="수강료",
        callback_url="http://127.0.0.1/cb",
    )


def read(client: Any) -> Any:
    return client.read("B1")


def destroy(client: Any) -> Any:
    return client.destroy("B1", "500")


def cancel(client: Any) -> Any:
    return client.cancel("B1", 500, reason="변심")


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that never ends, a byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


def refused(code: str | None, *, transient: bool = False, sent: bool = True) -> Callable[[Any], bool]:
    return lambda outcome: (
        isinstance(outcome, Refused)
        and (outcome.code, outcome.transient, outcome.sent) == (code, transient, sent)
    )


def unknown(why: Why) -> Callable[[Any], bool]:
    return lambda outcome: isinstance(outcome, Unknown) and outcome.why is why and outcome.bill_id == "B1"


def done(outcome: Any) -> bool:
    return isinstance(outcome, Done)


@both
@pytest.mark.parametrize(
    ("answer", "operation", "is_judged"),
    [
        (OK, create, done),
        (http(200, {"code": "0000", "msg": "성공", "data": None}), create, done),
        (http(200, {"code": "0000"}), create, done),
        (http(200, envelope("BILL_001", "이미")), create, refused("BILL_001")),
        (http(200, envelope("POINT_001", "부족")), create, refused("POINT_001")),
        (http(200, envelope("NEW_042", "?")), create, refused("NEW_042")),
        (http(400, envelope("VALIDATION_001", "bill.price: …")), create, refused("VALIDATION_001")),
        (http(400, envelope("0000")), create, refused("0000")),
        (http(200, envelope("BILL_007", "진행 중")), destroy, refused("BILL_007", transient=True)),
        (http(200, envelope("BILL_007", "진행 중")), cancel, unknown(Why.UNDER_WAY)),
        (http(200, envelope("MAINTAINED_METHOD")), cancel, refused("MAINTAINED_METHOD", transient=True)),
        (BUSY, create, refused("LIMIT_001", transient=True)),
        (http(429, b"slow down"), create, refused(None, transient=True)),
        (http(404, b"<html>"), create, refused(None)),
        (http(302, b"", "Location: http://127.0.0.1:1/"), create, refused(None)),
        (AWAY, create, unknown(Why.SERVER_ERROR)),
        (AWAY, read, unknown(Why.SERVER_ERROR)),
        (http(500, envelope("0000")), create, unknown(Why.SERVER_ERROR)),
        (http(502, b"Bad Gateway"), create, unknown(Why.SERVER_ERROR)),
        (http(200, b"<html>"), create, unknown(Why.UNREADABLE)),
        (http(200, b"[" * 100_000), create, unknown(Why.UNREADABLE)),
        (http(200, b'{"code":"0000","data":NaN}'), create, unknown(Why.UNREADABLE)),
        (http(200, b"\xff\xfe"), create, unknown(Why.UNREADABLE)),
        (http(200, {"code": 0}), create, unknown(Why.UNREADABLE)),
        (http(200, b'"0000"'), create, unknown(Why.UNREADABLE)),
        (http(200, b""), create, unknown(Why.UNREADABLE)),
        (http(200, envelope("0000", apprState="X")), read, unknown(Why.UNREADABLE)),
        (http(200, envelope("0000", apprState="F", billId="B2")), read, unknown(Why.UNREADABLE)),
        (http(200, envelope("0000", apprState="F", appr_state="W")), read, unknown(Why.UNREADABLE)),
        (http(200, envelope("0000", bill_id="B1", appr_state="F")), read, done),
        (HALF, create, unknown(Why.TIMEOUT)),
        (once(HALF), create, unknown(Why.LOST)),
        (once(b"not http\r\n\r\n"), create, unknown(Why.LOST)),
        (hang_up, create, unknown(Why.LOST)),
        (silence, create, unknown(Why.TIMEOUT)),
        (drip, create, unknown(Why.TIMEOUT)),
        (flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536), create, unknown(Why.UNREADABLE)),
    ],
)
async def test_every_answer_is_done_refused_or_unknown(
    side: Side, answer: bytes | Act, operation: Operation, is_judged: Callable[[Any], bool]
) -> None:
    async with partner(answer) as server:
        seconds = 0.4 if answer in (HALF, silence, drip) else 30.0
        outcome = await side.ask(server.url, operation, timeout_seconds=seconds)
        assert is_judged(outcome), outcome
        assert len(server.heard) == 1


@both
async def test_where_nobody_listens_nothing_was_sent(side: Side) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = await side.ask(f"http://127.0.0.1:{unused.getsockname()[1]}", create)
    assert refused(None, transient=True, sent=False)(outcome)
    assert outcome.message.startswith("Nothing was sent: ")


@both
async def test_a_connection_that_is_not_taken_in_time_sent_nothing(side: Side) -> None:
    with socket.socket() as busy, contextlib.ExitStack() as waiting:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        for _ in range(3):  # until its queue is full
            one = waiting.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(busy.getsockname())
        url = f"http://127.0.0.1:{busy.getsockname()[1]}"
        outcome = await side.ask(url, create, timeout_seconds=0.3)
    assert refused(None, transient=True, sent=False)(outcome), outcome


async def test_it_waits_as_long_as_the_server_asks() -> None:
    async with partner(http(429, b"", "Retry-After: 1"), UNPAID) as server:
        began = asyncio.get_running_loop().time()
        assert done(await BOTH[1].ask(server.url, read, retry=QUICK))
        assert asyncio.get_running_loop().time() - began >= 1


@both
async def test_a_tls_handshake_that_fails_sent_nothing(side: Side) -> None:
    async with partner(OK) as server:
        outcome = await side.ask(server.url.replace("http:", "https:"), create, timeout_seconds=0.4)
    assert refused(None, transient=True, sent=False)(outcome), outcome


@both
@pytest.mark.parametrize(
    ("answers", "operation", "idempotency", "requests", "is_judged"),
    [
        ([AWAY, hang_up, UNPAID], read, False, 3, done),
        ([AWAY, AWAY, AWAY], read, False, 3, unknown(Why.SERVER_ERROR)),
        ([http(503, b"", "Retry-After: 0"), UNPAID], read, False, 2, done),
        ([http(503, b"", "Retry-After: 31"), UNPAID], read, False, 1, unknown(Why.SERVER_ERROR)),
        ([MISSING, UNPAID], read, False, 1, refused("BILL_003")),
        ([AWAY, OK], create, False, 1, unknown(Why.SERVER_ERROR)),
        ([hang_up, OK], destroy, False, 1, unknown(Why.LOST)),
        ([BUSY, OK], create, False, 2, done),
        ([http(429, b"", "Retry-After: 31"), OK], create, False, 1, refused(None, transient=True)),
        ([http(429, b""), OK], create, False, 1, refused(None, transient=True)),
        ([http(429, b"", "Retry-After: soon"), OK], create, False, 1, refused(None, transient=True)),
        ([AWAY, OK], create, True, 2, done),
        ([hang_up, AWAY, OK], cancel, True, 3, done),
        ([http(200, envelope("BILL_007")), OK], cancel, True, 2, done),
        ([hang_up, http(200, envelope("BILL_001"))], create, True, 2, refused("BILL_001")),
        ([hang_up, http(200, envelope("IDEMPOTENCY_001"))], create, True, 2, refused("IDEMPOTENCY_001")),
        ([hang_up, http(200, envelope("POINT_001"))], create, True, 2, unknown(Why.LOST)),
        ([hang_up, http(200, envelope("BILL_007"))], destroy, True, 2, unknown(Why.LOST)),
        ([hang_up, http(200, envelope("PARTNER_006"))], create, True, 2, unknown(Why.LOST)),
        ([hang_up, http(200, envelope("NEW_042"))], create, True, 2, unknown(Why.LOST)),
        ([hang_up, http(404, b"")], create, True, 2, unknown(Why.LOST)),
        ([hang_up, BUSY, BUSY], create, True, 3, unknown(Why.LOST)),
        ([http(200, envelope("BILL_001")), OK], create, True, 1, refused("BILL_001")),
    ],
)
async def test_only_what_is_safe_is_repeated(
    side: Side,
    answers: list[bytes | Act],
    operation: Operation,
    *,
    idempotency: bool,
    requests: int,
    is_judged: Callable[[Any], bool],
) -> None:
    async with partner(*answers) as server:
        outcome = await side.ask(server.url, operation, retry=QUICK, idempotency=idempotency)
        assert is_judged(outcome), outcome
        assert len(server.heard) == requests
        keys = {heard.headers.get("Idempotency-Key") for heard in server.heard}
        assert len(keys) == 1
        assert (keys != {None}) is (idempotency and operation is not read)
        assert len({heard.body for heard in server.heard}) == 1


@both
async def test_where_nobody_listens_it_is_tried_again(side: Side) -> None:
    """Also a write: the server that comes up between two tries sees it once."""
    port = free_port()
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def come_up() -> asyncio.Server:
        await asyncio.sleep(0.1)
        return await asyncio.start_server(answer, "127.0.0.1", port)

    coming = asyncio.create_task(come_up())
    outcome = await side.ask(f"http://127.0.0.1:{port}", create, retry=Retry((0.05,) * 400))
    (await coming).close()
    assert done(outcome), outcome
    assert len(seen) == 1


@both
async def test_a_key_of_ones_own_goes_along(side: Side) -> None:
    async with partner(OK) as server:
        operation: Operation = lambda client: client.resend("B1", idempotency_key="mine-1")  # noqa: E731
        await side.ask(server.url, operation)
        assert server.heard[0].headers["Idempotency-Key"] == "mine-1"


IDENTITY = {"apiKey": API_KEY, "member": MEMBER, "merchant": MERCHANT}


SENT: list[tuple[Operation, str, dict[str, Any]]] = [
    (
        lambda client: client.create(
            bill_id="청구1",
            price="10000",
            phone="01012345678",
            payer_name="김서연",
            product_name="수강료",
            callback_url="https://a.example/cb?t=1",
            send_type="URL",
            issuer="한빛",
            supply_price=9091,
            tax="909",
            message="안녕하세요",
            last_day="2026-12-31",
            redirect_url="https://a.example/thanks",
        ),
        "/bill",
        IDENTITY
        | {
            "bill": {
                "billId": "청구1",
                "sendType": "URL",
                "billIssuer": "한빛",
                "productName": "수강료",
                "memberName": "김서연",
                "phone": "01012345678",
                "price": "10000",
                "supplyPrice": "9091",
                "tax": "909",
                "message": "안녕하세요",
                "expireDt": "2026-12-31",
                "callbackUrl": "https://a.example/cb?t=1",
                "pageRedirectUrl": "https://a.example/thanks",
                "hash": request_hash("청구1", "01012345678", "10000"),
            }
        },
    ),
    (
        destroy,
        "/bill/destroy",
        IDENTITY | {"bill": {"billId": "B1", "price": "500", "hash": request_hash("B1", "500")}},
    ),
    (
        cancel,
        "/bill/cancel",
        IDENTITY
        | {
            "bill": {
                "billId": "B1",
                "price": "500",
                "hash": request_hash("B1", "500"),
                "cancelReason": "변심",
            }
        },
    ),
    (lambda client: client.resend("B1"), "/bill/resend", IDENTITY | {"bill": {"billId": "B1"}}),
    (read, "/bill/read", IDENTITY | {"bill": {"billId": "B1"}}),
    (lambda client: client.balance(), "/read/remain_count", {"apiKey": API_KEY}),
    (lambda client: client.merchant_balance(), "/read/merchant/remain_count", IDENTITY),
    (
        lambda client: client.acting_for(member="m", merchant="c").merchant_balance(),
        "/read/merchant/remain_count",
        {"apiKey": API_KEY, "member": "m", "merchant": "c"},
    ),
]


@both
@pytest.mark.parametrize(
    ("operation", "path", "body"),
    SENT,
)
async def test_each_operation_sends_its_own_fields(
    side: Side, operation: Operation, path: str, body: dict[str, Any]
) -> None:
    async with partner(http(200, envelope("0000", balance=5, apprState="W"))) as server:
        outcome = await side.ask(server.url.removesuffix("/callback") + "/partner/", operation)
        assert done(outcome), outcome
        assert server.heard[0].target == b"/partner" + path.encode()
        assert json.loads(server.heard[0].body) == body


@both
@pytest.mark.parametrize(
    ("after", "answers", "verdict"),
    [
        ("create", [UNPAID], Verdict.DONE),
        ("create", [PAID], Verdict.DONE),
        ("create", [MISSING, UNPAID], Verdict.DONE),
        ("create", [MISSING, MISSING], Verdict.NOT_SEEN),
        ("create", [AWAY, AWAY], Verdict.CANNOT_TELL),
        ("create", [AWAY, UNPAID], Verdict.DONE),
        ("create", [http(200, envelope("PARTNER_006"))], Verdict.CANNOT_TELL),
        ("destroy", [UNPAID, UNPAID], Verdict.NOT_SEEN),
        ("destroy", [PAID], Verdict.NOT_DONE),
        ("destroy", [http(200, envelope("0000", apprState="D"))], Verdict.DONE),
        ("cancel", [PAID, http(200, envelope("0000", apprState="C"))], Verdict.DONE),
        ("cancel", [PAID, PAID], Verdict.NOT_SEEN),
        ("cancel", [MISSING], Verdict.NOT_DONE),
        ("resend", [UNPAID], Verdict.CANNOT_TELL),
        ("resend", [PAID], Verdict.NOT_DONE),
    ],
)
async def test_an_unknown_write_is_settled_by_reading(
    side: Side, after: Any, answers: list[bytes], verdict: Verdict
) -> None:
    async with partner(*answers) as server:
        settled = await side.ask(server.url, lambda client: client.settle("B1", after, waits_seconds=(0.0,)))
        assert settled.verdict is verdict
        assert settled.advice
        assert len(server.heard) == len(answers)
        assert {heard.target for heard in server.heard} == {b"/callback/bill/read"}


async def test_a_client_of_ones_own_http_is_left_open() -> None:
    import httpx2

    async with partner(PAID) as server, httpx2.AsyncClient() as http_client:
        async with AsyncClient(server.url, api_key="k", member="m", merchant="c", http=http_client) as client:
            outcome = await client.read("B1")
            assert isinstance(outcome, Done)
            assert (outcome.data.state, outcome.data.price_won) == (State.PAID, 500)
        assert not http_client.is_closed


@pytest.mark.parametrize(
    "base_url",
    [
        "api.example.com",
        "ftp://a.example",
        "http://",
        "https://a.example?x=1",
        "http://a.example/한",
        "http://a..b",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://me@a.example",
    ],
)
def test_a_wrong_address_is_told_before_anything_is_sent(base_url: str) -> None:
    with pytest.raises(AddressWrong, match="is no base URL"):
        Client(base_url, api_key="k", member="m", merchant="c")


def test_an_api_key_is_not_shown() -> None:
    with Client("http://a.example", api_key="secret-key", member="m", merchant="c", retry=NO_RETRY) as client:
        assert "secret-key" not in repr(client.account)
    assert "secret-key" not in repr(Done(None, "", 200, {"apiKey": "secret-key"}))
