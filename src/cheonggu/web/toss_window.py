"""The pages around Toss's payment window: one that opens it, and two that it comes back to.

Only the POST pays. Coming back from the window is a GET, which whoever previews links may repeat, so it shows
a form that our own script posts at once. Of the payer Toss is told nothing but the address to come back to.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cheonggu.delivery import payment
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import Attempt, AttemptState
from cheonggu.providers.toss_gateway import TossGateway, is_payment_key, told_to_payer
from cheonggu.service import Service
from cheonggu.store.bills import PayerBill
from cheonggu.web import forms, rendering
from cheonggu.web.addresses import bill_path
from cheonggu.web.guesses import payer_of
from cheonggu.web.order_ids import is_order_of, new_order_id
from cheonggu.web.pages import bill_shown
from cheonggu.web.problems import page_error
from cheonggu.web.words import Language

PURPOSE: Final = "toss window"
ORDER_NAME_CHARACTERS: Final = 100
"""Toss takes so many in orderName."""
TOSS: Final = "https://*.tosspayments.com"
CLOSED: Final = frozenset({"", "PAY_PROCESS_CANCELED", "USER_CANCEL"})
"""With these, or with none, the payer closed the window."""
_LATE: Final = frozenset({AttemptState.LATE_CHARGED, AttemptState.LATE_REFUNDED})


def routes() -> list[BaseRoute]:
    """The pages, for a service whose gateway is Toss."""
    return [
        Route("/p/{code}/pay", show, methods=["GET"]),
        Route("/p/{code}/pay", take, methods=["POST"]),
        Route("/p/{code}/pay/return", returned, methods=["GET"]),
        Route("/p/{code}/pay/failed", failed, methods=["GET"]),
    ]


async def show(request: Request) -> Response:
    """The page that opens the window, or the way back to a bill that cannot be paid now."""
    service: Service = request.app.state.service
    gateway = service.gateway
    assert isinstance(gateway, TossGateway)
    language = rendering.language_of(request)
    payer = await payer_of(request)
    if payer.bill.why_not_pay(service.clock.now()) is not None:
        return _back(payer, language)
    return window_shown(payer, language, gateway, service.keyring.form_key)


def window_shown(payer: PayerBill, language: Language, gateway: TossGateway, form_key: bytes) -> Response:
    """The answer that opens the window, for an order of its own."""
    bill = payer.bill
    below = gateway.window_path(bill.short_code)
    return rendering.page(
        "toss_window.html",
        language,
        headers={"Content-Security-Policy": policy(gateway.script_url)},
        bill=bill,
        amount=language.amount(bill.price_won),
        script_url=gateway.script_url,
        client_key=gateway.client_key,
        order_id=new_order_id(form_key, bill.short_code),
        order_name=bill.product_name[:ORDER_NAME_CHARACTERS],
        success_path=f"{below}/return{language.query}",
        fail_path=f"{below}/failed{language.query}",
        bill_href=bill_path(bill.short_code, language),
    )


def policy(script_url: str) -> str:
    """What the window's page may load: what is ours, and Toss's own script and what that needs."""
    script = urlsplit(script_url)
    theirs = f"{script.scheme}://{script.netloc} {TOSS}"
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self' {theirs}; connect-src {theirs}; "
        f"frame-src {theirs}; img-src 'self' {theirs}; form-action 'self' {theirs}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


async def returned(request: Request) -> Response:
    """The payer has authenticated: a form that takes the payment once it is posted. Changes nothing."""
    service: Service = request.app.state.service
    language = rendering.language_of(request)
    payer = await payer_of(request)
    bill, query = payer.bill, request.query_params
    if bill.why_not_pay(service.clock.now()) is not None:
        return _back(payer, language)
    order_id, payment_key = query.get("orderId", ""), query.get("paymentKey", "")
    if not is_order_of(service.keyring.form_key, bill.short_code, order_id):
        return page_error(request, 403)
    # Toss would refuse another amount than the one that was authenticated: it is not even asked.
    if not is_payment_key(payment_key) or query.get("amount") != str(bill.price_won):
        return page_error(request, 400)
    return rendering.page(
        "toss_return.html",
        language,
        bill=bill,
        amount=language.amount(bill.price_won),
        action=f"{service.gateway.window_path(bill.short_code)}{language.query}",
        token=forms.token(service.keyring.form_key, bill.short_code, PURPOSE, time.time()),
        order_id=order_id,
        payment_key=payment_key,
        bill_href=bill_path(bill.short_code, language),
    )


async def take(request: Request) -> Response:
    """Take the payment, and lead back to the bill, which tells what became of it."""
    service: Service = request.app.state.service
    try:
        form = await forms.posted(request, service.settings.public_url)
    except forms.FormRefused as refused:
        return page_error(request, refused.status)
    payer = await payer_of(request)
    code, key = payer.bill.short_code, service.keyring.form_key
    order_id, payment_key = form.get("orderId", ""), form.get("paymentKey", "")
    ours = forms.genuine(key, code, PURPOSE, form.get("token", ""), time.time())
    if not is_order_of(key, code, order_id) or not ours:
        return page_error(request, 403)
    if not is_payment_key(payment_key):
        return page_error(request, 400)
    # A refused beginning (paid meanwhile, posted again, withdrawn, expired) is told by the bill's own page.
    with suppress(Refused):
        await payment.pay(service, payer.bill, payment_key, order_id=order_id)
    return _back(payer, rendering.language_of(request))


async def failed(request: Request) -> Response:
    """The window ended without an authentication: back to the bill, with why unless it was only closed."""
    service: Service = request.app.state.service
    language = rendering.language_of(request)
    payer = await payer_of(request)
    now, code = service.clock.now(), request.query_params.get("code", "")
    order_id = request.query_params.get("orderId", "")
    told = code not in CLOSED and is_order_of(service.keyring.form_key, payer.bill.short_code, order_id)
    late = payer.attempt is not None and payer.attempt.state in _LATE  # which says more about money
    if not told or late or payer.bill.why_not_pay(now) is not None:
        return _back(payer, language)
    return bill_shown(
        request,
        msgspec.structs.replace(payer, attempt=_tried(payer, order_id, code, now)),
        now,
        window_path=service.gateway.window_path(payer.bill.short_code),
        practice=service.settings.sandbox,
    )


def _tried(payer: PayerBill, order_id: str, code: str, now: datetime) -> Attempt:
    """What failed in the window, seen as an attempt that failed; nothing began here, so nothing is kept.

    What Toss says in `message` is not repeated: whoever made the link may have written it.
    """
    why = told_to_payer(code)
    return Attempt(
        partner_id=payer.bill.partner_id,
        attempt_no=0,
        bill_no=payer.bill.bill_no,
        order_id=order_id,
        amount_won=payer.bill.price_won,
        state=AttemptState.FAILED,
        began_at=now,
        confirm_until=now,
        settled_at=now,
        failure_code=why.code,
        failure=why.reason,
        fence=0,
        approval=None,
    )


def _back(payer: PayerBill, language: Language) -> Response:
    return RedirectResponse(bill_path(payer.bill.short_code, language), 303, rendering.HEADERS)
