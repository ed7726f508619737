"""The operator's commands on a real database: serve, worker, migrate, verify, doctor, partner, points."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from cheonggu.billing import create
from cheonggu.billing.onboarding import make_sandbox_partners
from cheonggu.cli import place
from cheonggu.cli.running import Called, called, warnings_of
from cheonggu.config import Settings, SettingWrong, load
from cheonggu.delivery.message import Messenger
from cheonggu.delivery.payment import cancel, pay
from cheonggu.domain.bill import SendType, State
from cheonggu.service import Service
from cheonggu.store import embedded, invariants
from cheonggu.store.postgres import Database, connect
from cheonggu.store.sealing import Keyring, new_secret_key
from tests import flow
from tests.conftest import dsn_of
from tests.live import API_KEY, MEMBER, MERCHANT
from tests.makers import new_bill
from tests.running_dev import cheonggu, ready, soon, spawn
from tests.test_config import LIVE, NHN, TOSS

Environment = dict[str, str]


@pytest.fixture
def operator(dsn: str, settings: Settings) -> Environment:
    """The environment of commands on the test's own database, and of a server at a port of its own."""
    return {
        "CHEONGGU_DATABASE_URL": dsn,
        "CHEONGGU_SECRET_KEY": settings.secret_key or "",
        "CHEONGGU_PORT": str(settings.port),
    }


async def run(operator: Environment, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(cheonggu, *arguments, **(operator | more))


async def run_json(operator: Environment, *arguments: str) -> Any:
    ended = await run(operator, *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


async def a_bill(service: Service) -> None:
    partner = await service.directory.partner(API_KEY)
    caller = await service.directory.caller(partner, API_KEY, MEMBER, MERCHANT)
    await create.create(service, caller, new_bill(), None)


# Parts.


@pytest_asyncio.fixture
async def empty(postgres: embedded.EmbeddedServer) -> AsyncIterator[str]:
    """A database without a schema."""
    connection = await connect(postgres.dsn)
    await connection.execute("CREATE DATABASE empty_one")
    yield dsn_of(postgres, "empty_one")
    await connection.execute("DROP DATABASE empty_one WITH (FORCE)")
    await connection.close()


@pytest.mark.parametrize("command", [["serve"], ["worker"], ["verify"], ["partner", "list"]])
async def test_an_unmigrated_database_is_refused_with_what_to_do(
    operator: Environment, empty: str, command: list[str]
) -> None:
    ended = await run(operator, *command, CHEONGGU_DATABASE_URL=empty)
    assert ended.returncode == 1
    assert "Run: cheonggu migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_migrate_says_what_it_applied_and_is_done_once(operator: Environment, empty: str) -> None:
    operator |= {"CHEONGGU_DATABASE_URL": empty}
    assert (await run_json(operator, "migrate"))["applied"][0] == "0001_core.sql"
    assert await run_json(operator, "migrate") == {"applied": []}
    assert "Nothing to do" in (await run(operator, "migrate")).stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_and_worker_stand_alone_and_stop_in_good_order(
    operator: Environment, number: signal.Signals
) -> None:
    parts = [spawn(part, **operator) for part in ("serve", "worker")]
    try:
        assert await asyncio.to_thread(soon, lambda: ready(f"http://127.0.0.1:{operator['CHEONGGU_PORT']}"))
    finally:
        for part in parts:
            part.send_signal(number)
        said = [(await asyncio.to_thread(part.communicate, timeout=60))[1] for part in parts]
    assert [part.returncode for part in parts] == [0, 0]
    assert "Traceback" not in "".join(said)


@pytest.mark.parametrize("command", ["serve", "worker", "dev"])
async def test_live_without_providers_does_not_start(operator: Environment, command: str) -> None:
    ended = await run(operator, command, CHEONGGU_MODE="live")
    assert ended.returncode == 1
    assert "sender" in ended.stderr or "sandbox" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        (TOSS, ["providers_are_not_used"]),
        (LIVE | TOSS | NHN, ["payments_are_tests", "links_lead_nowhere"]),
        (LIVE | TOSS | NHN | {"CHEONGGU_PUBLIC_URL": "https://b.example"}, ["payments_are_tests"]),
    ],
)
def test_what_may_not_be_meant_is_told_at_the_start(given: Environment, told: list[str]) -> None:
    assert [event for event, _ in warnings_of(load(given))] == told


async def test_live_does_not_start_on_a_database_with_the_sandbox_partners(
    database: Database, dsn: str
) -> None:
    key = new_secret_key()
    live = load({"CHEONGGU_MODE": "live", "CHEONGGU_SECRET_KEY": key, "CHEONGGU_DATABASE_URL": dsn})
    await place.check_database(live, dsn)
    await make_sandbox_partners(database, Keyring.parse(key), datetime.now(UTC))
    with pytest.raises(SettingWrong, match="holds the sandbox partners"):
        await place.check_database(live, dsn)


@pytest.mark.parametrize("practised", ["payment", "message", "clock"])
async def test_live_does_not_start_on_a_database_that_a_sandbox_has_practised_on(
    service: Service, operator: Environment, dsn: str, practised: str
) -> None:
    """What was paid by the practice card would be paid, and give nobody's money back."""
    await service.db.execute("UPDATE partner SET sandbox = false")  # such as an operator makes
    live = load(operator | {"CHEONGGU_MODE": "live"})
    await flow.created(service)
    await place.check_database(live, dsn)
    match practised:
        case "payment":
            await flow.paid(service, bill_id="PAID")
        case "message":
            url = service.settings.public_url
            await flow.drain(Messenger(service.db, service.clock, service.keyring, service.sender, url))
        case _:
            await service.clock.advance(service.db, 1)
    with pytest.raises(SettingWrong, match="in which a sandbox took payments"):
        await place.check_database(live, dsn)


async def test_a_sandbox_keeps_off_a_database_that_live_mode_has_served(
    operator: Environment, dsn: str
) -> None:
    """Live mode is off unless it is set, and a worker that lacks it would take real payments for practice."""
    live = {"CHEONGGU_MODE": "live"}
    assert (await run(operator, "partner", "create", "한빛", **live)).returncode == 0
    assert (await run(operator, "partner", "list")).returncode == 0
    await place.check_database(load(operator | live), dsn)
    await place.check_database(load(operator | live), dsn)
    for command in (["worker"], ["serve"], ["verify"], ["points", "charge", "한빛", "1"]):
        ended = await run(operator, *command)
        assert ended.returncode == 1
        assert "set CHEONGGU_MODE=live for everything" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert (await run(operator, "partner", "list", **live)).returncode == 0


async def test_another_secret_key_than_the_contents_were_sealed_with_is_refused(
    service: Service, operator: Environment
) -> None:
    ended = await run(operator, "serve", CHEONGGU_SECRET_KEY=new_secret_key())
    assert ended.returncode == 1
    assert "CHEONGGU_SECRET_KEY is not the key" in ended.stderr
    both = f"{new_secret_key()},{operator['CHEONGGU_SECRET_KEY']}"
    assert (await run(operator, "partner", "list", CHEONGGU_SECRET_KEY=both)).returncode == 0


# verify.


async def test_verify_shows_the_rows_that_break_a_rule(service: Service, operator: Environment) -> None:
    assert (await run(operator, "verify")).returncode == 0
    await service.db.execute("UPDATE wallet SET balance_points = balance_points + 7 WHERE partner_id = 1")
    ended = await run(operator, "verify")
    assert ended.returncode == 1
    assert "balance_is_the_sum_of_its_entries: A wallet holds the sum" in ended.stdout
    assert "1,000,007" in ended.stdout
    shown = await run(operator, "verify", "--settled", "--json")  # does not wait for what will never hold
    assert shown.returncode == 1
    told = json.loads(shown.stdout)
    assert not told["holds"]
    broken = {one["name"]: one["rows"] for one in told["invariants"] if not one["holds"]}
    (row,) = broken["balance_is_the_sum_of_its_entries"]
    assert (row["balance_points"], row["entries"]) == (1_000_007, 1_000_000)


async def test_verify_settled_without_a_worker_says_so(service: Service, operator: Environment) -> None:
    ended = await run(operator, "verify", "--settled", "--wait", "0.1")
    assert ended.returncode == 1
    assert "No worker is alive" in ended.stderr


async def test_verify_settled_with_work_due_says_what_is_due(service: Service, operator: Environment) -> None:
    await service.db.execute("INSERT INTO worker (worker_id, seen_at) VALUES ('w', now() + interval '1 day')")
    assert (await run(operator, "verify", "--settled", "--wait", "5")).returncode == 0
    await a_bill(service)
    ended = await run(operator, "verify", "--settled", "--wait", "0.5")
    assert ended.returncode == 1
    assert "has not drained within 0.5 s: due or in hand are still 1 message." in ended.stderr


async def test_a_message_of_a_bill_that_is_being_paid_waits_with_the_payment(service: Service) -> None:
    bill = await pay(service, await flow.created(service), "TIMEOUT_NOT_CHARGED")
    assert bill.state is State.PAYING

    async def waiting(after: timedelta) -> dict[str, int]:
        now = service.clock.now() + after
        return dict((await invariants.look(service.db, now, settled=False)).waiting)

    assert await waiting(timedelta(0)) == {}
    assert await waiting(timedelta(seconds=2)) == {"payment": 1}


async def test_drained_is_when_nothing_is_due_or_in_hand(service: Service) -> None:
    await a_bill(service)
    now = service.clock.now()

    async def waiting(sql: str) -> dict[str, int]:
        await service.db.execute(sql)
        return dict((await invariants.look(service.db, now, settled=False)).waiting)

    later = "UPDATE message SET due_at = now() + interval '1 hour'"
    assert await waiting("SELECT 1") == {"message": 1}
    assert await waiting(later) == {}
    in_hand = "UPDATE message SET state = 'SENDING', leased_until = now() + interval '1 hour'"
    assert await waiting(in_hand) == {"message": 1}
    assert (await invariants.look(service.db, now + timedelta(hours=2), settled=False)).waiting


async def test_a_notice_waits_with_the_callback_before_it_and_is_not_due(service: Service) -> None:
    await service.db.execute("UPDATE partner SET notices = true")
    bill = await flow.paid(service, send_type=SendType.URL)
    caller = await flow.caller_of(service)
    await cancel(service, caller, bill_id=bill.bill_id, price_won=bill.price_won, reason="", idem=None)
    now = service.clock.now()
    assert (await invariants.look(service.db, now, settled=False)).waiting == {"callback": 1}
    await service.db.execute(
        "UPDATE callback SET due_at = due_at + interval '1 hour' WHERE kind = 'APPROVED'"
    )
    assert (await invariants.look(service.db, now, settled=False)).drained


def test_every_invariant_has_a_name_of_its_own_a_sentence_and_one_query() -> None:
    found = invariants.parse(invariants.FILE.read_text(encoding="utf-8"))
    assert len({one.name for one in found}) == len(found) > 20
    assert {one.when for one in found} == {"always", "settled"}
    for one in found:
        assert re.fullmatch(r"[a-z_]+", one.name)
        assert one.says.endswith(".")
        assert one.query.startswith("SELECT")
        assert ";" not in one.query


# doctor.


async def checks(operator: Environment, exit_code: int, **more: str) -> dict[str, tuple[str, str]]:
    ended = await run(operator, "doctor", "--json", **more)
    assert ended.returncode == exit_code, ended.stdout + ended.stderr
    return {one["name"]: (one["state"], one["finding"]) for one in json.loads(ended.stdout)["checks"]}


async def test_doctor_finds_a_sound_sandbox_sound(service: Service, operator: Environment) -> None:
    found = await checks(operator, 0, CHEONGGU_PUBLIC_URL="https://bills.example.com")
    assert {name: state for name, (state, _) in found.items()} == {
        "settings": "ok",
        "providers": "ok",
        "public URL": "ok",
        "database": "ok",
        "schema": "ok",
        "contents": "ok",
        "clock": "ok",
        "worker": "note",
    }
    assert "providers" in (await run(operator, "doctor")).stdout


@pytest.mark.parametrize(
    ("more", "name", "state", "says"),
    [
        ({"CHEONGGU_PORT": "x"}, "settings", "wrong", "CHEONGGU_PORT"),
        ({"CHEONGGU_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "database", "wrong", "cannot be reached"),
        ({"CHEONGGU_MODE": "live"}, "providers", "wrong", "CHEONGGU_SENDER=solapi or nhn"),
        ({"CHEONGGU_MODE": "live"}, "public URL", "wrong", "CHEONGGU_PUBLIC_URL"),
        ({"CHEONGGU_MODE": "live"}, "contents", "wrong", "sandbox partners"),
        (
            {"CHEONGGU_MODE": "live", "CHEONGGU_PUBLIC_URL": "http://pay.example.com"},
            "public URL",
            "wrong",
            "TLS",
        ),
        ({"CHEONGGU_SECRET_KEY": "A" * 43 + "="}, "contents", "wrong", "CHEONGGU_SECRET_KEY is not the key"),
    ],
)
async def test_doctor_says_what_to_do(
    service: Service, operator: Environment, more: dict[str, str], name: str, state: str, says: str
) -> None:
    found = await checks(operator, 1, **more)
    assert found[name][0] == state
    assert says in found[name][1]


async def test_doctor_tells_of_a_moved_clock(service: Service, operator: Environment) -> None:
    await service.clock.advance(service.db, 86_400)
    state, finding = (await checks(operator, 0))["clock"]
    assert state == "note"
    assert "86,400 s ahead" in finding


async def test_doctor_on_an_unmigrated_database_says_migrate(operator: Environment, empty: str) -> None:
    state, finding = (await checks(operator, 1, CHEONGGU_DATABASE_URL=empty))["schema"]
    assert state == "wrong"
    assert "cheonggu migrate" in finding


# partner, merchant, points.


async def test_a_partner_is_set_up_from_the_command_line(operator: Environment) -> None:
    made = await run_json(operator, "partner", "create", "한빛", "--wallet", "merchant", "--notices")
    assert made["apiKey"].startswith("ck_")
    assert made["webhookSecret"].startswith("whsec_")
    number = str(made["partner"])
    await run_json(operator, "merchant", "create", "한빛", "m1", "본원", "--member", "a", "--phone", "02-1")
    assert await run_json(operator, "merchant", "list", number) == {
        "merchants": [
            {
                "merchant_code": "m1",
                "name": "본원",
                "phone": "02-1",
                "owner_name": None,
                "registration_number": None,
                "address": None,
                "members": ["a"],
            }
        ]
    }
    charged = await run_json(operator, "points", "charge", "한빛", "5000", "--merchant", "m1")
    assert charged["balance"] == 5000
    assert await run_json(operator, "points", "balance", "한빛") == {
        "wallets": [{"merchant": "m1", "balance": 5000}]
    }
    assert (await run_json(operator, "partner", "suspend", "한빛"))["status"] == "SUSPENDED"
    (listed,) = (await run_json(operator, "partner", "list"))["partners"]
    assert (listed["name"], listed["status"], listed["wallet_kind"]) == ("한빛", "SUSPENDED", "MERCHANT")
    assert (await run_json(operator, "partner", "resume", number))["status"] == "ACTIVE"
    assert (await run_json(operator, "partner", "rotate-key", "한빛"))["apiKey"] != made["apiKey"]
    assert (await run_json(operator, "partner", "rotate-secret", "한빛"))["webhookSecret"].startswith(
        "whsec_"
    )


async def test_what_is_refused_is_one_sentence(operator: Environment) -> None:
    for arguments in (["points", "charge", "nobody", "5"], ["partner", "create", " "]):
        ended = await run(operator, *arguments)
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr.startswith("cheonggu: ")
        assert ended.stderr.count("\n") == 1


# The command itself.


def test_the_command_says_its_version_and_what_it_can_do() -> None:
    assert re.fullmatch(r"cheonggu \d+\.\d+\.\d+\n", cheonggu("--version").stdout)
    shown = cheonggu("--help").stdout
    for name in ("dev", "serve", "worker", "migrate", "verify", "doctor", "partner", "points", "bill"):
        assert f" {name} " in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope"], "No such command 'nope'"),
        (["dev", "--nope"], "No such option: --nope"),
        (["dev", "--port", "x"], "CHEONGGU_PORT must be a whole number"),
        (["verify", "--wait", "x"], "should be a valid number"),
    ],
)
def test_a_wrong_call_is_a_sentence_on_standard_error(arguments: list[str], says: str) -> None:
    ended = cheonggu(*arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_command_line_imports_nothing_heavy_before_it_must() -> None:
    heavy = "aiohttp asyncpg cryptography jinja2 rich starlette structlog uvicorn uvloop"
    program = f"import sys, cheonggu.cli.app; print([m for m in {heavy.split()} if m in sys.modules])"
    said = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603 - our own program
    assert said == "[]\n"


def test_what_stays_running_does_without_the_library_of_the_command_line() -> None:
    program = (
        "import sys, cheonggu.cli, cheonggu.cli.running, cheonggu.wiring, cheonggu.delivery.worker, "
        "cheonggu.web.app, cheonggu.web.protocol, cheonggu.web.server, cheonggu.logs; "
        "print([m for m in ('typer', 'pydantic') if m in sys.modules])"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603 - our own program
    assert said == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "means"),
    [
        ("serve", Called("serve")),
        ("worker", Called("worker")),
        ("serve --parent=12 --listening=6 --listening=7", Called("serve", 12, (6, 7))),
        ("worker --parent=12", Called("worker", 12)),
        ("", None),
        ("dev", None),
        ("serve --help", None),
        ("serve now", None),
        ("serve --parent=x", None),
        ("serve --parent=1 --parent=2", None),
        ("worker --listening=6", None),
    ],
)
def test_only_a_plain_call_of_a_part_goes_past_the_command_line(arguments: str, means: Called | None) -> None:
    assert called(arguments.split()) == means


async def test_a_payer_is_found_and_a_key_rotated_from_the_command_line(
    service: Service, operator: Environment
) -> None:
    await a_bill(service)
    new = new_secret_key()
    both = {"CHEONGGU_SECRET_KEY": f"{new},{operator['CHEONGGU_SECRET_KEY']}"}
    assert "sealed again" in (await run(operator, "rekey", **both)).stdout
    rotated = operator | {"CHEONGGU_SECRET_KEY": new}
    [bill] = (await run_json(rotated, "find", "sandbox", "--phone", "010-1234-5678"))["bills"]
    assert (bill["billId"], bill["payer"], bill["phone"]) == ("TEST0001", "김*연", "010-****-5678")
    assert (await run_json(rotated, "find", "sandbox", "--name", "김"))["bills"] == []
    assert (await run(rotated, "find", "sandbox")).returncode == 1
