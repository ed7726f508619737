"""A proxy between the service and its database, that cuts and refuses connections when it is told to."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"


class FaultProxy:
    """Passes bytes on until `cut`, which ends every connection and refuses new ones until `mend`."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._refusing = False

    def cut(self) -> None:
        """The database is away, as of now."""
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """The database is back."""
        self._refusing = False

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        if self._refusing:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_unix_connection(str(self._upstream))
        self._writers |= {writer, up_writer}
        try:
            await asyncio.gather(_pass_on(reader, up_writer), _pass_on(up_reader, writer))
        finally:
            self._writers -= {writer, up_writer}
            writer.transport.abort()
            up_writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def fault_proxy(dsn: str) -> AsyncGenerator[tuple[FaultProxy, str]]:
    """A proxy before the server of `dsn`, and the address that leads through it."""
    directory = parse_qs(urlsplit(dsn).query)["host"][0]
    with tempfile.TemporaryDirectory(prefix="cg-") as home:
        proxy = FaultProxy(Path(directory) / SOCKET)
        server = await asyncio.start_unix_server(proxy.serve_one, str(Path(home) / SOCKET))
        try:
            yield proxy, dsn.replace(directory, home)
        finally:
            proxy.cut()
            server.close()
