"""The audit: what the record says against what the tables say. Every sentence it gives is a violation."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit import answers, callbacks, messages, payments, points
from chaos.receiver import Received
from chaos.record import Record
from chaos.tables import Tables


def audit(record: Record, calls: list[Received], tables: Tables) -> Iterator[str]:
    """Every way in which the record and the tables do not agree, once all is settled."""
    yield from record.unexpected
    yield from (f"bill {bill_id} of partner {partner} is there twice" for partner, bill_id in tables.twice)
    for key, bill in record.bills.items():
        row = tables.bills.get(key)
        for what in answers.check(bill, row):
            yield f"{bill.bill_id}: {what}"
        if row is None:
            continue
        for checks in (payments, messages, callbacks):
            for what in checks.check(bill, row, tables):
                yield f"{bill.bill_id} ({row.state}): {what}"
    yield from (
        f"bill {key[1]} of partner {key[0]} was asked for by nobody"
        for key in set(tables.bills) - set(record.bills)
    )
    yield from payments.strangers(tables)
    yield from messages.strangers(tables)
    yield from callbacks.check_calls(record, calls, tables)
    yield from points.check(record, tables)
