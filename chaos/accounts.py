"""For whom bills are created: partners whose contracts differ, and what each wallet was charged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from cheonggu.billing import sandbox_partners
from cheonggu.billing.onboarding import (
    NewMerchant,
    NewPartner,
    charge_points,
    create_merchant,
    create_partner,
    make_sandbox_partners,
)
from cheonggu.store.audit import Operator
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring

RICH_POINTS: Final = 100_000_000
MEMBER: Final = "chaos-member"
MERCHANT: Final = "chaos-merchant"
_BY: Final = Operator("chaos", "here")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A partner as it calls, and what it was given."""

    partner_id: int
    api_key: str
    member: str
    merchant: str
    issuer: str
    wallet_code: str
    webhook_secret: str
    message_points: int
    notices: bool
    key_in_callback: bool
    charged: int

    @property
    def who(self) -> dict[str, str]:
        """The head of its requests."""
        return {"apiKey": self.api_key, "member": self.member, "merchant": self.merchant}


_KINDS: Final = (
    (NewPartner(name="chaos-notices", notices=True, sandbox=True), RICH_POINTS),
    (NewPartner(name="chaos-merchants", wallet_kind="MERCHANT", message_points=7, sandbox=True), RICH_POINTS),
    (NewPartner(name="chaos-told", notices=True, key_in_callback=True, sandbox=True), RICH_POINTS),
    (NewPartner(name="chaos-poor", message_points=55, sandbox=True), 55 * 200),
)


async def make_accounts(db: Database, keyring: Keyring) -> list[Account]:
    """The sandbox's two partners, and one of each kind of contract; the last one's points run out."""
    now = datetime.now(UTC)
    await make_sandbox_partners(db, keyring, now)
    accounts = [await _of_sandbox(db, one, now) for one in sandbox_partners.ALL]
    return accounts + [await _new(db, keyring, new, points, now) for new, points in _KINDS]


async def _of_sandbox(db: Database, one: sandbox_partners.SandboxPartner, now: datetime) -> Account:
    partner_id = await db.fetchval("SELECT partner_id FROM partner WHERE name = $1", one.name)
    await charge_points(db, _BY, partner_id=partner_id, merchant_code=None, amount=RICH_POINTS, at=now)
    return Account(
        partner_id=partner_id,
        api_key=one.api_key,
        member=one.member,
        merchant=one.merchant,
        issuer=one.merchant_name,
        wallet_code="",
        webhook_secret=one.webhook_secret,
        message_points=55,
        notices=False,
        key_in_callback=False,
        charged=sandbox_partners.START_POINTS + RICH_POINTS,
    )


async def _new(db: Database, keyring: Keyring, new: NewPartner, points: int, now: datetime) -> Account:
    made = await create_partner(db, keyring, _BY, new)
    issuer = "가온학원"
    await create_merchant(
        db,
        _BY,
        NewMerchant(partner_id=made.partner_id, merchant_code=MERCHANT, name=issuer, members=[MEMBER]),
    )
    own = MERCHANT if new.wallet_kind == "MERCHANT" else None
    await charge_points(db, _BY, partner_id=made.partner_id, merchant_code=own, amount=points, at=now)
    return Account(
        partner_id=made.partner_id,
        api_key=made.api_key,
        member=MEMBER,
        merchant=MERCHANT,
        issuer=issuer,
        wallet_code=own or "",
        webhook_secret=made.webhook_secret,
        message_points=new.message_points,
        notices=new.notices,
        key_in_callback=new.key_in_callback,
        charged=points,
    )
