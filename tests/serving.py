"""The service over HTTP, and a browser to look at it with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from playwright.async_api import Browser, async_playwright

from cheonggu.delivery.worker import work
from cheonggu.service import Service
from cheonggu.web.app import build_app
from tests.browser_install import SYSTEM_NAMES

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # the test run's signals stay its own


@asynccontextmanager
async def serving(service: Service) -> AsyncGenerator[str]:
    """The web application on the service's own port; gives its address."""
    settings = service.settings
    config = uvicorn.Config(
        build_app(service), host=settings.host, port=settings.port, log_level="critical", lifespan="off"
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    try:
        yield settings.origin
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def working(service: Service) -> AsyncGenerator[None]:
    """A worker beside the test."""
    stop = asyncio.Event()
    worker = asyncio.create_task(work(service, stop))
    try:
        yield
    finally:
        stop.set()
        await worker


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """The system's Chromium, else the one that playwright brought."""
    installed = next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()
