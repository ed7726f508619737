"""A request's wish for an outcome: by both ways through the server, with nothing changed, and never live."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from time import monotonic
from typing import Any

import aiohttp
import pytest

from cheonggu.config import Mode
from cheonggu.domain.codes import CODES, OK
from cheonggu.service import Service
from cheonggu.web import silence
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.sandbox import test_codes
from cheonggu.web.silence import HELD_SECONDS
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import API_KEY, MEMBER, MERCHANT, Live, envelope_of
from tests.partner_stub import a_request
from tests.serving import serving

FORCIBLE = [code for code in CODES.values() if code is not OK]
WAYS = ("plain", "chunked")
"""A plain request is answered by the protocol itself, any other through ASGI."""


async def ask(
    live: Live, way: str, path: str, request: dict[str, Any], wanted: str
) -> aiohttp.ClientResponse:
    """Post a request that wants an outcome; the answer, or aiohttp's error when none comes."""
    raw = json.dumps(request).encode()

    async def pieces() -> Any:
        yield raw[:10]
        yield raw[10:]

    headers = {"Content-Type": "application/json", "Cheonggu-Test-Code": wanted}
    data = raw if way == "plain" else pieces()
    return await live.http.post(live.url + path, data=data, headers=headers)


def sound(path: str) -> dict[str, Any]:
    """A sound request of the sandbox partner's."""
    return a_request(path) | {"apiKey": API_KEY, "member": MEMBER, "merchant": MERCHANT}


@pytest.mark.parametrize("way", WAYS)
async def test_every_code_can_be_had_on_every_operation(live: Live, way: str) -> None:
    for operation in OPERATIONS:
        for code in FORCIBLE if operation.path == "/bill" else FORCIBLE[:3]:
            answer = await ask(live, way, operation.path, sound(operation.path), code.code)
            told = await answer.json()
            assert (answer.status, told) == (
                code.http_status,
                {"code": code.code, "message": code.message, "data": None},
            )
    assert await live.service.db.fetchval("SELECT count(*) FROM bill") == 0
    assert await live.balance() == 1_000_000


async def test_503_and_429_say_when_to_come_back(live: Live) -> None:
    for code, seconds in (("HTTP_503", "5"), ("LIMIT_001", "60")):
        answer = await ask(live, "plain", "/bill", sound("/bill"), code)
        assert answer.headers["Retry-After"] == seconds


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"apiKey": "nobody"}, "PARTNER_003", ""),
        ({"member": "nobody"}, "PARTNER_003", ""),
        ({"bill": {}}, "VALIDATION_001", "bill.billId"),
        ({"bill": a_request("/bill", phone="010-1234-5678")["bill"]}, "VALIDATION_001", "bill.phone"),
        ({"bill": a_request("/bill", hash="0" * 64)["bill"]}, "VALIDATION_002", ""),
    ],
    ids=str,
)
async def test_a_request_out_of_order_gets_its_own_refusal(
    live: Live, changed: dict[str, Any], code: str, says: str
) -> None:
    for wanted in ("POINT_001", "LOST_BEFORE", "LOST_AFTER"):
        answer = await ask(live, "plain", "/bill", sound("/bill") | changed, wanted)
        told = await answer.json()
        assert told["code"] == code
        assert says in told["message"]


async def test_an_unknown_wish_is_refused_with_a_list(live: Live) -> None:
    for wanted in ("", "0000", "POINT_002", "TIMEOUT", "포인트"):
        header = wanted.encode().decode("latin-1")
        told = await live.operate("/bill", live.bill(), Cheonggu_Test_Code=header)
        assert told["code"] == "VALIDATION_001"
        begun = "Cheonggu-Test-Code: TIMEOUT_BEFORE, LOST_BEFORE, TIMEOUT_AFTER, LOST_AFTER, "
        assert told["message"].startswith(begun)
        assert "POINT_001" in told["message"]


async def test_two_wishes_are_refused(live: Live) -> None:
    raw = json.dumps(sound("/read/remain_count")).encode()
    wishes = [("Cheonggu-Test-Code", "POINT_001")] * 2
    async with live.http.post(live.url + "/read/remain_count", data=raw, headers=wishes) as answer:
        assert (await answer.json())["code"] == "HTTP_415"
    wishes.append(("Content-Type", "application/json"))
    async with live.http.post(live.url + "/read/remain_count", data=raw, headers=wishes) as answer:
        assert (await answer.json())["code"] == "VALIDATION_001"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", ["BEFORE", "AFTER"])
@pytest.mark.parametrize("kind", ["LOST", "TIMEOUT"])
async def test_no_answer_comes_and_the_bill_was_made_or_was_not(
    live: Live, kind: str, moment: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "TIMEOUT":  # what is only lost does not wait for so long as this usually is
        monkeypatch.setitem(getattr(test_codes, moment), f"TIMEOUT_{moment}", 0.3)
    bill, began = live.bill(), monotonic()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(live, way, "/bill", envelope_of(bill), f"{kind}_{moment}")
    assert (0.3 if kind == "TIMEOUT" else 0) <= monotonic() - began < HELD_SECONDS / 2
    there = (await live.operate("/bill/read", {"billId": bill["billId"]}))["code"]
    assert there == ("BILL_003" if moment == "BEFORE" else "0000")
    await assert_books_hold(live.service.db)


async def test_a_lost_create_repeated_with_its_key_is_made_once(live: Live) -> None:
    bill = live.bill()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await live.operate("/bill", bill, Cheonggu_Test_Code="LOST_AFTER", Idempotency_Key="k")
    assert (await live.operate("/bill", bill, Idempotency_Key="k"))["code"] == "0000"
    assert await live.balance() == 1_000_000 - 55


async def test_a_forced_refusal_leaves_the_idempotency_key_unused(live: Live) -> None:
    bill = live.bill()
    forced = await live.operate("/bill", bill, Cheonggu_Test_Code="BILL_001", Idempotency_Key="k")
    assert forced["code"] == "BILL_001"
    assert (await live.operate("/bill", bill, Idempotency_Key="k"))["code"] == "0000"


async def hold(live: Live, body: bytes, *more: bytes) -> asyncio.StreamWriter:
    """A connection that waits for an answer that will not come."""
    settings = live.service.settings
    _, writer = await asyncio.open_connection(settings.host, settings.port)
    head = b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\nCheonggu-Test-Code: TIMEOUT_BEFORE\r\n"
    writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body) + b"".join(more))
    await writer.drain()
    return writer


BALANCE = json.dumps({"apiKey": API_KEY}).encode()
NEXT = b"POST /bill HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


async def held(live: Live) -> int:
    """How many requests the journal knows that got no answer."""
    async with live.http.get(live.url + "/sandbox/requests") as answer:
        return sum(not entry["answered"] for entry in (await answer.json())["requests"])


@pytest.mark.parametrize("more", [(), (NEXT,)], ids=["alone", "with another behind it"])
async def test_stopping_does_not_wait_for_held_connections(service: Service, more: tuple[bytes, ...]) -> None:
    async with aiohttp.ClientSession() as http:
        async with serving(service):
            live = Live(service, http, receiver=None)  # pyright: ignore[reportArgumentType]
            writers = [await hold(live, BALANCE, *more) for _ in range(5)]
            await until(lambda: _is(held(live), 5))
            began = monotonic()
        assert monotonic() - began < HELD_SECONDS / 2
        for writer in writers:
            writer.close()


async def test_beyond_the_most_that_are_held_one_is_closed_at_once(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "MOST_HELD", 2)
    writers = [await hold(live, BALANCE) for _ in range(2)]
    await until(lambda: _is(held(live), 2))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(live, "plain", "/read/remain_count", {"apiKey": API_KEY}, "TIMEOUT_BEFORE")
    for writer in writers:
        writer.close()  # whoever hangs up makes room at once
        await writer.wait_closed()

    async def is_held() -> bool:
        asked = asyncio.create_task(
            ask(live, "plain", "/read/remain_count", {"apiKey": API_KEY}, "TIMEOUT_BEFORE")
        )
        done, _ = await asyncio.wait({asked}, timeout=0.2)
        asked.cancel()
        for one in done:
            assert isinstance(one.exception(), aiohttp.ServerDisconnectedError)
        return not done

    await until(is_held)


async def _is(count: Any, wanted: int) -> bool:
    return await count == wanted


async def test_live_mode_knows_no_wishes_and_keeps_no_journal(service: Service) -> None:
    live_mode = replace(service, settings=replace(service.settings, mode=Mode.LIVE))
    async with serving(live_mode), aiohttp.ClientSession() as http:
        live = Live(live_mode, http, receiver=None)  # pyright: ignore[reportArgumentType]
        for way in WAYS:
            for wanted in ("POINT_001", "TIMEOUT_BEFORE", "nonsense"):
                answer = await ask(live, way, "/read/remain_count", {"apiKey": API_KEY}, wanted)
                assert (await answer.json())["code"] == "0000"
        async with http.get(live.url + "/sandbox/requests") as answer:
            assert answer.status == 404
