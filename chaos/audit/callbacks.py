"""Every approval is told, at least once and truly; nothing is told that did not happen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from chaos.accounts import Account
from chaos.receiver import Received
from chaos.record import BillRecord, Record
from chaos.tables import Tables
from cheonggu.delivery.callback import webhook_id
from cheonggu.domain.bill import Bill
from cheonggu.domain.webhook import verify

_WIRE: Final = {"APPROVED": "F", "CANCELED": "C", "DESTROYED": "D"}


def check(bill: BillRecord, row: Bill, tables: Tables) -> Iterator[str]:
    """What is due to be told of one bill is there, once for each thing that happened."""
    key = (row.partner_id, row.bill_no)
    found = [callback["kind"] for callback in tables.callbacks.get(key, [])]
    states = [attempt["state"] for attempt in tables.attempts.get(key, [])]
    expected = ["APPROVED"] * sum(state in ("APPROVED", "REFUNDED") for state in states)
    if bill.account.notices:
        expected += ["CANCELED"] * states.count("REFUNDED") + ["DESTROYED"] * (row.state == "DESTROYED")
    if sorted(found) != sorted(expected):
        yield f"its callbacks are {sorted(found)} and should be {sorted(expected)}"


def check_calls(record: Record, calls: list[Received], tables: Tables) -> Iterator[str]:
    """What receivers got, against the callbacks that there are."""
    got: defaultdict[str, list[Received]] = defaultdict(list)
    for call in calls:
        got[call.webhook_id].append(call)
    by_number = {(bill.partner_id, bill.bill_no): record.bills.get(key) for key, bill in tables.bills.items()}
    known: set[str] = set()
    for key, found in tables.callbacks.items():
        bill = by_number.get(key)
        for callback in found:
            identity = webhook_id(callback["partner_id"], callback["callback_no"])
            known.add(identity)
            if bill is not None:
                for what in _callback(bill, callback, got[identity], tables):
                    yield f"{bill.bill_id}, callback {callback['kind']}: {what}"
        if bill is not None:
            yield from _order(bill, found, got)
    yield from (f"a receiver was told {identity}, which is no callback" for identity in set(got) - known)


def _callback(bill: BillRecord, callback: Any, calls: list[Received], tables: Tables) -> Iterator[str]:
    accepted = sum(call.accepted for call in calls)
    counted = tables.counted_tries.get((callback["partner_id"], callback["callback_no"]), 0)
    if callback["state"] == "PENDING":
        yield "it is still pending"
    if callback["state"] == "DELIVERED" and not accepted:
        yield f"it is DELIVERED, and its receiver never accepted it ({[call.did for call in calls]})"
    if callback["state"] == "EXHAUSTED":
        yield "it was given up, though its receiver was well in the end"
    if counted > accepted:
        yield f"{counted} tries count, and its receiver accepted {accepted}"
    if len({call.raw for call in calls}) > 1:
        yield "not every try was the same bytes"
    for call in calls[:1]:
        yield from _content(bill, callback["kind"], call, tables)
    for call in calls:
        if not _is_signed(bill.account, call):
            yield "a try is not rightly signed"


def _content(bill: BillRecord, kind: str, call: Received, tables: Tables) -> Iterator[str]:
    body = call.body
    if call.path != f"/paid?bill={bill.bill_id}":
        yield f"it went to {call.path}"
    if (body.get("billId"), body.get("apprState"), body.get("apprPrice")) != (
        bill.bill_id,
        _WIRE[kind],
        bill.fields["price"],
    ):
        yield f"it told of {body.get('billId')} {body.get('apprState')} {body.get('apprPrice')}"
    if (body.get("apiKey") is not None) != bill.account.key_in_callback:
        yield "it holds an apiKey against the contract, or none"
    if kind == "DESTROYED":
        return
    row = tables.bills[bill.account.partner_id, bill.bill_id]
    numbers = {
        tables.charged[attempt["order_id"]]["approval_number"]
        for attempt in tables.attempts.get((row.partner_id, row.bill_no), [])
        if attempt["state"] in ("APPROVED", "REFUNDED") and attempt["order_id"] in tables.charged
    }
    if body.get("apprNum" if kind == "APPROVED" else "apprOriginNum") not in numbers:
        yield "it told of an approval that the gateway did not give"


def _order(bill: BillRecord, found: list[Any], got: dict[str, list[Received]]) -> Iterator[str]:
    """A cancel is told after its approval was."""
    times = {
        callback["kind"]: got[webhook_id(callback["partner_id"], callback["callback_no"])]
        for callback in found
    }
    approved = [call.at for call in times.get("APPROVED", []) if call.accepted]
    canceled = [call.at for call in times.get("CANCELED", [])]
    if canceled and approved and min(canceled) < min(approved):
        yield f"{bill.bill_id}: the cancel was told before the approval"


def _is_signed(account: Account, call: Received) -> bool:
    return verify(
        [account.webhook_secret],
        call.webhook_id,
        int(call.headers.get("webhook-timestamp", "0")),
        call.raw,
        call.headers.get("webhook-signature", ""),
    )
