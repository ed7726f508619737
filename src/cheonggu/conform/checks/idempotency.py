"""The Idempotency-Key header, which the vendor's API does not have."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes

SECTION: Final = Section("idempotency", Need.WRITE)
check = SECTION.check


def _new_key(probe: Probe) -> dict[str, str]:
    return {"Content-Type": "application/json", "Idempotency-Key": probe.new_id()}


@check(
    "same-create",
    "O",
    "The same create with the same key is answered as the first was.",
    "같은 키로 같은 생성 요청을 보내면 첫 응답을 다시 줘요.",
)
def same_create(probe: Probe) -> None:
    key, bill = _new_key(probe), probe.a_bill()
    first = probe.done(probe.ask("/bill", bill, headers=key))
    second = probe.done(probe.ask("/bill", bill, headers=key))
    probe.holds(first == second, "the first answer", "another one")


@check(
    "same-destroy",
    "O",
    "The same destroy with the same key is answered as the first was.",
    "같은 키로 같은 파기 요청을 보내면 첫 응답을 다시 줘요.",
)
def same_destroy(probe: Probe) -> None:
    key, made = _new_key(probe), probe.bills.fresh()
    probe.done(probe.destroy(made.bill_id, headers=key))
    probe.done(probe.destroy(made.bill_id, headers=key))


@check(
    "other-request",
    "O",
    "Another request with the same key is IDEMPOTENCY_001.",
    "같은 키로 다른 요청을 보내면 IDEMPOTENCY_001이에요.",
)
def other_request(probe: Probe) -> None:
    key = _new_key(probe)
    probe.done(probe.create(headers=key))
    probe.refused(probe.create(headers=key), codes.IDEMPOTENCY_001)


@check(
    "of-an-operation",
    "O",
    "A key belongs to one operation.",
    "키는 연산마다 따로예요.",
)
def of_an_operation(probe: Probe) -> None:
    key, bill = _new_key(probe), probe.a_bill()
    probe.done(probe.ask("/bill", bill, headers=key))
    probe.done(probe.destroy(str(bill["billId"]), headers=key))


@check(
    "lasting-refusal",
    "O",
    "A refusal that lasts is answered again.",
    "바뀌지 않을 거절은 다시 보내도 같은 거절이에요.",
)
def lasting_refusal(probe: Probe) -> None:
    key, bill = _new_key(probe), probe.a_bill(billId=probe.bills.open().bill_id)
    for _ in range(2):
        probe.refused(probe.ask("/bill", bill, headers=key), codes.BILL_001)
    probe.refused(probe.create(headers=key), codes.IDEMPOTENCY_001)


@check(
    "passing-refusal",
    "O",
    "An ill-formed request leaves its key unused.",
    "형식이 잘못된 요청은 키를 쓰지 않은 것으로 남겨요.",
)
def passing_refusal(probe: Probe) -> None:
    key = _new_key(probe)
    probe.refused(probe.create(headers=key, price="0"), codes.VALIDATION_001)
    probe.done(probe.create(headers=key))


@check(
    "ill-formed",
    "O",
    "A key is 1 to 255 visible ASCII characters.",
    "키는 보이는 ASCII 문자 1~255자예요.",
)
def ill_formed(probe: Probe) -> None:
    for key in ("k" * 256, "a key"):
        headers = _new_key(probe) | {"Idempotency-Key": key}
        probe.refused(probe.create(headers=headers), codes.VALIDATION_001)


@check(
    "of-a-partner",
    "O",
    "A key belongs to one partner.",
    "키는 파트너마다 따로예요.",
    Need.SECOND,
)
def of_a_partner(probe: Probe) -> None:
    key = _new_key(probe)
    probe.done(probe.create(headers=key))
    probe.done(probe.create(headers=key, who=probe.target.second))
