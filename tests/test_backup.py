"""A backup holds one moment whole, says so, and nothing else is taken for one."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from cheonggu.billing.onboarding import make_sandbox_partners
from cheonggu.service import Service
from cheonggu.store import audit, backup, embedded, listeners, migrations, reseal, restore
from cheonggu.store.audit import Operator
from cheonggu.store.backup import DUMP, MANIFEST, MARK, BackupRefused, Manifest
from cheonggu.store.embedded import EmbeddedError, binaries, tools
from cheonggu.store.migrations import SchemaMismatch
from cheonggu.store.postgres import Connection, Database, connect, open_database
from cheonggu.store.reseal import PLACES
from cheonggu.store.sealing import Keyring, SealBroken, new_secret_key
from tests.checks import assert_books_hold
from tests.conftest import dsn_of, until
from tests.flow import created, found, paid

BY = Operator("tester", "here")
TARGET = "restored_one"


@pytest_asyncio.fixture
async def target(postgres: embedded.EmbeddedServer) -> AsyncIterator[str]:
    """An empty database to restore into."""
    connection = await connect(postgres.dsn)
    await connection.execute(f"CREATE DATABASE {TARGET} TEMPLATE template0")
    yield dsn_of(postgres, TARGET)
    await connection.execute(f"DROP DATABASE {TARGET} WITH (FORCE)")
    await connection.close()


@pytest_asyncio.fixture
async def restored(target: str) -> AsyncIterator[Database]:
    """The restored database."""
    db = await open_database(target)
    yield db
    await db.close()


async def written(dsn: str, keyring: Keyring) -> io.BytesIO:
    file = io.BytesIO()
    await backup.write(dsn, keyring, file, "0.1.0")
    return file


async def filled(target: str, file: io.BytesIO, keyring: Keyring) -> Manifest:
    manifest = backup.read(file, keyring)
    await restore.fill(target, file, manifest, BY)
    return manifest


async def test_what_was_there_is_there_again_and_still_opens(
    service: Service, dsn: str, target: str, restored: Database
) -> None:
    await created(service, bill_id="UNPAID")
    await paid(service, bill_id="PAID")
    file = await written(dsn, service.keyring)
    await created(service, bill_id="AFTER")
    manifest = await filled(target, file, service.keyring)
    assert (manifest.rows["bill"], manifest.rows["attempt"], manifest.rows["partner"]) == (2, 1, 2)
    assert manifest.keys == [key_id.hex() for key_id in service.keyring.key_ids]
    rows = await restored.fetch("SELECT bill_id, state FROM bill ORDER BY bill_no")
    assert [tuple(row.values()) for row in rows] == [("UNPAID", "READY"), ("PAID", "PAID")]
    await assert_books_hold(restored)
    elsewhere = replace(service, db=restored)
    assert (await found(elsewhere, 1, "PAID")).payer_name == "김서연"
    (entry,) = await audit.entries(restored, since=None, most=10)
    assert json.loads(entry["about"])["sha256"] == manifest.dump_sha256


async def test_numbers_go_on_where_they_were(
    service: Service, dsn: str, target: str, restored: Database
) -> None:
    await paid(service)
    await filled(target, await written(dsn, service.keyring), service.keyring)
    for sequence in ("entry_no_seq", "bill_block_seq", "attempt_no_seq", "callback_no_seq"):
        next_one = f"SELECT nextval('{sequence}')"
        assert await restored.fetchval(next_one) == await service.db.fetchval(next_one)


async def test_it_holds_one_moment_whatever_is_written_meanwhile(
    service: Service, dsn: str, target: str, restored: Database
) -> None:
    stop = asyncio.Event()
    acknowledged: list[str] = []

    async def keep_paying(name: str) -> None:
        while not stop.is_set():
            bill = await paid(service, bill_id=f"{name}{len(acknowledged)}")
            acknowledged.append(bill.bill_id)

    load = [asyncio.create_task(keep_paying(name)) for name in ("A", "B", "C")]

    async def some() -> bool:
        return len(acknowledged) >= 10

    await until(some)
    before = set(acknowledged)
    file = await written(dsn, service.keyring)
    assert len(acknowledged) > len(before)
    stop.set()
    await asyncio.gather(*load)
    await filled(target, file, service.keyring)
    paid_bills = await restored.fetch("SELECT bill_id FROM bill WHERE state = 'PAID'")
    assert before <= {row["bill_id"] for row in paid_bills} <= set(acknowledged)
    await assert_books_hold(restored)


async def test_the_log_is_still_only_added_to(
    service: Service, dsn: str, target: str, restored: Database
) -> None:
    await filled(target, await written(dsn, service.keyring), service.keyring)
    with pytest.raises(Exception, match="only added to"):
        await restored.execute("DELETE FROM audit")


async def test_tables_that_are_held_are_not_waited_for_long(
    service: Service, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "LOCK_SECONDS", 0.05)

    async def hold(conn: Connection) -> None:
        await conn.execute("LOCK TABLE bill IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(BackupRefused, match="held by something else"):
            await written(dsn, service.keyring)

    await service.db.run(hold)


# What is no backup of ours.


def members(file: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def forged(file: io.BytesIO, keyring: Keyring, **changed: object) -> io.BytesIO:
    """A backup whose manifest says otherwise, under the right mark."""
    parts = members(file)
    manifest = msgspec.structs.replace(msgspec.json.decode(parts[MANIFEST], type=Manifest), **changed)
    told = msgspec.json.encode(manifest)
    return io.BytesIO(packed(parts | {MANIFEST: told, MARK: keyring.mark(told).encode()}))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "something else": lambda _: b"SQLite format 3\0" * 100,
    "cut in half": lambda raw: raw[: len(raw) // 2],
    "cut at its end": lambda raw: raw[:-10],
    "its beginning is gone": lambda raw: raw[100:],
    "a byte is another": lambda raw: raw[:5_000] + bytes([raw[5_000] ^ 1]) + raw[5_001:],
    "no mark": lambda raw: packed({n: d for n, d in members(io.BytesIO(raw)).items() if n != MARK}),
    "no manifest": lambda raw: packed({n: d for n, d in members(io.BytesIO(raw)).items() if n != MANIFEST}),
    "no dump": lambda raw: packed({n: d for n, d in members(io.BytesIO(raw)).items() if n != DUMP}),
    "another dump": lambda raw: packed(members(io.BytesIO(raw)) | {DUMP: b"PGDMP and more"}),
    "another mark": lambda raw: packed(members(io.BytesIO(raw)) | {MARK: b"\xff" * 64}),
    "a manifest of its own": lambda raw: packed(members(io.BytesIO(raw)) | {MANIFEST: b"{}"}),
    "a manifest that is no JSON": lambda raw: packed(members(io.BytesIO(raw)) | {MANIFEST: b"\xff"}),
    "an endless manifest": lambda raw: packed(members(io.BytesIO(raw)) | {MANIFEST: b" " * (1 << 21)}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_file_is_refused(
    service: Service, dsn: str, damage: Callable[[bytes], bytes]
) -> None:
    raw = (await written(dsn, service.keyring)).getvalue()
    backup.read(io.BytesIO(raw), service.keyring)
    with pytest.raises(BackupRefused):
        backup.read(io.BytesIO(damage(raw)), service.keyring)


async def test_a_manifest_that_was_changed_is_refused(service: Service, dsn: str) -> None:
    parts = members(await written(dsn, service.keyring))
    changed = parts[MANIFEST].replace(b'"bill": 0', b'"bill": 1')
    assert changed != parts[MANIFEST]
    with pytest.raises(BackupRefused, match="its manifest was changed since"):
        backup.read(io.BytesIO(packed(parts | {MANIFEST: changed})), service.keyring)


async def test_a_backup_that_holds_less_than_it_says_is_refused(
    service: Service, dsn: str, target: str
) -> None:
    file = await written(dsn, service.keyring)
    rows = backup.read(file, service.keyring).rows
    less = forged(file, service.keyring, rows=rows | {"bill": 7})
    with pytest.raises(BackupRefused, match="not as many rows"):
        await filled(target, less, service.keyring)


async def test_books_that_do_not_balance_are_refused(service: Service, dsn: str, target: str) -> None:
    await service.db.execute("UPDATE wallet SET balance_points = balance_points + 7 WHERE partner_id = 1")
    file = await written(dsn, service.keyring)
    with pytest.raises(BackupRefused, match=r"breaks 1 rule\(s\): A wallet holds the sum"):
        await filled(target, file, service.keyring)


async def test_a_dump_that_pg_restore_does_not_take_is_an_error_in_words(
    service: Service, dsn: str, target: str
) -> None:
    file = await written(dsn, service.keyring)
    manifest = backup.read(file, service.keyring)
    garbled = io.BytesIO(packed(members(file) | {DUMP: b"PGDMP" + b"\0" * 100_000}))
    with pytest.raises(EmbeddedError, match="pg_restore failed: "):
        await restore.fill(target, garbled, manifest, BY)


# Versions.


async def test_a_backup_of_an_older_version_is_brought_up_to_date(
    target: str, restored: Database, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrations.files()
    monkeypatch.setattr(migrations, "files", lambda: everything[:4])
    await migrations.migrate(empty_dsn)
    keyring = Keyring.parse(new_secret_key())
    file = await written(empty_dsn, keyring)
    monkeypatch.setattr(migrations, "files", lambda: everything)
    await filled(target, file, keyring)
    assert await restored.fetchval("SELECT count(*) FROM schema_migration") == len(everything)


@pytest_asyncio.fixture
async def empty_dsn(postgres: embedded.EmbeddedServer) -> AsyncIterator[str]:
    connection = await connect(postgres.dsn)
    await connection.execute("CREATE DATABASE older_one TEMPLATE template0")
    yield dsn_of(postgres, "older_one")
    await connection.execute("DROP DATABASE older_one WITH (FORCE)")
    await connection.close()


async def test_a_backup_of_a_newer_version_is_refused_before_anything_is_done(
    service: Service, dsn: str, tmp_path: Path
) -> None:
    file = await written(dsn, service.keyring)
    migrations = backup.read(file, service.keyring).migrations
    newer = forged(file, service.keyring, migrations=migrations | {"9999_to_come.sql": "x"})
    with pytest.raises(SchemaMismatch, match="newer than this version: it has 9999_to_come"):
        await restore.restore(tmp_path / "new", newer, service.keyring, BY, replace=False)
    assert not (tmp_path / "new").exists()
    with pytest.raises(BackupRefused, match="of format 2, made by Cheonggu"):
        backup.read(forged(file, service.keyring, format=2), service.keyring)


# Keys.


async def test_every_sealed_column_is_sealed_again_by_a_rotation(service: Service) -> None:
    rows = await service.db.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea' AND column_name LIKE '%sealed'"
    )
    sealed = {(row["table_name"], row["column_name"]) for row in rows}
    places = {(place.table, place.column) for place in PLACES}
    assert sealed == places | {("bill", "name_sealed"), ("bill", "phone_sealed")}


async def test_a_rotation_from_end_to_end(
    service: Service, dsn: str, target: str, restored: Database
) -> None:
    """New first, old second; sealed again; old dropped. Backups of each stage open with what they need."""
    old_key, new_key = service.settings.secret_key or "", new_secret_key()
    old, new, both = Keyring.parse(old_key), Keyring.parse(new_key), Keyring.parse(f"{new_key},{old_key}")
    await created(service, bill_id="BEFORE")
    first = await written(dsn, old)
    await make_sandbox_partners(service.db, both, datetime.now(UTC))
    await reseal.reseal(service.db, both)
    assert await service.db.run(reseal.key_ids) == set(new.key_ids)
    last = await written(dsn, new)
    for keyring, file in ((old, last), (new, first)):
        with pytest.raises(BackupRefused, match="not made under the secret key that is here"):
            backup.read(file, keyring)
    backup.read(last, new)
    await filled(target, first, both)
    elsewhere = replace(service, db=restored, keyring=both)
    assert (await found(elsewhere, 1, "BEFORE")).payer_phone == "01012345678"
    assert await reseal.reseal(restored, both) > 0
    elsewhere = replace(service, db=restored, keyring=new)
    assert (await found(elsewhere, 1, "BEFORE")).payer_phone == "01012345678"
    with pytest.raises(SealBroken):
        await found(service, 1, "BEFORE")


async def test_a_backup_made_during_a_rotation_says_that_it_needs_both_keys(
    service: Service, dsn: str
) -> None:
    old_key, new_key = service.settings.secret_key or "", new_secret_key()
    file = await written(dsn, Keyring.parse(f"{new_key},{old_key}"))
    with pytest.raises(BackupRefused, match="put that one into CHEONGGU_SECRET_KEY, too"):
        backup.read(file, Keyring.parse(new_key))
    backup.read(file, Keyring.parse(f"{old_key},{new_key}"))


async def test_the_secret_key_and_what_it_seals_are_not_in_the_file(
    service: Service, dsn: str, tmp_path: Path
) -> None:
    await created(service)
    await listeners.offer(service.db, 1, '{"body": "an-api-key"}', 60)  # and its worker was killed
    file = await written(dsn, service.keyring)
    manifest = backup.read(file, service.keyring)
    (tmp_path / DUMP).write_bytes(members(file)[DUMP])
    pg_restore = binaries.tool("pg_restore", manifest.postgresql)
    reading = (pg_restore, "--file=-", tmp_path / DUMP)
    plain = await asyncio.to_thread(subprocess.check_output, reading)
    assert b"TEST0001" in plain
    for secret in (service.settings.secret_key or "-", "김서연", "01012345678", "an-api-key"):
        assert secret.encode() not in plain + file.getvalue()


def test_a_tool_that_is_missing_is_named_with_what_has_it() -> None:
    with pytest.raises(EmbeddedError, match=r"has no pg_dump here: .*postgresql-client-99"):
        binaries.tool("pg_dump", 99)
