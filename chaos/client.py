"""What a partner's program, or a payer, asks of the service; every request goes into the record."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from chaos.accounts import Account
from chaos.record import Asked, BillRecord
from chaos.wire import LOST, Heard, post
from chaos.world import World
from cheonggu.domain.hashing import request_hash

PATHS: Final = {
    "create": "/bill",
    "destroy": "/bill/destroy",
    "resend": "/bill/resend",
    "cancel": "/bill/cancel",
    "read": "/bill/read",
    "pay": "/sandbox/pay",
}
_OUTSIDE: Final = {"LOST", "NEVER_SENT", "HTTP_503"}
_EXPECTED: Final = {
    "create": {"0000", "BILL_001", "POINT_001"},
    "destroy": {"0000", "BILL_003", "BILL_004", "BILL_005", "BILL_007"},
    "resend": {"0000", "BILL_003", "BILL_006", "POINT_001"},
    "cancel": {"0000", "BILL_003", "BILL_005", "BILL_007", "BILL_008", "PAYMENT_001", "MAINTAINED_METHOD"},
    "read": {"0000", "BILL_003"},
    "pay": {"0000", "BILL_003"},
}
"""What a sound request may be answered with, whatever happens meanwhile."""
_WRITES: Final = {"create", "destroy", "resend"}


async def create(
    world: World, bill: BillRecord, *, api: int = 0, key: str | None = None, hang_up: float | None = None
) -> Asked:
    """Create the bill."""
    return await ask(world, bill, "create", _envelope(bill.account, bill.fields), api, key, hang_up)


async def destroy(
    world: World, bill: BillRecord, *, api: int = 0, key: str | None = None, hang_up: float | None = None
) -> Asked:
    """Destroy it."""
    return await ask(world, bill, "destroy", _envelope(bill.account, _priced(bill)), api, key, hang_up)


async def cancel(
    world: World, bill: BillRecord, *, api: int = 0, key: str | None = None, hang_up: float | None = None
) -> Asked:
    """Cancel its payment."""
    asked = _priced(bill) | {"cancelReason": "고객 변심"}
    return await ask(world, bill, "cancel", _envelope(bill.account, asked), api, key, hang_up)


async def resend(
    world: World, bill: BillRecord, *, api: int = 0, key: str | None = None, hang_up: float | None = None
) -> Asked:
    """Send its message again."""
    asked = {"billId": bill.bill_id}
    return await ask(world, bill, "resend", _envelope(bill.account, asked), api, key, hang_up)


async def read(world: World, bill: BillRecord, *, api: int = 0) -> Asked:
    """Read it."""
    return await ask(world, bill, "read", _envelope(bill.account, {"billId": bill.bill_id}), api, None, None)


async def pay(
    world: World, bill: BillRecord, outcome: str, *, api: int = 0, hang_up: float | None = None
) -> Asked:
    """Pay it, as its payer's page does; the gateway acts out the outcome."""
    asked = {"apiKey": bill.account.api_key, "billId": bill.bill_id, "outcome": outcome}
    return await ask(world, bill, "pay", msgspec.json.encode(asked), api, None, hang_up)


async def ask(
    world: World,
    bill: BillRecord,
    what: str,
    body: bytes,
    api: int,
    key: str | None,
    hang_up: float | None,
) -> Asked:
    """Send one request about a bill and write down what came of it.

    With `hang_up` the caller is gone after so many seconds, answered or not.
    """
    now = asyncio.get_running_loop().time
    began = now()
    earlier = [
        one for one in bill.asked if key is not None and (one.what, one.key, one.body) == (what, key, body)
    ]
    asked = Asked(
        what=what,
        began=began,
        ended=began,
        code=LOST,
        key=key,
        body=body,
        again=bool(earlier),
        first_began=min((one.began for one in earlier), default=began),
    )
    bill.asked.append(asked)
    request = post(PATHS[what], body, key)
    heard = await (
        world.doors.ask(request, api) if hang_up is None else world.doors.ask(request, api, hang_up)
    )
    asked.ended, asked.code, asked.status = now(), heard.code, heard.status
    asked.data = heard.body if what == "pay" else heard.data
    _count(world, bill, asked)
    return asked


def _count(world: World, bill: BillRecord, asked: Asked) -> None:
    record = world.record
    record.requests += asked.sent
    if asked.unknown:
        record.unknown[asked.code] = record.unknown.get(asked.code, 0) + 1
    elif asked.sent and asked.code not in _expected(bill, asked):
        record.unexpected.append(f"{asked.what} of {bill.bill_id} was answered {asked.status} {asked.code}")
    if asked.done and asked.what in _WRITES and not asked.again:
        record.good_writes.append(asked.ended)


def _expected(bill: BillRecord, asked: Asked) -> set[str]:
    return _EXPECTED[asked.what] | _passed(bill, asked)


def _passed(bill: BillRecord, asked: Asked) -> set[str]:
    """How a create is refused whose last day may have ended; its form is judged before its key."""
    return {"VALIDATION_001"} if asked.what == "create" and "expireDt" in bill.fields else set()


async def balance(world: World, account: Account, *, api: int = 0) -> Heard:
    """Read a wallet's points."""
    if account.wallet_code:
        request = post("/read/merchant/remain_count", msgspec.json.encode(account.who))
    else:
        request = post("/read/remain_count", msgspec.json.encode({"apiKey": account.api_key}))
    heard = await world.doors.ask(request, api)
    _expect(world, "balance", heard, {"0000"})
    return heard


async def read_as(world: World, other: Account, bill: BillRecord, *, api: int = 0) -> None:
    """Read it as another partner, to whom it is absent."""
    body = _envelope(other, {"billId": bill.bill_id})
    _expect(world, "a stranger's read", await world.doors.ask(post("/bill/read", body), api), {"BILL_003"})


async def destroy_with_wrong_hash(world: World, bill: BillRecord, *, api: int = 0) -> None:
    """Destroy it with a hash that does not fit; nothing happens."""
    body = _envelope(bill.account, _priced(bill) | {"hash": "0" * 64})
    heard = await world.doors.ask(post("/bill/destroy", body), api)
    _expect(world, "a wrong hash", heard, {"VALIDATION_002"})


async def other_bytes(world: World, bill: BillRecord, asked: Asked, *, api: int = 0) -> None:
    """Use a key again that was answered with success, for another request; nothing happens."""
    heard = await world.doors.ask(post(PATHS[asked.what], asked.body + b" ", asked.key), api)
    refused = {"IDEMPOTENCY_001"} | _passed(bill, asked)
    _expect(world, f"another {asked.what} of {bill.bill_id} under the same key", heard, refused)


def _expect(world: World, what: str, heard: Heard, codes: set[str]) -> None:
    world.record.requests += heard.code != "NEVER_SENT"
    if heard.unknown:
        world.record.unknown[heard.code] = world.record.unknown.get(heard.code, 0) + 1
    elif heard.code not in codes | _OUTSIDE:
        world.record.unexpected.append(f"{what} was answered {heard.status} {heard.code}")


def _envelope(account: Account, bill: dict[str, str]) -> bytes:
    return msgspec.json.encode(account.who | {"bill": bill})


def _priced(bill: BillRecord) -> dict[str, str]:
    price = bill.fields["price"]
    return {"billId": bill.bill_id, "price": price, "hash": request_hash(bill.bill_id, price)}


def new_fields(
    bill_id: str, *, phone: str, price: int, callback_url: str, send_type: str, **more: str
) -> dict[str, str]:
    """A create's `bill`, sound in every field."""
    fields = {
        "billId": bill_id,
        "sendType": send_type,
        "productName": f"수강료 {bill_id}",
        "memberName": "김서연",
        "phone": phone,
        "price": str(price),
        "hash": request_hash(bill_id, phone, str(price)),
        "callbackUrl": callback_url,
    }
    return fields | more
