"""Reach a data directory's database, whoever runs its server."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from cheonggu.store.embedded import sockets
from cheonggu.store.embedded.cluster import forget, locate, user_name
from cheonggu.store.embedded.errors import ClusterOfAnotherUser, DataDirectoryBusy, in_words
from cheonggu.store.embedded.files import FileLock, until
from cheonggu.store.embedded.server import OWNER_LOCK, EmbeddedServer, make_data_directory, start

GUESTS_LOCK = "guests.lock"
CHANGEOVER_SECONDS = 20.0  # another command is just starting its server, or stopping it
PAUSE_SECONDS = 0.05


def running(data_dir: Path) -> str | None:
    """Give the address of the server that a living process runs on this directory, none if there is none.

    Raises ClusterOfAnotherUser if there is one and it is not for us.
    """
    with in_words(data_dir):
        try:
            return _look(data_dir.resolve())
        except PermissionError as error:
            raise ClusterOfAnotherUser(directory=data_dir, owner=_owner(data_dir)) from error


def _look(data_dir: Path) -> str | None:
    folder = sockets.recorded(data_dir)
    if folder is None or not sockets.accepts(folder) or not locate(data_dir).ready(folder):
        return None
    with FileLock(data_dir / OWNER_LOCK) as lock:
        return None if lock.take(shared=True) else sockets.dsn(folder)


def _owner(data_dir: Path) -> str:
    """The owner of a directory, or of the parent that hides it from us."""
    for path in (data_dir.absolute(), *data_dir.absolute().parents):
        with suppress(OSError):
            return user_name(path.stat().st_uid)
    return "unknown"


@asynccontextmanager
async def database(data_dir: Path) -> AsyncGenerator[str]:
    """Give the address of the running server, else of one that is started now and stopped at the end.

    Commands may overlap: the one that started the server stops it when the others are done with it.
    """
    data_dir = make_data_directory(data_dir)
    async with AsyncExitStack() as held:
        with in_words(data_dir):
            dsn = await _reach(data_dir, held)
        yield dsn


async def _reach(data_dir: Path, held: AsyncExitStack) -> str:
    deadline = time.monotonic() + CHANGEOVER_SECONDS
    while True:
        guest = held.enter_context(FileLock(data_dir / GUESTS_LOCK))
        if guest.take(shared=True) and (dsn := running(data_dir)):
            return dsn
        guest.release()
        try:
            server = await start(data_dir)
        except DataDirectoryBusy:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            held.push_async_callback(_stop_after_guests, server, data_dir)
            return server.dsn


async def _stop_after_guests(server: EmbeddedServer, data_dir: Path) -> None:
    with FileLock(data_dir / GUESTS_LOCK) as guests:
        try:
            await until(guests.take, float("inf"))
        finally:
            await server.stop()


def erase(data_dir: Path) -> None:
    """Delete a data directory's database, wherever it lives. Raises DataDirectoryBusy while it is in use."""
    data_dir = data_dir.resolve()
    home = locate(data_dir)
    with FileLock(data_dir / OWNER_LOCK) as owner, FileLock(home.lock) as processes:
        if not (owner.take() and processes.take()):
            raise DataDirectoryBusy(directory=data_dir)
        sockets.clear(data_dir)
        if home.directory != data_dir:
            shutil.rmtree(home.directory)
            forget(data_dir)
        elif home.cluster.exists():
            shutil.rmtree(home.cluster)
