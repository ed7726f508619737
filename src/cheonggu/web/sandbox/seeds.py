"""A sandbox brought to a state that was written down: partners, bills in any state, points, the clock.

Everything is made by the operations and verbs that clients and payers use, entry by entry. A refusal names
the entry and the field.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.billing import own_partners
from cheonggu.billing.own_partners import Identity
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.hashing import request_hash
from cheonggu.domain.seoul import end_of, today
from cheonggu.service import Service
from cheonggu.store import bills, practice
from cheonggu.web.head import Head
from cheonggu.web.operations import ROUTES, incoming_to
from cheonggu.web.sandbox import clock, door, fates, outcomes, partners, payments
from cheonggu.web.sandbox.door import json_route
from cheonggu.web.sandbox.partners import NewOwnPartner
from cheonggu.web.sandbox.seed_entries import (
    MOST_BYTES,
    RULES,
    Planned,
    Seed,
    SeedBill,
    SeedPoints,
    at_entry,
)
from cheonggu.web.wire import CreateBillInfo

T = TypeVar("T")
_SENT_WITHIN_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.02


def routes() -> list[Route]:
    """The endpoint about seeds."""
    return [json_route("/sandbox/seed", "POST", _seed)]


async def _seed(service: Service, request: Request) -> dict[str, object]:
    given = await door.read_object(request, MOST_BYTES)
    seed = Planned.of(door.fitting(given, Seed, RULES))
    if seed.reset:
        await clock.start_over(request, removing=True, deterministic=seed.deterministic)
    made = await _make_partners(service, seed.partners)
    await _make_bills(service, seed.bills, made)
    for number, wallet in enumerate(seed.points):
        await _named(f"points[{number}]", _set_points(service, wallet, made))
    if seed.clock is not None:
        await clock.move_clock(service, seed.clock.advanceSeconds)
    return {
        "partners": [partners.identity(made[one.name]) for one in seed.partners if one.name],
        "bills": [await _told(service, bill, made) for bill in seed.bills],
        "now": service.clock.now(),
    }


async def _named(at: str, work: Awaitable[T]) -> T:
    try:
        return await work
    except Refused as refused:
        raise at_entry(at, refused) from None


async def _make_partners(service: Service, wanted: Sequence[NewOwnPartner]) -> dict[str, Identity]:
    """Every sandbox partner by its name, those that were wanted made."""
    for number, one in enumerate(wanted):
        await _named(f"partners[{number}] {one.name}", partners.make(service, one))
    return {one.name: one for one in await own_partners.every(service.db, service.keyring)}


async def _make_bills(service: Service, wanted: Sequence[SeedBill], made: dict[str, Identity]) -> None:
    """Those that shall be expired first, as time passes for all; then the others, in their order."""
    numbered = [(f"bills[{number}] {bill.billId}", bill) for number, bill in enumerate(wanted)]
    expired = [one for one in numbered if one[1].state == "EXPIRED"]
    if expired:
        last_day = today(service.clock.now())
        for at, bill in expired:
            await _named(at, _create(service, bill, made, expire_day=last_day.isoformat()))
        await _all_sent(service, expired, made)
        await service.clock.advance_to(service.db, end_of(last_day))
    others = [one for one in numbered if one[1].state != "EXPIRED"]
    for at, bill in others:
        await _named(at, _create(service, bill, made, expire_day=bill.expireDt))
    await _all_sent(service, others, made)
    for at, bill in others:
        await _named(at, _bring_to_state(service, bill, made))


async def _create(
    service: Service, bill: SeedBill, made: dict[str, Identity], *, expire_day: str | None
) -> None:
    who = _partner(bill.partner, made)
    if bill.messageOutcome != "ARRIVE":
        await fates.decide_message(service, who.partner_id, bill.billId, bill.messageOutcome)
    given = {name: getattr(bill, name, None) for name in CreateBillInfo.__struct_fields__}
    given["expireDt"] = expire_day
    given["callbackUrl"] = bill.callbackUrl or f"{service.settings.public_url}/sandbox/receiver"
    given["hash"] = request_hash(bill.billId, bill.phone, str(bill.price))
    await _operate(service, "/bill", who, {name: value for name, value in given.items() if value is not None})


async def _bring_to_state(service: Service, bill: SeedBill, made: dict[str, Identity]) -> None:
    who = _partner(bill.partner, made)
    asked = {"billId": bill.billId, "price": str(bill.price)}
    asked["hash"] = request_hash(bill.billId, str(bill.price))
    if bill.state == "DESTROYED":
        await _operate(service, "/bill/destroy", who, asked)
    if bill.wish is not None:
        found = await bills.find(service.db, service.keyring, who.partner_id, bill.billId)
        if found is None:
            raise Refused(codes.BILL_003)
        await outcomes.bring_about(service, found, bill.wish)
    if bill.state == "CANCELLED":
        await _operate(service, "/bill/cancel", who, asked)
    if bill.state == "CANCEL_REFUSED":
        await fates.decide_refund(service, who.partner_id, bill.billId, "REFUSED_CARD")
        try:
            await _operate(service, "/bill/cancel", who, asked)
        except Refused as refused:
            if refused.code is not codes.PAYMENT_001:
                raise


async def _operate(service: Service, path: str, who: Identity, bill: dict[str, Any]) -> None:
    """What a client of the partner would send."""
    operation = ROUTES[path]
    tree = {"apiKey": who.api_key, "member": who.member, "merchant": who.merchant, "bill": bill}
    body = msgspec.json.encode(tree)
    await operation.run(service, operation, incoming_to(operation, body, Head([]), None))


async def _all_sent(
    service: Service, wanted: Sequence[tuple[str, SeedBill]], made: dict[str, Identity]
) -> None:
    """Wait for the worker: what would have been sent shall not be withdrawn. Raises Refused without one."""
    deadline = asyncio.get_running_loop().time() + _SENT_WITHIN_SECONDS
    for at, bill in wanted:
        partner_id = _partner(bill.partner, made).partner_id
        while await practice.is_being_sent(service.db, partner_id, bill.billId):
            if asyncio.get_running_loop().time() > deadline:
                raise Refused(
                    codes.HTTP_503, f"{at}: 메시지를 보낼 worker가 없습니다. cheonggu worker를 켜 주세요."
                )
            await asyncio.sleep(_LOOK_SECONDS)


async def _set_points(service: Service, wallet: SeedPoints, made: dict[str, Identity]) -> None:
    who = _partner(wallet.partner, made)
    wallet_code = payments.wallet_code(who.wallet_kind, wallet.merchant)
    await payments.set_balance(service, who.partner_id, wallet_code, wallet.balance)


def _partner(name: str, made: dict[str, Identity]) -> Identity:
    who = made.get(name)
    if who is None or who.api_key is None:
        raise codes.invalid("partner", f"{name!r}은(는) 없거나 apiKey를 알 수 없는 연습용 파트너입니다.")
    return who


async def _told(service: Service, bill: SeedBill, made: dict[str, Identity]) -> dict[str, object]:
    who = _partner(bill.partner, made)
    found = await bills.find(service.db, service.keyring, who.partner_id, bill.billId)
    url = f"{service.settings.public_url}/p/{found.short_code}" if found else None
    return {"partner": bill.partner, "billId": bill.billId, "state": bill.state, "shortUrl": url}
