"""The sender over Solapi, at a stand-in that speaks its protocol: a message arrives once, or says why not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from cheonggu.billing import destroy, resend
from cheonggu.delivery.message import Messenger, mark_of
from cheonggu.domain.alimtalk import Template
from cheonggu.domain.message import NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.providers import Alimtalk, Handed
from cheonggu.providers.calling import Answer, Calls
from cheonggu.providers.solapi_sender import (
    ACCEPT_WINDOW_SECONDS,
    AT_ONCE,
    MOST_AT_ONCE,
    MOST_PAGES,
    SolapiSender,
)
from cheonggu.service import Service
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.flow import caller_of, created, die, drain, only, run_out
from tests.standins.solapi import (
    API_KEY,
    API_SECRET,
    BLOCKED,
    ENDS,
    FROM,
    NO_KAKAOTALK,
    PF_ID,
    TEMPLATE_ID,
    TEMPLATE_WITH_MESSAGE_ID,
    TURNED_AWAY,
    WRONG_TEMPLATE,
    Mischief,
    Solapi,
    solapi,
)

URL = "https://bills.example.com"
PAYER = "01012345678"
ENOUGH = 1_000_000.0
TURNS = (0, 5, 10, 20, 40, 80, 160)
"""Of the loop, which a worker lives: it dies before, within and after its requests."""
PATIENT_SECONDS, HASTY_SECONDS = 5.0, 1.0
"""What an answer is waited for, and where none comes: longer than one takes on a busy machine."""


def patience(mischief: Mischief) -> float:
    return HASTY_SECONDS if mischief.name.startswith("SILENCE") else PATIENT_SECONDS


@asynccontextmanager
async def sending(
    standin: Solapi | None = None,
    *,
    deadline_seconds: float = PATIENT_SECONDS,
    from_number: str | None = None,
) -> AsyncGenerator[tuple[Solapi, SolapiSender]]:
    """A sender at a stand-in of its own."""
    async with solapi(standin) as there, sender_at(there, deadline_seconds, from_number) as sender:
        yield there, sender


@asynccontextmanager
async def sender_at(
    there: Solapi, deadline_seconds: float = 5, from_number: str | None = None
) -> AsyncGenerator[SolapiSender]:
    calls = Calls(there.url, deadline_seconds=deadline_seconds)
    try:
        yield SolapiSender(
            calls,
            api_key=API_KEY,
            api_secret=API_SECRET,
            pf_id=PF_ID,
            template_id=TEMPLATE_ID,
            template_with_message_id=TEMPLATE_WITH_MESSAGE_ID,
            from_number=from_number,
        )
    finally:
        await calls.close()


def alimtalk(number: int = 1, *, to: str = PAYER, fresh: bool = True, **given: Any) -> Alimtalk:
    names = ("issuer", "payerName", "productName", "price", "expiry", "code")
    plain = Alimtalk(
        message_id=f"m1-{number}-1",
        mark=f"m1-{number}-1-x",
        partner_id=1,
        bill_id=f"B{number}",
        kind="SEND",
        to=to,
        template=Template.BILL,
        variables={name: f"{name}의 값" for name in names},
        text="",
        buttons=(),
        handed_at=datetime.now(UTC),
        fresh=fresh,
    )
    return msgspec.structs.replace(plain, **given)


def handed(number: int = 1, *, to: str = PAYER) -> Handed:
    return Handed(message_id=f"m1-{number}-1", mark=f"m1-{number}-1-x", to=to, handed_at=datetime.now(UTC))


# Handing over


async def test_a_message_is_handed_over_as_its_template_wants_it() -> None:
    async with sending(from_number="02-1234-5678") as (there, sender):
        variables = {**alimtalk().variables, "message": "줄을\n바꾼 말 #{price} {} %s"}
        message = alimtalk(template=Template.BILL_WITH_MESSAGE, variables=variables)
        (said,) = await sender.send([message])
        (kept,) = there.messages
    assert isinstance(said, Unsure)
    assert (kept["to"], kept["from"], kept["type"], kept["country"]) == (PAYER, FROM, "ATA", "82")
    assert kept["customFields"] == {"messageId": "m1-1-1-x"}
    assert kept["kakaoOptions"] == {
        "pfId": PF_ID,
        "templateId": TEMPLATE_WITH_MESSAGE_ID,
        "variables": {f"#{{{name}}}": value for name, value in variables.items()},
        "disableSms": True,
    }


async def test_no_number_is_named_as_the_sender_unless_one_is_set() -> None:
    async with sending() as (there, sender):
        await sender.send([alimtalk()])
        assert there.messages[0]["from"] is None
        assert there.messages[0]["statusCode"] == "2000"


@pytest.mark.parametrize("repeats_custom_fields", [True, False])
async def test_who_is_turned_away_is_told_and_the_others_are_under_way(
    repeats_custom_fields: bool,  # noqa: FBT001 - a parameter of the test's
) -> None:
    async with sending(Solapi(repeats_custom_fields=repeats_custom_fields)) as (_, sender):
        said = await sender.send([alimtalk(1), alimtalk(2, to=TURNED_AWAY), alimtalk(3)])
    assert [type(one) for one in said] == [Unsure, NotSent, Unsure]
    assert said[1] == NotSent("1060", "수신이 차단된 번호예요.")


async def test_of_two_with_one_receiver_nobody_guesses_which_was_turned_away() -> None:
    async with sending(Solapi(repeats_custom_fields=False)) as (_, sender):
        said = await sender.send([alimtalk(1, to=TURNED_AWAY), alimtalk(2, to=TURNED_AWAY)])
    assert [type(one) for one in said] == [Unsure, Unsure]


def break_key(there: Solapi) -> None:
    there.api_key = "ANOTHER"


def break_secret(there: Solapi) -> None:
    there.api_secret = "another"


def empty(there: Solapi) -> None:
    there.balance_won = 5


def lose_templates(there: Solapi) -> None:
    there.templates.clear()


FAULTS: list[tuple[Callable[[Solapi], None], str]] = [
    (break_key, "InvalidAPIKey"),
    (break_secret, "SignatureDoesNotMatch"),
    (empty, "NotEnoughBalance"),
    (lose_templates, "1042"),
]


@pytest.mark.parametrize(("fault", "code"), FAULTS)
async def test_the_operators_fault_fails_nobody_and_is_told_to_the_operator(
    fault: Callable[[Solapi], None], code: str
) -> None:
    async with sending() as (there, sender):
        fault(there)
        with capture_logs() as logs:
            said = await sender.send([alimtalk(number) for number in range(3)])
    assert [type(one) for one in said] == [Unsure] * 3
    assert all(isinstance(one, Unsure) and code in one.reason for one in said)
    (line,) = logs
    assert (line["log_level"], line["code"], line["messages"]) == ("error", code, 3)
    assert there.requests == {"send": 1}


@pytest.mark.parametrize("mischief", Mischief)
async def test_an_answer_that_cannot_be_read_leaves_every_message_unsure(mischief: Mischief) -> None:
    async with sending(deadline_seconds=patience(mischief)) as (there, sender):
        there.mischief["send"].append(mischief)
        said = await sender.send([alimtalk(1), alimtalk(2)])
    assert [type(one) for one in said] == [Unsure, Unsure]
    assert there.requests == {"send": 1}


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"failedMessageList": null}', '{"failedMessageList": [1]}', "\udcff"]
)
async def test_an_answer_of_another_shape_leaves_every_message_unsure(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(*_: object, **__: object) -> Answer:
        return Answer(200, body.encode(errors="surrogateescape"))

    async with sending() as (_, sender):
        monkeypatch.setattr(Calls, "call", call)
        assert isinstance((await sender.send([alimtalk()]))[0], Unsure)
        assert isinstance((await sender.ask([handed()]))[0], Unsure)


# Handing over again


@pytest.mark.parametrize(
    ("moves", "expected"),
    [(0, Unsure), (1, Unsure), (2, Sent)],
    ids=["accepted", "at the carrier", "arrived"],
)
async def test_what_solapi_has_is_not_handed_over_again(moves: int, expected: type[Sending]) -> None:
    async with sending() as (there, sender):
        await sender.send([alimtalk()])
        for _ in range(moves):
            there.move()
        (said,) = await sender.send([alimtalk(fresh=False)])
        assert isinstance(said, expected)
        assert there.marks() == ["m1-1-1-x"]


async def test_what_solapi_never_had_is_handed_over_by_itself_beside_new_ones() -> None:
    async with sending() as (there, sender):
        await sender.send([alimtalk(1)])
        messages = [alimtalk(1, fresh=False), alimtalk(2), alimtalk(3, fresh=False), alimtalk(4)]
        said = await sender.send(messages)
        assert [type(one) for one in said] == [Unsure] * 4
        assert sorted(there.marks()) == ["m1-1-1-x", "m1-2-1-x", "m1-3-1-x", "m1-4-1-x"]
        assert there.requests["send"] == 3


@pytest.mark.parametrize("marked", [True, False])
async def test_a_try_that_the_list_shows_late_keeps_a_message_from_a_second_one(*, marked: bool) -> None:
    async with sending() as (there, sender):
        await sender.send([alimtalk()])
        (record,) = there.messages
        record["dateCreated"] = (datetime.now(UTC) - timedelta(minutes=40)).isoformat()
        record["customFields"] = record["customFields"] if marked else None
        (said,) = await sender.send([alimtalk(fresh=False)])
        assert isinstance(said, Unsure)
        assert there.requests["send"] == 1


@pytest.mark.parametrize("mischief", Mischief)
async def test_what_may_be_there_is_not_handed_over_while_nobody_can_ask(mischief: Mischief) -> None:
    async with sending(deadline_seconds=patience(mischief)) as (there, sender):
        there.mischief["list"].append(mischief)
        (said,) = await sender.send([alimtalk(fresh=False)])
    assert isinstance(said, Unsure)
    assert there.requests == {"list": 1}


async def test_a_message_that_spoils_a_request_keeps_the_others_back_once() -> None:
    async with sending() as (there, sender):
        said = await sender.send([alimtalk(1), spoiling(2), alimtalk(3)])
        assert there.marks() == []
        said = [*said, *await sender.send([as_again(one) for one in (alimtalk(1), spoiling(2), alimtalk(3))])]
        assert sorted(there.marks()) == ["m1-1-1-x", "m1-3-1-x"]
    assert [type(one) for one in said] == [Unsure] * 6


def spoiling(number: int) -> Alimtalk:
    """One whose request Solapi refuses whole: a variable has a name that cannot be."""
    return alimtalk(number, variables={"}": "x"})


def as_again(message: Alimtalk) -> Alimtalk:
    return msgspec.structs.replace(message, fresh=False)


# Asking


@pytest.mark.parametrize("to", [PAYER, *ENDS])
async def test_asking_tells_how_it_ended(to: str) -> None:
    async with sending(Solapi(at_once=True)) as (there, sender):
        await sender.send([alimtalk(to=to)])
        (said,) = await sender.ask([handed(to=to)])
        record = there.messages[0]
    if to == PAYER:
        assert said == Sent(record["messageId"], datetime.fromisoformat(record["dateReceived"]))
    elif to == WRONG_TEMPLATE:
        assert said == NeverHad()
    else:
        assert isinstance(said, NotSent)
        assert said.code == ENDS[to]


async def test_each_receiver_is_asked_about_once_and_eight_at_most_side_by_side() -> None:
    async with sending(Solapi(at_once=True)) as (there, sender):
        receivers = [f"0101234{number:04}" for number in range(MOST_AT_ONCE // 2)]
        pairs = list(enumerate(receivers + receivers))
        await sender.send([alimtalk(number, to=to) for number, to in pairs])
        there.open.clear()
        asking = asyncio.create_task(sender.ask([handed(number, to=to) for number, to in pairs]))

        async def all_wait() -> bool:
            return there.under_way == AT_ONCE

        await until(all_wait)
        there.open.set()
        assert [type(one) for one in await asking] == [Sent] * MOST_AT_ONCE
        assert there.requests["list"] == len(receivers)
        assert there.most_under_way == AT_ONCE


@pytest.mark.parametrize("pages_first", [False, True])
async def test_a_message_is_found_on_a_later_page(*, pages_first: bool) -> None:
    there = Solapi(at_once=True, most_in_a_page=2, pages_first=pages_first)
    async with sending(there) as (_, sender):
        for number in range(1, 6):
            await sender.send([alimtalk(number, to=PAYER if number == 1 or not pages_first else BLOCKED)])
        (said,) = await sender.ask([handed(1)])
    assert isinstance(said, Sent)
    assert there.requests["list"] == 3


async def test_a_list_that_is_too_long_to_read_says_nothing_of_what_is_not_seen() -> None:
    async with sending(Solapi(at_once=True, most_in_a_page=1)) as (there, sender):
        await sender.send([alimtalk(number) for number in range(1, MOST_PAGES + 2)])
        said = await sender.ask([handed(1), handed(MOST_PAGES + 1), handed(MOST_PAGES + 5)])
        assert [type(one) for one in said] == [Unsure, Sent, Unsure]
        assert there.requests["list"] == MOST_PAGES


@pytest.mark.parametrize("mischief", Mischief)
async def test_one_receiver_that_cannot_be_asked_about_leaves_the_others_alone(mischief: Mischief) -> None:
    async with sending(Solapi(at_once=True), deadline_seconds=patience(mischief)) as (there, sender):
        await sender.send([alimtalk(1), alimtalk(2, to="01099999999")])
        there.mischief["list"].append(mischief)
        said = await sender.ask([handed(1), handed(2, to="01099999999")])
        assert sorted(type(one).__name__ for one in said) == ["Sent", "Unsure"]


def crowd(size: int = MOST_AT_ONCE) -> list[Alimtalk]:
    """Messages that are handed over together, each to another receiver."""
    now = datetime.now(UTC)
    return [alimtalk(number, to=f"0101234{number:04}", handed_at=now) for number in range(size)]


def as_handed(message: Alimtalk) -> Handed:
    return Handed(
        message_id=message.message_id, mark=message.mark, to=message.to, handed_at=message.handed_at
    )


async def test_many_that_left_together_are_asked_about_in_one_question() -> None:
    async with sending(Solapi(at_once=True)) as (there, sender):
        messages = [*crowd(MOST_AT_ONCE - 2), alimtalk(200, to=NO_KAKAOTALK), alimtalk(201)]
        messages = [msgspec.structs.replace(one, handed_at=messages[0].handed_at) for one in messages]
        await sender.send(messages[:-1])  # the last gets lost
        said = await sender.ask([as_handed(one) for one in messages])
        assert [type(one) for one in said] == [Sent] * (MOST_AT_ONCE - 2) + [NotSent, NeverHad]
        assert there.requests["list"] == 1 + 2  # who was not found to have got it is asked about by himself


async def test_many_whose_records_bear_another_clocks_time_are_found_by_their_receivers() -> None:
    hours_behind = Solapi(at_once=True, now=lambda: datetime.now(UTC) + timedelta(hours=5))
    async with sending(hours_behind) as (there, sender):
        messages = crowd(20)
        await sender.send(messages)
        said = await sender.ask([as_handed(one) for one in messages])
        assert [type(one) for one in said] == [Sent] * 20
        assert there.requests["list"] == 1 + 20


@pytest.mark.parametrize("mischief", Mischief)
async def test_many_are_not_asked_about_one_by_one_while_nobody_answers(mischief: Mischief) -> None:
    async with sending(deadline_seconds=patience(mischief)) as (there, sender):
        there.mischief["list"].extend([mischief] * MOST_AT_ONCE)
        said = await sender.ask([as_handed(one) for one in crowd()])
        assert [type(one) for one in said] == [Unsure] * MOST_AT_ONCE
        assert there.requests["list"] == 1


async def test_a_closed_door_is_not_knocked_at_a_hundred_times() -> None:
    async with sending() as (there, sender):
        there.api_key = "ANOTHER"
        said = await sender.ask([handed(number, to=f"0101234{number:04}") for number in range(100)])
        assert [type(one) for one in said] == [Unsure] * 100
        await sender.send([alimtalk(number, fresh=False, to=f"0101234{number:04}") for number in range(100)])
        assert there.requests["list"] <= 2 * AT_ONCE
        assert there.requests["send"] == 0


async def test_an_empty_balance_is_not_tried_a_hundred_times() -> None:
    async with sending() as (there, sender):
        there.balance_won = 0
        said = await sender.send(
            [alimtalk(number, fresh=False, to=f"0101234{number:04}") for number in range(100)]
        )
        assert [type(one) for one in said] == [Unsure] * 100
        assert there.requests["send"] <= AT_ONCE


async def test_a_message_whose_payer_was_erased_is_found_by_when_it_was_handed_over() -> None:
    async with sending(Solapi(at_once=True)) as (there, sender):
        await sender.send([alimtalk(1), alimtalk(2, to=NO_KAKAOTALK)])
        said = await sender.ask([handed(1, to=""), handed(2, to=""), handed(3, to="")])
        assert [type(one) for one in said] == [Sent, NotSent, NeverHad]
        assert all("to" not in query and query["dateType"] == "CREATED" for query in there.queries)


async def test_nothing_that_solapi_says_of_payers_gets_into_logs_or_reasons() -> None:
    async with sending() as (there, sender):
        with capture_logs() as logs:
            spoiled = await sender.send([spoiling(2), alimtalk(1)])
            there.templates.clear()
            turned_away = await sender.send([alimtalk(3), alimtalk(4, to=BLOCKED)])
            there.api_secret = "another"
            refused = await sender.ask([handed(1)])
    written = repr([logs, spoiled, turned_away, refused])
    assert len(logs) == 3
    assert not [secret for secret in (PAYER, BLOCKED, API_KEY, API_SECRET, "의 값") if secret in written]


async def test_an_error_code_is_taken_for_letters_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(*_: object, **__: object) -> Answer:
        return Answer(400, f'{{"errorCode": "Odd\\n{PAYER}Code"}}'.encode())

    monkeypatch.setattr(Calls, "call", call)
    async with sending() as (_, sender):
        (said,) = await sender.send([alimtalk()])
    assert said == Unsure("솔라피가 요청을 받지 않았어요 (400 OddCode)")


# Through the worker, to the books


@dataclass
class Line:
    """A service, its messenger, and Solapi at the other end."""

    service: Service
    work: Messenger
    twin: Messenger
    there: Solapi

    async def after(self, seconds: float) -> None:
        """Let so much time pass, and do what is due then."""
        await self.service.clock.advance(self.service.db, seconds)
        await drain(self.work)

    async def deliver(self) -> None:
        """Solapi sees through what it has."""
        self.there.move()
        self.there.move()

    async def states(self) -> list[str]:
        rows = await self.service.db.fetch("SELECT state FROM message ORDER BY bill_no, send_number")
        return [row["state"] for row in rows]

    async def returned_points(self) -> Sequence[int]:
        rows = await self.service.db.fetch("SELECT delta_points FROM ledger WHERE kind = 'RETURN'")
        return [row["delta_points"] for row in rows]


@asynccontextmanager
async def line_of(service: Service) -> AsyncGenerator[Line]:
    async with sending(Solapi(now=service.clock.now), deadline_seconds=HASTY_SECONDS) as (there, sender):
        work, twin = (Messenger(service.db, service.clock, service.keyring, sender, URL) for _ in range(2))
        yield Line(service, work, twin, there)


async def test_a_message_is_sent_once_it_arrived(service: Service) -> None:
    await created(service, message="잘 부탁드려요")
    async with line_of(service) as line:
        await drain(line.work)
        assert await line.states() == ["UNKNOWN"]
        await line.after(2)
        line.there.move()
        await line.after(8)
        assert await line.states() == ["UNKNOWN"]
        line.there.move()
        await line.after(50)
        row = await only(service, "message")
        (record,) = line.there.messages
    assert (row["state"], row["reference"]) == ("SENT", record["messageId"])
    assert row["settled_at"] == datetime.fromisoformat(record["dateReceived"])
    assert record["kakaoOptions"]["templateId"] == TEMPLATE_WITH_MESSAGE_ID
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("to", [NO_KAKAOTALK, BLOCKED, TURNED_AWAY])
async def test_whom_it_does_not_reach_the_points_come_back_once(service: Service, to: str) -> None:
    await created(service, payer_phone=to)
    async with line_of(service) as line:
        await drain(line.work)
        await line.deliver()
        for _ in range(3):
            await line.after(2)
        row = await only(service, "message")
        assert (row["state"], row["failure_code"]) == ("FAILED", ENDS.get(to, "1060"))
        assert await line.returned_points() == [55]
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("mischief", Mischief)
async def test_whatever_happens_to_the_request_the_message_arrives_once(
    service: Service, mischief: Mischief
) -> None:
    await created(service)
    async with line_of(service) as line:
        line.there.mischief["send"].append(mischief)
        await drain(line.work)
        assert await line.states() == ["UNKNOWN"]
        await line.after(2)
        await line.after(ACCEPT_WINDOW_SECONDS - 32)
        assert line.there.requests["send"] == 1  # not before the window is closed
        await line.after(30)
        await line.deliver()
        await line.after(3_600)
        assert await line.states() == ["SENT"]
        assert line.there.requests["send"] == (1 if mischief.name.endswith("_AFTER") else 2)
        assert len(line.there.arrived()) == 1
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("mischief", Mischief)
async def test_whatever_happens_to_a_question_the_message_arrives_once(
    service: Service, mischief: Mischief
) -> None:
    await created(service)
    async with line_of(service) as line:
        line.there.mischief["list"].extend([mischief] * 2)
        await drain(line.work)
        await line.deliver()
        for seconds in (2, 8, 50):
            await line.after(seconds)
        assert await line.states() == ["SENT"]
        assert len(line.there.arrived()) == 1
    await assert_books_hold(service.db, settled=True)


async def test_two_bills_of_one_payer_and_a_resent_one_go_in_one_call(service: Service) -> None:
    await created(service, bill_id="B1")
    await created(service, bill_id="B2")
    await resend.resend(service, await caller_of(service), bill_id="B1", idem=None)
    async with line_of(service) as line:
        await drain(line.work)
        assert line.there.requests["send"] == 1
        await line.deliver()
        await line.after(2)
        assert await line.states() == ["SENT"] * 3
        assert len(set(line.there.arrived())) == len(line.there.messages) == 3
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize(("fault", "code"), FAULTS)
async def test_a_fault_of_the_operators_delays_messages_and_fails_none(
    service: Service, fault: Callable[[Solapi], None], code: str
) -> None:
    for number in range(3):
        await created(service, bill_id=f"B{number}")
    async with line_of(service) as line:
        sound = Solapi()
        fault(line.there)
        await drain(line.work)
        for _ in range(3):  # an hour goes by
            await line.after(2)
            await line.after(ACCEPT_WINDOW_SECONDS - 2)
        assert await line.states() == ["UNKNOWN"] * 3
        assert line.there.requests["send"] <= 1 + 3 * 3
        line.there.api_key, line.there.api_secret = sound.api_key, sound.api_secret
        line.there.balance_won, line.there.templates = ENOUGH, sound.templates
        await line.after(3_600)
        await line.after(ACCEPT_WINDOW_SECONDS)
        await line.deliver()
        await line.after(3_600)
        assert await line.states() == ["SENT"] * 3
        assert sorted(line.there.arrived()) == sorted(set(line.there.arrived()))
        assert await line.returned_points() == []
    await assert_books_hold(service.db, settled=True)


async def test_a_template_that_kakaotalk_does_not_know_is_tried_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await created(service, payer_phone=WRONG_TEMPLATE)
    async with line_of(service) as line:
        await drain(line.work)
        await line.deliver()
        with capture_logs() as logs:
            await line.after(2)
        assert [(one["event"], one["code"]) for one in logs] == [("solapi_cannot_send", "3105")]
        assert await line.states() == ["UNKNOWN"]
        monkeypatch.delitem(ENDS, WRONG_TEMPLATE)  # it has been registered
        await line.after(ACCEPT_WINDOW_SECONDS)
        await line.deliver()
        await line.after(2)
        assert await line.states() == ["SENT"]
        assert [one["statusCode"] for one in line.there.messages] == ["3105", "4000"]
    await assert_books_hold(service.db, settled=True)


async def test_a_fault_that_lasts_ends_with_the_bill_and_the_points_come_back(service: Service) -> None:
    await created(service, expires_at=service.clock.now() + timedelta(hours=1))
    async with line_of(service) as line:
        line.there.balance_won = 0
        await drain(line.work)
        for _ in range(5):
            await line.after(ACCEPT_WINDOW_SECONDS)
        assert await line.states() == ["WITHDRAWN"]
        assert await line.returned_points() == [55]
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("had_it", [True, False])
async def test_a_message_whose_payer_was_erased_meanwhile_still_comes_to_its_end(
    service: Service, *, had_it: bool
) -> None:
    bill = await created(service)
    async with line_of(service) as line:
        line.there.mischief["send"].append(Mischief.SILENCE_AFTER if had_it else Mischief.SILENCE)
        await drain(line.work)
        await destroy.destroy(
            service, await caller_of(service), bill_id=bill.bill_id, price_won=bill.price_won, idem=None
        )
        await service.db.execute(
            "UPDATE bill SET name_sealed = NULL, phone_sealed = NULL, name_index = NULL, phone_index = NULL,"
            " erased_at = now()"
        )
        await line.deliver()
        await line.after(2)
        await line.after(ACCEPT_WINDOW_SECONDS)
        assert await line.states() == (["SENT"] if had_it else ["WITHDRAWN"])
        assert await line.returned_points() == ([] if had_it else [55])
    await assert_books_hold(service.db, settled=True)


async def test_a_message_of_another_database_under_the_same_id_is_not_taken_for_it(service: Service) -> None:
    others = alimtalk(1, mark=mark_of("m1-1-1", "AnotherShortCodeThan-_"), handed_at=service.clock.now())
    async with line_of(service) as line:
        async with sender_at(line.there) as before:  # from the same account, until its database was lost
            await before.send([others])
        await line.deliver()
        line.there.mischief["send"].append(Mischief.FAILURE)
        await created(service)
        await drain(line.work)
        await line.after(2)
        assert await line.states() == ["UNKNOWN"]
        await line.after(ACCEPT_WINDOW_SECONDS)
        await line.deliver()
        await line.after(2)
        assert await line.states() == ["SENT"]
        assert len(set(line.there.arrived())) == len(line.there.messages) == 2


async def test_in_a_storm_every_message_arrives_once(service: Service) -> None:
    chance = random.Random(20_261_126)  # noqa: S311 - the same storm each time
    calm = [one for one in Mischief if not one.name.startswith("SILENCE")]
    async with line_of(service) as line:
        line.there.listed_after = timedelta(minutes=5)
        for turn in range(30):
            storm = turn < 15
            for mischief in line.there.mischief.values():
                mischief.clear()
            line.there.balance_won = chance.choice([0.0, ENOUGH, ENOUGH]) if storm else ENOUGH
            if storm:
                for number in (2 * turn, 2 * turn + 1):
                    await created(service, bill_id=f"B{number}", payer_phone=f"0101234{number % 11:04}")
                for kind in ("send", "list"):
                    line.there.mischief[kind].extend(chance.choices(calm, k=chance.choice([0, 1, 2])))
            if storm and chance.random() < 0.5:
                await die(line.twin, chance.choice(TURNS))
                await run_out(service, "message")
            await asyncio.gather(drain(line.work), drain(line.twin))
            line.there.move()
            await line.after(chance.choice([2, 30, 400, 1_000]) if storm else 3_600)
        assert {*await line.states()} == {"SENT"}
        assert sorted(line.there.arrived()) == sorted(set(line.there.marks()))
        assert len(line.there.marks()) == 30
    await assert_books_hold(service.db, settled=True)
