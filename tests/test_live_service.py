"""Live mode as its operator runs it: each command and each part a process, the providers stand-ins.

From an empty database to a bill that was sent, paid, called back and cancelled; the worker is killed once.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from cheonggu.domain.hashing import request_hash
from cheonggu.domain.webhook import sign
from cheonggu.store import embedded
from cheonggu.store.postgres import connect
from cheonggu.store.sealing import new_secret_key
from tests.conftest import dsn_of, free_port, until
from tests.live import Receiver, receiver
from tests.live_standins import (
    NHN_SECRETS,
    SOLAPI_SECRETS,
    TOSS_SECRETS,
    nhn_settings,
    solapi_settings,
    toss_settings,
)
from tests.running_dev import PATIENCE_SECONDS, cheonggu, ready, soon, spawn
from tests.standins import nhn as nhn_standin
from tests.standins import solapi as solapi_standin
from tests.standins.nhn import nhn_cloud
from tests.standins.solapi import solapi
from tests.standins.toss import Toss, toss
from tests.test_toss_window import data_of, fields_of

WON = "150000"
POINTS = 1_000
A_MESSAGE = 55
PAYER, PHONE = "김서연", "01012345678"
SECRETS = (*TOSS_SECRETS, *SOLAPI_SECRETS, *NHN_SECRETS, PAYER, PHONE)


class Letter(NamedTuple):
    """A message as a provider has it: to whom, by which template, and what its words say."""

    to: str
    with_message: bool
    words: str


@dataclass
class Post:
    """A sender's stand-in, whichever it is. `lost` is a number that is on no KakaoTalk."""

    settings: dict[str, str]
    letters: Callable[[], list[Letter]]
    deliver: Callable[[], None]
    lost: str


@asynccontextmanager
async def by_solapi(_public_url: str) -> AsyncGenerator[Post]:
    async with solapi() as made:

        def letters() -> list[Letter]:
            return [
                Letter(
                    one["to"],
                    one["kakaoOptions"]["templateId"] == solapi_standin.TEMPLATE_WITH_MESSAGE_ID,
                    json.dumps(one["kakaoOptions"]["variables"], ensure_ascii=False),
                )
                for one in made.messages
            ]

        def deliver() -> None:
            made.move()
            made.move()

        yield Post(solapi_settings(made), letters, deliver, solapi_standin.NO_KAKAOTALK)


@asynccontextmanager
async def by_nhn(public_url: str) -> AsyncGenerator[Post]:
    async with nhn_cloud(public_url) as made:

        def letters() -> list[Letter]:
            return [
                Letter(
                    one.to, one.template_code == nhn_standin.BILL_WITH_MESSAGE, f"{one.content}\n{one.url}"
                )
                for one in made.messages
            ]

        yield Post(nhn_settings(made), letters, made.deliver, "01000003019")


@dataclass
class Operator:
    """Who runs it all: commands to their end, parts until they are stopped."""

    environment: dict[str, str]
    parts: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])
    said: list[str] = field(default_factory=list[str])

    async def run(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        ended = await asyncio.to_thread(cheonggu, *arguments, "--json", **self.environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(ended.stdout)

    def start(self, part: str) -> subprocess.Popen[str]:
        """A part, in a process of its own."""
        self.parts.append(spawn(part, **self.environment))
        return self.parts[-1]

    async def stop(self, part: subprocess.Popen[str], number: signal.Signals) -> int:
        """Its exit status, and what it said is kept."""
        self.parts.remove(part)
        part.send_signal(number)
        self.said.append((await asyncio.to_thread(part.communicate, timeout=60))[1])
        return part.returncode


@dataclass
class Caller:
    """A partner's program."""

    url: str
    who: dict[str, str]
    callback_url: str
    http: aiohttp.ClientSession

    async def operate(self, path: str, **bill: str) -> dict[str, Any]:
        """An operation's data."""
        hashed = [bill[name] for name in ("billId", "phone", "price") if name in bill]
        body = self.who | {"bill": bill | {"hash": request_hash(*hashed)}}
        async with self.http.post(self.url + path, json=body) as answer:
            envelope = await answer.json()
        assert envelope["code"] == "0000", envelope
        return envelope["data"]

    async def bill(self, bill_id: str, phone: str, **more: str) -> dict[str, Any]:
        """A new one."""
        given = {"billId": bill_id, "sendType": "TALK", "productName": "11월 수강료", "price": WON} | more
        return await self.operate(
            "/bill", **given, memberName=PAYER, phone=phone, callbackUrl=self.callback_url
        )

    async def points(self) -> int:
        """What is left."""
        async with self.http.post(
            f"{self.url}/read/remain_count", json={"apiKey": self.who["apiKey"]}
        ) as answer:
            return (await answer.json())["data"]["balance"]


async def paid(http: aiohttp.ClientSession, short_url: str, gateway: Toss) -> str:
    """A payer's way from the bill's page through the gateway's window and back; the order id."""
    site = "{0.scheme}://{0.netloc}".format(urlsplit(short_url))
    async with http.get(short_url) as answer:
        assert f'href="{urlsplit(short_url).path}/pay"' in await answer.text()
    async with http.get(f"{short_url}/pay") as answer:
        asked = data_of(await answer.text())
    window = {
        "orderId": asked["data-order-id"],
        "amount": asked["data-amount-won"],
        "successUrl": site + asked["data-success-path"],
        "failUrl": site + asked["data-fail-path"],
        "choice": "approve",
    }
    async with http.post(f"{gateway.url}/window", data=window) as answer:  # leads back to us
        form = fields_of(await answer.text())
    async with http.post(f"{short_url}/pay", data=form) as answer:
        assert str(answer.url) == short_url
        assert "결제" in await answer.text()
    return asked["data-order-id"]


@pytest_asyncio.fixture
async def unmigrated(postgres: embedded.EmbeddedServer) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    connection = await connect(postgres.dsn)
    await connection.execute("CREATE DATABASE live_service")
    yield dsn_of(postgres, "live_service")
    await connection.execute("DROP DATABASE live_service WITH (FORCE)")
    await connection.close()


@asynccontextmanager
async def operating(environment: dict[str, str]) -> AsyncGenerator[Operator]:
    """An operator, whose parts end with the test."""
    operator = Operator(environment)
    try:
        yield operator
    finally:
        for part in operator.parts:
            part.kill()
            part.communicate()


async def set_up(operator: Operator) -> tuple[dict[str, str], str]:
    """The commands of the first day; who a caller is, and the webhook secret."""
    assert (await operator.run("migrate"))["applied"]
    made = await operator.run("partner", "create", "한빛", "--message-points", str(A_MESSAGE))
    await operator.run("merchant", "create", "한빛", "gangnam", "한빛수학학원", "--member", "desk")
    await operator.run("points", "charge", "한빛", str(POINTS))
    who = {"apiKey": made["apiKey"], "member": "desk", "merchant": "gangnam"}
    return who, made["webhookSecret"]


def is_signed(partner: Receiver, secret: str) -> bool:
    """Whether the first callback bears the partner's signature."""
    call = partner.calls[0]
    heads = {name.lower(): text for name, text in call.headers.items()}
    made = sign([secret], heads["webhook-id"], int(heads["webhook-timestamp"]), call.raw)
    return heads["webhook-signature"] == made


@pytest.mark.parametrize("by", [by_solapi, by_nhn])
async def test_from_an_empty_database_to_a_bill_that_was_paid_and_given_back(
    unmigrated: str, by: Callable[[str], AbstractAsyncContextManager[Post]]
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with by(url) as post, toss() as gateway, receiver() as partner, aiohttp.ClientSession() as http:
        environment = {
            "CHEONGGU_MODE": "live",
            "CHEONGGU_DATABASE_URL": unmigrated,
            "CHEONGGU_SECRET_KEY": new_secret_key(),
            "CHEONGGU_PORT": str(port),
            "CHEONGGU_CALLBACK_ALLOW": "127.0.0.1",
            **toss_settings(gateway),
            **post.settings,
        }
        async with operating(environment) as operator:
            who, webhook_secret = await set_up(operator)
            operator.start("serve")
            worker = operator.start("worker")
            assert await asyncio.to_thread(soon, partial(ready, url))
            caller = Caller(url, who, partner.url, http)

            bill = await caller.bill("FIRST-1", PHONE)
            await caller.bill("LOST-1", post.lost, message="늦지 않게 내 주세요")
            await until(partial(messages_are, unmigrated, {"UNKNOWN": 2}), PATIENCE_SECONDS)
            await operator.stop(worker, signal.SIGKILL)
            assert await caller.points() == POINTS - 2 * A_MESSAGE
            they_say_what_was_billed(post, bill["shortUrl"])
            post.deliver()
            operator.start("worker")
            await until(partial(messages_are, unmigrated, {"SENT": 1, "FAILED": 1}), PATIENCE_SECONDS)
            assert await caller.points() == POINTS - A_MESSAGE
            assert len(post.letters()) == 2

            order_id = await paid(http, bill["shortUrl"], gateway)
            assert gateway.charges[order_id] == [int(WON)]
            assert (await caller.operate("/bill/read", billId="FIRST-1"))["apprState"] == "F"
            await until(partial(called, partner))
            assert partner.calls[0].body["billId"] == "FIRST-1"
            assert is_signed(partner, webhook_secret)

            await caller.operate("/bill/cancel", billId="FIRST-1", price=WON, cancelReason="시험")
            assert gateway.given_back_won(order_id) == int(WON)
            assert (await caller.operate("/bill/read", billId="FIRST-1"))["apprState"] == "C"
            assert (await operator.run("verify", "--settled", "--wait", "60"))["holds"]
            checked = await operator.run("payment", "check", "--all", "--since", "2026-01-01")
            assert (checked["agree"], checked["compared"]) == (True, 1)
            await they_stop_in_good_order(operator, who["apiKey"], webhook_secret)


def they_say_what_was_billed(post: Post, short_url: str) -> None:
    """Both messages are there, each by its own template, with what the bills say."""
    letters = {letter.to: letter for letter in post.letters()}
    assert letters.keys() == {PHONE, post.lost}
    code = short_url.rpartition("/")[2]
    for words in ("한빛수학학원", PAYER, "11월 수강료", "150,000", code):
        assert words in letters[PHONE].words
    assert not letters[PHONE].with_message
    assert letters[post.lost].with_message
    assert "늦지 않게 내 주세요" in letters[post.lost].words


async def they_stop_in_good_order(operator: Operator, *more_secrets: str) -> None:
    """Every part ends with 0; no log tells of a failure, or a secret, or of a payer."""
    running = tuple(operator.parts)
    assert [await operator.stop(part, signal.SIGTERM) for part in running] == [0] * len(running)
    logs = "".join(operator.said)
    assert "serving" in logs
    assert "payments_are_tests" in logs
    assert "Traceback" not in logs
    assert not [secret for secret in (*SECRETS, *more_secrets) if secret in logs]


async def messages_are(dsn: str, wanted: dict[str, int]) -> bool:
    """Whether so many messages are in each state."""
    connection = await connect(dsn)
    try:
        rows = await connection.fetch("SELECT state, count(*) AS many FROM message GROUP BY state")
    finally:
        await connection.close()
    return {row["state"]: row["many"] for row in rows} == wanted


async def called(partner: Receiver) -> bool:
    """Whether the partner was called back."""
    return bool(partner.calls)
