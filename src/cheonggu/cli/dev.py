"""`cheonggu dev`: the whole service in one command, and its end in one signal."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cheonggu.cli import place, process, welcome
from cheonggu.cli import temporary as data_for_this_run
from cheonggu.cli.part import Part, Stopped
from cheonggu.config import Mode, Settings, SettingWrong
from cheonggu.sandbox import seed_file
from cheonggu.sandbox.remote import Remote

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from cheonggu.store.embedded import EmbeddedServer

Seed = dict[str, Any] | None
"""What /sandbox/seed is asked for, if anything."""

_PORT_PATIENCE_SECONDS: Final = 1.0
"""The last run's server may still be closing, when only its supervisor was killed."""
_PROBE_SECONDS: Final = 1.0
_PROBE_PAUSE_SECONDS: Final = 0.03


def dev(
    *,
    host: Annotated[str | None, typer.Option(help="Where to listen; 127.0.0.1 by default.")] = None,
    port: Annotated[str | None, typer.Option(help="8080 by default; 0 takes one that is free.")] = None,
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where the data is kept; ./.cheonggu by default.")
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Keep the data in a new directory and erase it at the end.")
    ] = False,
    seed: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Start over with the partners and bills of this file."),
    ] = None,
) -> None:
    """Run the whole service in sandbox mode: database, API, pages, worker. Nothing to configure."""
    settings = place.read_settings(host=host, port=port if port != "0" else None, data_dir=data)
    if settings.mode is not Mode.SANDBOX:
        raise SettingWrong("cheonggu dev is the sandbox; with CHEONGGU_MODE=live run serve and worker.")
    if temporary and (data is not None or settings.database_url is not None):
        raise SettingWrong(
            "--temporary makes a place for the data; --data and CHEONGGU_DATABASE_URL name one."
        )
    if port == "0":
        settings = place.read_settings(host=host, port=process.free_port(settings.host), data_dir=data)
    wanted = None if seed is None else seed_file.read(seed)
    asyncio.run(_run(settings, wanted, temporary=temporary))


async def _run(settings: Settings, seed: Seed, *, temporary: bool) -> None:
    """Keep everything up until told to stop, or until something gives up; leave nothing behind."""
    async with process.told_to_stop(os.getppid()) as stop:
        if not temporary:
            await _until_told(_up(settings, seed, "keeps the data"), stop)
            return
        with data_for_this_run.directory() as data_dir:
            await _until_told(_up(replace(settings, data_dir=data_dir), seed, "erases the data"), stop)


async def _until_told(duty: Coroutine[None, None, None], stop: asyncio.Event) -> None:
    up = asyncio.create_task(duty)
    told = asyncio.create_task(stop.wait())
    await asyncio.wait((up, told), return_when=asyncio.FIRST_COMPLETED)
    if not up.done():
        _say("Stopping.")
        up.cancel()
    told.cancel()
    with suppress(asyncio.CancelledError):
        await up


async def _up(settings: Settings, seed: Seed, ending: str) -> None:
    """Start everything and keep it up. Ends by an exception only, and stops in reverse what was started."""
    async with AsyncExitStack() as held:
        sockets = await _listen(settings)
        for sock in sockets:
            held.callback(sock.close)
        server = await _start_database(settings, held)
        dsn = server.dsn if server else settings.database_url or ""
        await _prepare(settings, dsn)
        typer.echo(welcome.text(settings, ending))
        parts = _parts(_environment(settings, dsn), sockets)
        held.push_async_callback(_stop, parts, sockets)
        duties = [part.keep() for part in parts] + [
            _announce(settings, seed, sockets[0]),
            _watch(server),
        ]
        await _all(duties)


async def _listen(settings: Settings) -> Sequence[socket.socket]:
    from cheonggu.store import embedded

    for _ in range(10):
        with suppress(process.CannotListen):
            return process.listen(settings.host, settings.port)
        if settings.database_url is None and embedded.running(settings.data_dir):
            raise embedded.DataDirectoryBusy(directory=settings.data_dir)
        await asyncio.sleep(_PORT_PATIENCE_SECONDS / 10)
    return process.listen(settings.host, settings.port)


async def _start_database(settings: Settings, held: AsyncExitStack) -> EmbeddedServer | None:
    if settings.database_url is not None:
        return None
    from cheonggu.store import embedded

    server = await embedded.start(settings.data_dir)
    held.push_async_callback(server.stop)
    return server


async def _prepare(settings: Settings, dsn: str) -> None:
    """Bring the schema up to date and make the sandbox partners."""
    from cheonggu.billing.onboarding import make_sandbox_partners
    from cheonggu.store.clock import Clock
    from cheonggu.store.migrations import migrate
    from cheonggu.store.postgres import check_server

    await check_server(dsn)
    await migrate(dsn)
    clock = Clock()
    async with place.opened(settings, dsn) as here:
        await place.check_fit(here)
        await clock.refresh(here.db)
        await make_sandbox_partners(here.db, here.keyring, clock.now())


def _environment(settings: Settings, dsn: str) -> Mapping[str, str]:
    return os.environ | {
        "CHEONGGU_MODE": settings.mode,
        "CHEONGGU_DATABASE_URL": dsn,
        "CHEONGGU_DATA_DIR": str(settings.data_dir),
        "CHEONGGU_HOST": settings.host,
        "CHEONGGU_PORT": str(settings.port),
    }


def _parts(environment: Mapping[str, str], sockets: Sequence[socket.socket]) -> Sequence[Part]:
    numbers = [sock.fileno() for sock in sockets]
    options = [f"--listening={number}" for number in numbers]
    return (
        Part("serve", *options, environment=environment, sockets=numbers, say=_say),
        Part("worker", environment=environment, say=_say),
    )


async def _stop(parts: Sequence[Part], sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:  # or else connections would queue up that nobody accepts
        sock.close()
    await asyncio.gather(*(part.stop() for part in parts))


async def _announce(settings: Settings, seed: Seed, sock: socket.socket) -> None:
    """Print the one `ready:` line once the service can serve, and its seed is in place."""
    address, port = sock.getsockname()[:2]
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    while not await _ready(str(address), port):  # noqa: ASYNC110 - another process does not tell
        await asyncio.sleep(_PROBE_PAUSE_SECONDS)
    if seed is not None:
        told = await asyncio.to_thread(
            Remote(welcome.near(settings)).post, "/sandbox/seed", seed | {"reset": True}
        )
        _say(
            f"Started over with {len(told['partners'])} partners and {len(told['bills'])} bills of the seed."
        )
    typer.echo(f"ready: {settings.origin}")


async def _ready(address: str, port: int) -> bool:
    """Whether /readyz answers 200 now."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            finally:
                writer.close()
    except OSError:
        return False


async def _watch(server: EmbeddedServer | None) -> None:
    if server is not None:
        await server.ended()
        raise Stopped("PostgreSQL ended by itself; its log is in the data directory.")


async def _all(duties: Sequence[Coroutine[None, None, None]]) -> None:
    """Do all at once; the first exception ends the others, too."""
    tasks = [asyncio.create_task(duty) for duty in duties]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _say(sentence: str) -> None:
    with suppress(OSError):  # whoever read it may be gone
        typer.echo(f"cheonggu dev: {sentence}", err=True)
