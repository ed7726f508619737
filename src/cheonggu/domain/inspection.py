"""The five bills that the vendor's inspection asks for: which bill will do, and what is still to be done.

Whether one bill may stand for two of them is not known, so five different ones are looked for first (O).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

import msgspec

from cheonggu.domain.bill import State
from cheonggu.domain.next_steps import Said

ItemName = Literal["approved", "cancelled", "destroyed", "read", "callback"]
ITEMS: Final[tuple[ItemName, ...]] = get_args(ItemName)
_SCARCEST_FIRST: Final[tuple[ItemName, ...]] = ("cancelled", "destroyed", "callback", "approved", "read")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a bill."""

    bill_id: str
    state: State
    member: str
    merchant: str
    callback_url: str
    callback_state: str | None = None
    """Of the approval's callback: PENDING, DELIVERED, EXHAUSTED; None while there is none."""
    callback_reason: str | None = None
    """Why the last try did not count."""
    practice_receiver: bool = False
    """Whether the sandbox called itself back."""
    was_read: bool = False

    def does_for(self, item: ItemName) -> bool:
        """Whether the vendor would take it."""
        match item:
            case "approved":
                return self.state is State.PAID
            case "cancelled":
                return self.state is State.CANCELED
            case "destroyed":
                return self.state is State.DESTROYED
            case "read":
                return self.was_read
            case "callback":
                return self.callback_state == "DELIVERED" and not self.practice_receiver


class Verdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one item: whether it is passed, why, and what is to be done if not."""

    item: ItemName
    term: str
    bill_id: str | None
    passed: bool
    english: str
    korean: str
    next_english: str | None = None
    next_korean: str | None = None


def inspect(bills: Sequence[Shown], given: Mapping[ItemName, str]) -> list[Verdict]:
    """A verdict for each item: of the bill given for it, else of the best of `bills` (newest first)."""
    by_id = {bill.bill_id: bill for bill in bills}
    chosen: dict[ItemName, Shown | None] = {item: by_id.get(bill_id) for item, bill_id in given.items()}
    taken = set(given.values())
    for item in _SCARCEST_FIRST:
        if item not in chosen:
            chosen[item] = _best(item, bills, taken)
            taken |= {bill.bill_id for bill in (chosen[item],) if bill}
    return [_verdict(item, chosen[item], given.get(item)) for item in ITEMS]


def _best(item: ItemName, bills: Sequence[Shown], taken: set[str]) -> Shown | None:
    fit = [bill for bill in bills if bill.does_for(item)]
    return next((bill for bill in fit if bill.bill_id not in taken), next(iter(fit), _nearest(item, bills)))


def _nearest(item: ItemName, bills: Sequence[Shown]) -> Shown | None:
    """A bill that tells more than none: one whose callback went wrong."""
    return next((bill for bill in bills if bill.callback_state), None) if item == "callback" else None


def _verdict(item: ItemName, bill: Shown | None, given: str | None) -> Verdict:
    words = _WORDS[item]
    passed = bill is not None and bill.does_for(item)
    if passed:
        english, korean = words.passed
    elif bill is None:
        english, korean = ("There is no such bill.", "그런 청구서가 없어요.") if given else words.none
    else:
        english, korean = _why_not(item, bill)
    return Verdict(
        item=item,
        term=words.term,
        bill_id=bill.bill_id if bill else given,
        passed=passed,
        english=english,
        korean=korean,
        next_english=None if passed else words.to_do[0],
        next_korean=None if passed else words.to_do[1],
    )


def _why_not(item: ItemName, bill: Shown) -> Said:
    if item == "read":
        return (
            "This process has not answered a /bill/read of it.",
            "이 프로세스가 이 청구서의 /bill/read에 답한 적이 없어요.",
        )
    if item != "callback" or bill.callback_state is None:
        english, korean = _STATES[bill.state]
        return f"The bill is {english}.", f"{korean} 청구서예요."
    if bill.callback_state == "DELIVERED":
        return (
            "The sandbox's own receiver took it, not yours.",
            "내 서버가 아니라 샌드박스의 연습용 수신 주소가 받았어요.",
        )
    reason = bill.callback_reason
    if reason is None:
        return "The callback has not been answered yet.", "아직 콜백에 답하지 않았어요."
    return f"The callback was not accepted: {reason}", f"콜백을 받은 것으로 볼 수 없었어요. {reason}"


_STATES: Final[dict[State, Said]] = {
    State.READY: ("not paid yet", "아직 결제되지 않은"),
    State.PAYING: ("being paid", "결제하고 있는"),
    State.PAID: ("paid", "결제된"),
    State.CANCELING: ("being cancelled", "취소하고 있는"),
    State.CANCELED: ("cancelled", "취소된"),
    State.DESTROYED: ("destroyed", "파기된"),
}


class _Words(msgspec.Struct, frozen=True):
    term: str
    passed: Said
    none: Said
    to_do: Said


_WORDS: Final[dict[ItemName, _Words]] = {
    "approved": _Words(
        "승인",
        ("It is paid.", "결제됐어요."),
        ("No bill is paid.", "결제된 청구서가 없어요."),
        (
            "Create a bill and pay it: open its shortUrl, or cheonggu sandbox pay BILL_ID.",
            "청구서를 만들고 결제해 주세요. 짧은 주소를 열거나 cheonggu sandbox pay BILL_ID를 써요.",
        ),
    ),
    "cancelled": _Words(
        "API로 취소",
        ("It was cancelled through the API.", "API로 취소했어요."),
        ("No bill is cancelled.", "취소된 청구서가 없어요."),
        ("Pay a bill, then POST /bill/cancel.", "청구서를 결제한 다음 /bill/cancel로 취소해 주세요."),
    ),
    "destroyed": _Words(
        "파기",
        ("It is destroyed.", "파기됐어요."),
        ("No bill is destroyed.", "파기된 청구서가 없어요."),
        ("POST /bill/destroy of an unpaid bill.", "결제 전인 청구서를 /bill/destroy로 파기해 주세요."),
    ),
    "read": _Words(
        "조회",
        ("It was read with success.", "성공적으로 조회했어요."),
        ("This process has answered no /bill/read.", "이 프로세스가 /bill/read에 답한 적이 없어요."),
        ("POST /bill/read of it.", "/bill/read로 조회해 주세요."),
    ),
    "callback": _Words(
        "승인 콜백에 0000으로 응답",
        ("Its callback was answered with 0000.", "승인 콜백에 0000으로 답했어요."),
        ("No callback was sent.", "보낸 콜백이 없어요."),
        (
            'Pay a bill whose callbackUrl is your own, and answer HTTP 200 with {"code":"0000"}.',
            'callbackUrl이 내 서버인 청구서를 결제하고, HTTP 200과 {"code":"0000"}으로 답해 주세요.',
        ),
    ),
}
