"""POST /bill/resend. Whatever might send a message needs leave to do so."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import requires
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes

SECTION: Final = Section("resend")
check = SECTION.check


@check("unknown", "M", "An unknown billId is BILL_003.", "모르는 billId는 BILL_003이에요.")
def unknown(probe: Probe) -> None:
    probe.refused(probe.resend(probe.new_id()), codes.BILL_003)


requires(SECTION, "S", ("billId",), lambda probe, _, value: probe.resend(value))


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
    probe.echoed(data, {"apiKey": made.who.api_key, "billId": made.bill_id})


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
