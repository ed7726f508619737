"""POST /bill/cancel, and every operation on a cancelled bill."""

from __future__ import annotations

from typing import Any, Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.read import is_moment
from cheonggu.conform.checks.tables import requires
from cheonggu.conform.probe import Probe
from cheonggu.conform.wire import Answer
from cheonggu.domain import codes

SECTION: Final = Section("cancel")
check = SECTION.check


@check("unknown", "M", "An unknown billId is BILL_003.", "모르는 billId는 BILL_003이에요.")
def unknown(probe: Probe) -> None:
    probe.refused(probe.cancel(probe.new_id()), codes.BILL_003)


@check(
    "unpaid",
    "D",
    "An unpaid bill is not cancelled (BILL_008).",
    "결제되지 않은 청구서는 취소하지 않아요(BILL_008).",
    Need.WRITE,
)
def unpaid(probe: Probe) -> None:
    probe.refused(probe.cancel(probe.bills.open().bill_id), codes.BILL_008)


@check(
    "destroyed",
    "D",
    "A destroyed bill is not cancelled (BILL_005).",
    "파기한 청구서는 취소하지 않아요(BILL_005).",
    Need.WRITE,
)
def destroyed(probe: Probe) -> None:
    probe.refused(probe.cancel(probe.bills.destroyed().bill_id), codes.BILL_005)


def _cancels(probe: Probe, name: str, value: Any) -> Answer:
    return probe.cancel(probe.bills.open().bill_id, **{name: value})


requires(SECTION, "D", ("billId", "price", "hash"), _cancels, Need.WRITE)
SECTION.add(
    "cancelReason.21-characters",
    "D",
    "A cancelReason of 21 characters is refused.",
    "cancelReason이 21자이면 거절해요.",
    lambda probe: probe.refused(_cancels(probe, "cancelReason", "가" * 21), codes.VALIDATION_001),
    Need.WRITE,
)


@check(
    "other-price",
    "D",
    "A price that is not the bill's is refused (BILL_009): a cancel gives the whole payment back.",
    "청구서와 다른 금액은 거절해요(BILL_009). 취소는 전액이에요.",
    Need.PAID,
)
def other_price(probe: Probe) -> None:
    made = probe.bills.paid()
    answer = probe.bills.cancel(made, str(int(made.price) + 1))
    probe.refused(answer, codes.BILL_009)


@check(
    "wrong-hash",
    "M",
    "A wrong hash is VALIDATION_002, and the bill stays paid.",
    "틀린 해시는 VALIDATION_002이고, 청구서는 결제된 그대로예요.",
    Need.PAID,
)
def wrong_hash(probe: Probe) -> None:
    made = probe.bills.paid()
    probe.refused(probe.bills.cancel(made, made.price, hash="0" * 64), codes.VALIDATION_002)
    probe.equal("apprState", "F", probe.read(made.bill_id).data.get("apprState"), "D")


@check(
    "done",
    "D",
    "A paid bill is cancelled; the answer has the cancel's number and time and the payment's number.",
    "결제된 청구서를 취소하고, 응답에 취소 번호·취소 시각·원 승인번호가 있어요.",
    Need.PAID,
)
def done(probe: Probe) -> None:
    made = probe.bills.paid()
    paid = probe.done(probe.read(made.bill_id))
    data = probe.done(probe.bills.cancel(made, made.price))
    probe.echoed(data, made.who.envelope | {"billId": made.bill_id}, "M")
    fits = isinstance(data.get("apprNum"), str) and data["apprNum"]
    probe.holds(fits, "apprNum is the cancel's number", "it is none", "M")
    same = data.get("apprOriginNum") == paid.get("apprNum")
    probe.holds(same, "apprOriginNum is the payment's apprNum", "it is not", "M")
    moment: object = data.get("apprCancelDt")
    probe.holds(is_moment(moment), "apprCancelDt is 14 digits", f"it is {type(moment).__name__}", "M")


@check(
    "no-reason",
    "O",
    "cancelReason may be left out, and the hash is answered as it was sent.",
    "cancelReason은 생략할 수 있고, hash는 보낸 그대로 답해요.",
    Need.WRITE,
    Need.SANDBOX,
)
def no_reason(probe: Probe) -> None:
    made = probe.bills.pay(probe.bills.fresh())
    data = probe.done(probe.bills.cancel(made, made.price, cancelReason=...))
    probe.holds(isinstance(data.get("hash"), str) and data["hash"], "the hash", "none")


@check(
    "then-read",
    "D",
    "A cancelled bill is C; its apprNum is the cancel's, apprOriginNum and apprOriginDt the payment's.",
    "취소한 청구서는 C예요. apprNum은 취소 번호, apprOriginNum과 apprOriginDt는 결제의 것이에요.",
    Need.PAID,
)
def then_read(probe: Probe) -> None:
    made = probe.bills.cancelled()
    data = probe.done(probe.read(made.bill_id))
    probe.equal("apprState", "C", data.get("apprState"))
    number, origin = data.get("apprNum"), data.get("apprOriginNum")
    probe.holds(origin and number and origin != number, "two numbers", "one, or none", "M")
    probe.holds(is_moment(data.get("apprOriginDt")), "apprOriginDt is 14 digits", "it is not", "M")


@check(
    "twice",
    "O",
    "A cancelled bill is not cancelled again (BILL_005).",
    "취소한 청구서는 다시 취소하지 않아요(BILL_005).",
    Need.PAID,
)
def twice(probe: Probe) -> None:
    made = probe.bills.cancelled()
    probe.refused(probe.cancel(made.bill_id, made.price), codes.BILL_005)


@check(
    "then-destroy",
    "S",
    "A cancelled bill is not destroyed (BILL_005).",
    "취소한 청구서는 파기하지 않아요(BILL_005).",
    Need.PAID,
)
def then_destroy(probe: Probe) -> None:
    made = probe.bills.cancelled()
    probe.refused(probe.destroy(made.bill_id, made.price), codes.BILL_005)


@check(
    "then-resend",
    "C",
    "A cancelled bill cannot be sent (BILL_006).",
    "취소한 청구서는 다시 보낼 수 없어요(BILL_006).",
    Need.TALK,
    Need.PAID,
)
def then_resend(probe: Probe) -> None:
    probe.refused(probe.resend(probe.bills.cancelled().bill_id), codes.BILL_006)
