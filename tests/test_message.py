"""Messages: what they say, and that each is sent once, whatever dies on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from cheonggu.billing import destroy, resend
from cheonggu.billing.sandbox_partners import FIRST, OTHER
from cheonggu.delivery.message import (
    DEADLINE_SECONDS,
    FEW,
    LEASE_SECONDS,
    MOST_CALLS,
    Messenger,
    judge,
    mark_of,
    message_id,
)
from cheonggu.domain.alimtalk import Template, render
from cheonggu.domain.message import AskedMessage, MessageState, NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.providers import Alimtalk, Handed, Sender
from cheonggu.service import Service
from cheonggu.store import messages, points
from cheonggu.store.messages import ClaimedMessage, MessageSettled
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, drain, found, only, run_out

URL = "https://bills.example.com"
NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class ScriptedSender:
    """A sender that says what it is told to say, and remembers what it was given."""

    name = "scripted"
    most_at_once = 100
    accept_window_seconds = 3.0

    def __init__(
        self, *, sends: Sequence[Sending | Exception] = (), asks: Sequence[AskedMessage] = ()
    ) -> None:
        self._sends = list(sends)
        self._asks = list(asks)
        self.sent: list[Alimtalk] = []
        self.asked: list[Handed] = []
        self.calls: list[int] = []

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        self.calls.append(len(messages))
        self.sent.extend(messages)
        return [self._next() for _ in messages]

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        self.asked.extend(messages)
        return [self._asks.pop(0) for _ in messages]

    def _next(self) -> Sending:
        outcome = self._sends.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class HeldSender(ScriptedSender):
    """A sender that takes a message and does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__(sends=[Sent("held", NOON)])
        self.taken = asyncio.Event()
        self.let_go = asyncio.Event()

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        self.taken.set()
        await self.let_go.wait()
        return await super().send(messages)


def messenger(service: Service, sender: Sender, *, deadline_seconds: float = DEADLINE_SECONDS) -> Messenger:
    return Messenger(
        service.db, service.clock, service.keyring, sender, URL, deadline_seconds=deadline_seconds
    )


async def balance(service: Service) -> int:
    return await service.db.run(lambda conn: points.balance(conn, 1, ""))


# What follows from a sender's word


def claimed(*, unknown: bool = False) -> ClaimedMessage:
    return ClaimedMessage(
        partner_id=1,
        bill_no=2,
        send_number=1,
        fence=3,
        state="UNKNOWN" if unknown else "SENDING",
        handed_at=NOON,
        bill_id="B",
        issuer="",
        product_name="",
        price_won=1,
        message=None,
        expires_at=NOON,
        short_code="",
        name_sealed=None,
        phone_sealed=None,
    )


async def claim(service: Service) -> list[ClaimedMessage]:
    """What a worker has in hand that dies right then."""
    return await messages.claim(
        service.db, service.clock.now(), LEASE_SECONDS, after=0, favoured=0, most_of_each=10, most=10
    )


@pytest.mark.parametrize(
    ("outcome", "after_seconds", "state", "due_after_seconds"),
    [
        (Sent("ref", NOON), 1, MessageState.SENT, None),
        (NotSent("3019", "no"), 1, MessageState.FAILED, None),
        (Unsure("?"), 1, MessageState.UNKNOWN, 2),
        (Unsure("?"), 2, MessageState.UNKNOWN, 10),
        (Unsure("?"), 59, MessageState.UNKNOWN, 60),
        (Unsure("?"), 90_000, MessageState.UNKNOWN, 93_600),
        (NeverHad(), 2.9, MessageState.UNKNOWN, 3),
        (NeverHad(), 3, MessageState.QUEUED, 3),
        (NeverHad(), 90_000, MessageState.QUEUED, 90_000),
    ],
)
def test_the_senders_word_decides(
    outcome: AskedMessage, after_seconds: float, state: MessageState, due_after_seconds: float | None
) -> None:
    now = NOON + timedelta(seconds=after_seconds)
    settled = judge(claimed(unknown=True), outcome, now, now, 3.0)
    due_at = None if due_after_seconds is None else NOON + timedelta(seconds=due_after_seconds)
    assert (settled.state, settled.due_at, settled.fence) == (state, due_at, 3)
    assert (settled.settled_at is None) == (due_at is not None)


def test_never_had_counts_from_when_it_was_asked_not_from_when_it_was_answered() -> None:
    asked_at = NOON + timedelta(seconds=2)
    settled = judge(claimed(unknown=True), NeverHad(), asked_at, asked_at + timedelta(seconds=5), 3.0)
    assert settled.state is MessageState.UNKNOWN


@pytest.mark.parametrize("text", ["널\0문자", "\ud800", "가" * 5_000])
def test_whatever_a_sender_says_fits_the_database(text: str) -> None:
    settled = judge(claimed(), NotSent(text, text), NOON, NOON, 3.0)
    for kept in (settled.failure, settled.failure_code):
        assert kept is not None
        assert "\0" not in kept
        assert len(kept.encode()) <= 1_000


# From the queue to the phone


async def test_a_message_goes_out_as_its_bill_says(service: Service) -> None:
    bill = await created(service)
    sender = ScriptedSender(sends=[Sent("ref-1", NOON)])
    await drain(messenger(service, sender))
    (sent,) = sender.sent
    row = await only(service, "message")
    assert (sent.message_id, sent.to, sent.kind) == (message_id(1, row["bill_no"], 1), "01012345678", "SEND")
    written = render(bill, URL)
    assert (sent.text, sent.buttons) == (written.text, written.buttons)
    assert (sent.template, sent.variables) == (written.template, written.variables)
    assert (row["state"], row["reference"], row["settled_at"]) == ("SENT", "ref-1", NOON)
    await assert_books_hold(service.db, settled=True)


async def test_a_refused_message_returns_its_points_once(service: Service) -> None:
    before = await balance(service)
    await created(service)
    assert await balance(service) == before - 55
    await drain(messenger(service, ScriptedSender(sends=[NotSent("3019", "카카오톡을 쓰지 않아요")])))
    row = await only(service, "message")
    assert (row["state"], row["failure_code"], row["failure"]) == ("FAILED", "3019", "카카오톡을 쓰지 않아요")
    assert await balance(service) == before
    await assert_books_hold(service.db, settled=True)


async def test_many_failures_of_several_partners_in_one_commit_keep_the_books(service: Service) -> None:
    for number in range(12):
        await created(
            service, OTHER if number % 2 else FIRST, bill_id=f"B{number}", payer_phone="01000000001"
        )
    await drain(messenger(service, service.sender))
    assert await service.db.fetchval("SELECT count(*) FROM message WHERE state = 'FAILED'") == 12
    assert {row["balance_points"] for row in await service.db.fetch("SELECT * FROM wallet")} == {1_000_000}
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("how", ["expired", "paid", "destroyed"])
async def test_a_queued_message_of_a_bill_that_is_over_is_withdrawn(service: Service, how: str) -> None:
    before = await balance(service)
    tomorrow = service.clock.now() + timedelta(days=1)
    bill = await created(service, expires_at=tomorrow)
    if how == "expired":
        await service.clock.advance(service.db, 86_400)
    elif how == "paid":
        await service.db.execute("UPDATE bill SET state = 'PAID'")
    else:
        await destroy.destroy(
            service, await caller_of(service), bill_id=bill.bill_id, price_won=bill.price_won, idem=None
        )
    sender = ScriptedSender()
    await drain(messenger(service, sender))
    assert not sender.sent
    assert (await only(service, "message"))["state"] == "WITHDRAWN"
    assert await balance(service) == before


async def test_a_message_waits_while_its_bill_is_being_paid(service: Service) -> None:
    await created(service)
    await service.db.execute("UPDATE bill SET state = 'PAYING'")
    sender = ScriptedSender(sends=[Sent("ref", NOON)])
    await drain(messenger(service, sender))
    assert (await only(service, "message"))["state"] == "QUEUED"
    await service.db.execute("UPDATE bill SET state = 'READY'")
    await drain(messenger(service, sender))
    assert (await only(service, "message"))["state"] == "SENT"


async def test_a_message_whose_payer_was_erased_fails(service: Service) -> None:
    await created(service)
    await service.db.execute(
        "UPDATE bill SET name_sealed = NULL, phone_sealed = NULL, name_index = NULL, phone_index = NULL,"
        " erased_at = now()"
    )
    sender = ScriptedSender()
    await drain(messenger(service, sender))
    assert not sender.sent
    assert (await only(service, "message"))["failure_code"] == "ERASED"
    assert await service.db.fetchval("SELECT delta_points FROM ledger WHERE kind = 'RETURN'") == 55


# When its fate is unknown


async def test_an_unknown_message_is_asked_about_and_not_sent_again(service: Service) -> None:
    await created(service)
    sender = ScriptedSender(sends=[Unsure("504")], asks=[Unsure("?"), Sent("ref", NOON)])
    work = messenger(service, sender)
    for asked, seconds in enumerate([10, 60, 0]):
        await drain(work)
        assert len(sender.asked) == asked
        await service.clock.advance(service.db, seconds)
    assert len(sender.sent) == 1
    first = sender.sent[0]
    assert {(one.message_id, one.to) for one in sender.asked} == {(first.message_id, first.to)}
    handed_at = (await only(service, "message"))["handed_at"]
    assert {one.handed_at for one in sender.asked} == {handed_at}
    assert (await only(service, "message"))["state"] == "SENT"


async def test_a_message_the_sender_never_had_is_sent_again_under_the_same_id(service: Service) -> None:
    await created(service)
    sender = ScriptedSender(sends=[Unsure("reset"), Sent("ref", NOON)], asks=[NeverHad(), NeverHad()])
    sender.accept_window_seconds = 60.0
    work = messenger(service, sender)
    await drain(work)
    await service.clock.advance(service.db, 2)
    await drain(work)  # asked within the accept window: not yet
    assert (await only(service, "message"))["state"] == "UNKNOWN"
    await service.clock.advance(service.db, 60)
    await drain(work)
    first, second = sender.sent
    assert first.message_id == second.message_id
    assert (await only(service, "message"))["state"] == "SENT"


@pytest.mark.parametrize(("most_at_once", "calls"), [(100, [6]), (4, [4, 2]), (1, [1] * 6)])
async def test_a_call_carries_as_many_messages_as_the_sender_takes(
    service: Service, most_at_once: int, calls: list[int]
) -> None:
    for number in range(6):
        await created(service, bill_id=f"B{number}")
    sender = ScriptedSender(sends=[Sent(f"ref-{number}", NOON) for number in range(6)])
    sender.most_at_once = most_at_once
    await drain(messenger(service, sender))
    assert sender.calls == calls
    rows = await service.db.fetch("SELECT * FROM message")
    answered = {message.message_id: f"ref-{number}" for number, message in enumerate(sender.sent)}
    told = {message_id(1, row["bill_no"], 1): row["reference"] for row in rows}
    assert told == answered
    await assert_books_hold(service.db, settled=True)


async def test_a_sender_has_so_many_calls_at_once_and_no_more(service: Service) -> None:
    for number in range(MOST_CALLS + 2):
        await created(service, bill_id=f"B{number}")
    sender = HeldSender()
    sender.most_at_once = 1
    work = messenger(service, sender)
    while await work.step():
        pass
    assert await in_state(service, "SENDING") == MOST_CALLS
    assert await in_state(service, "QUEUED") == 2
    await work.finish(0)


async def in_state(service: Service, state: str) -> int:
    return await service.db.fetchval("SELECT count(*) FROM message WHERE state = $1", state)


async def test_a_long_queue_of_one_partner_delays_nobody_else(service: Service) -> None:
    for number in range(3 * FEW):
        await created(service, FIRST, bill_id=f"B{number}")
    await created(service, OTHER, bill_id="LAST")
    sender = HeldSender()
    sender.most_at_once = 2 * FEW // MOST_CALLS
    work = messenger(service, sender)
    assert await work.step() == 2 * FEW
    waiting = await service.db.fetch("SELECT DISTINCT partner_id FROM message WHERE state = 'QUEUED'")
    assert [row["partner_id"] for row in waiting] == [1]
    await work.finish(0)


async def test_long_queues_of_several_partners_are_served_in_turn(service: Service) -> None:
    for number in range(4 * FEW):
        await created(service, OTHER if number % 2 else FIRST, bill_id=f"B{number}")
    sender = ScriptedSender(sends=[Sent("ref", NOON)] * 4 * FEW)
    sender.most_at_once = 3 * FEW // MOST_CALLS
    work = messenger(service, sender)
    await work.step()
    await work.hands.finish(5)
    left = await service.db.fetch(
        "SELECT partner_id, count(*) FROM message WHERE state = 'QUEUED' GROUP BY partner_id"
    )
    assert [tuple(row.values()) for row in left] == [(2, FEW)]
    await drain(work)
    assert await in_state(service, "SENT") == 4 * FEW


async def test_who_did_not_fit_into_a_claim_comes_first_in_the_next(service: Service) -> None:
    for number in range(2 * MOST_CALLS):
        await created(service, FIRST, bill_id=f"B{number}")
    await created(service, OTHER)
    sender = ScriptedSender(sends=[Sent("ref", NOON)] * (2 * MOST_CALLS + 1))
    sender.most_at_once = 1
    await drain(messenger(service, sender))
    order = [message.partner_id for message in sender.sent]
    assert order == [1] * MOST_CALLS + [2] + [1] * MOST_CALLS


async def test_who_has_been_emptied_is_not_looked_at_again_at_once(service: Service) -> None:
    for number in range(6 * FEW):
        await created(service, OTHER if number % 2 else FIRST, bill_id=f"B{number}")
    sender = HeldSender()
    sender.most_at_once = 8 * FEW
    work = messenger(service, sender)
    assert [await work.fill() for _ in range(2)] == [True, False]  # one of the two is left, then none
    assert await in_state(service, "SENDING") == 6 * FEW
    await work.finish(0)


async def test_a_message_that_cannot_be_opened_leaves_the_others_of_its_call_alone(service: Service) -> None:
    for number in range(3):
        await created(service, bill_id=f"B{number}")
    await service.db.execute("UPDATE bill SET phone_sealed = 'broken' WHERE bill_id = 'B1'")
    sender = ScriptedSender(sends=[Sent("ref", NOON)] * 2)
    await drain(messenger(service, sender))
    rows = await service.db.fetch("SELECT * FROM message ORDER BY bill_no")
    assert [row["state"] for row in rows] == ["SENT", "UNKNOWN", "SENT"]
    assert [message.bill_id for message in sender.sent] == ["B0", "B2"]


async def test_a_call_that_fails_leaves_all_of_its_messages_unknown(service: Service) -> None:
    for number in range(3):
        await created(service, bill_id=f"B{number}")
    sender = ScriptedSender(sends=[Sent("ref", NOON), RuntimeError("boom"), Sent("ref", NOON)])
    await drain(messenger(service, sender))
    assert await in_state(service, "UNKNOWN") == 3


@pytest.mark.parametrize("answers", [0, 1, 3])
async def test_a_sender_that_answers_for_more_or_fewer_has_said_nothing(
    service: Service, answers: int
) -> None:
    class Miscounting(ScriptedSender):
        async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
            self.sent.extend(messages)
            return [Sent("ref", NOON)] * answers

    for number in range(2):
        await created(service, bill_id=f"B{number}")
    await drain(messenger(service, Miscounting()))
    assert await in_state(service, "UNKNOWN") == 2


@pytest.mark.parametrize("failure", [RuntimeError("boom"), OSError("network"), ValueError("what")])
async def test_a_sender_that_breaks_leaves_the_fate_unknown(service: Service, failure: Exception) -> None:
    await created(service)
    await drain(messenger(service, ScriptedSender(sends=[failure])))
    row = await only(service, "message")
    assert (row["state"], row["failure"]) == ("UNKNOWN", type(failure).__name__)


async def test_a_sender_that_does_not_answer_leaves_the_fate_unknown(service: Service) -> None:
    await created(service)
    await drain(messenger(service, HeldSender(), deadline_seconds=0.05))
    assert (await only(service, "message"))["state"] == "UNKNOWN"


@pytest.mark.parametrize(("had_it", "sendings"), [(True, 1), (False, 2)])
async def test_after_a_worker_died_the_sender_is_asked_first(
    service: Service, *, had_it: bool, sendings: int
) -> None:
    bill = await created(service)
    (dead,) = await claim(service)
    sender = ScriptedSender(
        sends=[Sent("ref", NOON)] * sendings,
        asks=[Sent("ref", NOON)] if had_it else [NeverHad(), NeverHad()],
    )
    if had_it:  # it died between the sending and the settling
        await sender.send([_alimtalk(dead, bill.bill_id)])
    else:  # it died between the claim and the sending
        sendings -= 1
    work = messenger(service, sender)
    await drain(work)
    assert not sender.asked  # the lease still runs
    await run_out(service, "message")
    await drain(work)
    await service.clock.advance(service.db, 3)
    await drain(work)
    assert len(sender.sent) == sendings
    assert (await only(service, "message"))["state"] == "SENT"
    await assert_books_hold(service.db, settled=True)


def _alimtalk(message: ClaimedMessage, bill_id: str) -> Alimtalk:
    return Alimtalk(
        message_id=message_id(message.partner_id, message.bill_no, message.send_number),
        mark="",
        partner_id=message.partner_id,
        bill_id=bill_id,
        kind="SEND",
        to="01012345678",
        template=Template.BILL,
        variables={},
        text="",
        buttons=(),
        handed_at=message.handed_at,
    )


async def test_what_stays_unknown_for_long_is_told_to_the_operator(service: Service) -> None:
    await created(service)
    sender = ScriptedSender(
        sends=[Unsure("접수됨")], asks=[Unsure(f"접수됨 {number}") for number in range(4)]
    )
    work = messenger(service, sender)
    with capture_logs() as logs:
        await drain(work)
        handed_at = (await only(service, "message"))["handed_at"]
        for minutes in (1, 40, 30, 60):
            await service.clock.advance(service.db, minutes * 60)
            await drain(work)
    told = [line for line in logs if line["event"] == "messages_long_unknown"]
    assert [(line["messages"], line["reason"]) for line in told] == [(1, "접수됨 2"), (1, "접수됨 3")]
    assert {line["since"] for line in told} == {handed_at.isoformat(timespec="seconds")}


def test_a_message_went_no_later_than_it_was_heard_of() -> None:
    for sent_at in (NOON, NOON + timedelta(days=9)):
        settled = judge(claimed(), Sent("R1", sent_at), NOON, NOON, 900)
        assert settled.settled_at == NOON
    assert judge(claimed(), Sent("R1", NOON), NOON, NOON + timedelta(1), 900).settled_at == NOON


def test_a_mark_is_of_one_message_in_one_database_and_tells_no_short_code() -> None:
    codes = ["CAYjqL2Xz0mK5mJrW7a9-w", "CAYjqL2Xz0mK5mJrW7a9-x"]
    marks = {mark_of(one, code) for one in ("m1-1-1", "m1-1-2", "m1-11-1") for code in codes}
    assert len(marks) == 6
    assert mark_of("m1-1-1", codes[0]) in marks  # the same each time
    assert not [one for one in marks if not one.startswith("m1-1") or "CAYjqL2X" in one]
    assert max(map(len, marks)) < 30


async def test_a_worker_frozen_beyond_its_lease_does_not_write(service: Service) -> None:
    before = await balance(service)
    await created(service)
    frozen, other = HeldSender(), ScriptedSender(asks=[NotSent("3019", "no")])
    slow = messenger(service, frozen)
    await slow.step()
    await frozen.taken.wait()
    await run_out(service, "message")
    await drain(messenger(service, other))
    row = await only(service, "message")
    frozen.let_go.set()
    await slow.hands.finish(5)
    assert await only(service, "message") == row
    assert row["state"] == "FAILED"
    assert await balance(service) == before
    await assert_books_hold(service.db, settled=True)


async def test_a_claim_older_than_its_lease_allows_is_not_sent(service: Service) -> None:
    await created(service)
    sender = ScriptedSender()
    work = messenger(service, sender, deadline_seconds=LEASE_SECONDS + 1)
    await work.step()
    await work.hands.finish(5)
    assert not sender.sent
    assert (await only(service, "message"))["state"] == "SENDING"


async def test_settling_twice_writes_once(service: Service) -> None:
    before = await balance(service)
    await created(service)
    (message,) = await claim(service)
    failed = judge(message, NotSent("3019", "no"), NOON, NOON, 3.0)
    written = [await messages.settle(service.db, [failed]) for _ in range(2)]
    assert written == [1, 0]
    assert await balance(service) == before
    await assert_books_hold(service.db)


@pytest.mark.parametrize("fence_off_by", [-1, 1])
async def test_another_fence_writes_nothing(service: Service, fence_off_by: int) -> None:
    await created(service)
    (message,) = await claim(service)
    settled: MessageSettled = judge(message, Sent("ref", NOON), NOON, NOON, 3.0)
    wrong = msgspec.structs.replace(settled, fence=settled.fence + fence_off_by)
    assert await messages.settle(service.db, [wrong]) == 0
    assert (await only(service, "message"))["state"] == "SENDING"


async def test_two_workers_at_the_same_queue_send_each_message_once(service: Service) -> None:
    for number in range(60):
        await created(service, bill_id=f"B{number}")
    await asyncio.gather(*(drain(messenger(service, service.sender)) for _ in range(4)))
    arrived = await service.db.fetch("SELECT tries, state FROM sandbox_message")
    assert [(row["tries"], row["state"]) for row in arrived] == [(1, "ARRIVED")] * 60
    await assert_books_hold(service.db, settled=True)


async def test_a_resent_message_is_of_its_own_kind(service: Service) -> None:
    bill = await created(service)
    await resend.resend(service, await caller_of(service), bill_id=bill.bill_id, idem=None)
    sender = ScriptedSender(sends=[Sent("a", NOON), Sent("b", NOON)])
    await drain(messenger(service, sender))
    assert sorted(sent.kind for sent in sender.sent) == ["RESEND", "SEND"]
    assert (await found(service, 1, bill.bill_id)).sends == 2
