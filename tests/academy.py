"""A partner's program to try scenarios on: it bills and keeps books, rightly or with a flaw."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from cheonggu.client import (
    ACCEPTED,
    NO_RETRY,
    AsyncClient,
    Callback,
    CallbackUnreadable,
    Done,
    Refused,
    SignatureWrong,
    State,
    receive,
)
from cheonggu.client.callback import parse_callback
from tests.live import API_KEY, MEMBER, MERCHANT, WEBHOOK_SECRET

Flaw = Literal[
    "knows every bill",
    "any amount",
    "books each time",
    "refuses repetitions",
    "believes anybody",
    "says it was sent",
    "creates blindly",
    "new id each time",
    "takes a cancel for a payment",
    "always refuses",
]

ACCOUNTED: dict[State | None, str] = {
    State.PAID: "paid",
    State.CANCELLED: "cancelled",
    State.UNPAID: "unpaid",
}


@dataclass
class Booked:
    """One bill in the books."""

    price_won: int
    state: str = "unpaid"
    amount_won: int = 0
    payments: int = 0
    seen: set[str] = field(default_factory=set[str])


@dataclass
class Academy:
    """The program, and where it listens."""

    client: AsyncClient
    flaw: Flaw | None
    url: str = ""
    books: dict[str, Booked] = field(default_factory=dict[str, Booked])

    async def create(self, request: web.Request) -> web.Response:
        """Bill somebody. 200 only if the bill is there."""
        asked = await request.json()
        bill_id: str = asked["billId"]
        if self.flaw == "new id each time" and bill_id in self.books:
            bill_id += "x"
        self.books.setdefault(bill_id, Booked(int(asked["price"])))
        sent = await self._send(asked | {"billId": bill_id})
        if sent or self.flaw == "says it was sent":
            return web.json_response({"sent": True})
        del self.books[bill_id]
        return web.json_response({"sent": False}, status=502)

    async def _send(self, asked: dict[str, str]) -> bool:
        for _ in range(2):
            outcome = await self.client.create(
                bill_id=asked["billId"],
                price=asked["price"],
                phone=asked["phone"],
                payer_name=asked["memberName"],
                product_name=asked["productName"],
                callback_url=f"{self.url}/callback",
            )
            if isinstance(outcome, Done):
                return True
            if isinstance(outcome, Refused):
                return outcome.code == "BILL_001"
            if self.flaw != "creates blindly":
                read = await self.client.read(asked["billId"])
                if isinstance(read, Done):
                    return True
        return False

    async def called_back(self, request: web.Request) -> web.Response:
        """Take a callback: only what was checked and written is accepted."""
        body = await request.read()
        try:
            if self.flaw == "believes anybody":
                callback = parse_callback(body)
            else:
                callback = receive(body, request.headers, [WEBHOOK_SECRET])
        except (CallbackUnreadable, SignatureWrong):
            return web.Response(status=400)
        identity = request.headers.get("webhook-id", "")
        if self.flaw == "always refuses" or not self._book(callback, identity):
            return web.json_response({"code": "9999"})
        return web.Response(body=ACCEPTED, content_type="application/json")

    def _book(self, callback: Callback, identity: str) -> bool:
        booked = self.books.get(callback.bill_id)
        if booked is None:
            return self.flaw == "knows every bill"
        paid = callback.state is State.PAID or self.flaw == "takes a cancel for a payment"
        if paid and callback.price_won != booked.price_won and self.flaw != "any amount":
            return False
        if identity in booked.seen and self.flaw != "books each time":
            return self.flaw != "refuses repetitions"
        booked.seen.add(identity)
        if paid:
            booked.state, booked.amount_won = "paid", callback.price_won or 0
            booked.payments += 1
        else:
            booked.state = ACCOUNTED.get(callback.state, "destroyed")
        return True

    async def tell(self, request: web.Request) -> web.Response:
        """What stands in the books."""
        booked = self.books.get(request.match_info["bill_id"])
        if booked is None:
            return web.json_response({"state": None}, status=404)
        return web.json_response(
            {"state": booked.state, "amount": booked.amount_won, "payments": booked.payments}
        )


@asynccontextmanager
async def academy(base_url: str, flaw: Flaw | None = None) -> AsyncGenerator[Academy]:
    """The program on a free port of loopback."""
    async with AsyncClient(
        base_url, api_key=API_KEY, member=MEMBER, merchant=MERCHANT, retry=NO_RETRY
    ) as client:
        made = Academy(client, flaw)
        app = web.Application()
        app.router.add_post("/bills", made.create)
        app.router.add_post("/callback", made.called_back)
        app.router.add_get("/books/{bill_id}", made.tell)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield made
        finally:
            await runner.cleanup()
