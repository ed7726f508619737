"""POST /bill/resend. Whatever might send a message needs leave to do so."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes

SECTION: Final = Section("resend")
check = SECTION.check


@check("unknown", "M", "An unknown billId is BILL_003.", "모르는 billId는 BILL_003이에요.")
def unknown(probe: Probe) -> None:
    probe.refused(probe.resend(probe.new_id()), codes.BILL_003)


def _refuses(bill_id: object) -> Steps:
    return lambda probe: probe.refused(probe.resend(bill_id), codes.VALIDATION_001)


for _name, _value, _english, _korean in (
    ("missing", ..., "billId is required.", "billId는 필수예요."),
    ("null", None, "billId is not null.", "billId는 null일 수 없어요."),
    ("empty", "", "billId is not empty.", "billId는 비어 있을 수 없어요."),
    ("number", 1, "billId is a text.", "billId는 문자열이에요."),
    ("21-characters", "X" * 21, "A billId of 21 characters is refused.", "billId가 21자이면 거절해요."),
):
    SECTION.add(f"billId.{_name}", "S", _english, _korean, _refuses(_value))


@check(
    "done",
    "S",
    "An open TALK bill's message is sent again; the answer has apiKey and billId.",
    "결제 전 TALK 청구서를 다시 보내고, 응답에 apiKey와 billId가 있어요.",
    Need.WRITE,
    Need.TALK,
)
def done(probe: Probe) -> None:
    made = probe.bills.talk()
    data = probe.done(probe.resend(made.bill_id))
    for name, value in (("apiKey", made.who.api_key), ("billId", made.bill_id)):
        probe.holds(data.get(name) == value, f"{name} as it was sent", f"another {name}, or none")


@check(
    "url-bill",
    "C",
    "A URL bill cannot be sent (BILL_006).",
    "URL 청구서는 다시 보낼 수 없어요(BILL_006).",
    Need.WRITE,
    Need.TALK,
)
def url_bill(probe: Probe) -> None:
    probe.refused(probe.resend(probe.bills.open().bill_id), codes.BILL_006)


@check(
    "destroyed",
    "C",
    "A destroyed bill cannot be sent (BILL_006).",
    "파기한 청구서는 다시 보낼 수 없어요(BILL_006).",
    Need.WRITE,
    Need.TALK,
)
def destroyed(probe: Probe) -> None:
    made = probe.bills.fresh(sendType="TALK")
    probe.done(probe.destroy(made.bill_id))
    probe.refused(probe.resend(made.bill_id), codes.BILL_006)


@check(
    "paid",
    "C",
    "A paid bill cannot be sent (BILL_006).",
    "결제된 청구서는 다시 보낼 수 없어요(BILL_006).",
    Need.TALK,
    Need.PAID,
)
def paid(probe: Probe) -> None:
    probe.refused(probe.resend(probe.bills.paid().bill_id), codes.BILL_006)
