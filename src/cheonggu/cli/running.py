"""The parts that stay running, server and worker: how they begin, serve and end."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cheonggu import config
from cheonggu.cli import place, process

if TYPE_CHECKING:
    from cheonggu.config import Settings
    from cheonggu.service import Service
    from cheonggu.web.server import Server

DRAIN_SECONDS: Final = 10
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the 60 s of common proxies, so that we do not close what a proxy is about to use."""

SERVE: Final = "serve"
WORKER: Final = "worker"
_OPTION: Final = re.compile(r"--(parent|listening)=([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True)
class Called:
    """A part, as it was called: it stops when `parent` is its parent no more; sockets are inherited."""

    part: str
    parent: int | None = None
    listening: tuple[int, ...] = ()


def called(arguments: Sequence[str]) -> Called | None:
    """The part that these arguments start; None for whatever else they say, help and mistakes too."""
    part, *options = arguments or [""]
    found = [_OPTION.fullmatch(option) for option in options]
    given = [(one[1], int(one[2])) for one in found if one]
    parents = [number for name, number in given if name == "parent"]
    listening = tuple(number for name, number in given if name == "listening")
    if part not in (SERVE, WORKER) or None in found or len(parents) > 1 or (listening and part != SERVE):
        return None
    return Called(part, parents[0] if parents else None, listening)


def run(called: Called) -> None:
    """Run a part until it is told to stop. Raises SettingWrong, CannotListen, DatabaseAway and their like."""
    if called.part == SERVE:
        _run_server(called)
    else:
        _run(_begin(called.parent), called.parent, _work)


def _run_server(called: Called) -> None:
    async def run(service: Service, stop: asyncio.Event) -> None:
        await _serve(service, sockets, stop)

    settings = _begin(called.parent)
    sockets = [socket.socket(fileno=number) for number in called.listening]
    sockets = sockets or process.listen(settings.host, settings.port)
    process.allow_open_files()
    _run(settings, called.parent, run)


async def _work(service: Service, stop: asyncio.Event) -> None:
    from cheonggu.delivery.worker import work

    await work(service, stop)


def _begin(parent: int | None) -> Settings:
    import structlog

    from cheonggu import logs

    if parent:
        process.die_with_parent()
    logs.configure()
    settings = place.read_settings()
    config.require_providers(settings)
    for event, why in warnings_of(settings):
        structlog.get_logger().warning(event, why=why)
    return settings


def warnings_of(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is set so that it may not be meant, and would be noticed late."""
    if settings.sandbox:
        if settings.unused:
            yield "providers_are_not_used", "CHEONGGU_MODE is not live: no message leaves, no money moves"
        return
    if settings.gateway is not None and settings.gateway.test:
        yield "payments_are_tests", "CHEONGGU_TOSS_SECRET_KEY is a test key"
    if config.only_here(urlsplit(settings.public_url).hostname or ""):
        yield (
            "links_lead_nowhere",
            "CHEONGGU_PUBLIC_URL leads to this machine only: payers cannot open a bill",
        )


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
