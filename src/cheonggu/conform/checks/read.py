"""POST /bill/read in each state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.checks.tables import requires
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes
from cheonggu.domain.approval_fields import NAMES

SECTION: Final = Section("read")
check = SECTION.check

BEFORE_PAYMENT: Final = ("billId", "apprState", "apprPrice")


@check("unknown", "M", "An unknown billId is BILL_003.", "모르는 billId는 BILL_003이에요.")
def unknown(probe: Probe) -> None:
    answer = probe.read(probe.new_id())
    probe.refused(answer, codes.BILL_003)
    probe.says(answer, codes.BILL_003.message)


requires(SECTION, "D", ("billId",), lambda probe, _, value: probe.read(value))


def _is_state(probe: Probe, bill_id: str, state: str) -> Mapping[str, Any]:
    data = probe.done(probe.read(bill_id))
    probe.equal("apprState", state, data.get("apprState"))
    return data


@check(
    "fields",
    "M",
    "The answer has every field, each a text or null.",
    "응답에 모든 필드가 있고, 값은 문자열이거나 null이에요.",
    Need.WRITE,
)
def fields(probe: Probe) -> None:
    data = probe.done(probe.read(probe.bills.open().bill_id))
    missing = [name for name in ("apiKey", *NAMES) if name not in data]
    probe.holds(not missing, "every field", f"without {', '.join(missing)}")
    no_text = [name for name, value in data.items() if not (value is None or isinstance(value, str))]
    probe.holds(not no_text, "texts or null", f"others in {', '.join(no_text)}")


@check(
    "unpaid",
    "D",
    "An unpaid bill is W, with its apiKey, billId and price; the rest is null.",
    "결제 전 청구서는 W예요. apiKey, billId, apprPrice 말고는 null이에요.",
    Need.WRITE,
)
def unpaid(probe: Probe) -> None:
    made = probe.bills.open()
    data = _is_state(probe, made.bill_id, "W")
    probe.equal("billId", made.bill_id, data.get("billId"))
    probe.equal("apprPrice", made.price, data.get("apprPrice"))
    probe.holds(data.get("apiKey") == made.who.api_key, "our apiKey", "another one, or none")
    given = [name for name in NAMES if name not in BEFORE_PAYMENT and data.get(name) is not None]
    probe.holds(not given, "null before the payment", f"values in {', '.join(given)}", "M")


@check("destroyed", "D", "A destroyed bill is D.", "파기한 청구서는 D예요.", Need.WRITE)
def destroyed(probe: Probe) -> None:
    _is_state(probe, probe.bills.destroyed().bill_id, "D")


@check(
    "paid",
    "D",
    "A paid bill is F, with its price, time, number and kind of payment.",
    "결제된 청구서는 F이고, 금액·시각·승인번호·결제 수단이 있어요.",
    Need.PAID,
)
def paid(probe: Probe) -> None:
    made = probe.bills.paid()
    data = _is_state(probe, made.bill_id, "F")
    probe.equal("apprPrice", made.price, data.get("apprPrice"))
    for name in ("apprNum", "apprPayType"):
        probe.holds(isinstance(data.get(name), str) and data[name], f"{name} is given", "it is not")


@check(
    "paid.apprDt",
    "D",
    "apprDt is YYYYMMDDhhmmss.",
    "apprDt는 YYYYMMDDhhmmss예요.",
    Need.PAID,
)
def paid_moment(probe: Probe) -> None:
    moment = probe.done(probe.read(probe.bills.paid().bill_id)).get("apprDt")
    probe.holds(is_moment(moment), "14 digits", f"{type(moment).__name__} of {len(str(moment))} letters")


@check(
    "paid.apprMonthly",
    "D",
    "apprMonthly is a number of months as text, 0 for one payment.",
    "apprMonthly는 할부 개월 수를 적은 문자열이고, 일시불은 0이에요.",
    Need.PAID,
)
def paid_months(probe: Probe) -> None:
    months = probe.done(probe.read(probe.bills.paid().bill_id)).get("apprMonthly")
    probe.holds(isinstance(months, str) and months.isdigit(), "digits", f"{months!r}")


@check(
    "declined",
    "D",
    "A payment that was declined leaves the bill W.",
    "승인되지 않은 결제는 청구서를 W로 남겨요.",
    Need.WRITE,
    Need.SANDBOX,
)
def declined(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.equal("the state after the payment", "W", probe.sandbox.pay(made.bill_id, "DECLINE"))
    _is_state(probe, made.bill_id, "W")


def is_moment(value: object) -> bool:
    """Whether it is YYYYMMDDhhmmss."""
    return isinstance(value, str) and len(value) == 14 and value.isascii() and value.isdigit()
