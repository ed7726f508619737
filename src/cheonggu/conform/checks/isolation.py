"""Two partners know nothing of each other's bills."""

from __future__ import annotations

from typing import Final

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import NotTried, Probe
from cheonggu.conform.target import Who
from cheonggu.domain import codes

SECTION: Final = Section("isolation", Need.WRITE, Need.SECOND)
check = SECTION.check


def _second(probe: Probe) -> Who:
    if probe.target.second is None:
        raise NotTried("there is no second partner")
    return probe.target.second


@check(
    "read",
    "M",
    "Another partner's bill is read as one that never was.",
    "다른 파트너의 청구서는 조회해도 없는 청구서와 같아요.",
)
def read(probe: Probe) -> None:
    answer = probe.read(probe.bills.open().bill_id, who=_second(probe))
    probe.refused(answer, codes.BILL_003)


@check(
    "destroy",
    "M",
    "Another partner's bill cannot be destroyed.",
    "다른 파트너의 청구서는 파기할 수 없어요.",
)
def destroy(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.refused(probe.destroy(made.bill_id, who=_second(probe)), codes.BILL_003)
    probe.equal("apprState", "W", probe.read(made.bill_id).data.get("apprState"))


@check(
    "cancel",
    "M",
    "Another partner's bill cannot be cancelled.",
    "다른 파트너의 청구서는 취소할 수 없어요.",
)
def cancel(probe: Probe) -> None:
    answer = probe.cancel(probe.bills.open().bill_id, who=_second(probe))
    probe.refused(answer, codes.BILL_003)


@check(
    "resend",
    "M",
    "Another partner's bill cannot be sent.",
    "다른 파트너의 청구서는 다시 보낼 수 없어요.",
    Need.TALK,
)
def resend(probe: Probe) -> None:
    answer = probe.resend(probe.bills.open().bill_id, who=_second(probe))
    probe.refused(answer, codes.BILL_003)


@check(
    "same-billId",
    "S",
    "Two partners may use the same billId.",
    "두 파트너가 같은 billId를 쓸 수 있어요.",
)
def same_bill_id(probe: Probe) -> None:
    probe.done(probe.create(billId=probe.bills.open().bill_id, who=_second(probe)))


@check(
    "merchant",
    "D",
    "One partner's apiKey does not act for another's member and merchant.",
    "다른 파트너의 member와 merchant로는 요청할 수 없어요.",
)
def merchant(probe: Probe) -> None:
    who = probe.target.who
    mixed = Who(_second(probe).api_key, who.member, who.merchant)
    probe.refused(probe.read(probe.bills.open().bill_id, who=mixed), codes.PARTNER_003)
