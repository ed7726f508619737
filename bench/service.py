"""Cheonggu as users run it: `cheonggu serve` and `cheonggu worker`, each a process, on one database."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.stage import Stage, order
from cheonggu.cli.process import free_port as free_port_at

ROOT: Final = Path(__file__).parent.parent
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 20.0
_LINES_SHOWN: Final = 20
_GLANCE_SECONDS: Final = 0.02
_EXPECTED: Final = re.compile(r'"level": "info"|: Stopping\.$')


class DidNotStart(Exception):
    """A process that is measured did not come up; what it says is above."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass
class Running:
    """A service that answers, and the processes that it is made of."""

    port: int
    parts: dict[str, int] = field(default_factory=dict[str, int])
    """The process at the root of each part, the database included."""


@asynccontextmanager
async def cheonggu(stage: Stage, dsn: str, *, worker: bool = True) -> AsyncGenerator[Running]:
    """The service on a database, with one worker or none, ready to serve; stopped at the end."""
    port = free_port()
    settings = {
        "CHEONGGU_DATABASE_URL": dsn,
        "CHEONGGU_SECRET_KEY": stage.secret_key,
        "CHEONGGU_PORT": str(port),
    }
    parent = (f"--parent={os.getpid()}",)  # so that nothing stays when we are killed
    async with AsyncExitStack() as held:
        running = Running(port, {"database": stage.server_pid})
        server = await held.enter_async_context(
            spawned("-P", "-m", "cheonggu", "serve", *parent, environment=settings)
        )
        running.parts["server"] = server.pid
        await until_serving(server, port)
        if worker:
            worker_process = await held.enter_async_context(
                spawned("-P", "-m", "cheonggu", "worker", *parent, environment=settings)
            )
            running.parts["worker"] = worker_process.pid
            await wait_until(worker_process, lambda: order(dsn, "SELECT FROM worker"))
        yield running


@asynccontextmanager
async def spawned(
    *arguments: str, environment: Mapping[str, str], stdout: int | None = None
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A Python process of ours, asked to stop at the end and waited for. What it complained of is shown."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("CHEONGGU_")}
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=ROOT,
            env=ours | dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            await stop(process)
            log.seek(0)
            _show_complaints(arguments, log.read())


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask a process to stop, and see that it does."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _show_complaints(arguments: Sequence[str], log: bytes) -> None:
    lines = [line for line in log.decode(errors="replace").splitlines() if not _EXPECTED.search(line)]
    if lines:
        shown = "\n    ".join(lines[-_LINES_SHOWN:])
        sys.stderr.write(f"{' '.join(arguments)} said {len(lines)} lines, at last:\n    {shown}\n")


async def until_serving(process: asyncio.subprocess.Process, port: int) -> None:
    """Wait until /readyz answers 200. Raises DidNotStart."""
    await wait_until(process, lambda: answers(port, "/readyz"))


async def wait_until(process: asyncio.subprocess.Process, condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until something that another process does has come true. Raises DidNotStart."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not await condition():
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise DidNotStart
        await asyncio.sleep(_GLANCE_SECONDS)


async def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200 now."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            finally:
                writer.close()
    except OSError:
        return False


def free_port() -> int:
    """A TCP port that nobody listens on."""
    return int(free_port_at("127.0.0.1"))
