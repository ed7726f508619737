"""The whole service as users meet it: real HTTP, a worker, and a partner's callback receiver."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from cheonggu.domain.hashing import request_hash
from cheonggu.service import Service

API_KEY = "sandbox-api-key-0123456789abcdef"
MEMBER = "sandbox-member"
MERCHANT = "sandbox-merchant"
OTHER = {"apiKey": "sandbox-api-key-fedcba9876543210", "member": "other-member", "merchant": "other-merchant"}
WEBHOOK_SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg="

_numbers = itertools.count(1)


@dataclass
class Received:
    """One callback as the receiver got it."""

    path: str
    query: str
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any]


@dataclass
class Receiver:
    """A partner's callback endpoint; `answer` gives status and body for each call."""

    url: str
    calls: list[Received] = field(default_factory=list[Received])
    answer: Callable[[Received], tuple[int, str]] = lambda _: (200, '{"code":"0000"}')


@asynccontextmanager
async def receiver() -> AsyncGenerator[Receiver]:
    """A receiver on a free port of loopback."""

    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        received = Received(
            request.path, request.rel_url.raw_query_string, dict(request.headers), raw, await request.json()
        )
        made.calls.append(received)
        status, body = made.answer(received)
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_post("/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    made = Receiver(f"http://127.0.0.1:{runner.addresses[0][1]}/callback")
    try:
        yield made
    finally:
        await runner.cleanup()


@dataclass
class Live:
    """A running service and an HTTP client for it."""

    service: Service
    http: aiohttp.ClientSession
    receiver: Receiver

    @property
    def url(self) -> str:
        """Where it serves."""
        return self.service.settings.public_url

    async def call(
        self, path: str, body: dict[str, Any] | bytes, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """POST to an operation; HTTP status and envelope."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Content-Type": "application/json"} | named
        async with self.http.post(self.url + path, headers=named, data=raw) as answer:
            return answer.status, await answer.json()

    async def operate(self, path: str, bill: dict[str, Any], **headers: str) -> dict[str, Any]:
        """An operation about a bill for the sandbox partner; the envelope."""
        _, envelope = await self.call(path, envelope_of(bill), **headers)
        return envelope

    async def create(self, **given: str) -> dict[str, Any]:
        """Create a bill; its data. Fails the test when it is refused."""
        bill = self.bill(**given)
        envelope = await self.operate("/bill", bill)
        assert envelope["code"] == "0000", envelope
        return envelope["data"]

    def bill(self, **given: str) -> dict[str, str]:
        """A create's `bill`, sound in every field and rightly hashed."""
        bill = {
            "billId": f"B{next(_numbers):06}",
            "sendType": "TALK",
            "productName": "11월 수강료",
            "price": "150000",
            "memberName": "김서연",
            "phone": "01012345678",
            "callbackUrl": self.receiver.url,
        } | given
        return {"hash": request_hash(bill["billId"], bill["phone"], bill["price"])} | bill

    async def read(self, bill_id: str) -> dict[str, Any]:
        """What /bill/read says."""
        envelope = await self.operate("/bill/read", {"billId": bill_id})
        assert envelope["code"] == "0000", envelope
        return envelope["data"]

    async def destroy(self, bill_id: str, price: str = "150000", **headers: str) -> str:
        """Destroy a bill; the code."""
        bill = {"billId": bill_id, "price": price, "hash": request_hash(bill_id, price)}
        return (await self.operate("/bill/destroy", bill, **headers))["code"]

    async def cancel(self, bill_id: str, price: str = "150000", **headers: str) -> dict[str, Any]:
        """Cancel a paid bill; the envelope."""
        bill = {
            "billId": bill_id,
            "price": price,
            "cancelReason": "고객 변심",
            "hash": request_hash(bill_id, price),
        }
        return await self.operate("/bill/cancel", bill, **headers)

    async def pay(self, bill_id: str, outcome: str = "APPROVE") -> str:
        """Pay through /sandbox/pay; the state afterwards."""
        status, body = await self.call("/sandbox/pay", {"billId": bill_id, "outcome": outcome})
        assert status == 200, body
        return body["state"]

    async def balance(self) -> int:
        """The sandbox partner's points."""
        _, envelope = await self.call("/read/remain_count", {"apiKey": API_KEY})
        return envelope["data"]["balance"]

    async def messages(self, bill_id: str) -> list[dict[str, Any]]:
        """GET /sandbox/messages."""
        async with self.http.get(f"{self.url}/sandbox/messages", params={"billId": bill_id}) as answer:
            return (await answer.json())["messages"]

    async def callbacks(self, bill_id: str) -> list[dict[str, Any]]:
        """GET /sandbox/callbacks."""
        async with self.http.get(f"{self.url}/sandbox/callbacks", params={"billId": bill_id}) as answer:
            return (await answer.json())["callbacks"]

    async def called(self, times: int = 1) -> bool:
        """Whether the receiver was called so often."""
        return len(self.receiver.calls) >= times

    async def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        status, body = await self.call("/sandbox/clock", {"advanceSeconds": seconds})
        assert status == 200, body


def envelope_of(bill: dict[str, Any]) -> dict[str, Any]:
    """A request about a bill for the sandbox partner."""
    return {"apiKey": API_KEY, "member": MEMBER, "merchant": MERCHANT, "bill": bill}
