"""The sandbox gateway's card window: a page where one chooses what the card company will answer."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cheonggu.delivery import payment
from cheonggu.domain.codes import Refused
from cheonggu.providers.sandbox_gateway import CARD_NUMBER
from cheonggu.service import Service
from cheonggu.store.bills import PayerBill
from cheonggu.web import forms, rendering
from cheonggu.web.addresses import bill_path
from cheonggu.web.guesses import payer_of
from cheonggu.web.problems import page_error
from cheonggu.web.words import Language

PURPOSE: Final = "card window"
MONTHS: Final = (0, *range(2, 13))
"""0 is one payment, as on the wire."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to choose. `name` is its phrase; what it leads to is the phrase `name_then`."""

    outcome: str
    name: str
    tone: str
    icon: str


CLOSE: Final = "CLOSE"
CHOICES: Final = (
    Choice(outcome="APPROVE", name="approve", tone="go", icon="check"),
    Choice(outcome="DECLINE", name="decline", tone="stop", icon="ban"),
    Choice(outcome=CLOSE, name="close", tone="rest", icon="cross"),
    Choice(outcome="TIMEOUT_CHARGED", name="timeout_charged", tone="wait", icon="clock"),
    Choice(outcome="TIMEOUT_NOT_CHARGED", name="timeout_not_charged", tone="wait", icon="clock"),
    Choice(outcome="CHARGED_LATE", name="charged_late", tone="wait", icon="clock"),
)
DECLINES: Final = {
    "REJECT_CARD_LIMIT": "over_limit",
    "REJECT_CARD_COMPANY": "no_reason",
    "INVALID_STOPPED_CARD": "card_stopped",
    "INVALID_CARD_EXPIRATION": "card_ended",
}
"""Why the card company declines, and the phrase for it; the first unless another is chosen."""
OVER_LIMIT: Final = next(iter(DECLINES))
_OUTCOMES: Final = frozenset(choice.outcome for choice in CHOICES)


def routes() -> list[BaseRoute]:
    """The window's two routes, for sandbox mode only."""
    return [
        Route("/p/{code}/card", show, methods=["GET"]),
        Route("/p/{code}/card", answer, methods=["POST"]),
    ]


async def show(request: Request) -> Response:
    """The window, or the way back to a bill that cannot be paid now."""
    service: Service = request.app.state.service
    language = rendering.language_of(request)
    payer = await payer_of(request)
    if payer.bill.why_not_pay(service.clock.now()) is not None:
        return _back(payer, language)
    return window_shown(payer, language, service.keyring.form_key, time.time())


def window_shown(payer: PayerBill, language: Language, form_key: bytes, now_seconds: float) -> Response:
    """The answer that shows the window; `now_seconds` is real time, which the form's token counts in."""
    code = payer.bill.short_code
    return rendering.page(
        "card_window.html",
        language,
        bill=payer.bill,
        amount=language.amount(payer.bill.price_won),
        card_number=CARD_NUMBER.replace("*", "•").replace("-", " "),
        action=f"/p/{code}/card{language.query}",
        token=forms.token(form_key, code, PURPOSE, now_seconds),
        months=MONTHS,
        declines=DECLINES,
        choices=CHOICES,
    )


async def answer(request: Request) -> Response:
    """Do what was chosen, and lead back to the bill, which tells what became of it."""
    service: Service = request.app.state.service
    try:
        form = await forms.posted(request, service.settings.public_url)
    except forms.FormRefused as refused:
        return page_error(request, refused.status)
    payer = await payer_of(request)
    code, given = payer.bill.short_code, form.get("token", "")
    if not forms.genuine(service.keyring.form_key, code, PURPOSE, given, time.time()):
        return page_error(request, 403)
    outcome, months = form.get("outcome", ""), form.get("months", "0")
    code_of_decline = form.get("decline", OVER_LIMIT)
    if outcome not in _OUTCOMES or months not in map(str, MONTHS) or code_of_decline not in DECLINES:
        return page_error(request, 400)
    if outcome != CLOSE:
        # A refused beginning (paid meanwhile, being paid, withdrawn, expired) is told by the bill's own page.
        with suppress(Refused):
            await payment.pay(service, payer.bill, window_key(outcome, int(months), code_of_decline))
    return _back(payer, rendering.language_of(request))


def window_key(outcome: str, months: int, code_of_decline: str = OVER_LIMIT) -> str:
    """What the window gives the sandbox gateway: the outcome that was chosen, with its particulars."""
    if outcome == "APPROVE":
        return f"APPROVE:{months}"
    return f"DECLINE:{code_of_decline}" if outcome == "DECLINE" else outcome


def _back(payer: PayerBill, language: Language) -> Response:
    return RedirectResponse(bill_path(payer.bill.short_code, language), 303, rendering.HEADERS)
