"""Made-up callbacks, to see what a receiver makes of them: sent at once, from no outbox, kept nowhere.

Body and headers come from the code that makes true ones; only then are fields altered, and the body signed.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast, get_args

import msgspec

from cheonggu.delivery.callback import body_of, heard, opened_secrets, signed_headers
from cheonggu.domain import codes
from cheonggu.domain.bill import Bill
from cheonggu.domain.payment import Approval
from cheonggu.providers.courier import CallbackRequest, as_sent
from cheonggu.providers.reply import Reply
from cheonggu.service import Service
from cheonggu.store import outbox, payments
from cheonggu.store.outbox import CallbackSettled, ClaimedCallback
from cheonggu.store.partners import Partner

Signature = Literal["GOOD", "BAD", "OLD", "NONE"]
SIGNATURES: Final[tuple[Signature, ...]] = get_args(Signature)
OLD_SECONDS: Final = 3_600
"""Well beyond the five minutes that receivers are told to allow."""
SAMPLE_BILL_ID: Final = "PROBE-1"
SAMPLE_PRICE_WON: Final = 1_000


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What to make up. Without a bill it is about a sample one, and needs a `url`."""

    bill: Bill | None
    url: str | None
    alter: Mapping[str, Any]
    remove: Sequence[str]
    signature: Signature
    webhook_id: str | None


async def probe(service: Service, partner: Partner, api_key: str, asked: Probe) -> CallbackSettled:
    """Send it, to `url` or, as its true callbacks go, to the bill's; the try as it would be recorded.

    Nothing is recorded, and no trouble befalls it. Raises Refused for a field to remove that is not there.
    """
    told_key = api_key if partner.key_in_callback else None
    callback = await _callback(service, partner, asked)
    body = _altered(body_of(callback, told_key), asked)
    request = CallbackRequest(
        partner_id=partner.partner_id,
        bill_id=callback.bill_id,
        url=callback.url,
        headers=await _headers(service, partner, asked, body),
        body=body,
        made_up=True,
    )
    at = service.clock.now()
    reply = await _posted(service, request, asked)
    return heard(callback, at, reply, told_key)


async def _posted(service: Service, request: CallbackRequest, asked: Probe) -> Reply:
    if asked.url is None:
        return await service.courier.deliver(request)
    reply = await service.outbound.deliver(request)
    return msgspec.structs.replace(reply, sent=as_sent(request))


async def _callback(service: Service, partner: Partner, asked: Probe) -> ClaimedCallback:
    """The bill's approval as it would be told now, a made-up one while it has none."""
    now, bill = service.clock.now(), asked.bill
    facts = bill and await payments.facts(service.db, partner.partner_id, bill.bill_id)
    price_won = bill.price_won if bill else SAMPLE_PRICE_WON
    approval = facts.approval if facts else None
    return ClaimedCallback(
        partner_id=partner.partner_id,
        callback_no=0,
        fence=0,
        kind="APPROVED",
        url=asked.url or (bill.callback_url if bill else ""),
        receiver="",
        began_at=now,
        bill_id=bill.bill_id if bill else SAMPLE_BILL_ID,
        price_won=price_won,
        approval=approval
        or Approval(
            order_id="",
            amount_won=price_won,
            approved_at=now,
            approval_number="00000000",
            pay_type="CARD_VAN",
            card_type="신용",
        ),
        refund_number=None,
        refunded_at=None,
        api_key_sealed=None,
        secrets_sealed=(),
        quirks=partner.quirks,
    )


def _altered(body: bytes, asked: Probe) -> bytes:
    fields = cast("dict[str, Any]", msgspec.json.decode(body))
    if unknown := next((name for name in asked.remove if name not in fields), None):
        raise codes.invalid("remove", f"콜백에 {unknown!r} 필드가 없습니다.")
    kept = {name: value for name, value in fields.items() if name not in asked.remove}
    return msgspec.json.encode(kept | dict(asked.alter))


async def _headers(service: Service, partner: Partner, asked: Probe, body: bytes) -> dict[str, str]:
    identity = asked.webhook_id or f"probe_{secrets.token_hex(8)}"
    now = int(time.time())
    match asked.signature:
        case "BAD":
            stranger = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
            return signed_headers(identity, now, [stranger], body)
        case "OLD":
            now -= OLD_SECONDS
        case _:
            pass
    sealed = await outbox.live_secrets(service.db, {partner.partner_id})
    live = opened_secrets(service.keyring, partner.partner_id, sealed[partner.partner_id])
    headers = signed_headers(identity, now, live, body)
    if asked.signature == "NONE":
        return {name: value for name, value in headers.items() if not name.startswith("webhook-")}
    return headers
