"""Of several things that are wrong, which one is told."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import PRICE, Probe
from cheonggu.domain import codes

SECTION: Final = Section("order")
check = SECTION.check

WRONG_HASH: Final = "0" * 64
_NOBODY: Final = "conform-nobody"


@check(
    "json-before-apiKey",
    "O",
    "Malformed JSON is told before a missing apiKey.",
    "apiKey가 없는 것보다 잘못된 JSON을 먼저 알려요.",
)
def json_before_api_key(probe: Probe) -> None:
    probe.refused(probe.ask_raw("/bill/read", b'{"member": '), codes.VALIDATION_001)


@check(
    "apiKey-before-member",
    "O",
    "A missing apiKey is told before a missing member.",
    "member가 없는 것보다 apiKey가 없는 것을 먼저 알려요.",
)
def api_key_before_member(probe: Probe) -> None:
    answer = probe.ask("/bill/read", {"billId": probe.new_id()}, head={"apiKey": ..., "member": ...})
    probe.refused(answer, codes.PARTNER_002)


@check(
    "apiKey-before-fields",
    "O",
    "An unknown apiKey is told before an ill-formed field.",
    "필드가 잘못된 것보다 모르는 apiKey를 먼저 알려요.",
)
def api_key_before_fields(probe: Probe) -> None:
    probe.refused(probe.ask("/bill/read", {"billId": ""}, head={"apiKey": _NOBODY}), codes.PARTNER_003)


@check(
    "merchant-before-fields",
    "O",
    "An unknown merchant is told before an ill-formed field.",
    "필드가 잘못된 것보다 모르는 merchant를 먼저 알려요.",
)
def merchant_before_fields(probe: Probe) -> None:
    probe.refused(probe.ask("/bill/read", {"billId": ""}, head={"merchant": _NOBODY}), codes.PARTNER_003)


@check(
    "fields-before-hash",
    "O",
    "An ill-formed field is told before a wrong hash.",
    "해시가 틀린 것보다 필드가 잘못된 것을 먼저 알려요.",
    Need.WRITE,
)
def fields_before_hash(probe: Probe) -> None:
    answer = probe.create(expireDt="soon", hash=WRONG_HASH)
    probe.refused(answer, codes.VALIDATION_001)


@check(
    "hash-before-bill",
    "O",
    "A wrong hash is told before an unknown billId.",
    "모르는 billId보다 틀린 해시를 먼저 알려요.",
)
def hash_before_bill(probe: Probe) -> None:
    answer = probe.destroy(probe.new_id(), hash=WRONG_HASH)
    probe.refused(answer, codes.VALIDATION_002)


@check(
    "hash-before-used-billId",
    "O",
    "A wrong hash is told before a billId that was used.",
    "이미 쓴 billId보다 틀린 해시를 먼저 알려요.",
    Need.WRITE,
)
def hash_before_used_bill_id(probe: Probe) -> None:
    made = probe.bills.open()
    probe.refused(probe.create(billId=made.bill_id, hash=WRONG_HASH), codes.VALIDATION_002)


@check(
    "bill-before-price",
    "O",
    "An unknown billId is told before its price.",
    "금액보다 모르는 billId를 먼저 알려요.",
)
def bill_before_price(probe: Probe) -> None:
    probe.refused(probe.destroy(probe.new_id(), PRICE + "0"), codes.BILL_003)


@check(
    "price-before-state",
    "O",
    "A wrong price is told before the bill's state.",
    "청구서의 상태보다 틀린 금액을 먼저 알려요.",
    Need.WRITE,
)
def price_before_state(probe: Probe) -> None:
    made = probe.bills.destroyed()
    probe.refused(probe.destroy(made.bill_id, PRICE + "0"), codes.BILL_009)
    probe.refused(probe.cancel(made.bill_id, PRICE + "0"), codes.BILL_009)


@check(
    "state-before-points",
    "O",
    "A bill that cannot be sent is told before points that are lacking.",
    "포인트 부족보다 발송할 수 없는 상태를 먼저 알려요.",
    Need.WRITE,
    Need.TALK,
    Need.SANDBOX,
)
def state_before_points(probe: Probe) -> None:
    made = probe.bills.open()
    points = probe.balance()
    probe.sandbox.set_points(0)
    try:
        probe.refused(probe.resend(made.bill_id), codes.BILL_006)
    finally:
        probe.sandbox.set_points(points)
