"""TALK bills: their phone, their message, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.checks.tables import refuses
from cheonggu.conform.probe import Made, NotTried, Probe
from cheonggu.domain import codes

SECTION: Final = Section("talk", Need.WRITE, Need.TALK)
check = SECTION.check

_WALLETS: Final = ("/read/remain_count", "/read/merchant/remain_count")


@check("create", "S", "A TALK bill is created and sent.", "TALK 청구서를 만들고 보내요.")
def create(probe: Probe) -> None:
    probe.done(probe.create(sendType="TALK"))


@check(
    "phone.hyphens",
    "M",
    "A phone with hyphens is refused, with a message that says so.",
    "하이픈이 있는 휴대폰 번호는 거절하고, 메시지로 알려요.",
)
def phone_hyphens(probe: Probe) -> None:
    phone = probe.target.talk_phone or ""
    answer = probe.create(sendType="TALK", phone=f"{phone[:3]}-{phone[3:7]}-{phone[7:]}")
    probe.refused(answer, codes.VALIDATION_001)
    probe.says(answer, "휴대폰 번호 형식이 올바르지 않습니다")


refuses(
    SECTION,
    (
        (
            "phone.no-mobile",
            "M",
            "A phone that is no Korean mobile number is refused.",
            "국내 휴대폰 번호가 아니면 거절해요.",
            {"sendType": "TALK", "phone": "0200000000"},
        ),
    ),
)


@check(
    "pageRedirectUrl.ignored",
    "S",
    "A TALK bill's pageRedirectUrl is ignored, whatever it is.",
    "TALK 청구서의 pageRedirectUrl은 무엇이든 무시해요.",
)
def redirect_ignored(probe: Probe) -> None:
    probe.done(probe.create(sendType="TALK", pageRedirectUrl="not a URL"))


def _costs(mark: str, *, resent: bool) -> Steps:
    def steps(probe: Probe) -> None:
        made = probe.bills.talk() if resent else None
        before = [probe.balance(wallet) for wallet in _WALLETS]
        probe.done(probe.resend(made.bill_id) if made else probe.create(sendType="TALK"))
        spent = max(was - probe.balance(wallet) for wallet, was in zip(_WALLETS, before, strict=True))
        probe.holds(spent > 0, "fewer points than before", "as many as before", mark)

    return steps


SECTION.add(
    "costs-points",
    "S",
    "A message costs points, taken with the create.",
    "메시지를 보내면 만들 때 포인트가 차감돼요.",
    _costs("S", resent=False),
)
SECTION.add(
    "resend-costs-points",
    "S",
    "Sending it again costs points again.",
    "다시 보내면 포인트가 또 차감돼요.",
    _costs("S", resent=True),
)


def _message(probe: Probe, bill_id: str, number: int) -> Mapping[str, Any]:
    probe.until(lambda: len(probe.sandbox.messages(bill_id)) >= number)
    found = probe.sandbox.messages(bill_id)
    if len(found) < number:
        probe.differs(f"{number} messages", f"{len(found)}")
        raise NotTried("there is no such message")
    return found[number - 1]


def _has_link(probe: Probe, shown: Mapping[str, Any], made: Made) -> None:
    buttons: list[dict[str, Any]] = shown.get("buttons") or []
    links = [button.get("url") for button in buttons]
    probe.holds(made.short_url in links, "a button with the bill's link", f"{len(links)} others")


@check(
    "message",
    "O",
    "The sandbox shows the message: to whom, product, price as 1,000, and a button with the bill's link.",
    "샌드박스에서 메시지의 받는 사람, 청구 사유, 1,000처럼 쓴 금액, 링크 버튼이 보여요.",
    Need.SANDBOX,
)
def message(probe: Probe) -> None:
    made = probe.bills.talk()
    shown = _message(probe, made.bill_id, 1)
    probe.equal("kind", "SEND", shown.get("kind"))
    probe.holds(shown.get("to") == probe.target.talk_phone, "to the bill's phone", "to another one")
    for text in ("적합성 점검", "1,000"):
        probe.holds(text in str(shown.get("text")), f"{text!r} in the text", "a text without it")
    _has_link(probe, shown, made)


@check(
    "message-again",
    "S",
    "The message that is sent again has the same link.",
    "다시 보낸 메시지의 링크는 처음과 같아요.",
    Need.SANDBOX,
)
def message_again(probe: Probe) -> None:
    made = probe.bills.fresh(sendType="TALK")
    probe.done(probe.resend(made.bill_id))
    shown = _message(probe, made.bill_id, 2)
    probe.equal("kind", "RESEND", shown.get("kind"), "O")
    _has_link(probe, shown, made)


@check(
    "no-points",
    "C",
    "Without points it is POINT_001, and nothing is written.",
    "포인트가 없으면 POINT_001이고, 아무것도 남기지 않아요.",
    Need.SANDBOX,
)
def no_points(probe: Probe) -> None:
    made = probe.bills.talk()
    points = probe.balance()
    probe.sandbox.set_points(0)
    try:
        bill = probe.a_bill(sendType="TALK")
        probe.refused(probe.ask("/bill", bill), codes.POINT_001)
        probe.refused(probe.read(bill["billId"]), codes.BILL_003)
        probe.refused(probe.resend(made.bill_id), codes.POINT_001)
    finally:
        probe.sandbox.set_points(points)
