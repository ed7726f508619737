"""`cheonggu serve`, `cheonggu worker`, `cheonggu migrate`: the parts, for production."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cheonggu import config
from cheonggu.cli import place, process, show
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.config import Settings
    from cheonggu.service import Service
    from cheonggu.web.server import Server

DRAIN_SECONDS: Final = 10
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the 60 s of common proxies, so that we do not close what a proxy is about to use."""

Parent = Annotated[int | None, typer.Option(hidden=True, help="Stop when this is the parent no more.")]
Sockets = Annotated[list[int] | None, typer.Option(hidden=True, help="Inherited listening sockets.")]


def serve(*, parent: Parent = None, listening: Sockets = None) -> None:
    """Serve the API and the payer's pages."""

    async def run(service: Service, stop: asyncio.Event) -> None:
        await _serve(service, sockets, stop)

    settings = _begin(parent)
    sockets = [socket.socket(fileno=number) for number in listening or ()]
    sockets = sockets or process.listen(settings.host, settings.port)
    process.allow_open_files()
    _run(settings, parent, run)


def worker(*, parent: Parent = None) -> None:
    """Send messages and callbacks, and settle what is unknown."""

    async def run(service: Service, stop: asyncio.Event) -> None:
        from cheonggu.delivery.worker import work

        await work(service, stop)

    _run(_begin(parent), parent, run)


def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema up to this version."""

    async def run() -> list[str]:
        from cheonggu.store.migrations import migrate
        from cheonggu.store.postgres import check_server

        async with place.database_address(settings) as dsn:
            await check_server(dsn)
            return await migrate(dsn)

    settings = place.read_settings()
    applied = asyncio.run(run())
    if as_json:
        show.as_json_line({"applied": applied})
    else:
        typer.echo(
            f"Applied: {', '.join(applied)}." if applied else "Nothing to do: the schema is up to date."
        )


def _begin(parent: int | None) -> Settings:
    from cheonggu import logs

    if parent:
        process.die_with_parent()
    logs.configure()
    settings = place.read_settings()
    config.require_providers(settings)
    return settings


def _run(
    settings: Settings, parent: int | None, part: Callable[[Service, asyncio.Event], Awaitable[None]]
) -> None:
    """Run one part on a checked database until it is told to stop."""
    import uvloop

    async def run() -> None:
        async with process.told_to_stop(parent) as stop, _service(settings) as service:
            process.collect_seldom()
            await part(service, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@asynccontextmanager
async def _service(settings: Settings) -> AsyncGenerator[Service]:
    from cheonggu.wiring import open_service

    async with place.database_address(settings) as dsn:
        await place.check_database(settings, dsn)
        async with open_service(settings, dsn) as service:
            yield service


async def _serve(service: Service, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    import structlog

    async def drain_when_told() -> None:
        await stop.wait()
        server.stop()

    server = http_server(service)
    drain = asyncio.create_task(drain_when_told())
    structlog.get_logger().info("serving", url=service.settings.origin)
    try:
        await server.serve(sockets)
    finally:
        drain.cancel()


def http_server(service: Service) -> Server:
    """The HTTP server over an open service."""
    import uvicorn

    from cheonggu.web.app import build_app, open_partner_api, open_watch
    from cheonggu.web.protocol import protocol_for
    from cheonggu.web.server import Server

    partner_api = open_partner_api(service)
    watch = open_watch(service, partner_api)
    return Server(
        uvicorn.Config(
            build_app(service, partner_api, watch),
            http=protocol_for(partner_api),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=process.BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        ),
        before_stop=None if watch is None else watch.close,
    )
