"""One real PostgreSQL for the whole run, an own database for each test, and the service on top of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import hypothesis
import pytest
import pytest_asyncio
import structlog
from playwright.async_api import Browser

from cheonggu.billing.onboarding import make_sandbox_partners
from cheonggu.cli import process
from cheonggu.config import Settings, load
from cheonggu.service import Service
from cheonggu.store import embedded
from cheonggu.store.clock import Clock
from cheonggu.store.migrations import migrate
from cheonggu.store.postgres import Database, connect, open_database
from cheonggu.store.sealing import Keyring, new_secret_key
from cheonggu.wiring import open_service
from tests.live import Live, receiver
from tests.serving import chromium, serving, working

_UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
"""Others may need the machine: how long an example takes says nothing."""
hypothesis.settings.register_profile("same", _UNHURRIED, derandomize=True)
"""For `make test`: the same examples in every run, so that one fails for a change and never by chance."""
hypothesis.settings.register_profile("long", _UNHURRIED, max_examples=2_000)
"""For `make hostile`, which looks for new ones."""
hypothesis.settings.load_profile("same")


@pytest.fixture(autouse=True)
def logs_stay_out_of_what_commands_print() -> Iterator[None]:
    """structlog's own default is standard output, which a command's test reads while the service logs.

    Nobody leaves loggers behind that keep how they were set up: later tests would not see what they say.
    """
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    assert not structlog.get_config()["cache_logger_on_first_use"]


EMPTY = "cheonggu_template"
WITH_PARTNERS = "cheonggu_template_with_partners"
MEMORY = Path("/dev/shm")
ROOM_BYTES = 3 * 2**30
"""More than the run can take: PostgreSQL's log may grow to 2 GB, and a database has 8 MB."""
_numbers = itertools.count(1)


def memory_with_room() -> Path | None:
    """Where files lie in memory, if there is room: a thousand databases are made, and a disk syncs each."""
    writable = os.access(MEMORY, os.W_OK | os.X_OK)
    return MEMORY if writable and shutil.disk_usage(MEMORY).free >= ROOM_BYTES else None


def make_home() -> Path:
    """A folder for the server, where files lie in memory if that can be."""
    home = Path(tempfile.mkdtemp(prefix="cheonggu-tests-", dir=memory_with_room()))
    home.chmod(0o711)  # root's server runs as nobody, who would else be given a place on the disk
    return home


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[embedded.EmbeddedServer]:
    """The embedded server, started once."""
    home = make_home()
    server = await embedded.start(home)
    try:
        yield server
    finally:
        await server.stop()
        embedded.erase(home)
        shutil.rmtree(home, ignore_errors=True)


def dsn_of(server: embedded.EmbeddedServer, database: str) -> str:
    """The address of one database of the server."""
    return server.dsn.replace("/cheonggu?", f"/{database}?")


@pytest.fixture(scope="session")
def secret_key() -> str:
    """The run's."""
    return new_secret_key()


@pytest_asyncio.fixture(scope="session")
async def templates(postgres: embedded.EmbeddedServer, secret_key: str) -> None:
    """Migrated databases that the others are copied from: an empty one, and one with sandbox partners."""
    connection = await connect(postgres.dsn)
    await connection.execute(f"CREATE DATABASE {EMPTY}")
    await migrate(dsn_of(postgres, EMPTY))
    await connection.execute(f"CREATE DATABASE {WITH_PARTNERS} TEMPLATE {EMPTY}")
    await connection.close()
    db = await open_database(dsn_of(postgres, WITH_PARTNERS))
    await make_sandbox_partners(db, Keyring.parse(secret_key), Clock().now())
    await db.close()


@pytest_asyncio.fixture
async def dsn(
    request: pytest.FixtureRequest, postgres: embedded.EmbeddedServer, templates: None
) -> AsyncIterator[str]:
    """A migrated database of the test's own: with the sandbox partners for a service, else empty."""
    name = f"test_{next(_numbers)}"
    template = WITH_PARTNERS if "service" in request.fixturenames else EMPTY
    # Copied as files it is the server's checkpoint that costs: nothing in memory, too much on a disk.
    strategy = "FILE_COPY" if memory_with_room() else "WAL_LOG"
    connection = await connect(postgres.dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}")
        yield dsn_of(postgres, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on the test's own database."""
    db = await open_database(dsn)
    yield db
    await db.close()


def free_port() -> int:
    """A TCP port that nobody listens on."""
    return int(process.free_port("127.0.0.1"))


@pytest.fixture
def settings(tmp_path: Path, secret_key: str) -> Settings:
    """Sandbox settings on a free port, with the run's secret key."""
    return load(
        {
            "CHEONGGU_PORT": str(free_port()),
            "CHEONGGU_DATA_DIR": str(tmp_path / "data"),
            "CHEONGGU_SECRET_KEY": secret_key,
        }
    )


@pytest_asyncio.fixture
async def service(settings: Settings, dsn: str) -> AsyncIterator[Service]:
    """A wired service with the sandbox partners, no worker and no HTTP."""
    async with open_service(settings, dsn) as made:
        yield made


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until an async condition holds; fails the test when it does not in time.

    The time says that something will never come, not how fast it is: others may need the machine.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def live(service: Service) -> AsyncIterator[Live]:
    """The whole service: HTTP, a worker, and a partner's receiver."""
    async with (
        receiver() as partner,
        serving(service),
        aiohttp.ClientSession() as http,
        working(service),
    ):
        yield Live(service, http, partner)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real one, started once."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture
async def site(service: Service) -> AsyncIterator[str]:
    """The address of the service over HTTP."""
    async with serving(service) as site:
        yield site
