"""POST /read/remain_count and /read/merchant/remain_count."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import Probe
from cheonggu.conform.wire import Answer
from cheonggu.domain import codes

SECTION: Final = Section("balance")
check = SECTION.check

PARTNER: Final = "/read/remain_count"
MERCHANT: Final = "/read/merchant/remain_count"


def _tells_points(probe: Probe, answer: Answer) -> None:
    data = probe.done(answer)
    balance: object = data.get("balance")
    probe.holds(type(balance) is int, "balance is an integer", f"it is {type(balance).__name__}", "M")
    url: object = data.get("chargeUrl")
    fits = isinstance(url, str) and url.startswith(("http://", "https://"))
    probe.holds(fits, "chargeUrl is a URL", f"it is {type(url).__name__}", "M")


@check(
    "partner",
    "D",
    "The apiKey alone is enough to read the partner's points.",
    "apiKey만으로 파트너의 포인트를 조회해요.",
)
def partner(probe: Probe) -> None:
    _tells_points(probe, probe.ask(PARTNER, head={"member": ..., "merchant": ...}))


@check(
    "merchant",
    "D",
    "A merchant's points are read with apiKey, member and merchant.",
    "apiKey, member, merchant로 하위사업장의 포인트를 조회해요.",
)
def merchant(probe: Probe) -> None:
    _tells_points(probe, probe.ask(MERCHANT))


@check("no-key", "D", "Without an apiKey it is PARTNER_002.", "apiKey가 없으면 PARTNER_002예요.")
def no_key(probe: Probe) -> None:
    for path in (PARTNER, MERCHANT):
        probe.refused(probe.ask(path, head={"apiKey": ...}), codes.PARTNER_002)


@check(
    "unknown-merchant",
    "D",
    "An unknown merchant's points are PARTNER_003.",
    "모르는 하위사업장의 포인트 조회는 PARTNER_003이에요.",
)
def unknown_merchant(probe: Probe) -> None:
    probe.refused(probe.ask(MERCHANT, head={"merchant": "conform-nobody"}), codes.PARTNER_003)


@check(
    "merchant-missing",
    "D",
    "A merchant's points are not told without the merchant.",
    "merchant가 없으면 하위사업장의 포인트를 알려 주지 않아요.",
)
def merchant_missing(probe: Probe) -> None:
    probe.refused(probe.ask(MERCHANT, head={"merchant": ...}), codes.VALIDATION_001)


@check(
    "url-bill-is-free",
    "C",
    "A URL bill costs no points.",
    "URL 청구서는 포인트를 쓰지 않아요.",
    Need.WRITE,
)
def url_bill_is_free(probe: Probe) -> None:
    before = [probe.balance(path) for path in (PARTNER, MERCHANT)]
    probe.done(probe.create())
    after = [probe.balance(path) for path in (PARTNER, MERCHANT)]
    probe.holds(before == after, "as many points as before", "other numbers of points")
