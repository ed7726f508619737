"""Bills and their history. A bill changes state only by what stands here, each a guarded update."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.bill import Bill, SendType, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import Attempt, RefundFacts
from cheonggu.store.partners import Merchant
from cheonggu.store.postgres import Connection, Database, Row
from cheonggu.store.sealing import Keyring, normal_name, normal_phone


class PayerBill(msgspec.Struct, frozen=True, kw_only=True):
    """All that the payer's page tells."""

    bill: Bill
    merchant: Merchant
    attempt: Attempt | None
    refund: RefundFacts | None
    destroyed_at: datetime | None
    sandbox: bool


async def lock(conn: Connection, keyring: Keyring, partner_id: int, bill_id: str) -> Bill | None:
    """The partner's bill by its id, held until the transaction ends; None if it has no such bill."""
    row = await conn.fetchrow(_BY_ID + " FOR NO KEY UPDATE", partner_id, bill_id)
    return None if row is None else opened(row, keyring)


async def lock_by_number(conn: Connection, keyring: Keyring, partner_id: int, bill_no: int) -> Bill:
    """The bill by its number, held until the transaction ends. Raises Refused with BILL_003 after a reset."""
    row = await conn.fetchrow(_BY_NUMBER + " FOR NO KEY UPDATE", partner_id, bill_no)
    if row is None:
        raise Refused(codes.BILL_003)
    return opened(row, keyring)


async def find(conn: Connection | Database, keyring: Keyring, partner_id: int, bill_id: str) -> Bill | None:
    """The partner's bill by its id, as it is now; None if it has no such bill."""
    row = await conn.fetchrow(_BY_ID, partner_id, bill_id)
    return None if row is None else opened(row, keyring)


async def move(
    conn: Connection, partner_id: int, bill_no: int, from_state: State, to_state: State, at: datetime
) -> bool:
    """Move a bill from one state to another and write its history; False when it was not in `from_state`."""
    step = await conn.fetchval(_MOVE, partner_id, bill_no, from_state, to_state, at)
    return step is not None


async def destroy(
    conn: Connection | Database, partner_id: int, bill_id: str, price_won: int, at: datetime
) -> int | None:
    """Destroy a READY bill of this price: its history, its messages, its callback. Its number.

    None, and nothing done, when the partner has no such bill in that state.
    """
    return await conn.fetchval("SELECT destroy_bill($1, $2, $3, $4)", partner_id, bill_id, price_won, at)


async def by_code(db: Database, keyring: Keyring, code: str) -> PayerBill | None:
    """What a short code leads to, or None.

    One statement, so that all of it is as of one moment.
    """
    row = await db.fetchrow(_FOR_PAYER, code)
    if row is None:
        return None
    attempt, refund = row["attempt"], row["refund"]
    return PayerBill(
        bill=opened(row, keyring),
        merchant=Merchant(
            partner_id=row["partner_id"],
            merchant_code=row["merchant_code"],
            name=row["merchant_name"],
            phone=row["merchant_phone"],
            owner_name=row["owner_name"],
            registration_number=row["registration_number"],
            address=row["address"],
        ),
        attempt=None if attempt is None else msgspec.json.decode(attempt, type=Attempt),
        refund=None if refund is None else msgspec.json.decode(refund, type=RefundFacts),
        destroyed_at=row["destroyed_at"],
        sandbox=row["sandbox"],
    )


async def find_by_payer(
    db: Database,
    keyring: Keyring,
    partner_id: int,
    *,
    phone: str | None = None,
    name: str | None = None,
    before: int | None = None,
) -> list[Bill]:
    """The partner's bills whose payer has exactly this phone (digits) or name (NFC), newest first.

    At most 1,000; `before` is the bill's number at which the last look ended.
    """
    if phone is not None:
        column, wanted = "phone_index", keyring.indexes(partner_id, "phone", normal_phone(phone))
    elif name is not None:
        column, wanted = "name_index", keyring.indexes(partner_id, "name", normal_name(name))
    else:
        raise ValueError("name or phone is needed")
    rows = await db.fetch(_BY_PAYER.format(column=column), partner_id, wanted, before)
    bills = [opened(row, keyring) for row in rows]
    # The index keeps 64 bits of a digest; what it finds is compared with what was sealed.
    if phone is not None:
        return [bill for bill in bills if normal_phone(bill.payer_phone) == normal_phone(phone)]
    return [bill for bill in bills if normal_name(bill.payer_name) == normal_name(name or "")]


def opened(row: Row, keyring: Keyring) -> Bill:
    """A bill from its row, the payer's data opened; both are empty once they were erased."""
    partner_id, bill_id = row["partner_id"], row["bill_id"]
    name, phone = row["name_sealed"], row["phone_sealed"]
    return Bill(
        partner_id=partner_id,
        bill_no=row["bill_no"],
        bill_id=bill_id,
        member_code=row["member_code"],
        merchant_code=row["merchant_code"],
        wallet_code=row["wallet_code"],
        send_type=SendType(row["send_type"]),
        issuer=row["issuer"],
        product_name=row["product_name"],
        price_won=row["price_won"],
        supply_won=row["supply_won"],
        tax_won=row["tax_won"],
        payer_name="" if name is None else keyring.open(name, partner_id, bill_id, "name"),
        payer_phone="" if phone is None else keyring.open(phone, partner_id, bill_id, "phone"),
        message=row["message"],
        expires_at=row["expires_at"],
        callback_url=row["callback_url"],
        redirect_url=row["redirect_url"],
        short_code=row["short_code"],
        state=State(row["state"]),
        sends=row["sends"],
        created_at=row["created_at"],
    )


_BY_ID: Final = "SELECT * FROM bill WHERE partner_id = $1 AND bill_id = $2"
_BY_NUMBER: Final = "SELECT * FROM bill WHERE partner_id = $1 AND bill_no = $2"

_MOVE: Final = """
WITH moved AS (
  UPDATE bill SET state = $4, step = step + 1
  WHERE partner_id = $1 AND bill_no = $2 AND state = $3
  RETURNING step)
INSERT INTO bill_history (partner_id, bill_no, step, from_state, to_state, at)
SELECT $1, $2, step, $3, $4, $5 FROM moved
RETURNING step
"""

# The newest attempt, and the refund that the partner asked for: the one that was done, else the newest.
_FOR_PAYER: Final = """
SELECT b.*, m.name AS merchant_name, m.phone AS merchant_phone, m.owner_name, m.registration_number,
       m.address, p.sandbox,
       (SELECT row_to_json(a) FROM attempt a
        WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no
        ORDER BY a.attempt_no DESC LIMIT 1) AS attempt,
       (SELECT row_to_json(r) FROM refund r
        WHERE r.partner_id = b.partner_id AND r.bill_no = b.bill_no AND r.kind = 'CANCEL'
        ORDER BY r.state = 'DONE' DESC, r.refund_no DESC LIMIT 1) AS refund,
       CASE WHEN b.state = 'DESTROYED' THEN
         (SELECT h.at FROM bill_history h
          WHERE h.partner_id = b.partner_id AND h.bill_no = b.bill_no AND h.to_state = 'DESTROYED')
       END AS destroyed_at
FROM short_code s
JOIN bill b USING (partner_id, bill_no)
JOIN partner p USING (partner_id)
JOIN merchant m USING (partner_id, merchant_code)
WHERE s.code = $1
"""

_BY_PAYER: Final = """
SELECT * FROM bill
WHERE partner_id = $1 AND {column} = ANY($2::bigint[]) AND ($3::bigint IS NULL OR bill_no < $3)
ORDER BY bill_no DESC
LIMIT 1000
"""
