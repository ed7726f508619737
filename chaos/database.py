"""A PostgreSQL server, run as Cheonggu runs it, that can be killed at any moment and comes back."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.processes import command_of, tree

from chaos.proxy import socket_of
from cheonggu.store import embedded
from cheonggu.store.embedded import EmbeddedServer


class DatabaseServer:
    """A server on one directory. Its address changes with every start: go through a proxy."""

    def __init__(self, directory: Path, server: EmbeddedServer) -> None:
        self.directory = directory
        self._server = server

    @property
    def dsn(self) -> str:
        """The address of its own database, now."""
        return self._server.dsn

    @property
    def pid(self) -> int:
        """The postmaster."""
        return self._server.pid

    def socket(self) -> Path:
        """Where it listens now."""
        return socket_of(self._server.dsn)

    def database(self, name: str) -> str:
        """The address of one of its databases, now."""
        return self.dsn.replace("/cheonggu?", f"/{name}?")

    def kill(self, *, children: bool) -> int:
        """SIGKILL the postmaster, and its children with it or not; how many processes that were."""
        family = tree(self.pid) if children else {self.pid}
        for pid in [self.pid, *(family - {self.pid})]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(family)

    def kill_backend(self, nth: int) -> bool:
        """SIGKILL one process that serves a client of the service; False when there is none.

        The postmaster then ends all the others and recovers as after a crash.
        """
        backends = sorted(pid for pid in tree(self.pid) if "[local]" in command_of(pid))
        if not backends:
            return False
        with suppress(ProcessLookupError):
            os.kill(backends[nth % len(backends)], signal.SIGKILL)
        return True

    async def restart(self) -> None:
        """Start it again once nothing of it is left."""
        await self._server.stop()
        self._server = await embedded.start(self.directory)

    async def stop(self) -> None:
        """Stop it in good order."""
        await self._server.stop()


def _made() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="cheonggu-chaos-"))
    directory.chmod(0o755)
    return directory


@asynccontextmanager
async def data_directory() -> AsyncGenerator[Path]:
    """A directory for a server that may run as another user; erased at the end."""
    directory = _made()
    try:
        yield directory
    finally:
        with suppress(FileNotFoundError):
            embedded.erase(directory)
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def database_server() -> AsyncGenerator[DatabaseServer]:
    """A new server in a directory of its own; stopped and erased at the end."""
    async with data_directory() as directory:
        server = DatabaseServer(directory, await embedded.start(directory))
        try:
            yield server
        finally:
            await server.stop()
