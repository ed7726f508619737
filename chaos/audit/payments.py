"""No bill is charged twice, nothing charged is forgotten, and nothing is given back twice."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.record import BillRecord
from chaos.tables import Tables
from cheonggu.domain.bill import Bill, State
from cheonggu.store.postgres import Row

_OPEN = ("CONFIRMING", "UNKNOWN")


def check(bill: BillRecord, row: Bill, tables: Tables) -> Iterator[str]:
    """What is wrong between the gateway, the tables and the answers about one bill's payments."""
    attempts = tables.attempts.get((row.partner_id, row.bill_no), [])
    orders = [str(attempt["order_id"]) for attempt in attempts]
    charged = [order for order in orders if _is_charged(tables, order)]
    kept = [order for order in charged if not _is_given_back(tables, order)]
    if len(kept) > 1:
        yield f"{len(kept)} payments of it were taken and kept"
    if bool(kept) != (row.state in (State.PAID, State.CANCELING)):
        yield f"the gateway keeps {len(kept)} payments of it"
    for attempt in attempts:
        yield from _attempt(attempt, row, tables)
    yield from _reads(bill, tables, charged)


def _attempt(attempt: Row, row: Bill, tables: Tables) -> Iterator[str]:
    order, state = str(attempt["order_id"]), attempt["state"]
    payment = tables.charged.get(order)
    if state in _OPEN:
        yield f"a payment is still {state}"
    if attempt["began_at"] >= row.expires_at:
        yield "a payment began after its last day"
    if attempt["failure_code"] == "NOT_FOUND" and attempt["settled_at"] < attempt["confirm_until"]:
        yield "a payment was given up before the gateway's window had closed"
    if payment is not None and payment["amount_won"] != row.price_won:
        yield f"the gateway took {payment['amount_won']} won of {row.price_won}"
    if state in ("APPROVED", "REFUNDED", "LATE_CHARGED", "LATE_REFUNDED") and not _is_charged(tables, order):
        yield f"a payment is {state} and the gateway never took it"
    yield from _refunds(attempt, tables)


def _refunds(attempt: Row, tables: Tables) -> Iterator[str]:
    order = str(attempt["order_id"])
    asked = tables.given_back.get(order, [])
    ours = {
        refund["refund_id"]: refund
        for refund in tables.refunds.get((attempt["partner_id"], attempt["bill_no"]), [])
        if refund["attempt_no"] == attempt["attempt_no"]
    }
    done = {refund["refund_id"] for refund in asked if refund["refund_number"] is not None}
    if len(done) > 1 or any("이미 취소된" in (refund["refusal"] or "") for refund in asked):
        yield "the gateway was asked to give one payment back twice"
    if done != {refund_id for refund_id, refund in ours.items() if refund["state"] == "DONE"}:
        yield "the gateway's refunds and ours are not the same"
    if any(refund["state"] == "UNDECIDED" for refund in ours.values()):
        yield "a refund is still undecided"


def _reads(bill: BillRecord, tables: Tables, charged: list[str]) -> Iterator[str]:
    """What was read of a payment is what the gateway did."""
    numbers = {str(tables.charged[order]["approval_number"]) for order in charged}
    back = {str(refund["refund_number"]) for order in charged for refund in tables.given_back.get(order, [])}
    for one in bill.of("read"):
        if not one.done or not one.data:
            continue
        if one.data["apprPrice"] != bill.fields["price"]:
            yield "another price was read"
        state, number, origin = (one.data[field] for field in ("apprState", "apprNum", "apprOriginNum"))
        if state == "F" and number not in numbers:
            yield "an approval was read that the gateway did not give"
        if state == "C" and (number not in back or origin not in numbers):
            yield "a cancellation was read that the gateway did not make"


def strangers(tables: Tables) -> Iterator[str]:
    """What the gateway took without an attempt of ours."""
    known = {attempt["order_id"] for found in tables.attempts.values() for attempt in found}
    for order, payment in tables.charged.items():
        if order not in known:
            yield f"the gateway has a payment ({payment['state']}) that no attempt is known of"


def _is_charged(tables: Tables, order: str) -> bool:
    payment = tables.charged.get(order)
    return payment is not None and payment["state"] in ("CHARGED", "CHARGED_LATE")


def _is_given_back(tables: Tables, order: str) -> bool:
    return any(refund["refund_number"] is not None for refund in tables.given_back.get(order, []))
