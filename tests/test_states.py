"""The state machines: what the domain allows, the schema allows, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import product

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cheonggu.domain import bill as bills
from cheonggu.domain import message as messages
from cheonggu.domain import payment as payments
from cheonggu.domain.bill import Bill, SendType, State
from cheonggu.store.postgres import Database

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def bill(state: State, send_type: SendType = SendType.TALK, *, expired: bool = False) -> Bill:
    return Bill(
        partner_id=1,
        bill_no=1,
        bill_id="B1",
        member_code="m",
        merchant_code="s",
        wallet_code="",
        send_type=send_type,
        issuer="가게",
        product_name="수강료",
        price_won=1000,
        supply_won=None,
        tax_won=None,
        payer_name="김서연",
        payer_phone="01012345678",
        message=None,
        expires_at=NOW if expired else NOW + timedelta(seconds=1),
        callback_url="http://127.0.0.1",
        redirect_url=None,
        short_code="c",
        state=state,
        sends=1,
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("state", "pay", "destroy", "resend", "cancel"),
    [
        (State.READY, None, None, None, "BILL_008"),
        (State.PAYING, "BILL_007", "BILL_007", "BILL_006", "BILL_007"),
        (State.PAID, "BILL_004", "BILL_004", "BILL_006", None),
        (State.CANCELING, "BILL_007", "BILL_007", "BILL_006", "BILL_007"),
        (State.CANCELED, "BILL_005", "BILL_005", "BILL_006", "BILL_005"),
        (State.DESTROYED, "BILL_005", "BILL_005", "BILL_006", "BILL_005"),
    ],
)
def test_each_state_allows_and_refuses_by_name(
    state: State, pay: str | None, destroy: str | None, resend: str | None, cancel: str | None
) -> None:
    one = bill(state)
    given_codes = (one.why_not_pay(NOW), one.why_not_destroy(), one.why_not_resend(NOW), one.why_not_cancel())
    assert tuple(code and code.code for code in given_codes) == (pay, destroy, resend, cancel)


def test_an_expired_bill_can_be_destroyed_but_neither_paid_nor_sent() -> None:
    one = bill(State.READY, expired=True)
    assert one.expired(NOW)
    assert one.why_not_destroy() is None
    assert one.why_not_pay(NOW) is not None
    assert one.why_not_resend(NOW) is not None


def test_a_payment_that_began_in_time_does_not_expire() -> None:
    assert not bill(State.PAYING, expired=True).expired(NOW)


def test_a_url_bill_has_no_message_to_send_again() -> None:
    assert bill(State.READY, SendType.URL).why_not_resend(NOW) is not None


@given(st.sampled_from(State), st.sampled_from(SendType), st.booleans())
def test_what_may_be_done_is_a_legal_transition(state: State, send_type: SendType, expired: bool) -> None:  # noqa: FBT001
    one = bill(state, send_type, expired=expired)
    for refusal, to in (
        (one.why_not_pay(NOW), State.PAYING),
        (one.why_not_destroy(), State.DESTROYED),
        (one.why_not_cancel(), State.CANCELING),
    ):
        assert refusal is not None or (state, to) in bills.TRANSITIONS


STORED_NAMES = [
    (State, "READY PAYING PAID CANCELING CANCELED DESTROYED"),
    (SendType, "TALK URL"),
    (payments.AttemptState, "CONFIRMING UNKNOWN APPROVED FAILED REFUNDED LATE_CHARGED LATE_REFUNDED"),
    (messages.MessageState, "QUEUED SENDING SENT FAILED UNKNOWN WITHDRAWN"),
    (messages.Kind, "SEND RESEND"),
]


@pytest.mark.parametrize(("names", "stored"), STORED_NAMES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_names_that_are_stored_stay_as_they_are(names: type[StrEnum], stored: str) -> None:
    assert [name.value for name in names] == stored.split()


MOVES = [
    (
        bills.TRANSITIONS,
        "READY-PAYING READY-DESTROYED PAYING-READY PAYING-PAID PAID-CANCELING"
        " CANCELING-PAID CANCELING-CANCELED",
    ),
    (
        payments.TRANSITIONS,
        "CONFIRMING-APPROVED CONFIRMING-FAILED CONFIRMING-UNKNOWN UNKNOWN-APPROVED UNKNOWN-FAILED"
        " APPROVED-REFUNDED FAILED-LATE_CHARGED LATE_CHARGED-LATE_REFUNDED",
    ),
    (
        messages.TRANSITIONS,
        "QUEUED-SENDING QUEUED-WITHDRAWN SENDING-SENT SENDING-FAILED SENDING-UNKNOWN"
        " UNKNOWN-SENT UNKNOWN-FAILED UNKNOWN-QUEUED",
    ),
]


@pytest.mark.parametrize(("transitions", "moves"), MOVES, ids=["bill", "attempt", "message"])
def test_these_moves_and_no_others_are_legal(
    transitions: frozenset[tuple[StrEnum, StrEnum]], moves: str
) -> None:
    assert {f"{start}-{to}" for start, to in transitions} == set(moves.split())


@pytest.mark.parametrize(
    ("state", "letter"),
    [
        (State.READY, "W"),
        (State.PAYING, "W"),
        (State.PAID, "F"),
        (State.CANCELING, "F"),
        (State.CANCELED, "C"),
        (State.DESTROYED, "D"),
    ],
)
def test_a_state_has_one_letter_on_the_wire(state: State, letter: str) -> None:
    assert bills.WIRE_STATE[state] == letter


def test_an_attempt_is_undecided_until_the_gateway_has_told() -> None:
    assert {"CONFIRMING", "UNKNOWN"} == payments.UNDECIDED


class AnyLegalPath(RuleBasedStateMachine):
    """However a bill and its attempts walk their legal paths, money and state agree."""

    @initialize()
    def create(self) -> None:
        self.state = State.READY
        self.approved = 0
        self.refunded = 0

    @rule(to=st.sampled_from(State))
    def move(self, to: State) -> None:
        if (self.state, to) not in bills.TRANSITIONS:
            return
        self.approved += (self.state, to) == (State.PAYING, State.PAID)
        self.refunded += to is State.CANCELED
        self.state = to

    @invariant()
    def paid_at_most_once_and_refunded_only_then(self) -> None:
        if not hasattr(self, "state"):
            return
        assert self.refunded <= self.approved <= 1
        assert (self.state in {State.PAID, State.CANCELING, State.CANCELED}) == (self.approved == 1)
        assert (self.state is State.CANCELED) == (self.refunded == 1)


TestAnyLegalPath = AnyLegalPath.TestCase


async def _allowed_by_schema(db: Database, table: str, states: list[str]) -> set[tuple[str, str]]:
    allowed: set[tuple[str, str]] = set()
    for number, (old, new) in enumerate(product(states, states)):
        subject = "bill_no" if table == "bill_history" else "attempt_no"
        try:
            await db.execute(
                f"INSERT INTO {table} (partner_id, {subject}, step, from_state, to_state, at)"  # noqa: S608
                " VALUES (1, $1, 1, $2, $3, now())",
                number,
                old,
                new,
            )
        except asyncpg.CheckViolationError:
            continue
        except asyncpg.ForeignKeyViolationError:
            pass
        allowed.add((old, new))
    return allowed


async def test_the_schema_allows_the_same_moves_of_a_bill_as_the_domain(database: Database) -> None:
    assert await _allowed_by_schema(database, "bill_history", list(State)) == bills.TRANSITIONS


async def test_the_schema_allows_the_same_moves_of_an_attempt_as_the_domain(database: Database) -> None:
    allowed = await _allowed_by_schema(database, "attempt_history", list(payments.AttemptState))
    assert allowed == payments.TRANSITIONS


def test_every_message_state_can_be_reached_and_ends_stay_ends() -> None:
    reached = {messages.MessageState.QUEUED} | {to for _, to in messages.TRANSITIONS}
    assert reached == set(messages.MessageState)
    ends = set(messages.MessageState) - {start for start, _ in messages.TRANSITIONS}
    assert ends == {
        messages.MessageState.SENT,
        messages.MessageState.FAILED,
        messages.MessageState.WITHDRAWN,
    }


def test_an_approval_survives_being_stored() -> None:
    approval = payments.Approval(
        order_id="o",
        amount_won=1000,
        approved_at=NOW,
        approval_number="30014728",
        pay_type="CARD_VAN",
        months=3,
    )
    assert msgspec.structs.replace(approval, months=0) == payments.Approval(
        order_id="o",
        amount_won=1000,
        approved_at=NOW,
        approval_number="30014728",
        pay_type="CARD_VAN",
    )
    stored = msgspec.json.encode(approval)
    assert msgspec.json.decode(stored, type=payments.Approval) == approval
