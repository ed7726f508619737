"""What the page's forms do: each goes the way that the same wish goes over HTTP, and leads back to the page.

A form carries a token of ours, and a text of its own by which a second press is known for the first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, cast, get_args

import msgspec
from starlette.requests import Request

from cheonggu.billing.first_bill import envelope, hashed
from cheonggu.billing.own_partners import Identity
from cheonggu.delivery import callback as callbacks
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.hashing import request_hash
from cheonggu.domain.new_bill import BILL_ID_MAX
from cheonggu.service import Service
from cheonggu.store import bills, idempotency, practice_page, trouble
from cheonggu.web import forms
from cheonggu.web.head import Head
from cheonggu.web.operations import ROUTES
from cheonggu.web.partner_api import PartnerApi
from cheonggu.web.sandbox.clock import move_clock, start_over
from cheonggu.web.sandbox.fates import MessageOutcome, RefundOutcome, decide_message, decide_refund
from cheonggu.web.sandbox.outcomes import Outcome, Wish, bring_about
from cheonggu.web.sandbox.page import clock, owning, probing, wishing
from cheonggu.web.sandbox.page.act import Act, Form, NotTaken, Shown
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.view import PURPOSE, wallet_code
from cheonggu.web.sandbox.payments import set_balance

MOST_POINTS: Final = 10**15
USUAL_MESSAGE: Final = "ARRIVE"
DOWN_FOR: Final = timedelta(hours=2)
FORM_BYTES: Final = 32 * 1024
"""A long message, each letter of it nine bytes in a form."""


async def read_form(request: Request, service: Service, who: Identity) -> Form:
    """The form, once it is sure that it is ours. Raises FormRefused."""
    form = await forms.posted(request, service.settings.public_url, FORM_BYTES)
    key, given = service.keyring.form_key, form.get("token", "")
    if not forms.genuine(key, who.name, PURPOSE, given, time.time()):
        raise forms.FormRefused(403)
    return form


async def do(name: str, act: Act) -> Place | Shown:
    """Do it; where that leads. Raises NotTaken when what was sent is not in order."""
    return await _ACTS[name](act)


def known(name: str) -> bool:
    """Whether there is such an act."""
    return name in _ACTS


async def _send(act: Act) -> Place:
    """POST /bill. A field that is empty and not needed is left out."""
    fields = ("billId", "sendType", "productName", "memberName", "phone", "price", "callbackUrl")
    optional = ("message", "expireDt", "billIssuer")
    bill = {name: act.form.get(name, "") for name in fields}
    bill |= {name: act.form[name] for name in optional if act.form.get(name)}
    bill = {name: text.replace("\r\n", "\n") for name, text in bill.items()}
    await _with_fate(act, "/bill", hashed(bill))
    talks = bill["sendType"] == "TALK"
    return act.place.at(
        "" if talks else "bills", "" if talks else bill["billId"], said="sent" if talks else "made"
    )


async def _resend(act: Act) -> Place:
    return await _told(act, "resent", _with_fate(act, "/bill/resend", {"billId": act.place.bill}))


async def _with_fate(act: Act, path: str, bill: dict[str, str]) -> None:
    """Send a bill's message after it was decided what becomes of it; that is taken back if none is sent."""
    bill_id, operation = bill["billId"], path.removeprefix("/")
    service, partner_id, fate = act.service, act.who.partner_id, act.form.get("fate", USUAL_MESSAGE)
    decides = fate in get_args(MessageOutcome) and fate != USUAL_MESSAGE and 1 <= len(bill_id) <= BILL_ID_MAX
    if decides and (key := _once(act, bill)):
        decides = not await service.db.run(
            lambda conn: idempotency.find(conn, partner_id, operation, key, service.clock.now())
        )
    if decides:
        await decide_message(service, partner_id, bill_id, cast("MessageOutcome", fate))
    try:
        await _operate(act, path, bill)
    except NotTaken:
        if decides:
            await decide_message(service, partner_id, bill_id, USUAL_MESSAGE)
        raise


async def _destroy(act: Act) -> Place:
    return await _told(act, "destroyed", _operate(act, "/bill/destroy", _with_price(act)))


async def _cancel(act: Act) -> Place:
    fate = act.form.get("fate", "REFUND")
    if fate in get_args(RefundOutcome):
        with suppress(Refused):  # the cancel itself says why
            await decide_refund(act.service, act.who.partner_id, act.place.bill, cast("RefundOutcome", fate))
    return await _told(act, "cancelled", _operate(act, "/bill/cancel", _with_price(act)))


def _with_price(act: Act) -> dict[str, str]:
    bill_id, price = act.place.bill, act.form.get("price", "")
    return {"billId": bill_id, "price": price, "hash": request_hash(bill_id, price)}


async def _told(act: Act, said: str, doing: Awaitable[None]) -> Place:
    try:
        await doing
    except NotTaken as refused:
        return act.place.saying("refused", refused.code)
    return act.place.saying(said)


async def _operate(act: Act, path: str, bill: dict[str, str]) -> None:
    """Call the partner API as a client would. Raises NotTaken."""
    if act.who.api_key is None:
        raise NotTaken(Refused(codes.PARTNER_003))
    api: PartnerApi = act.request.app.state.partner_api
    body = json.dumps(envelope(act.who, bill), ensure_ascii=False).encode(errors="replace")
    headers = [(b"content-type", b"application/json")]
    if key := _once(act, bill):
        headers.append((b"idempotency-key", key.encode()))
    answer = await api.answer(ROUTES[path], Head(headers), body, act.request.client)
    if answer.silent_seconds is not None:  # somebody wished that requests get lost
        raise NotTaken(Refused(codes.HTTP_503))
    told: dict[str, Any] = msgspec.json.decode(answer.body)
    if told["code"] != codes.OK.code:
        message = told.get("message") or told.get("msg")  # as the partner's profile has it
        raise NotTaken(Refused(codes.CODES.get(told["code"], codes.ERROR), message))


def _once(act: Act, bill: dict[str, str]) -> str:
    """The idempotency key of a form, by which a second press of the same words is known."""
    once, said = act.form.get("once", ""), sha256(msgspec.json.encode(bill)).hexdigest()
    return f"page-{once[:64]}-{said}" if once.isascii() and once.isalnum() else ""


async def _pay(act: Act) -> Place:
    service, outcome = act.service, act.form.get("outcome", "")
    bill = await bills.find(service.db, service.keyring, act.who.partner_id, act.place.bill)
    if bill is None or outcome not in get_args(Outcome):
        return act.place.saying("refused", codes.BILL_003.code)
    wish = Wish(
        outcome=cast("Outcome", outcome), code=act.form.get("decline") if outcome == "DECLINE" else None
    )
    try:
        told = await bring_about(service, bill, wish)
    except Refused:
        return act.place.saying("too_far")
    refused = cast("dict[str, str]", told.get("refused", {}))
    return act.place.saying("refused", refused["code"]) if refused else act.place.saying("tried")


async def _callback(act: Act) -> Place:
    number = act.form.get("callback", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    made_due = is_number and await callbacks.resend(act.service, act.who.partner_id, int(number))
    return act.place.saying("callback_due" if made_due else "gone")


async def _trouble(act: Act) -> Place:
    """Let something befall the callbacks of the chosen bill, or of all."""
    service, kind = act.service, act.form.get("kind", "")
    partner_id, under = act.who.partner_id, act.place.bill or trouble.ANY_BILL
    if kind == "CLEAR":
        await trouble.clear(service.db, partner_id, act.place.bill or None, None)
        return act.place.saying("untroubled")
    if kind == "DOWN":
        await trouble.be_down(service.db, partner_id, under, service.clock.now() + DOWN_FOR)
    elif kind in ("LOST", "ANSWER_LOST"):
        await trouble.lose(service.db, partner_id, under, kind, 1)
    return act.place.saying("troubled")


async def _points(act: Act) -> Place:
    typed = act.form.get("preset") or act.form.get("balance", "")
    wanted = typed.replace(",", "").strip()
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19 and int(wanted) <= MOST_POINTS):
        return act.place.saying("points_unread")
    await set_balance(act.service, act.who.partner_id, wallet_code(act.who), int(wanted))
    return act.place.saying("points_set")


async def _clock(act: Act) -> Place:
    service = act.service
    next_try = None
    if act.form.get("move") == "retry":
        next_try = await service.db.run(
            lambda conn: practice_page.next_try(conn, act.who.partner_id, service.clock.now())
        )
    seconds = clock.seconds_of(act.form.get("move", ""), service.clock.now(), next_try)
    if seconds is None:
        return act.place.saying("no_retry")
    try:
        await move_clock(service, seconds, from_offset=_number(act.form.get("offset", "")))
    except Refused:
        return act.place.saying("clock_end")
    return act.place.saying("moved")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


async def _reset(act: Act) -> Place:
    await start_over(act.request)
    return act.place.at("", said="reset")


_ACTS: Final[dict[str, Callable[[Act], Awaitable[Place | Shown]]]] = {
    "send": _send,
    "pay": _pay,
    "resend": _resend,
    "destroy": _destroy,
    "cancel": _cancel,
    "callback": _callback,
    "trouble": _trouble,
    "probe": probing.probe,
    "arm": wishing.arm,
    "disarm": wishing.disarm,
    "make": owning.make,
    "change": owning.change,
    "remove": owning.remove,
    "points": _points,
    "clock": _clock,
    "reset": _reset,
}
