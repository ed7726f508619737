"""A backup: one file with a whole database as of one moment, and what it takes to know that it is whole.

The file is a ZIP archive of three members: the database as pg_dump's custom format, a manifest, and the mark
that the secret key leaves on the manifest. The secret key itself is not in it.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import datetime
from hashlib import sha256
from typing import IO, Final

import asyncpg
import msgspec

from cheonggu.store import migrations, reseal
from cheonggu.store.embedded import tools
from cheonggu.store.postgres import Connection, connect
from cheonggu.store.sealing import Keyring

DUMP: Final = "cheonggu.dump"
MANIFEST: Final = "manifest.json"
MARK: Final = "manifest.mark"
FORMAT: Final = 1
LOGGED, UNLOGGED = "p", "u"
"""PostgreSQL's letters for how durable a table is."""
_CHUNK_BYTES: Final = 1 << 16
_MOST_MANIFEST_BYTES: Final = 1 << 20


_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError, RuntimeError, ValueError)
"""What an archive that is none, or was changed, may raise."""


class BackupRefused(Exception):
    """A backup cannot be made, or is not one to restore."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a backup holds. `keys` are the ids of the secret keys without which it cannot be read."""

    format: int
    cheonggu: str
    made_at: datetime
    postgresql: int
    migrations: dict[str, str]
    rows: dict[str, int]
    keys: list[str]
    dump_bytes: int
    dump_sha256: str


async def write(dsn: str, keyring: Keyring, file: IO[bytes], version: str) -> Manifest:
    """Write a backup of the database into an empty file, while others work on it.

    Raises BackupRefused while something holds the tables, ToolMissing or ToolFailed.
    """
    connection = await connect(dsn, "cheonggu backup")
    try:
        snapshot = await _hold_still(connection)
        major = connection.get_server_version().major
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            size, hashed = await _write_dump(archive, tools.dump(dsn, major, snapshot))
            manifest = Manifest(
                format=FORMAT,
                cheonggu=version,
                made_at=await connection.fetchval("SELECT now()"),
                postgresql=major,
                migrations=await migrations.applied(connection),
                rows=await count_rows(connection),
                keys=sorted(key_id.hex() for key_id in await reseal.key_ids(connection)),
                dump_bytes=size,
                dump_sha256=hashed,
            )
            told = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
            archive.writestr(MANIFEST, told)
            archive.writestr(MARK, keyring.mark(told))
        return manifest
    finally:
        await connection.close()


async def _hold_still(connection: Connection) -> str:
    """Begin to look at one moment; the snapshot by which others see the same.

    A TRUNCATE does not keep to snapshots, so the tables are locked against it first.
    """
    tables = await _tables(connection, LOGGED + UNLOGGED)
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        await connection.execute(f"SET LOCAL lock_timeout = '{tools.LOCK_SECONDS}s'")
        await connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS SHARE MODE")
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise BackupRefused(
            "The tables are held by something else, a migration or a sandbox's reset: try again."
        ) from None
    return await connection.fetchval("SELECT pg_export_snapshot()")


async def _write_dump(archive: zipfile.ZipFile, dump: AsyncGenerator[bytes]) -> tuple[int, str]:
    """Its size and checksum."""
    size, hashed = 0, sha256()
    with archive.open(DUMP, "w", force_zip64=True) as member:
        async with aclosing(dump):
            async for chunk in dump:
                hashed.update(chunk)
                size += len(chunk)
                member.write(chunk)
    return size, hashed.hexdigest()


def read(file: IO[bytes], keyring: Keyring) -> Manifest:
    """The manifest of a backup that is whole and was made under one of these keys. Raises BackupRefused."""
    try:
        with zipfile.ZipFile(file) as archive:
            told = _small(archive, MANIFEST)
            marked = keyring.marked(told, _small(archive, MARK))
            manifest = msgspec.json.decode(told, type=Manifest)
            hashed, size = sha256(), 0
            for chunk in chunks(archive):
                hashed.update(chunk)
                size += len(chunk)
    except _DAMAGE as error:
        raise BackupRefused(f"The file is no whole backup: it is damaged or cut off ({error}).") from error
    if (size, hashed.hexdigest()) != (manifest.dump_bytes, manifest.dump_sha256):
        raise BackupRefused("The file is no whole backup: what it holds does not fit its checksum.")
    if not marked:
        raise BackupRefused(
            "The backup was not made under the secret key that is here, or its manifest was changed since. "
            f"It was sealed under: {', '.join(manifest.keys) or 'no key'}; here: {_ids(keyring)}. "
            "Put the key that belongs to it into CHEONGGU_SECRET_KEY, or its secret.key into the new "
            "data directory."
        )
    if missing := sorted(set(manifest.keys) - {key.hex() for key in keyring.key_ids}):
        raise BackupRefused(
            f"A part of the backup is sealed under an older secret key ({', '.join(missing)}): "
            "put that one into CHEONGGU_SECRET_KEY, too, behind the other."
        )
    if manifest.format != FORMAT:
        raise BackupRefused(
            f"The backup is of format {manifest.format}, made by Cheonggu {manifest.cheonggu}."
        )
    return manifest


def chunks(archive: zipfile.ZipFile) -> Iterator[bytes]:
    """The dump in an open backup, piece by piece."""
    with archive.open(DUMP) as member:
        while chunk := member.read(_CHUNK_BYTES):
            yield chunk


async def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each table holds that a backup keeps: the others hold nothing that outlives a crash."""
    counted: dict[str, int] = {}
    for table in await _tables(connection, LOGGED):
        counted[table.strip('"')] = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    return counted


async def _tables(connection: Connection, persistence: str) -> list[str]:
    """The tables of these kinds, quoted."""
    rows = await connection.fetch(
        "SELECT quote_ident(relname) AS name FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = current_schema()::regnamespace AND strpos($1, relpersistence::text) > 0"
        " ORDER BY relname",
        persistence,
    )
    return [row["name"] for row in rows]


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_MANIFEST_BYTES:
        raise zipfile.BadZipFile(f"{name} is too long")
    return archive.read(name)


def _ids(keyring: Keyring) -> str:
    return ", ".join(sorted(key_id.hex() for key_id in keyring.key_ids))
