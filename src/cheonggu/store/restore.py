"""Put a backup in place: filled beside what is there, proven, and only then exchanged for it."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import asyncpg

from cheonggu.store import audit, backup, embedded, invariants, migrations
from cheonggu.store.audit import Operator
from cheonggu.store.backup import BackupRefused, Manifest
from cheonggu.store.embedded import EmbeddedServer, tools
from cheonggu.store.embedded.cluster import DATABASE, locate
from cheonggu.store.embedded.sockets import beside
from cheonggu.store.postgres import OwnConnection, connect, open_database
from cheonggu.store.sealing import Keyring

DRAFT: Final = "cheonggu_restoring"
REPLACED: Final = "cheonggu_replaced"
_MAINTENANCE: Final = "template1"
"""A database that is always there, to rename the others from."""


async def restore(
    data_dir: Path, file: IO[bytes], keyring: Keyring, by: Operator, *, replace: bool
) -> Manifest:
    """Restore a backup as the data of a directory that no server runs on; what the backup held.

    Data that is there is given up only with `replace`, and not before the backup has proven itself. Whatever
    goes wrong, the directory is as it was. Raises BackupRefused, SchemaMismatch or an EmbeddedError.
    """
    manifest = backup.read(file, keyring)
    migrations.check_known(manifest.migrations)
    async with _server(data_dir) as server, _maintenance(server) as admin:
        if not replace and await _holds_data(server):
            raise BackupRefused(
                f"There is data in {data_dir}: restore to another directory, or give it up with --replace."
            )
        await admin.execute(f"CREATE DATABASE {DRAFT} TEMPLATE template0")
        await fill(beside(server.dsn, DRAFT), file, manifest, by)
        await _exchange(admin, data_dir)
    return manifest


async def fill(dsn: str, file: IO[bytes], manifest: Manifest, by: Operator) -> None:
    """Fill an empty database from a backup, bring its schema up to date, and prove that it is whole."""
    connection = await connect(dsn, "cheonggu restore")
    try:
        with zipfile.ZipFile(file) as archive:
            major = connection.get_server_version().major
            await tools.load(dsn, major, backup.chunks(archive))
        if await backup.count_rows(connection) != manifest.rows:
            raise BackupRefused("What was restored has not as many rows as the backup says it holds.")
        await migrations.migrate(dsn)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    db = await open_database(dsn, size=1)
    try:
        looked = await invariants.look(db, datetime.now(UTC), settled=False)
        if broken := [verdict.invariant for verdict in looked.verdicts if not verdict.holds]:
            raise BackupRefused(
                f"The backup holds data that breaks {len(broken)} rule(s): {broken[0].says} "
                "It was not put in place; docs/operating.md says how to look into it."
            )
        made = manifest.made_at.isoformat(timespec="seconds")
        told = {"backupOf": made, "sha256": manifest.dump_sha256}
        await db.run(lambda conn: audit.record(conn, by, "restore", **told))
    finally:
        await db.close()


@asynccontextmanager
async def _server(data_dir: Path) -> AsyncGenerator[EmbeddedServer]:
    """The directory's server, for us alone; if there was none and we fail, there is none afterwards."""
    made_now = not _has_cluster(data_dir)
    server = await embedded.start(data_dir)
    try:
        yield server
    except BaseException:
        await server.stop()
        if made_now:
            embedded.erase(data_dir)
        raise
    await server.stop()


def _has_cluster(data_dir: Path) -> bool:
    return data_dir.exists() and locate(data_dir.resolve()).major() is not None


@asynccontextmanager
async def _maintenance(server: EmbeddedServer) -> AsyncGenerator[OwnConnection]:
    """A connection to exchange databases by. What a restore that was cut off has left is gone."""
    admin = await connect(beside(server.dsn, _MAINTENANCE), "cheonggu restore")
    try:
        await _clear(admin)
        try:
            yield admin
        finally:
            await _clear(admin)
    finally:
        await admin.close()


async def _clear(admin: OwnConnection) -> None:
    for leftover in (DRAFT, REPLACED):
        await admin.execute(f"DROP DATABASE IF EXISTS {leftover} WITH (FORCE)")


async def _holds_data(server: EmbeddedServer) -> bool:
    connection = await connect(server.dsn, "cheonggu restore")
    try:
        return await connection.fetchval("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')")
    finally:
        await connection.close()


async def _exchange(admin: OwnConnection, data_dir: Path) -> None:
    """Both renames or none, so that at every moment there is one database under the name that counts."""
    try:
        async with admin.transaction():
            await admin.execute(f"ALTER DATABASE {DATABASE} RENAME TO {REPLACED}")
            await admin.execute(f"ALTER DATABASE {DRAFT} RENAME TO {DATABASE}")
    except asyncpg.ObjectInUseError:
        raise embedded.DataDirectoryBusy(directory=data_dir) from None
