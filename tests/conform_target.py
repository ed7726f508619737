"""A running service as the target of the conformance suite, with everything that any check needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from cheonggu.billing import onboarding
from cheonggu.billing.onboarding import NewMerchant, NewPartner
from cheonggu.conform.check import Check
from cheonggu.conform.run import Ran, run
from cheonggu.conform.target import Target, Who
from cheonggu.service import Service
from cheonggu.store.audit import Operator
from tests.live import API_KEY, MEMBER, MERCHANT, OTHER, WEBHOOK_SECRET

PHONE = "01012345678"
_BY = Operator("tester", "here")


def a_target(base_url: str, **given: Any) -> Target:
    """The sandbox partner at an address; everything is allowed unless it is given otherwise."""
    target = Target(
        base_url=base_url,
        who=Who(API_KEY, MEMBER, MERCHANT),
        second=Who(OTHER["apiKey"], OTHER["member"], OTHER["merchant"]),
        webhook_secret=WEBHOOK_SECRET,
        talk_phone=PHONE,
        pay=True,
        callback_listen=("127.0.0.1", 0),
    )
    return msgspec.structs.replace(target, **given)


async def whole_target(service: Service, base_url: str, **given: Any) -> Target:
    """The same with a merchant that is not the member's, and a suspended partner."""
    partner = await service.directory.partner(API_KEY)
    await onboarding.create_merchant(
        service.db,
        _BY,
        NewMerchant(
            partner_id=partner.partner_id, merchant_code="unmapped", name="한빛분원", members=("another",)
        ),
    )
    suspended = await onboarding.create_partner(service.db, service.keyring, _BY, NewPartner(name="멈춤"))
    await onboarding.suspend(service.db, _BY, suspended.partner_id)
    return a_target(base_url, unmapped_merchant="unmapped", suspended_api_key=suspended.api_key, **given)


async def asked(target: Target, checks: Sequence[Check], say: Callable[[str], None] | None = None) -> Ran:
    """Run checks in a thread, as they wait for the service that runs in this one."""
    return await asyncio.to_thread(run, target, checks, say=say or _ignore, done=_ignore)


def _ignore(_: object) -> None:
    pass
