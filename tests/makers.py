"""Makes what tests need, with every field that a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from cheonggu.domain.bill import SendType
from cheonggu.domain.new_bill import NewBill


def new_bill(**given: object) -> NewBill:
    """A bill to create, sound in every field."""
    bill = NewBill(
        bill_id="TEST0001",
        send_type=SendType.TALK,
        issuer=None,
        product_name="11월 수강료",
        payer_name="김서연",
        payer_phone="01012345678",
        price_won=10_000,
        supply_won=None,
        tax_won=None,
        message=None,
        expires_at=datetime(2999, 1, 1, tzinfo=UTC),
        callback_url="http://127.0.0.1:9/callback",
        redirect_url=None,
    )
    return msgspec.structs.replace(bill, **given)
