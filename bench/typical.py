"""The typical service as a process, on a database with the four plain tables."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench.service import Running, free_port, spawned, until_serving
from bench.stage import Stage


class PeerMissing(Exception):
    """The typical service's libraries are missing: use make bench, or install requirements-bench.txt."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def check_installed() -> None:
    """Raises PeerMissing."""
    if not all(importlib.util.find_spec(name) for name in ("fastapi", "sqlalchemy", "greenlet")):
        raise PeerMissing


@asynccontextmanager
async def typical(stage: Stage, dsn: str) -> AsyncGenerator[Running]:
    """The typical service, ready to serve; stopped at the end."""
    port = free_port()
    settings = {"TYPICAL_DATABASE_URL": dsn, "TYPICAL_PORT": str(port)}
    async with spawned("-m", "bench.peers.typical", environment=settings) as process:
        await until_serving(process, port)
        yield Running(port, {"server": process.pid, "database": stage.server_pid})
