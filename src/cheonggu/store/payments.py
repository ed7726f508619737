"""Payment attempts and refunds. Each changes state in one place here, and only by a guarded update."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.bill import WIRE_STATE, State
from cheonggu.domain.codes import Refused
from cheonggu.domain.payment import Approval, Attempt, AttemptState, BillFacts, RefundFacts
from cheonggu.store.postgres import Connection, Database, Row


class Due(msgspec.Struct, frozen=True):
    """A claimed attempt or refund: whoever holds the newest `fence` may write."""

    partner_id: int
    number: int
    fence: int


async def insert_attempt(
    conn: Connection,
    *,
    partner_id: int,
    bill_no: int,
    order_id: str,
    amount_won: int,
    began_at: datetime,
    confirm_until: datetime,
    ask_at: datetime,
    lease_seconds: float,
) -> Attempt:
    """A new attempt in CONFIRMING, with its history and its way back from the gateway's order id."""
    row = await conn.fetchrow(
        _INSERT_ATTEMPT,
        partner_id,
        bill_no,
        order_id,
        amount_won,
        began_at,
        confirm_until,
        ask_at,
        lease_seconds,
    )
    assert row is not None
    return _attempt(row)


async def has_begun(conn: Connection, order_id: str) -> bool:
    """Whether an attempt has this order id, whatever became of it."""
    return await conn.fetchval(_HAS_BEGUN, order_id)


async def find_attempt(conn: Connection, partner_id: int, attempt_no: int) -> Attempt:
    """An attempt by its number. Raises Refused with BILL_003 after a reset."""
    row = await conn.fetchrow(_ATTEMPT, partner_id, attempt_no)
    if row is None:
        raise Refused(codes.BILL_003)
    return _attempt(row)


async def newest_attempt(conn: Connection, partner_id: int, bill_no: int) -> Attempt | None:
    """The newest attempt at a bill, if any."""
    row = await conn.fetchrow(_NEWEST_ATTEMPT, partner_id, bill_no)
    return None if row is None else _attempt(row)


async def count_attempts(conn: Connection, partner_id: int, bill_no: int) -> int:
    """How often it was tried to pay a bill."""
    return await conn.fetchval(
        "SELECT count(*) FROM attempt WHERE partner_id = $1 AND bill_no = $2", partner_id, bill_no
    )


async def count_refunds(conn: Connection, partner_id: int, bill_no: int) -> int:
    """How often it was tried to give a bill's money back."""
    return await conn.fetchval(
        "SELECT count(*) FROM refund WHERE partner_id = $1 AND bill_no = $2", partner_id, bill_no
    )


async def paying_attempt(conn: Connection, partner_id: int, bill_no: int) -> Attempt | None:
    """The attempt by which a bill was paid, refunded or not."""
    row = await conn.fetchrow(_PAYING_ATTEMPT, partner_id, bill_no)
    return None if row is None else _attempt(row)


async def move_attempt(
    conn: Connection,
    attempt: Attempt,
    to_state: AttemptState,
    at: datetime,
    *,
    approval: Approval | None = None,
    failure: tuple[str, str] | None = None,
    ask_at: datetime | None = None,
) -> bool:
    """Move an attempt on and write its history; False when it is no longer in the state it was read in.

    Its confirm window ends as the attempt that is given says.
    """
    code, reason = failure or (None, None)
    step = await conn.fetchval(
        _MOVE_ATTEMPT,
        attempt.partner_id,
        attempt.attempt_no,
        attempt.state,
        to_state,
        at,
        None if approval is None else msgspec.json.encode(approval).decode(),
        code,
        reason,
        ask_at,
        attempt.confirm_until,
    )
    return step is not None


async def ask_attempt_again(conn: Connection, attempt: Attempt, at: datetime | None) -> None:
    """When the gateway is to be asked next about an attempt whose state stays as it is."""
    await conn.execute(
        _ASK_ATTEMPT_AGAIN, attempt.partner_id, attempt.attempt_no, attempt.state, at, attempt.confirm_until
    )


async def insert_refund(
    conn: Connection,
    *,
    attempt: Attempt,
    kind: str,
    refund_id: str,
    reason: str,
    at: datetime,
    ask_at: datetime,
    lease_seconds: float | None,
) -> RefundFacts:
    """A new undecided refund of an attempt's whole amount."""
    row = await conn.fetchrow(
        _INSERT_REFUND,
        attempt.partner_id,
        refund_id,
        attempt.bill_no,
        attempt.attempt_no,
        kind,
        reason,
        at,
        ask_at,
        lease_seconds,
    )
    assert row is not None
    return _refund(row)


async def find_refund(conn: Connection, partner_id: int, refund_no: int) -> RefundFacts:
    """A refund by its number. Raises Refused with BILL_003 after a reset."""
    row = await conn.fetchrow(
        "SELECT * FROM refund WHERE partner_id = $1 AND refund_no = $2", partner_id, refund_no
    )
    if row is None:
        raise Refused(codes.BILL_003)
    return _refund(row)


async def newest_cancel(conn: Connection, partner_id: int, bill_no: int) -> RefundFacts | None:
    """The refund that the partner asked for: the one that was done, else the newest, if any."""
    row = await conn.fetchrow(_NEWEST_CANCEL, partner_id, bill_no)
    return None if row is None else _refund(row)


async def refused_before(conn: Connection, refund: RefundFacts, most: int) -> list[RefundFacts]:
    """Other refunds of the same payment that were refused, the newest first."""
    rows = await conn.fetch(
        _REFUSED_BEFORE, refund.partner_id, refund.bill_no, refund.attempt_no, refund.refund_no, most
    )
    return [_refund(row) for row in rows]


async def facts(db: Database, partner_id: int, bill_id: str) -> BillFacts | None:
    """What a partner is told of a bill, its payment and its finished refund; None if there is no such bill.

    One statement, so that all of it is as of one moment.
    """
    row = await db.fetchrow(_FACTS, partner_id, bill_id)
    if row is None:
        return None
    return BillFacts(
        bill_id=bill_id,
        wire_state=WIRE_STATE[State(row["state"])],
        price_won=row["price_won"],
        approval=_approval(row),
        refund_number=row["refund_number"],
        refunded_at=row["refunded_at"],
    )


async def finish_refund(
    conn: Connection, refund: RefundFacts, number: str, refunded_at: datetime, at: datetime
) -> bool:
    """UNDECIDED to DONE; False when it was decided before."""
    tag = await conn.execute(_FINISH_REFUND, refund.partner_id, refund.refund_no, number, refunded_at, at)
    return tag == "UPDATE 1"


async def refuse_refund(conn: Connection, refund: RefundFacts, kind: str, reason: str, at: datetime) -> bool:
    """UNDECIDED to REFUSED; False when it was decided before."""
    tag = await conn.execute(_REFUSE_REFUND, refund.partner_id, refund.refund_no, kind, reason, at)
    return tag == "UPDATE 1"


async def reopen_refund(conn: Connection, refund: RefundFacts, at: datetime) -> None:
    """REFUSED back to UNDECIDED, for one that was made after all; an undecided one beside it ends."""
    await conn.execute(_END_OTHERS, refund.partner_id, refund.attempt_no, refund.refund_no, at)
    await conn.execute(_REOPEN_REFUND, refund.partner_id, refund.refund_no, at)


async def ask_refund_again(conn: Connection, refund: RefundFacts, at: datetime) -> None:
    """When the gateway is to be asked next about an undecided refund."""
    await conn.execute(_ASK_REFUND_AGAIN, refund.partner_id, refund.refund_no, at)


async def claim(conn: Connection, table: str, now: datetime, lease_seconds: float, most: int) -> list[Due]:
    """Lease what is due in `attempt` or `refund`: candidates first, then a guarded update."""
    candidates = await conn.fetch(CANDIDATES[table], now, most)
    rows = await conn.fetch(
        CLAIM[table],
        [row["partner_id"] for row in candidates],
        [row["number"] for row in candidates],
        [row["fence"] for row in candidates],
        lease_seconds,
    )
    return [Due(row["partner_id"], row["number"], row["fence"]) for row in rows]


def _approval(row: Row) -> Approval | None:
    approval = row["approval"]
    return None if approval is None else msgspec.json.decode(approval, type=Approval)


def _attempt(row: Row) -> Attempt:
    return Attempt(
        partner_id=row["partner_id"],
        attempt_no=row["attempt_no"],
        bill_no=row["bill_no"],
        order_id=row["order_id"],
        amount_won=row["amount_won"],
        state=AttemptState(row["state"]),
        began_at=row["began_at"],
        confirm_until=row["confirm_until"],
        settled_at=row["settled_at"],
        failure=row["failure"],
        failure_code=row["failure_code"],
        fence=row["fence"],
        approval=_approval(row),
    )


def _refund(row: Row) -> RefundFacts:
    return RefundFacts(**{field: row[field] for field in RefundFacts.__struct_fields__})


_ATTEMPT: Final = "SELECT * FROM attempt WHERE partner_id = $1 AND attempt_no = $2"

_INSERT_ATTEMPT: Final = """
WITH new AS (
  INSERT INTO attempt (partner_id, bill_no, order_id, amount_won, began_at, confirm_until, ask_at,
                       leased_until)
  VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8))
  RETURNING *),
routed AS (
  INSERT INTO gateway_order (order_id, partner_id, attempt_no)
  SELECT order_id, partner_id, attempt_no FROM new),
told AS (
  INSERT INTO attempt_history (partner_id, attempt_no, step, to_state, at)
  SELECT partner_id, attempt_no, 0, state, began_at FROM new)
SELECT * FROM new
"""

_HAS_BEGUN: Final = "SELECT EXISTS (SELECT FROM gateway_order WHERE order_id = $1)"

_NEWEST_ATTEMPT: Final = """
SELECT * FROM attempt WHERE partner_id = $1 AND bill_no = $2 ORDER BY attempt_no DESC LIMIT 1
"""

_PAYING_ATTEMPT: Final = """
SELECT * FROM attempt WHERE partner_id = $1 AND bill_no = $2 AND state IN ('APPROVED', 'REFUNDED')
"""

_MOVE_ATTEMPT: Final = """
WITH moved AS (
  UPDATE attempt
  SET state = $4, step = step + 1, approval = coalesce($6::jsonb, approval),
      failure_code = coalesce($7, failure_code), failure = coalesce($8, failure),
      settled_at = CASE WHEN $4 IN ('UNKNOWN') THEN settled_at ELSE coalesce(settled_at, $5) END,
      ask_at = $9, confirm_until = $10, leased_until = NULL
  WHERE partner_id = $1 AND attempt_no = $2 AND state = $3
  RETURNING step)
INSERT INTO attempt_history (partner_id, attempt_no, step, from_state, to_state, at)
SELECT $1, $2, step, $3, $4, $5 FROM moved
RETURNING step
"""

_ASK_ATTEMPT_AGAIN: Final = """
UPDATE attempt SET ask_at = $4, confirm_until = $5, leased_until = NULL
WHERE partner_id = $1 AND attempt_no = $2 AND state = $3
"""

_INSERT_REFUND: Final = """
INSERT INTO refund (partner_id, refund_id, bill_no, attempt_no, kind, reason, began_at, ask_at, leased_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(secs => $9))
RETURNING *
"""

_NEWEST_CANCEL: Final = """
SELECT * FROM refund WHERE partner_id = $1 AND bill_no = $2 AND kind = 'CANCEL'
ORDER BY state = 'DONE' DESC, refund_no DESC LIMIT 1
"""

_REFUSED_BEFORE: Final = """
SELECT * FROM refund
WHERE partner_id = $1 AND bill_no = $2 AND attempt_no = $3 AND refund_no <> $4 AND state = 'REFUSED'
ORDER BY refund_no DESC LIMIT $5
"""

_FACTS: Final = """
SELECT b.state, b.price_won, paid.approval, cancel.refund_number, cancel.refunded_at
FROM bill b
LEFT JOIN attempt paid ON paid.partner_id = b.partner_id AND paid.bill_no = b.bill_no
  AND paid.state IN ('APPROVED', 'REFUNDED') AND b.state IN ('PAID', 'CANCELING', 'CANCELED')
LEFT JOIN refund cancel ON cancel.partner_id = b.partner_id AND cancel.attempt_no = paid.attempt_no
  AND cancel.kind = 'CANCEL' AND cancel.state = 'DONE'
WHERE b.partner_id = $1 AND b.bill_id = $2
"""

_FINISH_REFUND: Final = """
UPDATE refund SET state = 'DONE', refund_number = $3, refunded_at = $4, settled_at = $5,
                  ask_at = NULL, leased_until = NULL
WHERE partner_id = $1 AND refund_no = $2 AND state = 'UNDECIDED'
"""

_REFUSE_REFUND: Final = """
UPDATE refund SET state = 'REFUSED', refusal_kind = $3, refusal = $4, settled_at = $5,
                  ask_at = NULL, leased_until = NULL
WHERE partner_id = $1 AND refund_no = $2 AND state = 'UNDECIDED'
"""

_END_OTHERS: Final = """
UPDATE refund SET state = 'REFUSED', refusal_kind = 'CARD', refusal = 'another refund of it was made',
                  settled_at = $4, ask_at = NULL, leased_until = NULL
WHERE partner_id = $1 AND attempt_no = $2 AND refund_no <> $3 AND state = 'UNDECIDED'
"""

_REOPEN_REFUND: Final = """
UPDATE refund SET state = 'UNDECIDED', refusal_kind = NULL, refusal = NULL, settled_at = NULL, ask_at = $3
WHERE partner_id = $1 AND refund_no = $2 AND state = 'REFUSED'
"""

_ASK_REFUND_AGAIN: Final = """
UPDATE refund SET ask_at = $3, leased_until = NULL
WHERE partner_id = $1 AND refund_no = $2 AND state = 'UNDECIDED'
"""


def _candidates(table: str) -> str:
    return f"""
SELECT partner_id, {table}_no AS number, fence FROM {table}
WHERE ask_at <= $1 AND (leased_until IS NULL OR leased_until < clock_timestamp())
ORDER BY ask_at LIMIT $2
"""  # noqa: S608


def _claim(table: str) -> str:
    return f"""
UPDATE {table} t SET fence = t.fence + 1, leased_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) c (partner_id, number, fence)
WHERE t.partner_id = c.partner_id AND t.{table}_no = c.number AND t.fence = c.fence
  AND t.ask_at IS NOT NULL AND (t.leased_until IS NULL OR t.leased_until < clock_timestamp())
RETURNING t.partner_id, t.{table}_no AS number, t.fence
"""  # noqa: S608


CANDIDATES: Final = {table: _candidates(table) for table in ("attempt", "refund")}
CLAIM: Final = {table: _claim(table) for table in ("attempt", "refund")}
