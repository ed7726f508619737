"""Toss Payments as a gateway: API version 2022-11-16, one-time payments in won through SDK v2's window.

Written from the published reference and tried against a stand-in that speaks it, never against Toss itself.
An order id of ours is Toss's orderId. Toss takes nothing before `confirm` asks for it: a payer who has
authenticated has not paid.
"""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote

import structlog

from cheonggu.domain.payment import (
    GATEWAYS_OWN,
    TAKEN_BACK,
    Approved,
    Asked,
    AskedRefund,
    Confirmed,
    Declined,
    NotFound,
    Refunded,
    Refunding,
    Unknown,
)
from cheonggu.providers import Confirmation, ProviderUnfit, Refund
from cheonggu.providers.calling import Answer, Calls, NoAnswer
from cheonggu.providers.toss_answers import (
    ALREADY_CANCELED,
    ALREADY_CONFIRMED,
    CONFIGURATION,
    NOT_KNOWN,
    declined,
    error_code,
    refund_refused,
)
from cheonggu.providers.toss_payment import Payment, approval_of, cancel_reason, in_seoul, reference

log = structlog.get_logger()
T = TypeVar("T")

TIMEOUT_SECONDS: Final = 20.0
"""A card company answers within a few seconds. Whoever still waits now is better served by the bill's page,
which looks again by itself, than by a browser that goes on turning; the order is asked about all the same."""
CONFIRM_WINDOW_SECONDS: Final = 15 * 60.0
"""Toss refuses a confirm later than 10 minutes after the payer authenticated, which was before ours began.
The rest is for a confirm that came in time and is still on its way to a card company, and for clocks."""
REFUND_SECONDS: Final = 9.0
"""For all calls of a refund together: a cancel is answered after 10 seconds, known or not."""
REFUND_KEY_SECONDS: Final = 60
"""Toss answers an idempotency key for 15 days as it did at first, errors that may pass among it. A refund
cancels all that is left of a payment, which cannot be done twice, so a later try of it may have a new key."""

UNFIT_KEY: Final = Declined(GATEWAYS_OWN + "UNFIT_KEY", "결제창이 돌려준 값을 읽을 수 없어요.")
FAILED: Final = Declined(GATEWAYS_OWN + "FAILED", "결제사가 까닭을 알려 주지 않았어요.")
EXPIRED: Final = Declined(GATEWAYS_OWN + "EXPIRED", "결제를 마치기 전에 시간이 지났어요.")
# O: charged, and given back by somebody else before we knew: it pays no bill.
CANCELED: Final = Declined(TAKEN_BACK, "결제사에서 이 결제를 취소했어요.")

_NOBODYS: Final = "cheonggu-doctor"
"""No order of ours: those have 44 characters."""
_PAYMENT_KEY: Final = re.compile(r"[!-~]{1,200}")


def is_payment_key(text: str) -> bool:
    """Whether this can be a paymentKey: up to 200 visible characters. It comes from a stranger's browser."""
    return _PAYMENT_KEY.fullmatch(text) is not None


def told_to_payer(code: str) -> Declined:
    """What Toss's code for a payment that failed says to the payer, whatever the code."""
    return declined(code) or FAILED


class TossGateway:
    """A Gateway. `client_key` and `script_url` are for the page that opens the payment window."""

    name: str = "toss"
    timeout_seconds: float = TIMEOUT_SECONDS
    confirm_window_seconds: float = CONFIRM_WINDOW_SECONDS

    def __init__(
        self,
        calls: Calls,
        *,
        client_key: str,
        secret_key: str,
        script_url: str,
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        self.client_key = client_key
        self.script_url = script_url
        self._calls = calls
        self._now_seconds = now_seconds
        self._authorization = "Basic " + b64encode(f"{secret_key}:".encode()).decode()

    def window_path(self, short_code: str) -> str:
        """Our page that opens Toss's payment window."""
        return f"/p/{short_code}/pay"

    async def confirm(self, confirmation: Confirmation) -> Confirmed:
        """Take the payment that the payer authenticated; Toss charges an order once."""
        if not is_payment_key(confirmation.window_key):
            return UNFIT_KEY
        return await _within(self.timeout_seconds, lambda: self._confirm(confirmation))

    async def ask(self, order_id: str) -> Asked:
        """What became of an order. One that was authenticated but not confirmed is not found: nobody paid."""
        return await _within(self.timeout_seconds, lambda: self._ask(order_id))

    async def refund(self, refund: Refund) -> Refunding:
        """Cancel a payment whole, unless that was done already, by whomever."""
        return await _within(REFUND_SECONDS, lambda: self._refund(refund))

    async def ask_refund(self, order_id: str, refund_id: str) -> AskedRefund:
        """Whether a cancellation was made under this refund id; Toss keeps none that it refused."""
        return await _within(REFUND_SECONDS, lambda: self._ask_refund(order_id, refund_id))

    async def check(self) -> str:
        """Ask for an order that nobody has: that it is not known, only the right key is told."""
        answer = await self._call("GET", f"/v1/payments/orders/{_NOBODYS}")
        code = str(answer.status) if answer.status == 200 else error_code(answer)
        if answer.status == 404 and code in NOT_KNOWN:
            return "It takes the secret key; that the client key is of the same pair, only a payment shows."
        raise ProviderUnfit(
            f"It refuses the secret key or this machine ({code}): compare CHEONGGU_TOSS_SECRET_KEY with the "
            "key and the addresses in Toss's developer centre."
        )

    async def _confirm(self, confirmation: Confirmation) -> Confirmed:
        answer = await self._call(
            "POST",
            "/v1/payments/confirm",
            {
                "paymentKey": confirmation.window_key,
                "orderId": confirmation.order_id,
                "amount": confirmation.amount_won,
            },
            idempotency_key=confirmation.order_id,
        )
        if answer.status == 200:
            payment = answer.read(Payment)
            if payment.status != "DONE":
                return Unknown(f"confirmed, but {_plain(payment.status)}")
            return Approved(approval_of(payment))  # of which order and amount, whoever settles it compares
        code = error_code(answer)
        if code == ALREADY_CONFIRMED:
            asked = await self._ask(confirmation.order_id)
            return Unknown(code) if isinstance(asked, NotFound) else asked
        _tell_operator("confirm", code)
        return declined(code) or Unknown(code)

    async def _ask(self, order_id: str) -> Asked:
        payment = await self._payment(order_id)
        if payment is None:
            return NotFound()
        match payment.status:
            case "DONE":
                return Approved(approval_of(payment))
            case "READY" | "IN_PROGRESS":
                return NotFound()
            case "ABORTED":
                return told_to_payer(payment.failure_code)
            case "EXPIRED":
                return EXPIRED
            case "CANCELED":
                return CANCELED
            case status:
                log.warning("toss_status_decides_nothing", order_id=order_id, status=_plain(status))
                return Unknown(_plain(status))

    async def _refund(self, refund: Refund) -> Refunding:
        payment = await self._payment(refund.order_id)
        if payment is None:
            return _lost(refund.order_id)
        if payment.wholly_canceled:
            return _given_back(payment, refund.refund_id)
        answer = await self._call(
            "POST",
            f"/v1/payments/{quote(payment.payment_key, safe='')}/cancel",
            {"cancelReason": cancel_reason(refund.reason, refund.refund_id)},
            idempotency_key=f"{refund.refund_id}.{self._now_seconds() // REFUND_KEY_SECONDS:.0f}",
        )
        if answer.status == 200:
            return _given_back(answer.read(Payment), refund.refund_id)
        code = error_code(answer)
        if code in ALREADY_CANCELED:
            again = await self._payment(refund.order_id)
            return _lost(refund.order_id) if again is None else _given_back(again, refund.refund_id)
        _tell_operator("cancel", code)
        return refund_refused(code) or Unknown(code)

    async def _ask_refund(self, order_id: str, refund_id: str) -> AskedRefund:
        payment = await self._payment(order_id)
        if payment is None:
            return _lost(order_id)
        return NotFound() if payment.cancel_of(refund_id) is None else _given_back(payment, refund_id)

    async def _payment(self, order_id: str) -> Payment | None:
        """The payment of an order; None when Toss has none. Raises NoAnswer when nobody can say."""
        answer = await self._call("GET", f"/v1/payments/orders/{quote(order_id, safe='')}")
        if answer.status == 200:
            payment = answer.read(Payment)
            if payment.order_id != order_id:
                raise NoAnswer("the answer is about another order")
            return payment
        code = error_code(answer)
        if answer.status == 404 and code in NOT_KNOWN:
            return None
        _tell_operator("ask", code)
        raise NoAnswer(code)

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Answer:
        headers = {"Authorization": self._authorization}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return await self._calls.call(method, path, headers=headers, body=body)


async def _within(seconds: float, call: Callable[[], Awaitable[T]]) -> T | Unknown:
    """What a call says, unknown when it comes too late or cannot be read."""
    try:
        async with asyncio.timeout(seconds):
            return await call()
    except TimeoutError:
        return Unknown("no answer in time")
    except NoAnswer as error:
        return Unknown(str(error))


def _given_back(payment: Payment, refund_id: str) -> Refunded | Unknown:
    """What a cancelled payment says of a refund: done by us, or by somebody who cancelled it whole (O)."""
    if not payment.wholly_canceled:
        return Unknown(f"canceled, but {_plain(payment.status)}")
    cancel = payment.cancel_of(refund_id)
    if cancel is None and payment.cancels:
        cancel = payment.cancels[-1]
        log.warning("toss_payment_was_canceled_elsewhere", order_id=payment.order_id)
    number = reference((cancel and cancel.transaction_key) or "")
    if cancel is None or cancel.canceled_at is None or not cancel.done or not number:
        return Unknown("a cancellation is under way")
    return Refunded(number, in_seoul(cancel.canceled_at))


def _lost(order_id: str) -> Unknown:
    """Toss does not know what it has charged: the key must be another merchant's."""
    log.error("toss_does_not_know_a_paid_order", order_id=order_id)
    return Unknown("a paid order is not known")


def _tell_operator(call: str, code: str) -> None:
    if code in CONFIGURATION:
        log.error("toss_refuses_our_requests", call=call, code=code)


def _plain(status: str) -> str:
    return "".join(filter(str.isprintable, status))[:40]
