"""A database of an older version, with data in it, becomes one of this version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from cheonggu.delivery.message import message_id
from cheonggu.domain.message import MessageState
from cheonggu.store import embedded, migrations
from cheonggu.store.postgres import Connection, DatabaseAway, OwnConnection, Row, connect
from tests.conftest import dsn_of

STATES = [state.value for state in MessageState]
HANDED_OVER = {"SENDING", "SENT", "FAILED", "UNKNOWN"}
KEPT = "state, created_at, due_at, leased_until, fence, handed_at, settled_at, reference, cost_points"


@pytest_asyncio.fixture
async def empty(postgres: embedded.EmbeddedServer) -> AsyncIterator[str]:
    """A database without a schema."""
    connection = await connect(postgres.dsn)
    await connection.execute("CREATE DATABASE migrated")
    yield dsn_of(postgres, "migrated")
    await connection.execute("DROP DATABASE migrated WITH (FORCE)")
    await connection.close()


async def migrate_before(name: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrate as a version did that knew nothing of this migration or later ones."""
    with monkeypatch.context() as older:
        known: list[Path] = [file for file in migrations.files() if file.name < name]
        older.setattr(migrations, "files", lambda: known)
        await migrations.migrate(dsn)


OLD_MESSAGE = """
INSERT INTO message (partner_id, bill_no, send_number, cost_points, state, created_at, due_at, leased_until,
                     handed_at, settled_at, reference, fence)
SELECT $1, $2, $3, 20, $4, now(), CASE WHEN $4 IN ('QUEUED', 'SENDING', 'UNKNOWN') THEN now() END,
       CASE WHEN $4 = 'SENDING' THEN now() END, CASE WHEN $4 <> 'QUEUED' THEN now() END,
       CASE WHEN $4 IN ('SENT', 'FAILED', 'WITHDRAWN') THEN now() END, CASE WHEN $4 = 'SENT' THEN 'r' END, $2
RETURNING message_no
"""


async def old_messages(conn: OwnConnection) -> dict[str, str]:
    """Messages of two partners in every state, two of each bill; the ids that they had by their new ones."""
    old_ids: dict[str, str] = {}
    for partner_id in (1, 2):
        for bill_no, state in enumerate(STATES, start=100 * partner_id):
            for send_number in (1, 2):
                number = await conn.fetchval(OLD_MESSAGE, partner_id, bill_no, send_number, state)
                old = f"m{partner_id}-{number}"
                old_ids[message_id(partner_id, bill_no, send_number)] = old
                if state in HANDED_OVER:
                    await conn.execute(
                        "INSERT INTO sandbox_message VALUES ($1, $2, 'B', 'SEND', '', 'ARRIVED', $3, now())",
                        old,
                        partner_id,
                        number,
                    )
                else:
                    await conn.execute("INSERT INTO sandbox_script VALUES ($1, 'MESSAGE_REFUSED')", old)
    return old_ids


async def messages(conn: OwnConnection) -> list[Row]:
    return await conn.fetch(
        f"SELECT {KEPT} FROM message ORDER BY partner_id, bill_no, send_number"  # noqa: S608
    )


async def test_messages_in_every_state_are_known_by_bill_and_send_number_and_the_practice_sender_knows_them(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate_before("0008", empty, monkeypatch)
    conn = await connect(empty)
    new_of = {old: new for new, old in (await old_messages(conn)).items()}
    await conn.execute(
        "INSERT INTO sandbox_message VALUES ('m1-999999', 1, 'B', 'SEND', '', 'ARRIVED', 1, now())"
    )
    await conn.execute("INSERT INTO sandbox_script VALUES ('an-order', 'REFUND_UNKNOWN_DONE')")
    before = await messages(conn)
    known = {row["message_id"]: row["tries"] for row in await conn.fetch("SELECT * FROM sandbox_message")}
    subjects = {row["subject"] for row in await conn.fetch("SELECT * FROM sandbox_script")}
    await conn.close()

    assert "0008_messages.sql" in await migrations.migrate(empty)

    conn = await connect(empty)
    try:
        assert len(before) == 4 * len(STATES)
        assert await messages(conn) == before
        rows = await conn.fetch("SELECT * FROM sandbox_message")
        assert {row["message_id"]: row["tries"] for row in rows} == {
            new_of.get(old, old): tries for old, tries in known.items()
        }
        rows = await conn.fetch("SELECT * FROM sandbox_script")
        assert {row["subject"] for row in rows} == {new_of.get(old, old) for old in subjects}
        with pytest.raises(asyncpg.UniqueViolationError, match="message_pkey"):
            await conn.execute(
                "INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)"
                " VALUES (1, 100, 2, 20, now(), now())"
            )
        assert await migrations.migrate(empty) == []
    finally:
        await conn.close()


@pytest.mark.parametrize("look", [migrations.check_schema, migrations.migrate])
async def test_a_server_that_goes_away_meanwhile_is_told_as_such(
    dsn: str, look: Callable[[str], Awaitable[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(connection: Connection) -> dict[str, str]:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return {}

    monkeypatch.setattr(migrations, "applied", cut)
    with pytest.raises(DatabaseAway):
        await look(dsn)
