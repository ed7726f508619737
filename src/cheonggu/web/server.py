"""uvicorn's server, which stops at once: by itself it looks ten times a second whether it should, and again
whether it is done, which together is a quarter of a second at each stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

import structlog
import uvicorn

TICK_SECONDS: Final = 0.1
"""uvicorn counts on ten in a second: at every tenth it writes the time that answers carry."""
GLANCE_SECONDS: Final = 0.005
"""How often it looks whether all is answered: connections and requests end without telling it."""

log = structlog.get_logger()


class Server(uvicorn.Server):
    """Serves until `stop`, then answers what is in hand; it leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config, before_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._before_stop = before_stop
        self._told = asyncio.Event()

    def stop(self) -> None:
        """Take no more connections, answer what is in hand, and end."""
        self.should_exit = True
        self._told.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none: uvicorn would raise them again at its end, before the service is closed."""
        yield

    async def main_loop(self) -> None:
        """Look after the time until told to stop."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle, and see the rest through for as long as the configuration gives it."""
        if self._before_stop is not None:
            self._before_stop()
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._all_answered()
        except TimeoutError:
            log.warning("dropped_while_stopping", requests=len(self.server_state.tasks))
            for task in self.server_state.tasks:
                task.cancel()

    async def _all_answered(self) -> None:
        state = self.server_state
        while (state.connections or state.tasks) and not self.force_exit:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(GLANCE_SECONDS)
        for server in self.servers:
            await server.wait_closed()
