"""`cheonggu backup` and `cheonggu restore`: the embedded data in one file, and back."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cheonggu.cli import place, process, show
from cheonggu.cli.part import Stopped
from cheonggu.cli.show import AsJson
from cheonggu.config import Settings, SettingWrong

if TYPE_CHECKING:
    from cheonggu.store.backup import Manifest
    from cheonggu.store.sealing import Keyring

T = TypeVar("T")


def backup(
    *,
    file: Annotated[Path, typer.Argument(help="A new file; only its owner may read it.")],
    as_json: AsJson = False,
) -> None:
    """Copy the embedded database into a file, whether it is running or not. The secret key is not in it."""
    settings = _embedded_settings("backup")
    place.check_there(settings)
    manifest = asyncio.run(_unless_told(_backup(settings, file.absolute()), "no backup was made"))
    show.facts(
        _facts(manifest) | {"file": str(file)},
        as_json=as_json,
        note="The secret key is not in it: keep that elsewhere. Without it names and phone numbers are lost.",
    )


def restore(
    *,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What cheonggu backup made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up the data that is in the directory now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a backup the data of CHEONGGU_DATA_DIR, after proving it. Nothing may be running there."""
    from cheonggu.store import restore

    settings = _embedded_settings("restore")
    keyring = _keyring(settings)
    by = place.operator(settings)
    with file.open("rb") as opened:
        put = restore.restore(settings.data_dir, opened, keyring, by, replace=replace)
        manifest = asyncio.run(_unless_told(put, "nothing was changed"))
    show.facts(
        _facts(manifest) | {"directory": str(settings.data_dir)},
        as_json=as_json,
        note="Every rule of cheonggu verify holds. What happened after the backup is not known here: "
        "messages may be sent and callbacks made again, and who was erased since must be erased again.",
    )


def _embedded_settings(command: str) -> Settings:
    settings = place.read_settings()
    if settings.database_url is not None:
        raise SettingWrong(
            f"cheonggu {command} is for the embedded database, and CHEONGGU_DATABASE_URL names a server: "
            "use PostgreSQL's pg_dump or pg_basebackup, as docs/operating.md describes under Backups."
        )
    return settings


async def _backup(settings: Settings, file: Path) -> Manifest:
    """The audit log's entry comes first: it tells that a copy was asked for, and is in the copy, too."""
    from importlib.metadata import version

    from cheonggu.store import audit, backup
    from cheonggu.store.migrations import check_schema

    _check_new(file)
    async with place.database_address(settings) as dsn:
        await check_schema(dsn)
        async with place.opened(settings, dsn) as here:
            await place.check_fit(here)
            draft = _Draft(file)
            try:
                name = file.name
                await here.db.run(lambda conn: audit.record(conn, here.operator, "backup", file=name))
                with draft.path.open("r+b") as opened:
                    manifest = await backup.write(dsn, here.keyring, opened, version("cheonggu"))
                    os.fsync(opened.fileno())
                draft.keep()
            except OSError as error:
                raise SettingWrong(f"{file} cannot be written: {error.strerror or error}.") from error
            finally:
                draft.drop()
            return manifest


class _Draft:
    """A file that gets its name only when it is whole. Until then, and for ever, it is its owner's alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            handle, path = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        except OSError as error:
            raise SettingWrong(f"{file} cannot be written: {error.strerror}.") from error
        os.close(handle)
        self.path = Path(path)

    def keep(self) -> None:
        """Give it its name, unless something else has that by now."""
        from cheonggu.store.embedded.files import sync_directory

        try:
            self._file.hardlink_to(self.path)
        except OSError:  # taken, or there are no such links here
            _check_new(self._file)
            self.path.rename(self._file)
        sync_directory(self._file.parent)

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


def _check_new(file: Path) -> None:
    if os.path.lexists(file):
        raise SettingWrong(f"{file} is there already: choose another name, nothing is written over.")


def _keyring(settings: Settings) -> Keyring:
    """The keys that are here; none is made, since a new one could open nothing."""
    from cheonggu.store import secret_file
    from cheonggu.store.sealing import Keyring

    if settings.secret_key is None and not (settings.data_dir / secret_file.NAME).exists():
        raise SettingWrong(
            f"The backup's secret key is needed: set CHEONGGU_SECRET_KEY, or copy the old {secret_file.NAME} "
            f"to {settings.data_dir / secret_file.NAME} first."
        )
    return Keyring.parse(place.secret_key(settings))


async def _unless_told(work: Coroutine[None, None, T], otherwise: str) -> T:
    """Do it; a signal undoes it."""
    async with process.told_to_stop() as stop:
        task, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
        await asyncio.wait((task, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not task.done():
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            raise Stopped(f"Stopped before the end: {otherwise}.") from None


def _facts(manifest: Manifest) -> dict[str, object]:
    rows = manifest.rows
    return {
        "madeAt": manifest.made_at,
        "partners": rows["partner"],
        "bills": rows["bill"],
        "rows": sum(rows.values()),
        "bytes": manifest.dump_bytes,
        "sha256": manifest.dump_sha256,
        "keys": manifest.keys,
    }
