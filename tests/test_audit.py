"""The audit log: each act leaves one entry, in its own commit, and nobody can change it afterwards."""

from __future__ import annotations

import asyncio
import json
import pwd
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from cheonggu.billing import onboarding
from cheonggu.billing.onboarding import AccountRefused, NewPartner
from cheonggu.billing.sandbox_partners import START_POINTS
from cheonggu.config import Settings
from cheonggu.service import Service
from cheonggu.store import audit, practice
from cheonggu.store.audit import Operator
from cheonggu.store.postgres import Connection, Database
from tests.flow import paid
from tests.running_dev import cheonggu
from tests.test_docs import cli_commands

BY = Operator("김운영", "desk-1")


@dataclass(frozen=True)
class Act:
    """A command line that changes something, and what the log tells of it."""

    arguments: str
    partner: str | None
    about: dict[str, object]


ACTS = [
    Act(
        "partner create 한빛 --notices",
        "한빛",
        {
            "wallet": "PARTNER",
            "messagePoints": 55,
            "keyInCallback": False,
            "notices": True,
            "profile": "docs",
        },
    ),
    Act(
        "partner create 다온 --profile live-2026-09",
        "다온",
        {
            "wallet": "PARTNER",
            "messagePoints": 55,
            "keyInCallback": True,
            "notices": False,
            "profile": "live-2026-09",
        },
    ),
    Act("merchant create sandbox m2 분원 --member a --owner 박정민", "sandbox", {"merchant": "m2"}),
    Act("partner rotate-key sandbox", "sandbox", {}),
    Act("partner rotate-secret sandbox", "sandbox", {}),
    Act("partner suspend sandbox", "sandbox", {}),
    Act("partner resume sandbox", "sandbox", {}),
    Act("points charge sandbox 5000", "sandbox", {"points": 5000}),
    Act("rekey", None, {}),
    Act("payment check sandbox --since 2026-11-01", "sandbox", {"since": "2026-11-01"}),
    Act(
        "payment check --all --since 2026-11-01 --until 2026-11-02",
        None,
        {"since": "2026-11-01", "until": "2026-11-02"},
    ),
    Act("callback resend 1-1", "sandbox", {"callback": 1, "callbacks": 1}),
]
"""Acts on a service with one paid bill."""

REFUSED = [
    "partner create sandbox",
    "partner create 한빛 --profile live",
    "partner create 한빛 --profile sandbox-2026-08 --key-in-callback",
    "merchant create sandbox sandbox-merchant 본원 --member a",
    "partner suspend nobody",
    "partner rotate-key nobody",
    "points charge sandbox 0",
    "points charge sandbox 5 --merchant m",
    "payment check sandbox",
    "payment check nobody --since 2026-11-01",
    "payment check sandbox --all --since 2026-11-01",
    "callback resend 1-99",
    "callback resend --exhausted-of sandbox",
]

TESTED_ELSEWHERE = {
    "payers erase": "test_erasure.py",
    "backup": "test_backup_commands.py",
    "restore": "test_backup_commands.py",
}
"""Commands that act, and which test holds that they leave an entry."""

LOOKS = {
    "verify",
    "doctor",
    "find",
    "audit",
    "partner list",
    "merchant list",
    "points balance",
    "bills list",
    "payment list",
    "payment late",
    "message list",
    "callback list",
    "secret-key",
    "templates",
}
OVER_HTTP = ("bill ", "sandbox ", "listen", "conform")
"""What these do is asked of a running service."""
RUNS = {"dev", "serve", "worker"}
KEEPS_ITS_OWN_RECORD = {"migrate"}
"""Every applied migration is a row of schema_migration."""


def first_words(command: str) -> str:
    words = command.split()
    return words[0] if words[0] in {"rekey", "backup", "restore"} else " ".join(words[:2])


def test_every_command_is_known_to_act_or_not_to() -> None:
    commands = {command.removeprefix("cheonggu ") for command in cli_commands()}
    ours = {command for command in commands if not command.startswith(OVER_HTTP)}
    acts = {first_words(act.arguments) for act in ACTS} | set(TESTED_ELSEWHERE)
    assert ours == acts | LOOKS | RUNS | KEEPS_ITS_OWN_RECORD


async def run(dsn: str, settings: Settings, *arguments: str, **more: str) -> tuple[int, str]:
    environment = {"CHEONGGU_DATABASE_URL": dsn, "CHEONGGU_SECRET_KEY": settings.secret_key or ""} | more
    ended = await asyncio.to_thread(cheonggu, *arguments, **environment)
    return ended.returncode, ended.stdout + ended.stderr


async def log(db: Database) -> list[dict[str, Any]]:
    rows = await audit.entries(db, since=None, most=100)
    return [{**row, "about": json.loads(row["about"])} for row in rows]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: first_words(act.arguments))
async def test_an_act_leaves_one_entry(service: Service, dsn: str, settings: Settings, act: Act) -> None:
    await paid(service)
    before: datetime = await service.db.fetchval("SELECT clock_timestamp()")
    status, said = await run(dsn, settings, *act.arguments.split(), CHEONGGU_OPERATOR="김운영")
    assert status == 0, said
    (entry,) = await log(service.db)
    assert before < entry["at"] < await service.db.fetchval("SELECT clock_timestamp()")
    assert (entry["operator"], entry["act"]) == ("김운영", first_words(act.arguments))
    assert (entry["partner"], entry["about"]) == (act.partner, act.about)
    assert entry["host"]


@pytest.mark.parametrize("arguments", REFUSED)
async def test_what_was_refused_leaves_none(
    service: Service, dsn: str, settings: Settings, arguments: str
) -> None:
    await paid(service)
    status, _ = await run(dsn, settings, *arguments.split())
    assert status == 1
    assert await log(service.db) == []


async def test_without_a_setting_the_systems_user_is_named(
    service: Service, dsn: str, settings: Settings
) -> None:
    await run(dsn, settings, "partner", "suspend", "sandbox")
    (entry,) = await log(service.db)
    assert entry["operator"] in {user.pw_name for user in pwd.getpwall()}


async def test_the_act_and_its_entry_are_one_commit(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise OSError("no room for the entry")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(Exception, match="no room"):
        await onboarding.create_partner(service.db, service.keyring, BY, NewPartner(name="한빛"))
    with pytest.raises(Exception, match="no room"):
        await onboarding.suspend(service.db, BY, 1)
    rows = await service.db.fetch("SELECT name, status FROM partner ORDER BY partner_id")
    assert [tuple(row.values()) for row in rows] == [("sandbox", "ACTIVE"), ("sandbox-other", "ACTIVE")]


async def test_an_entry_holds_no_key_and_no_secret(service: Service) -> None:
    new = NewPartner(name="한빛", key_in_callback=True)
    made = await onboarding.create_partner(service.db, service.keyring, BY, new)
    key = await onboarding.rotate_key(service.db, service.keyring, BY, made.partner_id)
    secret = await onboarding.rotate_webhook_secret(service.db, service.keyring, BY, made.partner_id)
    told = str(await log(service.db))
    assert told.count("한빛") == 3
    assert not [word for word in (made.api_key, made.webhook_secret, key, secret) if word in told]


REWRITES: list[str] = [
    "UPDATE audit SET operator = 'somebody else'",
    "UPDATE audit SET at = at WHERE false",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE audit_no = 1",
    "TRUNCATE audit",
    "TRUNCATE audit, partner CASCADE",
    "INSERT INTO audit (audit_no, operator, host, act) VALUES (1, 'a', 'b', 'c')",
]


@pytest.mark.parametrize("sql", REWRITES)
async def test_the_database_refuses_to_rewrite_it(service: Service, sql: str) -> None:
    await onboarding.suspend(service.db, BY, 1)
    before = await log(service.db)
    with pytest.raises(asyncpg.PostgresError):
        await service.db.execute(sql)

    async def as_a_replica_would(conn: Connection) -> None:
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(sql)

    with pytest.raises(asyncpg.PostgresError):
        await service.db.run(as_a_replica_would)
    assert await log(service.db) == before


async def test_a_reset_of_the_sandbox_leaves_it(service: Service) -> None:
    await onboarding.suspend(service.db, BY, 1)
    await service.db.run(lambda conn: practice.start_over(conn, START_POINTS))
    assert [entry["act"] for entry in await log(service.db)] == ["partner suspend"]


# `cheonggu audit`.


async def acted(service: Service, *verbs: Callable[..., Awaitable[None]]) -> None:
    for verb in verbs:
        await verb(service.db, BY, 1)


async def test_the_log_is_listed_oldest_first(service: Service, dsn: str, settings: Settings) -> None:
    await acted(service, onboarding.suspend, onboarding.resume, onboarding.suspend)
    entries = json.loads((await run(dsn, settings, "audit", "--json"))[1])["entries"]
    assert [entry["act"] for entry in entries] == ["partner suspend", "partner resume", "partner suspend"]
    assert entries[0] | {"at": ""} == {
        "audit_no": 1,
        "at": "",
        "operator": "김운영",
        "host": "desk-1",
        "act": "partner suspend",
        "partner_id": 1,
        "partner": "sandbox",
        "about": {},
    }
    _, shown = await run(dsn, settings, "audit", "--limit", "1")
    assert "김운영@desk-1" in shown
    assert "resume" not in shown


@pytest.mark.parametrize(
    ("since", "shown"),
    [
        (timedelta(days=-1), True),
        (timedelta(days=1), False),
    ],
)
async def test_the_log_may_begin_somewhere(
    service: Service, dsn: str, settings: Settings, since: timedelta, *, shown: bool
) -> None:
    await acted(service, onboarding.suspend)
    for moment in (datetime.now(UTC) + since, (datetime.now(UTC) + since).replace(tzinfo=None)):
        text = moment.isoformat(timespec="seconds")
        entries = json.loads((await run(dsn, settings, "audit", "--since", text, "--json"))[1])["entries"]
        assert bool(entries) is shown


async def test_a_time_that_is_none_is_refused(service: Service, dsn: str, settings: Settings) -> None:
    status, said = await run(dsn, settings, "audit", "--since", "yesterday")
    assert status == 1
    assert "'yesterday' is no time" in said


async def test_two_verbs_at_once_leave_two_entries(service: Service) -> None:
    async def charge() -> None:
        await onboarding.charge_points(
            service.db, BY, partner_id=1, merchant_code=None, amount=5, at=service.clock.now()
        )

    await asyncio.gather(*(charge() for _ in range(5)))
    with pytest.raises(AccountRefused):
        await onboarding.charge_points(
            service.db, BY, partner_id=1, merchant_code="m", amount=5, at=service.clock.now()
        )
    assert [entry["about"] for entry in await log(service.db)] == [{"points": 5}] * 5
