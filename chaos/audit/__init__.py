"""The audit: what the record says against what the tables say.

Every sentence it gives is a violation, and begins with what is violated: answer, payment, callback, message
or points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from chaos.audit import answers, callbacks, messages, payments, points
from chaos.receiver import Received
from chaos.record import BillRecord, Record
from chaos.tables import Tables
from cheonggu.domain.bill import Bill

Check = Callable[[BillRecord, Bill, Tables], Iterator[str]]
"""What is wrong with one bill that is there."""


def audit(record: Record, calls: list[Received], tables: Tables) -> Iterator[str]:
    """Every way in which the record and the tables do not agree, once all is settled."""
    yield from _of("answer", _answers(record, tables))
    yield from _of("payment", _of_bills(record, tables, payments.check), payments.strangers(tables))
    yield from _of("message", _of_bills(record, tables, messages.check), messages.strangers(tables))
    told = callbacks.check_calls(record, calls, tables)
    yield from _of("callback", _of_bills(record, tables, callbacks.check), told)
    yield from _of("points", points.check(record, tables))


def _of(what: str, *found: Iterable[str]) -> Iterator[str]:
    return (f"{what}: {one}" for part in found for one in part)


def _answers(record: Record, tables: Tables) -> Iterator[str]:
    yield from record.unexpected
    yield from (f"bill {bill_id} of partner {partner} is there twice" for partner, bill_id in tables.twice)
    for partner, bill_id in set(tables.bills) - set(record.bills):
        yield f"bill {bill_id} of partner {partner} was asked for by nobody"
    for key, bill in record.bills.items():
        yield from (f"{bill.bill_id}: {what}" for what in answers.check(bill, tables.bills.get(key)))


def _of_bills(record: Record, tables: Tables, check: Check) -> Iterator[str]:
    for key, bill in record.bills.items():
        row = tables.bills.get(key)
        if row is not None:
            yield from (f"{bill.bill_id} ({row.state}): {what}" for what in check(bill, row, tables))
