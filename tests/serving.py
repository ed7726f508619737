"""The service over HTTP, and a browser to look at it with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright, expect

from cheonggu.cli.process import listen
from cheonggu.cli.running import http_server
from cheonggu.delivery.worker import work
from cheonggu.service import Service
from tests.browser_install import SYSTEM_NAMES

LONGEST_MS = 30_000
"""What a browser on a busy machine may take to show something."""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def serving(service: Service) -> AsyncGenerator[str]:
    """HTTP over an open service, as `cheonggu serve` makes it; gives its address."""
    settings = service.settings
    server = http_server(service)
    running = asyncio.create_task(server.serve(listen(settings.host, settings.port)))
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.005)
    try:
        yield settings.origin
    finally:
        server.stop()
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
    expect.set_options(timeout=LONGEST_MS)
    installed = next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()
