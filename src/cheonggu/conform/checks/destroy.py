"""POST /bill/destroy."""

from __future__ import annotations

from typing import Any, Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import requires
from cheonggu.conform.probe import PRICE, Probe
from cheonggu.conform.wire import Answer
from cheonggu.domain import codes

SECTION: Final = Section("destroy", Need.WRITE)
check = SECTION.check


@check(
    "done",
    "S",
    "An open bill is destroyed; the answer has apiKey and billId.",
    "결제 전 청구서를 파기하고, 응답에 apiKey와 billId가 있어요.",
)
def done(probe: Probe) -> None:
    made = probe.bills.fresh()
    data = probe.done(probe.destroy(made.bill_id))
    probe.echoed(data, {"apiKey": made.who.api_key, "billId": made.bill_id})


@check(
    "integer-price",
    "O",
    "The price may be a JSON integer.",
    "price는 JSON 정수여도 돼요.",
)
def integer_price(probe: Probe) -> None:
    probe.done(probe.destroy(probe.bills.fresh().bill_id, int(PRICE)))


@check(
    "other-price",
    "O",
    "A price that is not the bill's is BILL_009, and the bill stays.",
    "청구서와 다른 금액은 BILL_009이고, 청구서는 그대로예요.",
)
def other_price(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.refused(probe.destroy(made.bill_id, "2000"), codes.BILL_009)
    probe.equal("apprState", "W", probe.read(made.bill_id).data.get("apprState"))


@check("unknown", "M", "An unknown billId is BILL_003.", "모르는 billId는 BILL_003이에요.")
def unknown(probe: Probe) -> None:
    answer = probe.destroy(probe.new_id())
    probe.refused(answer, codes.BILL_003)
    probe.says(answer, codes.BILL_003.message)


@check(
    "twice",
    "O",
    "A bill that is destroyed already is BILL_005: never a silent success.",
    "이미 파기한 청구서는 BILL_005예요. 조용히 성공하지 않아요.",
)
def twice(probe: Probe) -> None:
    probe.refused(probe.destroy(probe.bills.destroyed().bill_id), codes.BILL_005)


@check(
    "paid",
    "S",
    "A paid bill is not destroyed (BILL_004).",
    "결제된 청구서는 파기하지 않아요(BILL_004).",
    Need.PAID,
)
def paid(probe: Probe) -> None:
    made = probe.bills.paid()
    probe.refused(probe.destroy(made.bill_id, made.price), codes.BILL_004)


def _destroys(probe: Probe, name: str, value: Any) -> Answer:
    return probe.destroy(probe.bills.open().bill_id, **{name: value})


requires(SECTION, "S", ("billId", "price", "hash"), _destroys)
SECTION.add(
    "price.commas",
    "D",
    "A price with commas is refused.",
    "price에 쉼표가 있으면 거절해요.",
    lambda probe: probe.refused(_destroys(probe, "price", "1,000"), codes.VALIDATION_001),
)
