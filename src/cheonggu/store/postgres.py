"""The database: a pool, transactions that are safe to run again, and what a server must promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Literal, Protocol, TypeVar, cast

import asyncpg

T = TypeVar("T")
Row = Mapping[str, Any]
"""One row; its columns by name."""


class Connection(Protocol):
    """The part of an asyncpg connection that statements need, pooled or not."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:
        """Run a statement; returns its command tag."""
        ...

    async def fetch(self, query: str, *args: object, timeout: float | None = None) -> list[Row]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: object, timeout: float | None = None) -> Row | None:
        """The first row, if any."""
        ...

    async def fetchval(self, query: str, *args: object, timeout: float | None = None) -> Any:
        """The first column of the first row, or None."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """A transaction, or a savepoint within one."""
        ...


class OwnConnection(Connection, Protocol):
    """A connection that is nobody else's, and is closed by whoever opened it."""

    async def close(self, *, timeout: float | None = None) -> None:
        """End it in good order."""
        ...

    def terminate(self) -> None:
        """End it at once."""
        ...

    def is_closed(self) -> bool:
        """Whether it has ended."""
        ...

    def get_server_version(self) -> asyncpg.ServerVersion:
        """The server's version."""
        ...

    def add_termination_listener(self, callback: Callable[[object], None]) -> None:
        """Call back when the connection has ended, for whatever reason."""
        ...

    async def add_listener(self, channel: str, callback: Callable[[object, int, str, object], None]) -> None:
        """Call back for every notification on a channel."""
        ...


class _Pool(Protocol):
    def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[_Pooled]: ...
    def get_idle_size(self) -> int: ...
    async def close(self) -> None: ...
    def terminate(self) -> None: ...


class _Pooled(Connection, Protocol):
    def is_in_transaction(self) -> bool: ...
    async def reset(self) -> None: ...
    def transaction(
        self, *, isolation: str = "read_committed", readonly: bool = False
    ) -> AbstractAsyncContextManager[object]: ...


# asyncpg says nothing of its types, so they are said here.
_connect = cast("Callable[..., Awaitable[OwnConnection]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
_create_pool = cast("Callable[..., Awaitable[_Pool]]", asyncpg.create_pool)  # pyright: ignore[reportUnknownMemberType]

OLDEST_VERSION: Final = 15
CHANNEL: Final = "cheonggu_changed"
"""Where processes tell each other that something they cache has changed."""

_CONNECT_TIMEOUT_SECONDS = 5
_COMMAND_TIMEOUT_SECONDS = 10
_TRIES = 5

_AWAY = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # how a connection that is cut at a bad moment may fail
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What a lost, starting, stopping or overwhelmed server looks like."""

_NOT_LET_IN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""A wrong user or password, or no such database."""

_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class DatabaseAway(Exception):
    """The database cannot be reached; whether the last statement took effect is unknown."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"{self.__doc__} ({type(cause).__name__}: {cause})")


class ServerUnfit(Exception):
    """The PostgreSQL server does not promise what Cheonggu needs."""


def away(error: BaseException) -> bool:
    """Whether an error means that the server is away, rather than that a statement was wrong."""
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error) or "pool" in str(error)
    return isinstance(error, _AWAY)


class Database:
    """A pool of connections. Everything raises DatabaseAway when the server is away.

    A deadlock or a serialization failure changes nothing; whatever met one is run again.
    """

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    async def run(self, verb: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `verb` in one transaction and return what it returns; any exception rolls all of it back.

        It may be run more than once, so `verb` must have no effect outside of its connection.
        """
        return await _again(lambda: self._once(verb))

    async def run_at_one_moment(self, look: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `look`, which only reads, so that all of its statements see the same moment."""
        return await self._once(look, isolation="repeatable_read", readonly=True)

    async def _once(
        self,
        verb: Callable[[Connection], Awaitable[T]],
        isolation: Literal["read_committed", "repeatable_read"] = "read_committed",
        *,
        readonly: bool = False,
    ) -> T:
        try:
            async with (
                self._acquire() as connection,
                connection.transaction(isolation=isolation, readonly=readonly),
            ):
                return await verb(connection)
        except (*_AWAY,) as error:
            if away(error):
                raise DatabaseAway(error) from error
            raise

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        """All rows of one statement."""
        return await self._call("fetch", sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        """The first row of one statement, if any."""
        return await self._call("fetchrow", sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        return await self._call("fetchval", sql, *args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement; returns its command tag."""
        return await self._call("execute", sql, *args)

    async def _call(self, method: str, sql: str, *args: object) -> Any:
        return await _again(lambda: self._call_once(method, sql, *args))

    async def _call_once(self, method: str, sql: str, *args: object) -> Any:
        try:
            async with self._acquire() as connection:
                return await getattr(connection, method)(sql, *args)
        except (*_AWAY,) as error:
            if away(error):
                raise DatabaseAway(error) from error
            raise

    def _acquire(self) -> AbstractAsyncContextManager[_Pooled]:
        """A connection. Only who has to wait for one needs a time-out, which costs a task and a timer."""
        return self._pool.acquire(timeout=None if self._pool.get_idle_size() else _CONNECT_TIMEOUT_SECONDS)

    async def close(self) -> None:
        """Close the connections; those that do not end in time are dropped."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except (TimeoutError, *_AWAY):
            self._pool.terminate()


async def _again(attempt: Callable[[], Awaitable[T]]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except _AGAIN:
            continue
    return await attempt()


async def open_database(dsn: str, size: int = 10) -> Database:
    """A pool of at most `size` connections. Raises DatabaseAway when none can be made."""
    try:
        pool = await _create_pool(
            dsn,
            min_size=0,  # else asyncpg connects again by itself, while it is being closed too
            max_size=size,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            command_timeout=_COMMAND_TIMEOUT_SECONDS,
            reset=_tidy,
            server_settings={
                "application_name": "cheonggu",
                "timezone": "UTC",
                # A process that is frozen in a transaction must not keep others from a wallet.
                "idle_in_transaction_session_timeout": "10s",
            },
        )
    except (*_AWAY,) as error:
        raise DatabaseAway(error) from error
    db = Database(pool)
    await db.fetchval("SELECT 1")
    return db


async def _tidy(connection: _Pooled) -> None:
    """What a connection needs before somebody else gets it: as nobody changes settings, that is nothing.

    asyncpg's own way is a round trip each time. A transaction left open by a task that was cut off is ended.
    """
    if connection.is_in_transaction():
        await connection.reset()


async def connect(dsn: str, name: str = "cheonggu") -> OwnConnection:
    """One connection of one's own. Raises DatabaseAway when it cannot be made, ServerUnfit when never."""
    try:
        return await _connect(
            dsn,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            server_settings={"application_name": name, "timezone": "UTC"},
        )
    except (*_NOT_LET_IN,) as error:
        raise ServerUnfit(
            f"PostgreSQL does not let us in: {error}. Compare user, password and database in "
            "CHEONGGU_DATABASE_URL with what the server has."
        ) from error
    except (*_AWAY,) as error:
        raise DatabaseAway(error) from error


@asynccontextmanager
async def connected(dsn: str, name: str = "cheonggu") -> AsyncGenerator[OwnConnection]:
    """One connection of one's own for a while. Raises DatabaseAway when it cannot be made, or is lost."""
    connection = await connect(dsn, name)
    try:
        yield connection
    except (*_AWAY,) as error:
        if away(error):
            raise DatabaseAway(error) from error
        raise
    finally:
        await connection.close()


async def check_server(dsn: str) -> None:
    """Raises ServerUnfit, saying why, unless server and database are fit.

    New enough, in UTF-8, and keeping what is acknowledged.
    """
    async with connected(dsn) as connection:
        if connection.get_server_version().major < OLDEST_VERSION:
            raise ServerUnfit(
                f"PostgreSQL {connection.get_server_version().major} is too old: "
                f"version {OLDEST_VERSION} or newer is needed."
            )
        encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
        if encoding != "UTF8":
            raise ServerUnfit(
                f"The database's encoding is {encoding}, and Korean does not fit in it. Make another: "
                "CREATE DATABASE cheonggu ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;"
            )
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            value = await connection.fetchval("SELECT current_setting($1)", name)
            if value in ("off", "local"):
                raise ServerUnfit(
                    f"{name} is {value} on this PostgreSQL server, so an acknowledged bill could be lost. "
                    f"Turn it on: ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf(); and undo what "
                    "ALTER DATABASE or ALTER ROLE may have set."
                )
