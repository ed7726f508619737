"""Where our books and the gateway's differ, by what each says of a payment: a table, and its words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cheonggu.domain.books import Gap, Held, HeldRefund, Told, gap_between, says, to_do
from cheonggu.domain.payment import (
    TAKEN_BACK,
    Approval,
    Approved,
    AskedRefund,
    AttemptState,
    Declined,
    NotFound,
    Refunded,
    RefundRefused,
)

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def approved(amount_won: int = 10_000, order_id: str = "o1") -> Approved:
    return Approved(
        Approval(
            order_id=order_id,
            amount_won=amount_won,
            approved_at=NOW,
            approval_number="12345678",
            pay_type="CARD_VAN",
        )
    )


def a_refund(state: str) -> HeldRefund:
    return HeldRefund(
        refund_id="r1",
        kind="CANCEL",
        state=state,
        began_at=NOW,
        ask_at=NOW if state == "UNDECIDED" else None,
        refund_number="777" if state == "DONE" else None,
        refunded_at=None,
        refusal_kind=None,
        refusal=None,
    )


def held(state: str, *, refund: str | None = None, ask_at: datetime | None = None) -> Held:
    return Held(
        partner_id=1,
        attempt_no=1,
        bill_no=1,
        order_id="o1",
        amount_won=10_000,
        state=AttemptState(state),
        began_at=NOW,
        confirm_until=NOW,
        settled_at=NOW,
        failure_code=None,
        failure=None,
        fence=1,
        approval=None,
        bill_id="B1",
        since=NOW,
        ask_at=ask_at,
        refunds=(a_refund(refund),) if refund else (),
    )


BACK = Declined(TAKEN_BACK, "취소")
NO = Declined("REJECT_CARD_COMPANY", "거절")
DONE = Refunded("777", NOW)
NOT_DONE = RefundRefused("CARD", "거절")

CASES: list[tuple[Held, Told, AskedRefund | None, Gap | None]] = [
    (held("APPROVED"), approved(), None, None),
    (held("APPROVED"), approved(9_000), None, Gap.ANOTHER_THERE),
    (held("APPROVED"), approved(order_id="o2"), None, Gap.ANOTHER_THERE),
    (held("APPROVED"), NO, None, Gap.DECLINED_THERE),
    (held("APPROVED"), NotFound(), None, Gap.NOT_THERE),
    (held("APPROVED"), BACK, None, Gap.GIVEN_BACK_THERE),
    (held("APPROVED", refund="UNDECIDED"), BACK, None, None),
    (held("APPROVED", refund="UNDECIDED"), approved(), None, None),
    (held("APPROVED", refund="REFUSED"), BACK, None, Gap.GIVEN_BACK_THERE),
    (held("FAILED"), NO, None, None),
    (held("FAILED"), NotFound(), None, None),
    (held("FAILED"), BACK, None, None),
    (held("FAILED"), approved(), None, Gap.CHARGED_THERE),
    (held("REFUNDED", refund="DONE"), BACK, None, None),
    (held("REFUNDED", refund="DONE"), approved(), DONE, None),
    (held("REFUNDED", refund="DONE"), NO, DONE, None),
    (held("REFUNDED", refund="DONE"), approved(), NotFound(), Gap.NOT_GIVEN_BACK_THERE),
    (held("REFUNDED", refund="DONE"), approved(), NOT_DONE, Gap.NOT_GIVEN_BACK_THERE),
    (held("REFUNDED", refund="DONE"), NotFound(), None, Gap.NOT_THERE),
    (held("REFUNDED", refund="DONE"), NO, NotFound(), Gap.DECLINED_THERE),
    (held("LATE_CHARGED", refund="UNDECIDED"), approved(), None, None),
    (held("LATE_CHARGED", refund="UNDECIDED"), BACK, None, None),
    (held("LATE_CHARGED", refund="UNDECIDED"), NotFound(), None, Gap.NOT_THERE),
    (held("LATE_REFUNDED", refund="DONE"), BACK, None, None),
    (held("LATE_REFUNDED", refund="DONE"), approved(), NotFound(), Gap.NOT_GIVEN_BACK_THERE),
]


@pytest.mark.parametrize(("ours", "theirs", "refund", "gap"), CASES)
def test_the_books_differ_where_money_does(
    ours: Held, theirs: Told, refund: AskedRefund | None, gap: Gap | None
) -> None:
    assert gap_between(ours, theirs, refund) == gap


SUPPORT = (
    "Give the order id to the gateway's support, and look whether the keys in the settings are those of the "
    "shop that took it. The partner was told that it is paid."
)
LOOK = "Look at the order in the gateway's console, and settle what is amiss with the partner."
IN_CONSOLE = "It is not given back by itself: cancel the order in the gateway's console."

WORDS: list[tuple[Held, Told, str, str]] = [
    (held("APPROVED"), NotFound(), "It is paid here; the gateway knows no such order.", SUPPORT),
    (
        held("REFUNDED", refund="DONE"),
        NotFound(),
        "It is given back here; the gateway knows no such order.",
        SUPPORT,
    ),
    (
        held("LATE_CHARGED"),
        NO,
        "It is paid here; the gateway says that it was never taken (REJECT_CARD_COMPANY, 거절).",
        SUPPORT,
    ),
    (held("APPROVED"), approved(9_000), "It is paid here; the gateway took 9,000 won.", LOOK),
    (
        held("APPROVED"),
        approved(order_id="o2"),
        "It is paid here; the gateway took 10,000 won for order o2.",
        LOOK,
    ),
    (
        held("APPROVED"),
        BACK,
        "It is paid here; it was cancelled at the gateway, and not from here.",
        "Let the partner cancel the bill, so that both books say so; no money moves again: "
        "POST /bill/cancel, or cheonggu bill cancel B1 10000",
    ),
    (
        held("FAILED", ask_at=NOW),
        approved(),
        "It failed here; the gateway took 10,000 won.",
        "Nothing: the worker asks again at 2026-11-26 12:00:00+09:00, and gives it back then.",
    ),
    (held("FAILED"), approved(), "It failed here; the gateway took 10,000 won.", IN_CONSOLE),
    (held("FAILED", ask_at=NOW), approved(9_000), "It failed here; the gateway took 9,000 won.", IN_CONSOLE),
    (
        held("LATE_REFUNDED", refund="DONE"),
        approved(),
        "It is given back here; the gateway still has 10,000 won.",
        "Give the order id to the gateway's support: what became of cancellation 777? "
        "If nothing, cancel it in the console.",
    ),
    (
        held("REFUNDED"),  # which cannot be, and does not stop whoever compares
        approved(),
        "It is given back here; the gateway still has 10,000 won.",
        "Give the order id to the gateway's support: what became of cancellation unknown? "
        "If nothing, cancel it in the console.",
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "said", "asked"), WORDS)
def test_a_difference_is_said_in_words_with_what_to_do(
    ours: Held, theirs: Told, said: str, asked: str
) -> None:
    gap = gap_between(ours, theirs)
    assert gap is not None
    assert says(ours, theirs, gap) == said
    assert to_do(ours, theirs, gap) == asked


def test_every_kind_of_difference_is_in_the_tables() -> None:
    assert {gap for *_, gap in CASES} == {None, *Gap}
    assert {gap_between(ours, theirs) for ours, theirs, *_ in WORDS} == {*Gap}
    assert [gap.value for gap in Gap] == [gap.name for gap in Gap]


def test_the_code_that_stands_in_the_database_stays_as_it_is() -> None:
    assert TAKEN_BACK == "GATEWAY.CANCELED"
