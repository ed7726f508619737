"""From the wire to the verbs and back: one short function for each operation, and who may call it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from cheonggu.billing import read as reading
from cheonggu.billing.create import create as create_bill
from cheonggu.billing.create import created_before
from cheonggu.billing.desk import Idem
from cheonggu.billing.destroy import destroy as destroy_bill
from cheonggu.billing.resend import resend as resend_bill
from cheonggu.delivery.payment import cancel as cancel_bill
from cheonggu.domain import codes, hashing
from cheonggu.domain.approval_fields import approval_fields
from cheonggu.domain.codes import Refused
from cheonggu.domain.new_bill import NewBill, new_bill, price_of
from cheonggu.domain.payment import BillFacts
from cheonggu.domain.quirks import Quirks
from cheonggu.domain.seoul import wire_moment
from cheonggu.store.partners import Caller, Partner
from cheonggu.web import wire

if TYPE_CHECKING:
    from cheonggu.service import Service

BillT = TypeVar("BillT", bound=msgspec.Struct)

NO_REASON: Final = "파트너 요청"
"""The gateway wants a reason; this stands in for one that was left out."""


class Call(msgspec.Struct, Generic[BillT], frozen=True):
    """A request about one bill, with everything checked that can be checked without the bill itself."""

    service: Service
    caller: Caller
    bill: BillT
    idem: Idem | None


async def create(call: Call[wire.CreateBillInfo]) -> wire.BillResponse:
    """POST /bill."""
    service, caller, bill = call.service, call.caller, call.bill
    try:
        created = await create_bill(service, caller, asked_bill(call), call.idem)
    except Refused as refused:
        if refused.code is not codes.VALIDATION_001 or call.idem is None:
            raise
        # Sent again after midnight its expireDt may have passed, but the bill was made.
        before = await created_before(service, caller, call.idem)
        if before is None:
            raise
        created = before
    return wire.BillResponse(
        apiKey=caller.api_key,
        member=caller.member,
        merchant=caller.merchant.merchant_code,
        billId=created.bill_id,
        hash=bill.hash,
        shortUrl=f"{service.settings.public_url}/p/{created.short_code}",
    )


def asked_bill(call: Call[wire.CreateBillInfo]) -> NewBill:
    """The bill that is to be created, rightly hashed. Raises Refused: VALIDATION_001, VALIDATION_002."""
    bill = call.bill
    new = new_bill(
        bill_id=bill.billId,
        send_type=bill.sendType,
        issuer=_given(bill.billIssuer),
        product_name=bill.productName,
        price=bill.price,
        supply=_given(bill.supplyPrice),
        tax=_given(bill.tax),
        payer_name=bill.memberName,
        payer_phone=bill.phone,
        message=_given(bill.message),
        expire_day=_given(bill.expireDt),
        callback_url=bill.callbackUrl,
        redirect_url=_given(bill.pageRedirectUrl),
        merchant_name=call.caller.merchant.name,
        now=call.service.clock.now(),
        guard=call.service.guard,
    )
    _check_hash(bill.hash, bill.billId, bill.phone, bill.price)
    return new


async def destroy(call: Call[wire.DestroyBillInfo]) -> wire.BillDestroyResponse:
    """POST /bill/destroy."""
    bill, price_won = call.bill, asked_price(call)
    await destroy_bill(call.service, call.caller, bill.billId, price_won, call.idem)
    return wire.BillDestroyResponse(apiKey=call.caller.api_key, billId=bill.billId)


async def resend(call: Call[wire.ResendBillInfo]) -> wire.BillResendResponse:
    """POST /bill/resend."""
    await resend_bill(call.service, call.caller, call.bill.billId, call.idem)
    return wire.BillResendResponse(apiKey=call.caller.api_key, billId=call.bill.billId)


async def read(call: Call[wire.ReadBillInfo]) -> wire.BillReadResponse:
    """POST /bill/read."""
    facts = await reading.read(call.service, call.caller.partner.partner_id, call.bill.billId)
    told = _told(facts)
    if call.caller.partner.quirks is not None:
        told = call.caller.partner.quirks.dated(told)
    return msgspec.convert({"apiKey": call.caller.api_key, **told}, wire.BillReadResponse)


async def cancel(call: Call[wire.CancelBillInfo]) -> wire.BillCancelResponse:
    """POST /bill/cancel."""
    caller, bill, price_won = call.caller, call.bill, asked_price(call)
    facts = await cancel_bill(
        call.service,
        caller,
        bill_id=bill.billId,
        price_won=price_won,
        reason=_given(bill.cancelReason) or NO_REASON,
        idem=call.idem,
    )
    return wire.BillCancelResponse(
        apiKey=caller.api_key,
        member=caller.member,
        merchant=caller.merchant.merchant_code,
        billId=facts.bill_id,
        hash=bill.hash,
        apprNum=facts.refund_number,
        apprOriginNum=facts.approval.approval_number if facts.approval else None,
        apprCancelDt=_moment(facts.refunded_at, caller.partner.quirks) if facts.refunded_at else None,
    )


async def partner_balance(service: Service, partner: Partner) -> wire.RemainCountResponse:
    """POST /read/remain_count."""
    return await _balance(service, partner, "")


async def merchant_balance(service: Service, caller: Caller) -> wire.RemainCountResponse:
    """POST /read/merchant/remain_count."""
    return await _balance(service, caller.partner, caller.wallet_code)


async def _balance(service: Service, partner: Partner, wallet_code: str) -> wire.RemainCountResponse:
    points = await reading.balance(service, partner.partner_id, wallet_code)
    return wire.RemainCountResponse(balance=points, chargeUrl=charge_url(service.settings.public_url))


def charge_url(public_url: str) -> str:
    """Where it says how points are charged; only the operator can do it, so it is a page to read (O)."""
    return f"{public_url}/docs#points"


def _moment(moment: datetime, quirks: Quirks | None) -> str:
    told = wire_moment(moment)
    return told if quirks is None else told[: quirks.date_digits]


def _told(facts: BillFacts) -> dict[str, str | None]:
    return approval_fields(
        facts.bill_id,
        facts.wire_state,
        facts.price_won,
        facts.approval,
        facts.refund_number,
        facts.refunded_at,
    )


def asked_price(call: Call[wire.DestroyBillInfo] | Call[wire.CancelBillInfo]) -> int:
    """The price that a bill is said to have, rightly hashed. Raises Refused, as `asked_bill` does."""
    bill = call.bill
    price_won = price_of(bill.price)
    _check_hash(bill.hash, bill.billId, bill.price)
    return price_won


def _check_hash(given: str, *parts: str) -> None:
    if not hashing.matches(given, *parts):
        raise Refused(codes.VALIDATION_002)


def _given(value: str | UnsetType) -> str | None:
    """An optional field that was given; an empty one counts as left out (O)."""
    return None if value is UNSET else value or None
