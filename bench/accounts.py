"""For whom bills are created, and whether the books are right when they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from bench.bodies import Who
from cheonggu.billing import sandbox_partners
from cheonggu.billing.onboarding import (
    MOST_POINTS,
    NewMerchant,
    NewPartner,
    charge_points,
    create_merchant,
    create_partner,
    make_sandbox_partners,
)
from cheonggu.store.audit import Operator
from cheonggu.store.invariants import look
from cheonggu.store.postgres import open_database
from cheonggu.store.sealing import Keyring

MEMBER: Final = "bench-member"
MERCHANT: Final = "bench-merchant"
HOT: Final = Who(
    sandbox_partners.FIRST.api_key, sandbox_partners.FIRST.member, sandbox_partners.FIRST.merchant
)
"""The one partner that all bills are of where the load is on one: the sandbox's own."""
_BY: Final = Operator("bench", "here")


class BooksBroken(Exception):
    """Something that must always be true was not, after a run."""


async def make_accounts(dsn: str, keyring: Keyring, many: int) -> list[Who]:
    """Make the sandbox's partners and so many more, with points for any number of bills; the latter."""
    now = datetime.now(UTC)
    db = await open_database(dsn, size=2)
    try:
        await make_sandbox_partners(db, keyring, now)
        (hot,) = await db.fetch("SELECT partner_id FROM partner WHERE name = $1", sandbox_partners.FIRST.name)
        await charge_points(
            db, _BY, partner_id=hot["partner_id"], merchant_code=None, amount=MOST_POINTS, at=now
        )
        callers: list[Who] = []
        for nth in range(many):
            made = await create_partner(db, keyring, _BY, NewPartner(name=f"bench-{nth:04}"))
            await create_merchant(
                db,
                _BY,
                NewMerchant(
                    partner_id=made.partner_id, merchant_code=MERCHANT, name="가온학원", members=[MEMBER]
                ),
            )
            await charge_points(
                db, _BY, partner_id=made.partner_id, merchant_code=None, amount=MOST_POINTS, at=now
            )
            callers.append(Who(made.api_key, MEMBER, MERCHANT))
        return callers
    finally:
        await db.close()


async def check_books(dsn: str) -> None:
    """Run every query for what must hold at every instant. Raises BooksBroken with the first that fails."""
    db = await open_database(dsn, size=1)
    try:
        snapshot = await look(db, datetime.now(UTC), settled=False)
    finally:
        await db.close()
    for verdict in snapshot.verdicts:
        if not verdict.holds:
            raise BooksBroken(f"{verdict.invariant.name}: {len(verdict.rows)} rows, {dict(verdict.rows[0])}")
