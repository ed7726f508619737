"""The receivers in examples/, each started as a reader would start it, called by the real service."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cheonggu.client import State
from cheonggu.domain.webhook import sign
from tests.conftest import free_port, until
from tests.live import WEBHOOK_SECRET, Live
from tests.running_dev import soon

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass
class Example:
    """A receiver that runs, and its books."""

    url: str
    file: Path

    def rows(self, query: str, *given: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as books:
            return books.execute(query, given).fetchall()

    def expect(self, bill_id: str, price_won: int) -> None:
        with closing(sqlite3.connect(self.file)) as books, books:
            books.execute("INSERT INTO bill VALUES (?, ?, 'W')", (bill_id, price_won))

    def state(self, bill_id: str) -> str:
        ((state,),) = self.rows("SELECT state FROM bill WHERE bill_id = ?", bill_id)
        return state

    def payments(self, bill_id: str) -> list[int]:
        return [won for (won,) in self.rows("SELECT won FROM payment WHERE bill_id = ?", bill_id)]


@pytest.fixture(scope="module", params=["fastapi", "django", "flask"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    file, port = tmp_path_factory.mktemp(request.param) / "books.sqlite3", free_port()
    process = subprocess.Popen(  # noqa: S603 - our own example
        [sys.executable, EXAMPLES / f"receiver_{request.param}.py", str(port)],
        env=os.environ | {"BOOKS_FILE": str(file), "WEBHOOK_SECRETS": f"whsec_{'b2xk' * 8} {WEBHOOK_SECRET}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert soon(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None
        yield Example(f"http://127.0.0.1:{port}/callback", file)
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def attempts(live: Live, bill_id: str, count: int) -> list[dict[str, Any]]:
    """The tries of a bill's only callback, once there are so many."""

    async def enough() -> bool:
        callbacks = await live.callbacks(bill_id)
        return bool(callbacks) and len(callbacks[0]["attempts"]) >= count

    await until(enough)
    return (await live.callbacks(bill_id))[0]["attempts"]


async def resend(live: Live, bill_id: str) -> None:
    number = (await live.callbacks(bill_id))[0]["id"]
    status, _ = await live.call(f"/sandbox/callbacks/{number}/resend", {})
    assert status == 200


async def test_a_payment_is_booked_once_however_often_it_is_told(example: Example, live: Live) -> None:
    bill_id = (await live.create(callbackUrl=example.url))["billId"]
    example.expect(bill_id, 150000)
    await live.pay(bill_id)
    assert [one["reason"] for one in await attempts(live, bill_id, 1)] == [None]
    assert (example.state(bill_id), example.payments(bill_id)) == ("F", [150000])
    await resend(live, bill_id)
    assert [one["status"] for one in await attempts(live, bill_id, 2)] == [200, 200]
    assert example.payments(bill_id) == [150000]


@pytest.mark.parametrize("expected", [149000, None])
async def test_another_amount_or_an_unknown_bill_is_not_booked(
    example: Example, live: Live, expected: int | None
) -> None:
    bill_id = (await live.create(callbackUrl=example.url))["billId"]
    if expected is not None:
        example.expect(bill_id, expected)
    await live.pay(bill_id)
    (attempt,) = await attempts(live, bill_id, 1)
    assert (attempt["status"], example.payments(bill_id)) == (409, [])
    if expected is not None:
        assert example.state(bill_id) == "W"


async def test_what_cannot_be_written_is_not_accepted_and_comes_again(example: Example, live: Live) -> None:
    bill_id = (await live.create(callbackUrl=example.url))["billId"]
    example.expect(bill_id, 150000)
    with closing(sqlite3.connect(example.file, isolation_level=None)) as somebody_else:
        somebody_else.execute("BEGIN EXCLUSIVE")
        await live.pay(bill_id)
        (attempt,) = await attempts(live, bill_id, 1)
        somebody_else.execute("ROLLBACK")
    assert attempt["status"] == 500
    assert example.payments(bill_id) == []
    await resend(live, bill_id)
    assert (await attempts(live, bill_id, 2))[1]["status"] == 200
    assert example.payments(bill_id) == [150000]


def new_id() -> str:
    return f"E{time.monotonic_ns()}"


def signed(body: bytes, secret: str | None, at: int) -> dict[str, str]:
    """The headers of a callback of its own; without a signature when there is no secret."""
    webhook_id = f"cb_{new_id()}"
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(at)}
    return headers | ({"webhook-signature": sign([secret], webhook_id, at, body)} if secret else {})


FOREIGN_SECRET = "whsec_" + "eHh4" * 8


@pytest.mark.parametrize(
    ("told", "secret", "age_seconds", "status", "payments"),
    [
        ({"apprState": "F", "apprPrice": "500"}, FOREIGN_SECRET, 0, 401, []),
        ({"apprState": "F", "apprPrice": "500"}, WEBHOOK_SECRET, 400, 401, []),
        ({"apprState": "F", "apprPrice": "500"}, None, 0, 401, []),
        ({"apprState": "F"}, WEBHOOK_SECRET, 0, 409, []),
        ({"apprState": "?", "apprPrice": "500"}, WEBHOOK_SECRET, 0, 409, []),
        (None, WEBHOOK_SECRET, 0, 400, []),
        ({"appr_state": "F", "appr_price": "500"}, WEBHOOK_SECRET, 0, 200, [500]),
        ({"apprState": "F", "apprPrice": "500", "apprNum": "2"}, WEBHOOK_SECRET, 0, 200, [500]),
        ({"apprState": "C", "apprPrice": "500"}, WEBHOOK_SECRET, 0, 200, []),
    ],
)
async def test_only_what_is_signed_now_and_says_what_is_expected_is_booked(
    example: Example,
    told: dict[str, str] | None,
    secret: str | None,
    age_seconds: int,
    status: int,
    payments: list[int],
) -> None:
    bill_id = new_id()
    example.expect(bill_id, 500)
    body = b"[]" if told is None else json.dumps({"billId": bill_id} | told).encode()
    headers = signed(body, secret, int(time.time()) - age_seconds)
    async with aiohttp.ClientSession() as http:
        for _ in range(2):
            async with http.post(example.url, data=body, headers=headers) as answer:
                assert answer.status == status
                assert (await answer.json())["code"] == ("0000" if status == 200 else "9999")
            assert example.payments(bill_id) == payments
    booked = State.UNPAID if status != 200 else State.PAID if payments else State.CANCELLED
    assert example.state(bill_id) == booked


async def test_a_second_payment_of_a_bill_is_not_dropped_in_silence(example: Example) -> None:
    bill_id = new_id()
    example.expect(bill_id, 500)
    statuses: list[int] = []
    async with aiohttp.ClientSession() as http:
        for number in ("1", "1", "2"):
            told = {"billId": bill_id, "apprState": "F", "apprPrice": "500", "apprNum": number}
            body = json.dumps(told).encode()
            headers = signed(body, WEBHOOK_SECRET, int(time.time()))
            async with http.post(example.url, data=body, headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [200, 200, 409]
    assert example.payments(bill_id) == [500]
