"""The sandbox's sender and gateway keep the promises of their protocols, and act out their scripts."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import msgspec
import pytest

from cheonggu.domain.alimtalk import Template
from cheonggu.domain.message import AskedMessage, Button, NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.domain.payment import (
    TAKEN_BACK,
    Approved,
    Asked,
    AskedRefund,
    Confirmed,
    Declined,
    NotFound,
    Refunded,
    Refunding,
    RefundRefused,
    Unknown,
)
from cheonggu.providers import Alimtalk, Confirmation, Gateway, Handed, Refund, Sender
from cheonggu.providers.sandbox import erase_practice
from cheonggu.providers.sandbox_sender import SPECIAL_PHONES
from cheonggu.service import Service

MESSAGE = Alimtalk(
    message_id="m1-1-1",
    mark="m1-1-1-x",
    partner_id=1,
    bill_id="B1",
    kind="SEND",
    to="01012345678",
    template=Template.BILL,
    variables={},
    text="청구서가 도착했어요.",
    buttons=(Button("청구서 보기", "http://127.0.0.1/p/x"),),
    handed_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
)


def order(window_key: str = "APPROVE", order_id: str = "o1", amount_won: int = 10_000) -> Confirmation:
    return Confirmation(order_id=order_id, amount_won=amount_won, window_key=window_key)


def refund(refund_id: str = "r1", order_id: str = "o1", amount_won: int = 10_000) -> Refund:
    return Refund(order_id=order_id, refund_id=refund_id, amount_won=amount_won, reason="환불")


async def script(service: Service, subject: str, outcome: str) -> None:
    await service.db.execute("INSERT INTO sandbox_script VALUES ($1, $2)", subject, outcome)


async def sent(service: Service, message: Alimtalk) -> Sending:
    (outcome,) = await service.sender.send([message])
    return outcome


def handed(message: Alimtalk) -> Handed:
    return Handed(
        message_id=message.message_id, mark=message.mark, to=message.to, handed_at=datetime.now(UTC)
    )


async def asked(service: Service, message: Alimtalk) -> AskedMessage:
    (outcome,) = await service.sender.ask([handed(message)])
    return outcome


async def received(service: Service) -> int:
    return await service.db.fetchval("SELECT count(*) FROM sandbox_message WHERE state = 'ARRIVED'")


def test_they_are_what_the_service_asks_for(service: Service) -> None:
    sender: Sender = service.sender
    gateway: Gateway = service.gateway
    assert sender.accept_window_seconds == 3
    assert (gateway.timeout_seconds, gateway.confirm_window_seconds) == (2, 10)
    assert gateway.window_path("code") == "/p/code/card"


# The sender


@pytest.mark.parametrize(
    ("phone", "scripted", "answer", "later", "again"),
    [
        ("01012345678", None, Sent, Sent, Sent),
        ("01000000001", None, NotSent, NotSent, NotSent),
        ("01000000002", None, Unsure, Sent, Sent),
        ("01000000003", None, Unsure, NeverHad, Sent),
        ("01012345678", "MESSAGE_REFUSED", NotSent, NotSent, NotSent),
        ("01012345678", "MESSAGE_UNKNOWN_SENT", Unsure, Sent, Sent),
        ("01012345678", "MESSAGE_UNKNOWN_NEVER_HAD", Unsure, NeverHad, Sent),
    ],
)
async def test_a_sending_goes_as_its_phone_or_its_script_says(
    service: Service,
    phone: str,
    scripted: str | None,
    answer: type[Sending],
    later: type[AskedMessage],
    again: type[Sending],
) -> None:
    if scripted:
        await script(service, MESSAGE.message_id, scripted)
    message = msgspec.structs.replace(MESSAGE, to=phone)
    assert isinstance(await asked(service, message), NeverHad)
    assert isinstance(await sent(service, message), answer)
    assert isinstance(await asked(service, message), later)
    assert isinstance(await sent(service, message), again)
    assert await received(service) == (1 if again is Sent else 0)


async def test_the_same_message_many_times_at_once_arrives_once(service: Service) -> None:
    outcomes = await asyncio.gather(*(sent(service, MESSAGE) for _ in range(20)))
    assert len({(o.reference, o.sent_at) for o in outcomes if isinstance(o, Sent)}) == 1
    assert await received(service) == 1


async def test_messages_of_one_call_share_a_commit_and_each_has_an_outcome_of_its_own(
    service: Service,
) -> None:
    phones = ["01012345678", *SPECIAL_PHONES]
    messages = [
        msgspec.structs.replace(MESSAGE, message_id=f"m1-{n}-1", to=to) for n, to in enumerate(phones * 25)
    ]
    outcomes = await service.sender.send(messages)
    assert [type(outcome) for outcome in outcomes] == [Sent, NotSent, Unsure, Unsure] * 25
    assert [type(one) for one in await service.sender.ask(list(map(handed, messages)))] == [
        Sent,
        NotSent,
        Sent,
        NeverHad,
    ] * 25
    assert await service.db.fetchval("SELECT count(DISTINCT xmin::text) FROM sandbox_message") == 1


async def test_the_sender_keeps_nothing_of_what_a_message_says_or_to_whom(service: Service) -> None:
    await sent(service, MESSAGE)
    (row,) = await service.db.fetch("SELECT * FROM sandbox_message")
    kept = str(dict(row))
    assert MESSAGE.message_id in kept
    assert MESSAGE.to not in kept
    assert MESSAGE.text not in kept


# The gateway's payments


@pytest.mark.parametrize(
    ("window_key", "answer", "asked"),
    [
        ("APPROVE", Approved, Approved),
        ("APPROVE:12", Approved, Approved),
        ("DECLINE", Declined, Declined),
        ("DECLINE:REJECT_CARD_LIMIT", Declined, Declined),
        ("TIMEOUT_CHARGED", Unknown, Approved),
        ("TIMEOUT_NOT_CHARGED", Unknown, NotFound),
        ("CHARGED_LATE", Unknown, NotFound),
        ("", Declined, NotFound),
        ("approve", Declined, NotFound),
        ("APPROVE:", Declined, NotFound),
        ("APPROVE:37", Declined, NotFound),
        ("APPROVE:３", Declined, NotFound),
        ("APPROVE:REJECT", Declined, NotFound),
        ("DECLINE:3", Declined, NotFound),
        ("TIMEOUT_CHARGED:3", Declined, NotFound),
        ("APPROVE\n", Declined, NotFound),
    ],
)
async def test_a_payment_goes_as_the_window_says(
    service: Service, window_key: str, answer: type[Confirmed], asked: type[Asked]
) -> None:
    assert isinstance(await service.gateway.confirm(order(window_key)), answer)
    assert isinstance(await service.gateway.ask("o1"), asked)


async def test_an_approval_carries_the_practice_card(service: Service) -> None:
    outcome = await service.gateway.confirm(order("APPROVE:3"))
    assert isinstance(outcome, Approved)
    approval = outcome.approval
    assert (approval.order_id, approval.amount_won, approval.months) == ("o1", 10_000, 3)
    assert (approval.issuer, approval.card_number) == ("연습카드", "9999-****-****-0147")
    assert approval.pay_type == "CARD_VAN"
    assert re.fullmatch(r"[0-9]{8}", approval.approval_number)
    assert abs((approval.approved_at - service.clock.now()).total_seconds()) < 5


@pytest.mark.parametrize(
    ("code", "word"),
    [("REJECT_CARD_LIMIT", "한도"), ("INVALID_STOPPED_CARD", "정지"), ("SOMETHING", "승인하지")],
)
async def test_a_decline_tells_the_payer_why(service: Service, code: str, word: str) -> None:
    outcome = await service.gateway.confirm(order(f"DECLINE:{code}"))
    assert isinstance(outcome, Declined)
    assert outcome.code == code
    assert word in outcome.reason


@pytest.mark.parametrize("second", ["APPROVE:6", "DECLINE"])
async def test_the_same_order_twice_charges_once(service: Service, second: str) -> None:
    first = await service.gateway.confirm(order("APPROVE"))
    assert await service.gateway.confirm(order(second)) == first
    assert await service.gateway.ask("o1") == first


@pytest.mark.parametrize("late_seconds", [10, 3_600])
async def test_a_late_charge_is_seen_only_a_while_after_somebody_asked_after_the_window(
    service: Service, late_seconds: float
) -> None:
    await service.gateway.confirm(order("CHARGED_LATE"))
    await service.clock.advance(service.db, 5)
    assert [type(await service.gateway.ask("o1")) for _ in range(2)] == [NotFound, NotFound]
    await service.clock.advance(service.db, late_seconds - 5)
    assert [type(await service.gateway.ask("o1")) for _ in range(2)] == [NotFound, NotFound]
    await service.clock.advance(service.db, 9)
    assert isinstance(await service.gateway.ask("o1"), NotFound)
    await service.clock.advance(service.db, 1)
    assert [type(await service.gateway.ask("o1")) for _ in range(2)] == [Approved, Approved]


# The gateway's refunds


@pytest.mark.parametrize(
    ("scripted", "answer", "kind", "asked", "again"),
    [
        (None, Refunded, None, Refunded, Refunded),
        ("REFUND_REFUSED_CARD", RefundRefused, "CARD", RefundRefused, RefundRefused),
        ("REFUND_MAINTENANCE", RefundRefused, "MAINTENANCE", NotFound, Refunded),
        ("REFUND_UNKNOWN_DONE", Unknown, None, Refunded, Refunded),
        ("REFUND_UNKNOWN_NOT_DONE", Unknown, None, NotFound, Refunded),
    ],
)
async def test_a_refund_goes_as_its_script_says(
    service: Service,
    scripted: str | None,
    answer: type[Refunding],
    kind: str | None,
    asked: type[AskedRefund],
    again: type[Refunding],
) -> None:
    await service.gateway.confirm(order())
    if scripted:
        await script(service, "o1", scripted)
    outcome = await service.gateway.refund(refund())
    assert isinstance(outcome, answer)
    assert getattr(outcome, "kind", None) == kind
    assert isinstance(await service.gateway.ask_refund("o1", "r1"), asked)
    assert isinstance(await service.gateway.refund(refund()), again)


async def test_a_card_that_refused_once_may_take_the_next_try(service: Service) -> None:
    await service.gateway.confirm(order())
    await script(service, "o1", "REFUND_REFUSED_CARD")
    assert isinstance(await service.gateway.refund(refund("r1")), RefundRefused)
    assert isinstance(await service.gateway.refund(refund("r2")), Refunded)


async def test_the_same_refund_many_times_at_once_is_made_once(service: Service) -> None:
    await service.gateway.confirm(order())
    outcomes = await asyncio.gather(*(service.gateway.refund(refund()) for _ in range(10)))
    assert len({o.refund_number for o in outcomes if isinstance(o, Refunded)}) == 1
    assert await service.db.fetchval("SELECT count(*) FROM sandbox_refund") == 1


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (refund(order_id="other"), "no payment"),
        (refund(amount_won=9_999), "another amount"),
        (refund("r2"), "refunded already"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refund_without_a_payment_to_give_back_is_refused(
    service: Service, asked: Refund, why: str
) -> None:
    await service.gateway.confirm(order())
    if why == "refunded already":
        await service.gateway.refund(refund("r1"))
    outcome = await service.gateway.refund(asked)
    assert isinstance(outcome, RefundRefused)
    assert outcome.kind == "CARD"


async def test_a_payment_that_was_given_back_is_told_as_such(service: Service) -> None:
    await service.gateway.confirm(order())
    assert isinstance(await service.gateway.ask("o1"), Approved)
    await service.gateway.refund(refund())
    outcome = await service.gateway.ask("o1")
    assert isinstance(outcome, Declined)
    assert outcome.code == TAKEN_BACK


async def test_starting_over_forgets_the_practice_of_sandbox_partners(service: Service) -> None:
    await sent(service, MESSAGE)
    await sent(service, msgspec.structs.replace(MESSAGE, message_id="m99-1-1", partner_id=99))
    await service.gateway.confirm(order(order_id="gone"))
    await service.gateway.refund(refund(order_id="gone"))
    await service.gateway.confirm(order(order_id="kept"))
    await service.db.execute("INSERT INTO gateway_order VALUES ('kept', 99, 1)")
    await service.db.run(erase_practice)
    assert await service.db.fetchval("SELECT message_id FROM sandbox_message") == "m99-1-1"
    assert await service.db.fetchval("SELECT string_agg(order_id, ',') FROM sandbox_payment") == "kept"
    assert await service.db.fetchval("SELECT count(*) FROM sandbox_refund") == 0
