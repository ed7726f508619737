"""The partner API with stand-ins for everything behind it: no database, and every verb does as it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from time import monotonic
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.guard import Guard
from cheonggu.domain.guesses import Guesses
from cheonggu.domain.hashing import request_hash
from cheonggu.service import Service
from cheonggu.store.partners import Caller, Merchant, Partner
from cheonggu.web import adapters
from cheonggu.web.partner_api import PartnerApi
from tests.asgi import Answer, call

NOON: Final = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""Noon in Seoul."""
WHO: Final = {"apiKey": "key", "member": "m", "merchant": "s"}
PARTNER: Final = Partner(
    partner_id=7,
    name="p",
    active=True,
    wallet_kind="MERCHANT",
    message_points=55,
    key_in_callback=False,
    notices=False,
    sandbox=True,
)
MERCHANT: Final = Merchant(
    partner_id=7,
    merchant_code="s",
    name="한빛",
    phone=None,
    owner_name=None,
    registration_number=None,
    address=None,
)


class Known:
    """A directory of one caller; `suspended` is a key of a suspended partner."""

    def remembered(self, api_key: str) -> Partner | None:
        """As Directory.remembered."""
        return PARTNER if api_key == "key" else None

    def remembered_caller(self, api_key: str, member: str, merchant: str) -> Caller | None:
        """As Directory.remembered_caller."""
        known = (api_key, member, merchant) == ("key", "m", "s")
        return Caller(partner=PARTNER, merchant=MERCHANT, member="m", api_key="key") if known else None

    async def partner(self, api_key: str) -> Partner:
        """As Directory.partner."""
        if api_key == "suspended":
            raise Refused(codes.PARTNER_006)
        if api_key != "key":
            raise Refused(codes.PARTNER_003)
        return PARTNER

    async def caller(self, partner: Partner, api_key: str, member: str, merchant: str) -> Caller:
        """As Directory.caller; the member `m` and the merchant `t` are not mapped."""
        if (member, merchant) == ("m", "t"):
            raise Refused(codes.PARTNER_004)
        if (member, merchant) != ("m", "s"):
            raise Refused(codes.PARTNER_003)
        return Caller(partner=partner, merchant=MERCHANT, member=member, api_key=api_key)


class Verbs:
    """Every verb: keeps what it was given, and answers or fails as the test says."""

    def __init__(self) -> None:
        self.given: list[tuple[Any, ...]] = []
        self.fails: Exception | None = None
        self.answers: Any = None

    async def __call__(self, _: object, *given: Any, **named: Any) -> Any:
        """Stand in for any of them."""
        self.given.append((*given, *named.values()))
        if self.fails:
            raise self.fails
        return self.answers


class Stub:
    """The API on a stub service, with `verbs` behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.verbs = Verbs()
        for name in ("create_bill", "destroy_bill", "resend_bill", "cancel_bill"):
            monkeypatch.setattr(adapters, name, self.verbs)
        for name in ("read", "balance"):
            monkeypatch.setattr(adapters.reading, name, self.verbs)
        service = SimpleNamespace(
            directory=Known(),
            key_guesses=Guesses(0, monotonic),
            clock=SimpleNamespace(now=lambda: NOON),
            guard=Guard(),
            settings=SimpleNamespace(public_url="https://bills.example", trusted_proxies=()),
        )
        self.api = PartnerApi(cast("Service", service))

    async def ask(self, path: str, request: object, *keys: str) -> Answer:
        """Post a request, with Idempotency-Key headers if keys are given."""
        headers = [("content-type", "application/json"), *(("idempotency-key", key) for key in keys)]
        return await call(self.api, path, json.dumps(request, ensure_ascii=False).encode(), headers=headers)


def a_request(path: str, **given: Any) -> dict[str, Any]:
    """A sound request to an operation, with some fields of its bill given."""
    if "remain_count" in path:
        return dict(WHO)
    bill: dict[str, Any] = {"billId": "TEST0001"}
    if path == "/bill":
        bill |= {"sendType": "TALK", "productName": "수강료", "price": "10000", "memberName": "김서연"}
        bill |= {"phone": "01012345678", "callbackUrl": "https://partner.example/?t=1"}
        bill["hash"] = request_hash("TEST0001", "01012345678", "10000")
    if path in {"/bill/destroy", "/bill/cancel"}:
        bill |= {"price": "10000", "hash": request_hash("TEST0001", "10000")}
    return WHO | {"bill": bill | given}
