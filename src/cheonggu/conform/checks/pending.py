"""A payment that nobody knows the end of yet. It settles while the other checks are tried."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import NotTried, Probe
from cheonggu.domain import codes

SECTION: Final = Section("undecided", Need.WRITE, Need.SANDBOX)


@SECTION.check(
    "payment",
    "O",
    "While a payment is undecided the bill is W, and neither destroyed nor cancelled (BILL_007).",
    "결제 결과를 모르는 동안 청구서는 W이고, 파기도 취소도 하지 않아요(BILL_007).",
)
def payment(probe: Probe) -> None:
    made = probe.bills.fresh()
    if probe.sandbox.pay(made.bill_id, "TIMEOUT_CHARGED") != "W":
        raise NotTried("the sandbox knew the end of it at once")
    made.state = "undecided"
    destroyed, cancelled = probe.destroy(made.bill_id), probe.cancel(made.bill_id)
    probe.equal("apprState", "W", probe.read(made.bill_id).data.get("apprState"))
    probe.refused(destroyed, codes.BILL_007)
    probe.refused(cancelled, codes.BILL_007)
