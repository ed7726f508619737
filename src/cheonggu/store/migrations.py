"""Forward-only migrations: numbered SQL files, each applied once, in order, in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cheonggu.store.postgres import Connection, connected

SCHEMA = Path(__file__).parent / "schema"
_LOCK = 0x6368656F  # "cheo": one migration at a time in a database


class SchemaMismatch(Exception):
    """The database's schema is not the one this version needs."""


def files() -> list[Path]:
    """The migrations, in the order in which they apply."""
    return sorted(SCHEMA.glob("[0-9]*.sql"))


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing and return its names; safe to run twice at once.

    Raises SchemaMismatch when an applied file was changed since, or the database is newer than this version.
    """
    async with connected(dsn, "cheonggu migrate") as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return [await _apply(connection, file) for file in await _missing(connection)]


async def check_schema(dsn: str) -> None:
    """Raises SchemaMismatch, saying what to do, unless every migration is applied."""
    async with connected(dsn, "cheonggu check") as connection:
        known = await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL")
        missing = await _missing(connection) if known else files()
    if missing:
        raise SchemaMismatch(
            f"The database lacks {len(missing)} migration(s), the first is {missing[0].name}. "
            "Run: cheonggu migrate"
        )


async def applied(connection: Connection) -> dict[str, str]:
    """The migrations of a database, with their checksums."""
    rows = await connection.fetch("SELECT name, checksum FROM schema_migration ORDER BY name")
    return {row["name"]: row["checksum"] for row in rows}


def check_known(applied: Mapping[str, str]) -> None:
    """Raises SchemaMismatch when one of these migrations is not this version's, or not as it is here."""
    known = {file.name: _checksum(file) for file in files()}
    if unknown := sorted(set(applied) - set(known)):
        raise SchemaMismatch(f"The database is newer than this version: it has {', '.join(unknown)}.")
    for name, checksum in applied.items():
        if known[name] != checksum:
            raise SchemaMismatch(
                f"{name} was changed after it was applied to this database. "
                "A sandbox's data can be given up: delete its directory, or use another with --data."
            )


async def _missing(connection: Connection) -> list[Path]:
    there = await applied(connection)
    check_known(there)
    return [file for file in files() if file.name not in there]


async def _apply(connection: Connection, file: Path) -> str:
    await connection.execute(file.read_text(encoding="utf-8"))  # noqa: ASYNC240
    await connection.execute(
        "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", file.name, _checksum(file)
    )
    return file.name


def _checksum(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
