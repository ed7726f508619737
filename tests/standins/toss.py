"""A stand-in for Toss Payments, API version 2022-11-16: its SDK's script, its payment window and its API.

Written from the published reference. It checks what the real one checks, charges nobody, remembers every
charge and every cancellation, and misbehaves when told to.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from cheonggu.domain.seoul import SEOUL

CLIENT_KEY = "test_ck_standin0000000000000000"
SECRET_KEY = "test_sk_standin0000000000000000"
CONFIRM_WITHIN = timedelta(minutes=10)
EXPIRES_AFTER = timedelta(minutes=30)
STATUS_OF = {
    "UNAUTHORIZED_KEY": 401,
    "NOT_FOUND": 404,
    "NOT_FOUND_PAYMENT": 404,
    "NOT_FOUND_PAYMENT_SESSION": 404,
    "IDEMPOTENT_REQUEST_PROCESSING": 409,
    "FORBIDDEN_CONSECUTIVE_REQUEST": 403,
}
NOT_KEPT = frozenset({401, 409})
"""Who asks is looked at before the idempotency key, and what is under way has no answer yet."""
FORBIDDEN = re.compile(
    r"(REJECT|EXCEED_MAX|FORBIDDEN|NOT_CANCELABLE|INCORRECT_BASIC)_\w+|FDS_ERROR|INVALID_PASSWORD"
)
FAILED = re.compile(r"(FAILED|UNKNOWN|COMMON)_\w+")
ORDER_ID = re.compile(r"[A-Za-z0-9_=-]{6,64}")

Json = dict[str, Any]


@dataclass(frozen=True)
class Trouble:
    """What becomes of one request: whether it `works`, and what is heard of it. Without `status`: nothing.

    What Toss `kept` under the request's idempotency key is its answer to the same key from then on.
    """

    works: bool = False
    status: int | None = None
    body: bytes = b""
    kept: bool = False


REQUEST_LOST = Trouble()
ANSWER_LOST = Trouble(works=True)


def error(code: str, status: int | None = None) -> Trouble:
    """An error that Toss answers without having done anything."""
    status = status or status_of(code)
    body = msgspec.json.encode({"code": code, "message": "말"})
    return Trouble(status=status, body=body, kept=status not in NOT_KEPT)


def garbage(body: bytes = b"<html>502</html>", status: int = 200, *, works: bool = False) -> Trouble:
    """An answer that cannot be read."""
    return Trouble(works=works, status=status, body=body)


def status_of(code: str) -> int:
    """The HTTP status with which Toss answers a code."""
    if code in STATUS_OF:
        return STATUS_OF[code]
    return 403 if FORBIDDEN.fullmatch(code) else 500 if FAILED.fullmatch(code) else 400


CARD: Json = {
    "issuerCode": "61",
    "acquirerCode": "31",
    "number": "12345678****000*",
    "installmentPlanMonths": 0,
    "isInterestFree": False,
    "interestPayer": None,
    "approveNo": "00000000",
    "useCardPoint": False,
    "cardType": "신용",
    "ownerType": "개인",
    "acquireStatus": "READY",
}
PAY_APP: Json = {"provider": "토스페이", "amount": 0, "discountAmount": 0}


@dataclass
class Kept:
    """A payment that Toss keeps. `declines` is what its card company will say to a confirm."""

    payment_key: str
    order_id: str
    amount_won: int
    authenticated_at: datetime
    declines: str | None = None
    card: Json | None = field(default_factory=lambda: dict(CARD))
    easy_pay: Json | None = None
    status: str = "IN_PROGRESS"
    approved_at: datetime | None = None
    failure: Json | None = None
    cancels: list[Json] = field(default_factory=list[Json])

    @property
    def balance_won(self) -> int:
        """What is left of it."""
        return self.amount_won - sum(one["cancelAmount"] for one in self.cancels)


class Refused(Exception):
    """An error that Toss answers with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Toss:
    """The stand-in. `now` is its clock; `charged_won` and `given_back_won` what moved, by order id."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.url = ""
        self.payments: dict[str, Kept] = {}
        self.charges: dict[str, list[int]] = defaultdict(list)
        self.calls: list[tuple[str, Json]] = []
        self.heads: list[dict[str, str]] = []
        self._troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self._answers: dict[tuple[str, str], tuple[int, bytes] | None] = {}

    # What a test says and sees.

    def next(self, call: str, *troubles: Trouble) -> None:
        """What becomes of the next requests to `confirm`, `cancel` or `ask`."""
        self._troubles[call].extend(troubles)

    def authenticate(self, order_id: str, amount_won: int, **given: Any) -> str:
        """What the window does when a payer authenticates; the paymentKey."""
        key = f"tviva{self.now():%Y%m%d%H%M%S}{secrets.token_urlsafe(6)}"
        self.payments[key] = Kept(key, order_id, amount_won, self.now(), **given)
        return key

    def cancel_in_console(self, order_id: str, amount_won: int | None = None) -> None:
        """The operator cancels a payment in Toss's own console."""
        kept = self.of_order(order_id)
        assert kept is not None
        self._take_back(kept, "콘솔에서 취소", amount_won)

    def of_order(self, order_id: str) -> Kept | None:
        """The payment of an order: one that was charged before any other, else the newest."""
        ours = [kept for kept in self.payments.values() if kept.order_id == order_id]
        charged = [kept for kept in ours if kept.approved_at]
        return (charged or ours[-1:] or [None])[0]

    def charged_won(self, order_id: str) -> int:
        """What was charged for an order, however often."""
        return sum(self.charges[order_id])

    def given_back_won(self, order_id: str) -> int:
        """What of it was given back."""
        return sum(
            one["cancelAmount"]
            for kept in self.payments.values()
            if kept.order_id == order_id
            for one in kept.cancels
        )

    def asked(self, call: str) -> int:
        """How many requests of a kind came."""
        return sum(one == call for one, _ in self.calls)

    # The API.

    def app(self) -> web.Application:
        """Everything over HTTP."""
        app = web.Application()
        app.router.add_get("/v2/standard", self._sdk)
        app.router.add_get("/v2/merchant", self._merchant)
        app.router.add_get("/window", self._window)
        app.router.add_post("/window", self._decide)
        app.router.add_post("/v1/payments/confirm", self._called("confirm", self._confirm))
        app.router.add_get("/v1/payments/orders/{order}", self._called("ask", self._by_order))
        app.router.add_post("/v1/payments/{key}/cancel", self._called("cancel", self._cancel))
        app.router.add_get("/v1/payments/{key}", self._called("ask", self._by_key))
        return app

    def _called(
        self, call: str, work: Callable[[web.Request, Json], Json]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            raw = await request.read()
            body: Json = msgspec.json.decode(raw) if raw else {}
            self.calls.append((call, body))
            self.heads.append(dict(request.headers))
            trouble = self._troubles[call].popleft() if self._troubles[call] else None
            if trouble is None:
                status, said = self._once(request, body, work)
            else:
                if trouble.works:
                    self._once(request, body, work)
                if trouble.status is None:
                    await asyncio.Event().wait()
                status, said = trouble.status or 0, trouble.body
                if trouble.kept:
                    self._answers[_place(request)] = status, said
            return web.Response(status=status, body=said, content_type="application/json")

        return handle

    def _once(
        self, request: web.Request, body: Json, work: Callable[[web.Request, Json], Json]
    ) -> tuple[int, bytes]:
        """The first answer to an idempotency key again, else the work's."""
        place = _place(request)
        if (before := self._answers.get(place)) is not None:
            return before
        try:
            answer = 200, msgspec.json.encode(self._checked(request, body, work))
        except Refused as refused:
            said = {"code": refused.code, "message": "안 돼요", "data": None}
            answer = status_of(refused.code), msgspec.json.encode(said)
            if answer[0] in NOT_KEPT:
                return answer
        self._answers[place] = answer
        return answer

    def _checked(self, request: web.Request, body: Json, work: Callable[[web.Request, Json], Json]) -> Json:
        given = request.headers.get("Authorization", "")
        if given == "Basic " + b64encode(SECRET_KEY.encode()).decode():
            raise Refused("INCORRECT_BASIC_AUTH_FORMAT")
        if given != "Basic " + b64encode(f"{SECRET_KEY}:".encode()).decode():
            raise Refused("UNAUTHORIZED_KEY")
        if len(request.headers.get("Idempotency-Key", "")) > 300:
            raise Refused("INVALID_REQUEST")
        if code := request.headers.get("TossPayments-Test-Code"):
            raise Refused(code)
        return work(request, body)

    def _confirm(self, _: web.Request, body: Json) -> Json:
        kept = self.payments.get(body.get("paymentKey", ""))
        if kept is None:
            raise Refused("NOT_FOUND_PAYMENT")
        self._age(kept)
        if body.get("orderId") != kept.order_id or body.get("amount") != kept.amount_won:
            raise Refused("INVALID_REQUEST")
        if kept.status in ("EXPIRED", "ABORTED") or self.now() - kept.authenticated_at > CONFIRM_WITHIN:
            raise Refused("NOT_FOUND_PAYMENT_SESSION")
        if kept.status != "IN_PROGRESS":
            raise Refused("ALREADY_PROCESSED_PAYMENT")
        if kept.declines:
            kept.status, kept.failure = "ABORTED", {"code": kept.declines, "message": "거절"}
            raise Refused(kept.declines)
        kept.status, kept.approved_at = "DONE", self.now()
        self.charges[kept.order_id].append(kept.amount_won)
        return self.told(kept)

    def _cancel(self, request: web.Request, body: Json) -> Json:
        kept = self.payments.get(request.match_info["key"])
        if kept is None:
            raise Refused("NOT_FOUND_PAYMENT")
        reason = body.get("cancelReason")
        if not isinstance(reason, str) or not 1 <= len(reason) <= 200:
            raise Refused("INVALID_REQUEST")
        if kept.status == "CANCELED":
            raise Refused("ALREADY_CANCELED_PAYMENT")
        if kept.status not in ("DONE", "PARTIAL_CANCELED"):
            raise Refused("NOT_CANCELABLE_PAYMENT")
        amount_won = body.get("cancelAmount")
        if amount_won is not None and not 0 < amount_won <= kept.balance_won:
            raise Refused("NOT_CANCELABLE_AMOUNT")
        self._take_back(kept, reason, amount_won)
        return self.told(kept)

    def _by_order(self, request: web.Request, _: Json) -> Json:
        kept = self.of_order(request.match_info["order"])
        if kept is None:
            raise Refused("NOT_FOUND_PAYMENT")
        return self.told(kept)

    def _by_key(self, request: web.Request, _: Json) -> Json:
        kept = self.payments.get(request.match_info["key"])
        if kept is None:
            raise Refused("NOT_FOUND_PAYMENT")
        return self.told(kept)

    def _take_back(self, kept: Kept, reason: str, amount_won: int | None) -> None:
        amount_won = amount_won or kept.balance_won
        kept.cancels.append(
            {
                "cancelAmount": amount_won,
                "cancelReason": reason,
                "canceledAt": _moment(self.now()),
                "transactionKey": secrets.token_hex(16).upper(),
                "refundableAmount": kept.balance_won - amount_won,
                "cancelStatus": "DONE",
                "cancelRequestId": None,
            }
        )
        kept.status = "PARTIAL_CANCELED" if kept.balance_won else "CANCELED"

    def _age(self, kept: Kept) -> None:
        if kept.status in ("READY", "IN_PROGRESS") and self.now() - kept.authenticated_at > EXPIRES_AFTER:
            kept.status = "EXPIRED"

    def told(self, kept: Kept) -> Json:
        """The Payment object."""
        self._age(kept)
        return {
            "version": "2022-11-16",
            "mId": "tosspayments",
            "paymentKey": kept.payment_key,
            "lastTransactionKey": "B7103F204998813B889C77C043D09502",
            "orderId": kept.order_id,
            "orderName": "11월 수강료",
            "type": "NORMAL",
            "method": "카드" if kept.card else "간편결제",
            "currency": "KRW",
            "country": "KR",
            "status": kept.status,
            "requestedAt": _moment(kept.authenticated_at),
            "approvedAt": kept.approved_at and _moment(kept.approved_at),
            "totalAmount": kept.amount_won,
            "balanceAmount": kept.balance_won,
            "suppliedAmount": kept.amount_won - kept.amount_won // 11,
            "vat": kept.amount_won // 11,
            "taxFreeAmount": 0,
            "taxExemptionAmount": 0,
            "card": kept.card and {**kept.card, "amount": kept.amount_won},
            "easyPay": kept.easy_pay,
            "cancels": kept.cancels or None,
            "failure": kept.failure,
            "isPartialCancelable": True,
            "metadata": None,
            "receipt": {"url": "https://dashboard.tosspayments.com/receipt"},
        }

    # The payment window.

    async def _sdk(self, _: web.Request) -> web.Response:
        script = SDK.replace("ORIGIN", self.url).replace("CLIENT_KEY", CLIENT_KEY)
        return web.Response(text=script, content_type="text/javascript", charset="utf-8")

    async def _merchant(self, _: web.Request) -> web.Response:
        """What the script asks for before it leads away."""
        return web.json_response({}, headers={"Access-Control-Allow-Origin": "*"})

    async def _window(self, request: web.Request) -> web.Response:
        asked = request.query
        assert ORDER_ID.fullmatch(asked["orderId"]), asked
        assert 0 < len(asked["orderName"]) <= 100, asked
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
            for name in ("orderId", "amount", "successUrl", "failUrl")
        )
        buttons = "".join(
            f'<button name="choice" value="{value}">{words}</button>' for value, words in CHOICES
        )
        head = "<link rel=icon href='data:,'><h1>토스 대역</h1>"
        page = f"{head}<p>{asked['amount']}</p><form method=post>{hidden}{buttons}</form>"
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    async def _decide(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        order_id, choice = form["orderId"], form["choice"]
        kept = self.of_order(order_id)
        if kept is not None and kept.approved_at:
            choice = "DUPLICATED_ORDER_ID"
        if choice in ("approve", "decline_late"):
            declines = "REJECT_CARD_PAYMENT" if choice == "decline_late" else None
            key = self.authenticate(order_id, int(form["amount"]), declines=declines)
            query = {
                "paymentType": "NORMAL",
                "orderId": order_id,
                "paymentKey": key,
                "amount": form["amount"],
            }
            raise web.HTTPSeeOther(_with(form["successUrl"], query))
        said = {"code": choice, "message": "<b>토스의 말</b>"}
        if choice != "PAY_PROCESS_CANCELED":
            said["orderId"] = order_id
        raise web.HTTPSeeOther(_with(form["failUrl"], said))


CHOICES = (
    ("approve", "인증하기"),
    ("decline_late", "인증하고 승인 거절"),
    ("REJECT_CARD_COMPANY", "거절"),
    ("PAY_PROCESS_CANCELED", "닫기"),
)

SDK = """
(() => {
  const KNOWN = ["method", "amount", "orderId", "orderName", "successUrl", "failUrl", "windowTarget"];
  function TossPayments(clientKey) {
    if (clientKey !== "CLIENT_KEY") throw { code: "INVALID_CLIENT_KEY" };
    return {
      payment({ customerKey }) {
        return {
          async requestPayment(asked) {
            const { method, amount, orderId, orderName, successUrl, failUrl } = asked;
            const known = Object.keys(asked).every((name) => KNOWN.includes(name));
            const sound = typeof amount.value === "number" && amount.currency === "KRW" && method === "CARD";
            if (!known || !sound || customerKey !== "ANONYMOUS") throw { code: "INVALID_PARAMETERS" };
            const query = { orderId, orderName, successUrl, failUrl, amount: amount.value };
            await fetch("ORIGIN/v2/merchant");
            if (document.readyState !== "complete") {
              await new Promise((loaded) => window.addEventListener("load", loaded));
            }
            location.href = "ORIGIN/window?" + new URLSearchParams(query);
            return new Promise(() => {});
          },
        };
      },
    };
  }
  TossPayments.ANONYMOUS = "ANONYMOUS";
  window.TossPayments = TossPayments;
})();
"""


def _place(request: web.Request) -> tuple[str, str]:
    """Under what an answer is kept: an idempotency key counts for one address and method."""
    key = request.headers.get("Idempotency-Key") or secrets.token_hex(8)
    return f"{request.method} {request.path}", key


def _with(url: str, query: dict[str, str]) -> str:
    return url + ("&" if "?" in url else "?") + urlencode(query)


def _moment(moment: datetime) -> str:
    return moment.astimezone(SEOUL).replace(microsecond=0).isoformat()


@asynccontextmanager
async def toss(
    now: Callable[[], datetime] = lambda: datetime.now(UTC), port: int = 0
) -> AsyncGenerator[Toss]:
    """A stand-in on a port of loopback."""
    made = Toss(now)
    runner = web.AppRunner(made.app(), shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()
