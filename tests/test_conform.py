"""The conformance suite: our own service holds all of it, and it is safe against somebody else's."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from cheonggu.conform.check import MARKS, Need
from cheonggu.conform.checks import CHECKS, chosen
from cheonggu.conform.run import Outcome, Result, run
from cheonggu.conform.target import Who
from cheonggu.conform.wire import NoAnswer, Wire
from tests.checks import assert_books_hold
from tests.conform_proxy import Answer, Forward, HungUp, Request, proxy, refusal
from tests.conform_target import a_target, asked, whole_target
from tests.conftest import free_port, until
from tests.live import API_KEY, Live


async def test_our_own_service_conforms_in_everything_and_is_left_tidy(live: Live) -> None:
    target = await whole_target(live.service, live.url)
    ran = await asked(target, CHECKS)
    wrong = {one.check.id: one.differences or one.reason for one in ran.results if one.outcome != "ok"}
    assert wrong == {}
    assert (ran.left, ran.stopped) == ([], None)
    over = ("DESTROYED", "CANCELED")
    open_ones = await live.service.db.fetch("SELECT bill_id FROM bill WHERE NOT state = ANY($1)", over)
    assert list(open_ones) == []
    await assert_books_hold(live.service.db)


async def test_without_leave_it_sends_no_message_pays_nothing_and_costs_no_points(live: Live) -> None:
    before = await live.balance()
    target = a_target(live.url + "/partner", talk_phone=None, pay=False, callback_listen=None, second=None)
    ran = await asked(target, CHECKS)
    assert ran.count(Outcome.DIFFERS) + ran.count(Outcome.OWN) == 0
    assert ran.count(Outcome.OK) > 200
    kinds = await live.service.db.fetch("SELECT DISTINCT send_type, state, price_won FROM bill")
    assert {(row["send_type"], row["state"]) for row in kinds} == {("URL", "DESTROYED")}
    assert {row["price_won"] for row in kinds} <= {1, 1000}
    assert await live.service.db.fetchval("SELECT count(*) FROM message") == 0
    assert await live.balance() == before


async def test_read_only_makes_no_bill(live: Live) -> None:
    ran = await asked(a_target(live.url, read_only=True), CHECKS)
    assert (ran.count(Outcome.DIFFERS), ran.left) == (0, [])
    assert ran.count(Outcome.OK) > 50
    assert await live.service.db.fetchval("SELECT count(*) FROM bill") == 0


async def test_a_bill_that_somebody_paid_is_checked_and_given_back(live: Live) -> None:
    bill_id = (await live.create())["billId"]
    await live.pay(bill_id)
    target = a_target(live.url, pay=False, paid_bills=(bill_id,), callback_listen=None)
    ran = await asked(target, chosen(["destroy.paid", "read.paid", "cancel"]))
    outcomes = {one.check.id: one.outcome for one in ran.results}
    assert outcomes.pop("cancel.no-reason") is Outcome.NOT_TRIED
    assert set(outcomes.values()) == {Outcome.OK}
    assert (await live.read(bill_id))["apprState"] == "C"


async def test_it_waits_for_a_person_who_pays(live: Live) -> None:
    said: list[str] = []

    async def pay_what_is_asked_for() -> None:
        await until_said(said)
        (bill,) = await live.service.db.fetch("SELECT bill_id FROM bill WHERE state = 'READY'")
        await live.pay(bill["bill_id"])

    target = a_target(live.url, pay=False, pay_by_hand_seconds=20.0)
    paying = asyncio.create_task(pay_what_is_asked_for())
    ran = await asked(target, chosen(["callback.values", "cancel.done"]), say=said.append)
    await paying
    assert [one.outcome for one in ran.results] == [Outcome.OK, Outcome.OK]
    assert "/p/" in said[0]
    assert ran.left == []


async def until_said(said: list[str]) -> None:
    async def was_said() -> bool:
        return bool(said)

    await until(was_said)


@pytest.mark.parametrize(
    ("path", "key", "why"),
    [
        ("", "conform-no-such-key", "was refused: HTTP 200, code 'PARTNER_003'"),
        ("/p/no-such-code", API_KEY, "does not speak the partner API: HTTP 404 without an envelope"),
        ("/nowhere", API_KEY, "does not speak the partner API: HTTP 404, code 'HTTP_404'"),
    ],
)
async def test_it_asks_no_more_where_it_is_not_known(live: Live, path: str, key: str, why: str) -> None:
    target = a_target(live.url + path, who=Who(key, "sandbox-member", "sandbox-merchant"))
    ran = await asked(target, CHECKS)
    assert why in (ran.stopped or "")
    assert (ran.requests, ran.results) == (1, [])


async def test_nobody_who_listens_is_told() -> None:
    ran = await asked(a_target(f"http://127.0.0.1:{free_port()}"), CHECKS)
    assert "no connection" in (ran.stopped or "")


@pytest.mark.parametrize(
    ("late", "why"),
    [
        (refusal("PARTNER_006"), "apiKey, member or merchant was refused"),
        (refusal("ERROR", 401), "apiKey, member or merchant was refused"),
        (refusal("LIMIT_001", 429), "has had enough of us"),
        (None, "3 checks in a row got no answer"),
    ],
)
async def test_it_stops_when_it_is_no_longer_welcome(live: Live, late: Answer | None, why: str) -> None:
    asked_for: list[Request] = []

    def tires(request: Request, forward: Forward) -> Answer:
        asked_for.append(request)
        if len(asked_for) < 100:
            return forward(request)
        if late is None:
            raise HungUp
        return late

    with proxy(live.url) as server:
        server.mutation = tires
        ran = await asked(a_target(server.url, pay=False), CHECKS)
    assert why in (ran.stopped or "")
    assert len(ran.results) < len(CHECKS) / 2
    assert all(why in bill or "no answer" in bill or "lost" in bill for bill in ran.left)
    if late is not None:  # one more request, to see whether tidying up is welcome
        assert len(asked_for) == 101


async def test_a_bill_whose_answer_was_lost_is_not_made_again_but_tidied_up(live: Live) -> None:
    asked_for: list[str] = []

    def loses_creates(request: Request, forward: Forward) -> Answer:
        answer = forward(request)
        if request.of("/bill"):
            asked_for.append(request.bill["billId"])
            raise HungUp
        return answer

    with proxy(live.url) as server:
        server.mutation = loses_creates
        ran = await asked(a_target(server.url), chosen(["create.url", "create.url.data"]))
    assert {one.outcome for one in ran.results[:2]} == {Outcome.DIFFERS}
    assert (ran.left, len(set(asked_for))) == ([], len(asked_for))
    states = await live.service.db.fetch("SELECT state FROM bill")
    assert [row["state"] for row in states] == ["DESTROYED"] * len(asked_for)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"[]",
        b'{"code": []}',
        b'{"code": "0000", "data": {"apprState": "F", "apprPrice": {}}}',
        b"\xff\x00",
    ],
)
async def test_a_server_that_answers_nonsense_does_not_end_a_run(live: Live, nonsense: bytes) -> None:
    def raves(request: Request, forward: Forward) -> Answer:
        answer = forward(request)
        first_look = answer.tree.get("code") == "BILL_003"
        return Answer(200, {}, nonsense) if request.is_api and not first_look else answer

    with proxy(live.url) as server:
        server.mutation = raves
        target = a_target(server.url, paid_bills=("CONF-any",), callback_seconds=0.1)
        ran = await asked(target, chosen(["read", "cancel", "balance", "destroy"]))
    assert (ran.stopped, server.failures) == (None, [])
    assert ran.count(Outcome.DIFFERS) > 5


async def test_what_cannot_be_tidied_up_is_named(live: Live) -> None:
    def keeps_bills(request: Request, forward: Forward) -> Answer:
        return refusal("BILL_007") if request.of("/bill/destroy") else forward(request)

    with proxy(live.url) as server:
        server.mutation = keeps_bills
        ran = await asked(a_target(server.url), chosen(["create.used-billId"]))
    assert [re.sub(r"CONF-\w{9}-\d{4}", "ID", bill) for bill in ran.left] == [
        "ID: apprState W, HTTP 200, code '0000'"
    ] * len(ran.left)
    assert len(ran.left) == 2


async def test_whoever_interrupts_it_finds_no_bill_left(live: Live) -> None:
    def interrupts(result: Result) -> None:
        if result.check.id == "create.full":
            raise KeyboardInterrupt

    ran = await asyncio.to_thread(
        run, a_target(live.url, pay=False), chosen(["create", "page"]), say=print, done=interrupts
    )
    assert (ran.stopped, ran.left) == ("Interrupted.", [])
    states = await live.service.db.fetch("SELECT DISTINCT state FROM bill")
    assert [row["state"] for row in states] == ["DESTROYED"]


@pytest.mark.parametrize("document", ["docs/sandbox/conformance.md", "CHANGELOG.md"])
def test_the_documents_know_how_many_checks_there_are(document: str) -> None:
    text = (Path(__file__).parent.parent / document).read_text(encoding="utf-8")
    assert set(re.findall(r"in (\d+) checks|(\d+) checks in all|\n(\d+) checks, ", text)) <= {
        tuple(str(len(CHECKS)) if place == number else "" for place in range(3)) for number in range(3)
    }
    assert f"{len(CHECKS)} checks" in text


def test_requests_are_spread_in_time() -> None:
    waits: list[float] = []
    wire = Wire(timeout_seconds=1, per_second=4, sleep=waits.append)
    for _ in range(3):
        with pytest.raises(NoAnswer):
            wire.send("POST", f"http://127.0.0.1:{free_port()}/bill/read", api=True)
    assert len(waits) == 2
    assert all(0.1 < wait <= 0.25 for wait in waits)


def test_checks_have_ids_of_their_own_marks_that_exist_and_both_languages() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert re.fullmatch(r"[a-z]+(\.[a-zA-Z0-9-]+)+", check.id), check.id
        assert check.mark in MARKS
        assert check.english.endswith(".")
        assert re.search("[가-힣]", check.korean), check.id
        assert check.korean.endswith(".")


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("balance.partner", {"balance.partner"}),
        ("page", {"page.open", "page.destroyed", "page.unknown"}),
        ("*.three-parts", {"hash.create.three-parts", "hash.destroy.three-parts"}),
        ("pag", set[str]()),
    ],
)
def test_checks_are_chosen_by_pattern(pattern: str, ids: set[str]) -> None:
    assert {check.id for check in chosen([pattern])} == ids


def test_whatever_may_send_a_message_needs_leave_to() -> None:
    for check in CHECKS:
        if check.section == "talk":
            assert Need.TALK in check.needs
