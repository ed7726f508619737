"""The sender for NHN Cloud, against a stand-in made from its guide: by itself, and through the worker."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from cheonggu.billing import resend
from cheonggu.delivery.message import Messenger, mark_of
from cheonggu.domain.alimtalk import Template
from cheonggu.domain.bill import Bill
from cheonggu.domain.message import AskedMessage, NeverHad, NotSent, Sent, Unsure
from cheonggu.providers import Alimtalk, Handed
from cheonggu.providers.calling import Calls
from cheonggu.providers.nhn_answers import Header, Listed, Request, SendAnswer, SendResult
from cheonggu.providers.nhn_sender import NhnSender
from cheonggu.service import Service
from cheonggu.store import points
from cheonggu.store.postgres import Row
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, die, drain, only, run_out
from tests.standins import nhn
from tests.standins.nhn import NhnCloud, Trouble, nhn_cloud

URL = "https://bills.example.com"
NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TURNS = (0, 5, 10, 20, 40, 80, 160)
"""Of the loop, which a worker lives: it dies before, within and after its requests."""
WINDOW = NhnSender.accept_window_seconds
VARIABLES = {
    "issuer": "한빛학원",
    "payerName": "김서연",
    "productName": "11월 수강료",
    "price": "10,000",
    "expiry": "2026-12-31",
    "code": "abc123",
}


@asynccontextmanager
async def sender_of(cloud: NhnCloud, deadline_seconds: float = 1.0) -> AsyncGenerator[NhnSender]:
    calls = Calls(cloud.url, deadline_seconds=deadline_seconds)
    try:
        yield NhnSender(
            calls,
            app_key=nhn.APP_KEY,
            secret_key=nhn.SECRET_KEY,
            sender_key=nhn.SENDER_KEY,
            template_code=nhn.BILL,
            template_with_message_code=nhn.BILL_WITH_MESSAGE,
            now=cloud.now,
        )
    finally:
        await calls.close()


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[NhnCloud]:
    """NHN Cloud at noon, with no service of ours."""
    async with nhn_cloud(URL, lambda: NOON) as made:
        yield made


@pytest_asyncio.fixture
async def sender(cloud: NhnCloud) -> AsyncIterator[NhnSender]:
    async with sender_of(cloud) as made:
        yield made


def message(number: int = 1, **given: Any) -> Alimtalk:
    made = Alimtalk(
        message_id=f"m1-{number}-1",
        mark=f"m1-{number}-1-x",
        partner_id=1,
        bill_id=f"B{number}",
        kind="SEND",
        to="01012345678",
        template=Template.BILL,
        variables=VARIABLES,
        text="",
        buttons=(),
        handed_at=NOON,
        fresh=True,
    )
    return msgspec.structs.replace(made, **given)


def handed(one: Alimtalk, *, to: str | None = None) -> Handed:
    return Handed(
        message_id=one.message_id,
        mark=one.mark,
        to=one.to if to is None else to,
        handed_at=one.handed_at,
    )


def told(outcome: AskedMessage) -> tuple[str, str]:
    """An outcome in short: what it is, and its code."""
    kind = Unsure if isinstance(outcome, Unsure) else type(outcome)
    return kind.__name__, outcome.code if isinstance(outcome, NotSent) else ""


# What follows from an answer


@pytest.mark.parametrize(
    ("status", "code", "after_days", "expected"),
    [
        ("COMPLETED", "1000", 0, ("Sent", "")),
        ("COMPLETED", 1000, 0, ("Sent", "")),
        ("COMPLETED", None, 0, ("Sent", "")),
        ("COMPLETED", "MRC01", 0, ("Sent", "")),
        ("COMPLETED", "3019", 0, ("NotSent", "3019")),
        ("FAILED", "3019", 0, ("NotSent", "3019")),
        ("FAILED", "3020", 0, ("NotSent", "3020")),
        ("FAILED", "3008", 0, ("NotSent", "3008")),
        ("FAILED", "1007", 0, ("NotSent", "1007")),
        ("FAILED", "7777", 0, ("NotSent", "7777")),
        ("FAILED", None, 0, ("NotSent", "FAILED")),
        ("FAILED", "1000", 0, ("Unsure", "")),
        ("FAILED", "3005", 2.9, ("Unsure", "")),
        ("FAILED", "3005", 3, ("NotSent", "3005")),
        ("FAILED", "4161", 0, ("Unsure", "")),
        ("CANCEL", None, 0, ("NotSent", "CANCEL")),
        ("READY", None, 30, ("Unsure", "")),
        (None, None, 0, ("Unsure", "")),
        ("something new", "1000", 0, ("Unsure", "")),
    ],
)
def test_what_is_listed_decides(
    status: str | None, code: str | int | None, after_days: float, expected: tuple[str, str]
) -> None:
    listed = Listed("R1", 2, status, code, "카카오가 말하는 이유")
    outcome = listed.told(NOON, NOON + timedelta(days=after_days))
    assert told(outcome) == expected
    assert not isinstance(outcome, Sent) or outcome.reference == "R1/2"


@pytest.mark.parametrize(
    ("received", "sent_at"),
    [
        ("2026-11-22 12:00:03", NOON + timedelta(seconds=3)),
        ("2026-11-22 12:00:03.5", NOON + timedelta(seconds=3.5)),
        ("2026-11-22T12:00:03", NOON + timedelta(seconds=3)),
        ("2026-11-22T03:00:03Z", NOON + timedelta(seconds=3)),
        ("2026-11-22 11:59:00", NOON),  # their clock goes behind ours
        ("2026-11-22 13:00:00", NOON + timedelta(seconds=9)),  # before ours
        ("2026-11-22", NOON),
        ("어제", NOON + timedelta(seconds=9)),
        ("", NOON + timedelta(seconds=9)),
        (None, NOON + timedelta(seconds=9)),
    ],
)
def test_a_message_arrived_when_seouls_clock_said_so_and_after_it_was_handed_over(
    received: str | None, sent_at: datetime
) -> None:
    listed = Listed("R1", 1, "COMPLETED", "1000", receive_date=received)
    assert listed.told(NOON, NOON + timedelta(seconds=9)) == Sent("R1/1", sent_at)


IDS = ["m1-1-1", "m1-2-1"]


@pytest.mark.parametrize(
    ("header", "results", "expected"),
    [
        (0, [(0, IDS[0]), (0, IDS[1])], [("Unsure", ""), ("Unsure", "")]),
        (0, [(0, IDS[1]), (-5000, IDS[0])], [("NotSent", "-5000"), ("Unsure", "")]),
        (0, [(0, None), (-5000, None)], [("Unsure", ""), ("NotSent", "-5000")]),
        (0, [(-5000, None)], [("Unsure", ""), ("Unsure", "")]),  # whose is it?
        (0, [(-1028, IDS[0]), (-3003, IDS[1])], [("NotSent", "-1028"), ("Unsure", "")]),
        (0, [(-8008, IDS[0]), (-4019, IDS[1])], [("NotSent", "-8008"), ("NotSent", "-4019")]),
        (0, [(-5000, "m9-9-9"), (0, IDS[1])], [("Unsure", ""), ("Unsure", "")]),
        (0, [], [("Unsure", ""), ("Unsure", "")]),
        (-1031, [(-5000, IDS[0]), (-3003, IDS[1])], [("NotSent", "-5000"), ("Unsure", "")]),
        (-5000, [], [("Unsure", ""), ("Unsure", "")]),  # of which of the two?
        (-1001, [], [("Unsure", ""), ("Unsure", "")]),
    ],
)
def test_what_is_answered_decides_for_each_recipient(
    header: int, results: list[tuple[int, str | None]], expected: list[tuple[str, str]]
) -> None:
    answer = SendAnswer(
        Header(is_successful=not header, result_code=header),
        Request("R1", [SendResult(code, 1, key) for code, key in results]),
    )
    outcomes = [answer.outcome(result) for result in answer.result_of_each(IDS)]
    assert [told(outcome) for outcome in outcomes] == expected


# Sending


async def test_a_message_goes_with_its_template_and_all_that_fills_it(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    (outcome,) = await sender.send([message()])
    (taken,) = cloud.messages
    assert outcome == Unsure(f"NHN Cloud가 접수했어요: {taken.request_id}/1")
    assert (taken.to, taken.key, taken.template_code) == ("01012345678", "m1-1-1-x", nhn.BILL)
    assert taken.content.startswith("[한빛학원] 청구서가 도착했어요.")
    assert taken.url == f"{URL}/p/abc123"
    assert not cloud.sms


async def test_an_app_key_with_a_slash_stays_one_part_of_the_path(cloud: NhnCloud) -> None:
    calls = Calls(cloud.url, deadline_seconds=1)
    cloud.app_key = "a/b?c#d"
    sender = NhnSender(
        calls,
        app_key=cloud.app_key,
        secret_key=nhn.SECRET_KEY,
        sender_key=nhn.SENDER_KEY,
        template_code=nhn.BILL,
        template_with_message_code=nhn.BILL_WITH_MESSAGE,
        now=cloud.now,
    )
    await sender.send([message()])
    await calls.close()
    assert len(cloud.messages) == 1


async def test_each_template_has_a_request_of_its_own(cloud: NhnCloud, sender: NhnSender) -> None:
    with_message = {
        "template": Template.BILL_WITH_MESSAGE,
        "variables": {**VARIABLES, "message": "늦지 않게요"},
    }
    outcomes = await sender.send([message(1), message(2, **with_message), message(3)])
    assert [told(outcome)[0] for outcome in outcomes] == ["Unsure"] * 3
    sizes = {body["templateCode"]: len(body["recipientList"]) for body in cloud.posts()}
    assert sizes == {nhn.BILL: 2, nhn.BILL_WITH_MESSAGE: 1}
    assert {one.key for one in cloud.messages} == {"m1-1-1-x", "m1-2-1-x", "m1-3-1-x"}


async def test_only_the_receiver_who_is_refused_fails(cloud: NhnCloud, sender: NhnSender) -> None:
    numbers = ["01012345678", "01000005000", "01000001028"]
    outcomes = await sender.send([message(number, to=to) for number, to in enumerate(numbers)])
    assert [told(outcome) for outcome in outcomes] == [
        ("Unsure", ""),
        ("NotSent", "-5000"),
        ("NotSent", "-1028"),
    ]


async def test_all_receivers_refused_fail_though_the_request_does_too(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    outcomes = await sender.send([message(number, to="01000005000") for number in range(2)])
    assert [told(outcome) for outcome in outcomes] == [("NotSent", "-5000")] * 2


@pytest.mark.parametrize(
    "code", [4, -1000, -1001, -1027, -1030, -2000, -3003, -3005, -4005, -7000, -9999, -424242]
)
@pytest.mark.parametrize("status", [200, 401, 500])
async def test_what_is_not_the_receivers_fault_leaves_a_message_waiting(
    cloud: NhnCloud, sender: NhnSender, code: int, status: int
) -> None:
    cloud.troubles.append(Trouble("refuse", code=code, status=status))
    with capture_logs() as logs:
        outcomes = await sender.send([message(1), message(2)])
    assert [told(outcome)[0] for outcome in outcomes] == ["Unsure", "Unsure"]
    (line,) = logs
    assert (line["event"], line["log_level"], line["code"], line["messages"]) == (
        "nhn_refused",
        "error",
        code,
        2,
    )


@pytest.mark.parametrize(
    ("secret", "setting"),
    [
        ({"app_key": "another"}, "nhn_app_key"),
        ({"secret_key": "another"}, "nhn_secret_key"),
        ({"sender_key": "another"}, "nhn_sender_key"),
        ({"templates": {}}, "nhn_template_code"),
    ],
)
async def test_the_log_names_the_setting_to_look_at_and_nothing_that_is_nobodys_business(
    cloud: NhnCloud, sender: NhnSender, secret: dict[str, Any], setting: str
) -> None:
    for name, value in secret.items():
        setattr(cloud, name, value)
    with capture_logs() as logs:
        await sender.send([message()])
        await sender.ask([handed(message())])
    assert logs[0]["look_at"] == setting
    written = str(logs)
    for private in (
        nhn.APP_KEY,
        nhn.SECRET_KEY,
        nhn.SENDER_KEY,
        "01012345678",
        "김서연",
        "한빛학원",
        "abc123",
    ):
        assert private not in written


UNREADABLE = [
    (200, b""),
    (200, b"<html>"),
    (200, b"null"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b'{"header": null}'),
    (200, b'{"header": {"isSuccessful": "yes", "resultCode": 0}}'),
    (200, b'{"header": {"isSuccessful": true}}'),
    (200, b'{"header": {"isSuccessful": true, "resultCode": 0}}'),
    (200, b'{"header": {"isSuccessful": true, "resultCode": 0}, "message": {"sendResults": 1}}'),
    (200, b'{"header": {"isSuccessful": true, "resultCode": 0}, "messageSearchResultResponse": null}'),
    (200, b'{"header": {"isSuccessful": true, "resultCode": 0}, "messageSearchResultResponse": {}}'),
    (200, b"\xff\xfe" * 40),
    (204, b""),
    (302, b""),
    (404, b"not found"),
    (429, b""),
    (500, b""),
    (502, b"<html>bad gateway</html>"),
    (
        503,
        b'{"header": {"isSuccessful": true, "resultCode": 0}, '
        b'"messageSearchResultResponse": {"messages": []}}',
    ),
]


@pytest.mark.parametrize(("status", "body"), UNREADABLE)
async def test_an_answer_that_is_none_says_nothing(
    cloud: NhnCloud, sender: NhnSender, status: int, body: bytes
) -> None:
    for method in ("POST", "GET"):
        cloud.troubles.append(Trouble("answer", method, status=status, body=body))
    (sent,), (asked,) = await sender.send([message()]), await sender.ask([handed(message())])
    assert [told(sent)[0], told(asked)[0]] == ["Unsure", "Unsure"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_lost_connection_says_nothing(cloud: NhnCloud, sender: NhnSender, method: str) -> None:
    cloud.troubles.extend([Trouble("cut", method)] * 2)  # what changes nothing is asked once more
    (outcome,) = await (sender.send([message()]) if method == "POST" else sender.ask([handed(message())]))
    assert isinstance(outcome, Unsure)
    assert len(cloud.posts()) == (method == "POST")


async def test_nobody_listens_and_nothing_is_known(cloud: NhnCloud) -> None:
    calls = Calls("http://127.0.0.1:9", deadline_seconds=1)
    sender = NhnSender(
        calls, app_key="a", secret_key="s", sender_key="k", template_code="t", template_with_message_code="m"
    )
    asked = await sender.ask([handed(message(number, handed_at=datetime.now(UTC))) for number in range(3)])
    sent = await sender.send([message()])
    await calls.close()
    assert [told(outcome)[0] for outcome in [*asked, *sent]] == ["Unsure"] * 4


async def test_the_same_request_again_is_not_taken_again(cloud: NhnCloud, sender: NhnSender) -> None:
    for _ in range(2):
        outcomes = await sender.send([message(1), message(2)])
        assert [told(outcome)[0] for outcome in outcomes] == ["Unsure", "Unsure"]
    assert len(cloud.posts()) == 2
    assert len(cloud.messages) == 2


async def test_a_later_handing_over_is_a_request_of_its_own(cloud: NhnCloud, sender: NhnSender) -> None:
    approved, cloud.templates = cloud.templates, {}
    await sender.send([message()])  # its idempotency key counts all the same
    cloud.templates = approved
    await sender.send([message(handed_at=NOON + timedelta(seconds=1), fresh=False)])
    assert len(cloud.messages) == 1


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (None, "Unsure"),
        (("COMPLETED", "1000"), "Sent"),
        (("FAILED", "3019"), "NotSent"),
    ],
)
async def test_what_may_be_there_already_is_looked_for_and_not_sent_again(
    cloud: NhnCloud, sender: NhnSender, moved: tuple[str, str] | None, expected: str
) -> None:
    await sender.send([message(1)])
    if moved:
        cloud.messages[0].end(*moved, "", NOON)
    later = {"handed_at": NOON + timedelta(hours=1), "fresh": False}
    known, new = await sender.send([message(1, **later), message(2, **later)])
    assert (told(known)[0], told(new)[0]) == (expected, "Unsure")
    assert sorted(one.key for one in cloud.messages) == ["m1-1-1-x", "m1-2-1-x"]


async def test_what_may_be_there_already_is_not_sent_while_it_cannot_be_looked_for(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    cloud.troubles.append(Trouble("refuse", "GET", code=-9999))
    (outcome,) = await sender.send([message(fresh=False)])
    assert isinstance(outcome, Unsure)
    assert not cloud.posts()


# Asking


async def test_what_was_handed_over_together_is_asked_about_in_one_question(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    with_message = {
        "template": Template.BILL_WITH_MESSAGE,
        "variables": {**VARIABLES, "message": "안녕하세요"},
    }
    batch = [
        message(number, **(with_message if number % 2 else {})) for number in range(NhnSender.most_at_once)
    ]
    await sender.send(batch)
    cloud.deliver()
    cloud.heard.clear()
    outcomes = await sender.ask([handed(one) for one in batch])
    assert len(cloud.heard) == 1
    assert {told(outcome)[0] for outcome in outcomes} == {"Sent"}
    assert len({outcome.reference for outcome in outcomes if isinstance(outcome, Sent)}) == len(batch)


async def test_each_is_told_what_became_of_it_and_no_other(cloud: NhnCloud, sender: NhnSender) -> None:
    numbers = ["01012345678", "01000003019", "01000003020", "01000003008", "01000003018", "01000003005"]
    batch = [message(number, to=to) for number, to in enumerate(numbers)]
    await sender.send(batch)
    cloud.deliver()
    lost = message(99)
    outcomes = await sender.ask([handed(one) for one in [lost, *reversed(batch)]])
    codes = [
        ("NeverHad", ""),
        ("Unsure", ""),
        *(("NotSent", code) for code in ("3018", "3008", "3020", "3019")),
    ]
    assert [told(outcome) for outcome in outcomes] == [*codes, ("Sent", "")]
    assert all(outcome.reason.endswith("요.") for outcome in outcomes if isinstance(outcome, NotSent))


async def test_a_receiver_who_was_erased_is_found_by_the_id_and_no_phone_stands_in_a_question(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    await sender.send([message()])
    cloud.deliver()
    (outcome,) = await sender.ask([handed(message(), to="")])
    assert isinstance(outcome, Sent)
    await sender.ask([handed(message(1)), handed(message(2))])
    questions = [query for method, query in cloud.heard if method == "GET"]
    assert len(questions) == 2
    assert "01012345678" not in str(questions)


async def test_an_id_that_begins_like_another_is_another(cloud: NhnCloud, sender: NhnSender) -> None:
    cloud.troubles.append(
        Trouble(
            "answer",
            "GET",
            body=msgspec.json.encode(
                {
                    "header": {"isSuccessful": True, "resultCode": 0},
                    "messageSearchResultResponse": {
                        "messages": [
                            {"requestId": "R", "recipientSeq": 1, "recipientGroupingKey": key}
                            for key in ("m1-11-1-x", "m1-1-1-x ", "M1-1-1-X", "m1-1-1", "m1-1-1-y", None)
                        ],
                        "totalCount": 6,
                    },
                }
            ),
        )
    )
    (outcome,) = await sender.ask([handed(message(1))])
    assert outcome == NeverHad()


async def test_a_list_that_is_not_whole_does_not_say_what_is_not_there(
    cloud: NhnCloud, sender: NhnSender
) -> None:
    page = {"messages": [{"requestId": "R", "recipientSeq": 1}], "totalCount": 2}
    answer = {"header": {"isSuccessful": True, "resultCode": 0}, "messageSearchResultResponse": page}
    cloud.troubles.append(Trouble("answer", "GET", body=msgspec.json.encode(answer)))
    (outcome,) = await sender.ask([handed(message())])
    assert isinstance(outcome, Unsure)


async def test_of_two_with_one_id_the_one_that_arrived_counts(cloud: NhnCloud, sender: NhnSender) -> None:
    await sender.send([message()])
    cloud.messages.insert(0, replace(cloud.messages[0], request_id="R0"))
    cloud.messages[0].end("FAILED", "3018", "", NOON)
    cloud.messages[1].end("COMPLETED", "1000", "", NOON)
    (outcome,) = await sender.ask([handed(message())])
    assert isinstance(outcome, Sent)


@pytest.mark.parametrize("hours", [-23, 23])
async def test_a_clock_that_is_wrong_by_hours_finds_its_messages(
    cloud: NhnCloud, sender: NhnSender, hours: float
) -> None:
    at = {"handed_at": NOON + timedelta(hours=hours)}
    batch = [message(1, **at), message(2, **at)]
    await sender.send(batch)
    cloud.deliver()
    outcomes = await sender.ask([handed(one) for one in batch])
    assert [told(outcome)[0] for outcome in outcomes] == ["Sent", "Sent"]


@pytest.mark.parametrize(("days", "expected"), [(88.9, "NeverHad"), (89.1, "Unsure"), (400, "Unsure")])
async def test_what_is_too_old_to_be_listed_is_not_taken_for_never_had(
    cloud: NhnCloud, sender: NhnSender, days: float, expected: str
) -> None:
    old = message(handed_at=NOON - timedelta(days=days))
    (outcome,) = await sender.ask([handed(old)])
    assert told(outcome)[0] == expected


async def test_a_call_ends_in_time_though_every_answer_is_lost(cloud: NhnCloud) -> None:
    async with sender_of(cloud, 0.2) as sender:
        cloud.troubles.extend([Trouble("lose", "GET")] * 40)
        began = asyncio.get_running_loop().time()
        batch = [handed(message(number, handed_at=NOON - timedelta(seconds=number))) for number in range(40)]
        outcomes = await sender.ask(batch)
        assert asyncio.get_running_loop().time() - began < 6  # one after the other would take 8
    assert {told(outcome)[0] for outcome in outcomes} == {"Unsure"}


# Through the worker


@pytest_asyncio.fixture
async def nhn_now(service: Service) -> AsyncIterator[NhnCloud]:
    """NHN Cloud by the service's clock."""
    async with nhn_cloud(URL, service.clock.now) as made:
        yield made


@pytest_asyncio.fixture
async def work(service: Service, nhn_now: NhnCloud) -> AsyncIterator[Messenger]:
    async with sender_of(nhn_now, 0.3) as sender:
        yield Messenger(service.db, service.clock, service.keyring, sender, URL)


async def later(service: Service, work: Messenger, seconds: float) -> None:
    """Let time pass, and the worker do what is due."""
    await service.clock.advance(service.db, seconds)
    await drain(work)


async def states(service: Service) -> list[str]:
    rows = await service.db.fetch("SELECT state FROM message ORDER BY bill_no, send_number")
    return [row["state"] for row in rows]


async def balance(service: Service) -> int:
    return await service.db.run(lambda conn: points.balance(conn, 1, ""))


async def message_of(service: Service) -> Row:
    return await only(service, "message")


async def test_an_accepted_message_is_sent_once_it_arrived(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    await created(service)
    await drain(work)
    assert await states(service) == ["UNKNOWN"]
    assert (await message_of(service))["failure"].startswith("NHN Cloud가 접수했어요")
    await later(service, work, 2)  # still under way
    assert await states(service) == ["UNKNOWN"]
    nhn_now.deliver()
    await later(service, work, 10)
    row, (taken,) = await message_of(service), nhn_now.messages
    assert (row["state"], row["reference"], row["failure"]) == ("SENT", f"{taken.request_id}/1", None)
    assert row["handed_at"] <= row["settled_at"] <= service.clock.now()
    await assert_books_hold(service.db, settled=True)


async def test_an_accepted_message_that_fails_gives_its_points_back_once(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    before = await balance(service)
    await created(service, payer_phone="01000003019")
    await drain(work)
    assert await balance(service) == before - 55
    nhn_now.deliver()
    for _ in range(2):
        await later(service, work, 60)
    row = await message_of(service)
    assert (row["state"], row["failure_code"], row["failure"]) == (
        "FAILED",
        "3019",
        "카카오톡을 쓰지 않는 번호예요.",
    )
    assert await balance(service) == before
    assert await service.db.fetchval("SELECT count(*) FROM ledger WHERE kind = 'RETURN'") == 1
    await assert_books_hold(service.db, settled=True)


async def test_a_receiver_who_is_refused_at_once_fails_at_once(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    before = await balance(service)
    await created(service, bill_id="B1", payer_phone="01000001028")
    await created(service, bill_id="B2")
    await drain(work)
    assert await states(service) == ["FAILED", "UNKNOWN"]
    assert await balance(service) == before - 55
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["FAILED", "SENT"]
    await assert_books_hold(service.db, settled=True)


async def test_a_message_whose_answer_got_lost_is_not_sent_again(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    nhn_now.troubles.append(Trouble("lose_answer"))
    await created(service)
    await drain(work)
    assert await states(service) == ["UNKNOWN"]
    await later(service, work, 2)
    nhn_now.deliver()
    await later(service, work, WINDOW)
    assert await states(service) == ["SENT"]
    assert len(nhn_now.posts()) == len(nhn_now.messages) == 1
    await assert_books_hold(service.db, settled=True)


@pytest.mark.parametrize("how", ["lose", "cut"])
async def test_a_message_that_got_lost_is_sent_again_under_the_same_id(
    service: Service, nhn_now: NhnCloud, work: Messenger, how: str
) -> None:
    nhn_now.troubles.append(Trouble(how))
    await created(service)
    await drain(work)
    await later(service, work, 2)
    await later(service, work, WINDOW)
    assert await states(service) == ["UNKNOWN"]
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT"]
    first, second = nhn_now.posts()
    assert first["recipientList"] == second["recipientList"]
    assert len(nhn_now.messages) == 1
    await assert_books_hold(service.db, settled=True)


async def test_a_lost_message_is_not_sent_again_before_the_window_has_closed(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    nhn_now.troubles.append(Trouble("cut"))
    await created(service)
    await drain(work)
    await later(service, work, 2)
    await later(service, work, WINDOW - 10)
    assert (await states(service), len(nhn_now.posts())) == (["UNKNOWN"], 1)
    questions = len(nhn_now.heard) - 1
    await later(service, work, 10)
    assert len(nhn_now.posts()) == 2
    assert questions == 1  # what NHN Cloud does not know is asked about again only when that counts


async def test_two_bills_of_the_same_payer_leave_in_one_request(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    for bill_id in ("B1", "B2"):
        await created(service, bill_id=bill_id)
    await drain(work)
    (post,) = nhn_now.posts()
    assert [one["recipientNo"] for one in post["recipientList"]] == ["01012345678"] * 2
    nhn_now.messages[0].end("COMPLETED", "1000", "성공", nhn_now.now())
    nhn_now.messages[1].end("FAILED", "3018", "", nhn_now.now())
    await later(service, work, 2)
    assert sorted(await states(service)) == ["FAILED", "SENT"]
    await assert_books_hold(service.db, settled=True)


async def test_the_same_bill_sent_again_is_a_message_of_its_own(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    bill: Bill = await created(service)
    await drain(work)
    await resend.resend(service, await caller_of(service), bill_id=bill.bill_id, idem=None)
    await drain(work)
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT", "SENT"]
    marks = [mark_of(one, bill.short_code) for one in ("m1-1-1", "m1-1-2")]
    assert sorted(one.key for one in nhn_now.messages) == marks
    await assert_books_hold(service.db, settled=True)


async def test_a_message_of_another_database_under_the_same_id_is_not_taken_for_it(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    async with sender_of(nhn_now) as before:  # from the same app key, until its database was lost
        others = mark_of("m1-1-1", "AnotherShortCodeThan-_")
        await before.send([message(1, mark=others, handed_at=service.clock.now())])
    nhn_now.deliver()
    nhn_now.troubles.append(Trouble("cut"))
    await created(service)
    await drain(work)
    await later(service, work, 2)
    assert await states(service) == ["UNKNOWN"]
    await later(service, work, WINDOW)
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT"]
    assert len({one.key for one in nhn_now.messages}) == len(nhn_now.messages) == 2


@pytest.mark.parametrize(
    "trouble", [Trouble("answer", status=503), Trouble("cut"), Trouble("lose"), Trouble("refuse", code=-3005)]
)
async def test_where_one_templates_request_fails_the_others_messages_arrive(
    service: Service, nhn_now: NhnCloud, work: Messenger, trouble: Trouble
) -> None:
    nhn_now.troubles.append(replace(trouble, about=nhn.BILL_WITH_MESSAGE))
    await created(service, bill_id="B1")
    await created(service, bill_id="B2", message="늦지 않게 부탁드려요")
    await drain(work)
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT", "UNKNOWN"]
    await later(service, work, WINDOW)
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT", "SENT"]
    assert len(nhn_now.messages) == 2
    await assert_books_hold(service.db, settled=True)


async def test_a_message_that_spoils_its_request_keeps_the_others_back_for_a_while(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    nhn_now.spoiler = "01000009998"
    for number in range(9):
        phone = nhn_now.spoiler if number == 4 else f"0101234000{number}"
        await created(service, bill_id=f"B{number}", payer_phone=phone)
    await drain(work)
    for arrived, requests in ((0, 1), (6, 4), (8, 7)):  # nine together, three by three, one by one
        assert (len(nhn_now.messages), len(nhn_now.posts())) == (arrived, requests)
        await later(service, work, 2)
        await later(service, work, WINDOW)
        nhn_now.deliver()
    await later(service, work, 3_600)
    assert (await states(service)).count("SENT") == 8
    assert len(nhn_now.messages) == 8
    await assert_books_hold(service.db)


async def next_due(service: Service) -> float:
    due_at: datetime = await service.db.fetchval("SELECT min(due_at) FROM message")
    return max((due_at - service.clock.now()).total_seconds(), 0) + 0.01


async def test_a_key_that_was_wrong_for_a_day_costs_no_message_and_few_requests(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    nhn_now.secret_key = "renewed"
    for bill_id in ("B1", "B2"):
        await created(service, bill_id=bill_id)
    await drain(work)
    began = service.clock.now()
    while service.clock.now() < began + timedelta(days=1):
        await later(service, work, await next_due(service))
    assert await states(service) == ["UNKNOWN", "UNKNOWN"]
    assert len(nhn_now.heard) < 35
    nhn_now.secret_key = nhn.SECRET_KEY
    await later(service, work, await next_due(service))
    assert len(nhn_now.messages) == 2
    nhn_now.deliver()
    await later(service, work, 2)
    assert await states(service) == ["SENT", "SENT"]
    await assert_books_hold(service.db, settled=True)


async def test_a_template_that_is_not_approved_yet_costs_no_message_and_few_requests(
    service: Service, nhn_now: NhnCloud, work: Messenger
) -> None:
    approved, nhn_now.templates = nhn_now.templates, {}
    await created(service)
    await drain(work)
    began = service.clock.now()
    while service.clock.now() < began + timedelta(hours=6):
        await later(service, work, await next_due(service))
    assert len(nhn_now.heard) < 6 * 4 * 4 + 5  # four requests in each quarter of an hour
    nhn_now.templates = approved
    for _ in range(3):
        await later(service, work, await next_due(service))
    nhn_now.deliver()
    await later(service, work, 10)
    assert await states(service) == ["SENT"]
    assert len(nhn_now.messages) == 1
    await assert_books_hold(service.db, settled=True)


async def test_in_a_storm_every_message_arrives_once(service: Service, nhn_now: NhnCloud) -> None:
    chance = random.Random(20_261_127)  # noqa: S311 - the same storm each time
    ways = [
        Trouble("cut"),
        Trouble("answer", status=503, body=b"<html>"),
        Trouble("answer", status=502, body=b'{"header": {"isSuccessful": true, "resultCode": 0}}'),
        Trouble("lose_answer"),
        Trouble("refuse", code=-9999),
        Trouble("refuse", code=-3003),
    ]
    either = [replace(one, method=method) for one in ways for method in ("POST", "GET")]
    nhn_now.listed_after = timedelta(minutes=5)
    async with sender_of(nhn_now, 0.3) as sender:
        workers = [Messenger(service.db, service.clock, service.keyring, sender, URL) for _ in range(2)]
        for turn in range(30):
            storm = turn < 15
            nhn_now.troubles.clear()
            if storm:
                for name in (f"A{turn}", f"B{turn}"):
                    await created(service, bill_id=name, message=chance.choice([None, "부탁드려요"]))
                nhn_now.troubles.extend(chance.choices(either, k=2))
            if storm and chance.random() < 0.5:
                await die(workers[1], chance.choice(TURNS))
                await run_out(service, "message")
            await asyncio.gather(*map(drain, workers))
            nhn_now.deliver()
            await service.clock.advance(service.db, chance.choice([2, 30, 400, 1_000]) if storm else 3_600)
    assert {*await states(service)} == {"SENT"}
    assert len({one.key for one in nhn_now.messages}) == len(nhn_now.messages) == 30
    await assert_books_hold(service.db, settled=True)
