"""Which bills do for the vendor's inspection, what is said of those that do not, and the mail."""

from __future__ import annotations

from typing import Any

import pytest

from cheonggu.domain.bill import State
from cheonggu.domain.inspection import ITEMS, ItemName, Shown, inspect
from cheonggu.domain.inspection_mail import draft

API_KEY = "sandbox-api-key-0123456789abcdef"


def bill(bill_id: str, state: State = State.READY, **known: Any) -> Shown:
    facts: dict[str, Any] = {"member": "m", "merchant": "s"}
    facts["callback_url"] = "https://partner.example/cb?token=secret"
    return Shown(bill_id=bill_id, state=state, **facts | known)


PAID = bill("PAID", State.PAID)
CALLED = bill("CALLED", State.PAID, callback_state="DELIVERED")
GONE = bill("GONE", State.DESTROYED)
BACK = bill("BACK", State.CANCELED)
SEEN = bill("SEEN", was_read=True)
ALL = [PAID, CALLED, GONE, BACK, SEEN]


@pytest.mark.parametrize(
    ("bills", "given", "chosen"),
    [
        (ALL, {}, ["PAID", "BACK", "GONE", "SEEN", "CALLED"]),
        ([CALLED, PAID, *ALL[2:]], {}, ["PAID", "BACK", "GONE", "SEEN", "CALLED"]),
        ([CALLED, GONE, BACK, SEEN], {}, ["CALLED", "BACK", "GONE", "SEEN", "CALLED"]),
        ([PAID, GONE], {}, ["PAID", None, "GONE", None, None]),
        ([], {}, [None] * 5),
        (ALL, {"approved": "CALLED"}, ["CALLED", "BACK", "GONE", "SEEN", "CALLED"]),
        (ALL, {"read": "PAID"}, ["PAID", "BACK", "GONE", "PAID", "CALLED"]),
        (ALL, {"destroyed": "NEVER"}, ["PAID", "BACK", "NEVER", "SEEN", "CALLED"]),
    ],
)
def test_bills_are_chosen_so_that_five_different_ones_stand_there(
    bills: list[Shown], given: dict[ItemName, str], chosen: list[str | None]
) -> None:
    verdicts = inspect(bills, given)
    assert [one.item for one in verdicts] == list(ITEMS)
    assert [one.bill_id for one in verdicts] == chosen


@pytest.mark.parametrize(
    ("item", "shown", "english"),
    [
        ("approved", bill("B"), "The bill is not paid yet."),
        ("approved", BACK, "The bill is cancelled."),
        ("cancelled", bill("B", State.CANCELING), "The bill is being cancelled."),
        ("destroyed", bill("B", State.PAYING), "The bill is being paid."),
        ("read", bill("B"), "This process has not answered a /bill/read of it."),
        ("callback", GONE, "The bill is destroyed."),
        ("callback", bill("B", callback_state="PENDING"), "The callback has not been answered yet."),
        (
            "callback",
            bill("B", State.PAID, callback_state="EXHAUSTED", callback_reason='code is "1"'),
            'The callback was not accepted: code is "1"',
        ),
        (
            "callback",
            bill("B", State.PAID, callback_state="DELIVERED", practice_receiver=True),
            "The sandbox's own receiver took it, not yours.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_pass_says_why_and_what_to_do(item: ItemName, shown: Shown, english: str) -> None:
    verdict = next(one for one in inspect([shown], {item: shown.bill_id}) if one.item == item)
    assert (verdict.passed, verdict.english) == (False, english)
    assert verdict.next_english
    assert verdict.next_english.isascii()
    assert verdict.next_korean
    assert verdict.next_korean.endswith("요.")


def test_all_that_is_said_is_said_in_korean_too() -> None:
    korean = {one.item: one.korean for one in inspect(ALL, {})}
    assert korean == {
        "approved": "결제됐어요.",
        "cancelled": "API로 취소했어요.",
        "destroyed": "파기됐어요.",
        "read": "성공적으로 조회했어요.",
        "callback": "승인 콜백에 0000으로 답했어요.",
    }
    assert all(one.next_english is None and one.next_korean is None for one in inspect(ALL, {}))
    said = {
        State.READY: "아직 결제되지 않은 청구서예요.",
        State.PAYING: "결제하고 있는 청구서예요.",
        State.PAID: "결제된 청구서예요.",
        State.CANCELING: "취소하고 있는 청구서예요.",
        State.CANCELED: "취소된 청구서예요.",
        State.DESTROYED: "파기된 청구서예요.",
    }
    for state, sentence in said.items():
        item: ItemName = "cancelled" if state is State.DESTROYED else "destroyed"
        (verdict,) = [one for one in inspect([bill("B", state)], {item: "B"}) if one.item == item]
        assert (verdict.bill_id, verdict.korean) == ("B", sentence)
    (paid,) = [one for one in inspect([PAID], {"destroyed": "PAID"}) if one.item == "destroyed"]
    assert paid.english == "The bill is paid."


def test_a_bill_that_is_not_there_is_told_from_none_at_all() -> None:
    named = inspect([PAID], {"destroyed": "NEVER"})
    english = {one.item: (one.bill_id, one.english) for one in named}
    assert english["destroyed"] == ("NEVER", "There is no such bill.")
    assert english["cancelled"] == (None, "No bill is cancelled.")


def test_without_an_answered_callback_the_one_that_went_wrong_is_shown() -> None:
    wrong = bill("WRONG", State.PAID, callback_state="EXHAUSTED", callback_reason="HTTP 500")
    verdicts = {one.item: one for one in inspect([PAID, wrong], {})}
    assert verdicts["callback"].bill_id == "WRONG"
    assert verdicts["callback"].korean == "콜백을 받은 것으로 볼 수 없었어요. HTTP 500"
    assert verdicts["cancelled"].bill_id is None


def test_the_mail_has_the_ids_and_no_secret() -> None:
    bills = [*ALL[:4], bill("SEEN", was_read=True, member="m2")]
    mail = draft(API_KEY, inspect(bills, {}), bills)
    assert mail.subject == "[회사 이름] 결제선생 파트너 API 연동 검수 요청"
    facts = """■ 연동 정보
- apiKey: sand…cdef
- member: m, m2
- merchant: s
- 승인 콜백 URL: https://partner.example/cb

■ 검수용 청구서 ID
1. 승인: PAID
2. API로 취소: BACK
3. 파기: GONE
4. 조회: SEEN
5. 승인 콜백에 0000으로 응답: CALLED

■"""
    assert facts in mail.body
    assert API_KEY not in mail.body


def test_what_is_not_known_stands_in_brackets() -> None:
    mail = draft(API_KEY, inspect([], {"approved": "NEVER"}), [])
    assert "- member: [member]\n- merchant: [merchant]\n- 승인 콜백 URL: [콜백 URL]\n" in mail.body
    assert mail.body.count(": [아직 없음]\n") == 5
