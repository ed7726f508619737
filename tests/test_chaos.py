"""The proof under faults, in short: a storm, some races, a failover, and bugs that must be caught."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
import pytest_asyncio
from chaos.client import other_bytes
from chaos.found import keep
from chaos.planted.bugs import Bug, bugs
from chaos.planted.copies import SOURCE, plant
from chaos.planted.plans import PLANS
from chaos.planted.run import Caught, on_bugs, on_sound_source
from chaos.races import RACES, Finish, Runner, races
from chaos.record import Asked, BillRecord, Record
from chaos.standby import Failover, failover
from chaos.storm import SHORT, Weather, storm
from chaos.wire import Doors, Heard
from chaos.world import World

from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring, new_secret_key

SEED = "short"
_QUICK = [bug for bug in bugs() if bug.quick]


class Found(NamedTuple):
    """What all of it came to."""

    weather: Weather
    finish: Finish
    failover: Failover
    bugs: list[Caught]
    sound: list[Caught]


@pytest_asyncio.fixture(scope="module")
async def found() -> Found:
    """Everything at once, as most of it is waiting for leases to run out."""
    async with asyncio.TaskGroup() as group:
        weather = group.create_task(storm(SEED, SHORT))
        finish = group.create_task(races(SEED, 300))
        taken_over = group.create_task(failover(SEED, 6))
        caught = group.create_task(on_bugs(_QUICK))
        sound = group.create_task(on_sound_source(list(dict.fromkeys(bug.plan for bug in _QUICK))))
    return Found(weather.result(), finish.result(), taken_over.result(), caught.result(), sound.result())


@pytest.mark.timeout(900)
def test_a_storm_loses_and_doubles_nothing(found: Found) -> None:
    weather = found.weather
    assert not weather.violations
    assert weather.tally.done["kill server"]
    assert weather.tally.kills >= 5
    assert weather.record.requests > 200
    assert any(weather.record.unknown.values())
    assert weather.approved
    assert weather.callbacks


@pytest.mark.timeout(900)
def test_of_requests_that_race_exactly_one_wins(found: Found) -> None:
    assert not found.finish.violations
    assert {race.name for race in RACES} < set(found.finish.run)


@pytest.mark.timeout(900)
def test_what_was_acknowledged_outlives_a_primary_that_has_a_synchronous_standby(found: Found) -> None:
    assert not found.failover.violations
    assert found.failover.acknowledged_before
    assert found.failover.acknowledged_after


@pytest.mark.timeout(900)
def test_planted_bugs_are_caught_and_the_sound_source_is_not_complained_of(found: Found) -> None:
    assert len(found.bugs) == len(_QUICK) >= 4
    assert [one.name for one in found.bugs if not one.violations] == []
    assert [(one.plan, one.violations) for one in found.sound if one.violations] == []


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_a_bug_still_applies_to_the_source(bug: Bug, tmp_path: Path) -> None:
    assert bug.edits
    planted = plant(bug, tmp_path) / SOURCE.name
    for file in {edit.file for edit in bug.edits}:
        text = (planted / file).read_text(encoding="utf-8")
        assert text != (SOURCE / file).read_text(encoding="utf-8")
        if file.endswith(".py"):
            compile(text, file, "exec")


class LostAnswers:
    """Doors behind which the clock is moved, and from which no answer comes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked = 0

    async def ask(self, _request: bytes, _first: int) -> Heard:
        self.asked += 1
        await Clock().advance(self._db, 3_600)
        return Heard("LOST")


async def test_the_clock_is_moved_once_although_the_answer_got_lost(database: Database, dsn: str) -> None:
    def address(_name: str) -> str:
        return dsn

    server, doors = SimpleNamespace(database=address), LostAnswers(database)
    made: Any = World(cast("Any", server), "", cast("Any", None), [], [], [], cast("Any", doors), {}, [], [])
    await made.advance(3_600)
    assert doors.asked == 1
    assert made.time.offset_seconds == await database.fetchval("SELECT offset_seconds FROM clock") == 3_600


@pytest.mark.parametrize(("more", "unexpected"), [({}, 1), ({"expireDt": "2026-11-27"}, 0)])
async def test_other_bytes_under_a_key_may_hear_that_the_last_day_has_passed(
    more: dict[str, str], unexpected: int
) -> None:
    class Refusing:
        async def ask(self, _request: bytes, _first: int) -> Heard:
            return Heard("VALIDATION_001", 400)

    made: Any = SimpleNamespace(doors=Refusing(), record=Record())
    bill = BillRecord(cast("Any", None), {"billId": "C1"} | more)
    asked = Asked(what="create", began=0, ended=1, code="0000", key="k")
    await other_bytes(made, bill, asked)
    assert len(made.record.unexpected) == unexpected


@pytest.mark.parametrize(("paid", "not_begun"), [("F", 0), ("W", sum(race.paid for race in RACES))])
async def test_a_race_for_a_paid_bill_does_not_begin_while_the_payment_is_unknown(
    paid: str, not_begun: int
) -> None:
    class Agreeing:
        async def ask(self, _request: bytes, _first: int) -> Heard:
            return Heard("0000", 200, body={"state": paid})

    accounts = [SimpleNamespace(partner_id=nth, who={}, api_key="k") for nth in range(2)]
    made: Any = SimpleNamespace(
        doors=Agreeing(), record=Record(), receiver_ports=[1], accounts=accounts, apis=[None, None]
    )
    runner = Runner(made, SEED)
    await runner.run(len(RACES))
    assert runner.not_begun == not_begun


async def test_what_was_found_is_kept_whole_with_all_about_the_bills_named(dsn: str, tmp_path: Path) -> None:
    def address(_name: str) -> str:
        return dsn

    keyring, server = Keyring.parse(new_secret_key()), SimpleNamespace(database=address)
    log = tmp_path / "some.log"
    log.write_text("what a part logged\n")
    part = SimpleNamespace(name="api-0", log=log)
    made = World(cast("Any", server), "", keyring, [], cast("Any", [part]), [], Doors([]), {}, [], [])
    for bill_id in ("R7", "R8"):
        account: Any = SimpleNamespace(partner_id=1)
        asked = Asked(what="pay", began=5.25, ended=6.5, code="0000", data={"state": "F"})
        made.record.bills[1, bill_id] = BillRecord(account, {"billId": bill_id}, [asked])
    await keep(made, "races", "s1", [], tmp_path / "found")
    assert not (tmp_path / "found").exists()

    whole = "race: pay | pay: R7 is PAID, and the answers were " + "pay 0000 " * 50
    await keep(made, "races", "s1", [whole, "rule: another"], tmp_path / "found")
    (place,) = (tmp_path / "found").iterdir()
    assert (place / "violations.txt").read_text() == f"{whole}\nrule: another\n"
    about = (place / "bills.txt").read_text()
    assert "R7" in about
    assert "R8" not in about
    assert "0.000 to    1.250  pay 0 0000: {'state': 'F'}" in about
    assert (place / "api-0.log").read_text() == "what a part logged\n"


def test_every_plan_brings_a_bug_to_light() -> None:
    assert {bug.plan for bug in bugs()} == set(PLANS.values())
