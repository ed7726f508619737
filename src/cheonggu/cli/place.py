"""Where a command works: its settings, its secret key and its database."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from cheonggu import config
from cheonggu.config import Mode, Settings, SettingWrong

if TYPE_CHECKING:
    from cheonggu.service import Service
    from cheonggu.store.audit import Operator
    from cheonggu.store.postgres import Database
    from cheonggu.store.sealing import Keyring

T = TypeVar("T")


def read_settings(**overrides: str | None) -> Settings:
    """The settings of this process; an override stands in for its CHEONGGU_… variable."""
    given = {config.PREFIX + name.upper(): text for name, text in overrides.items() if text is not None}
    return config.load(os.environ | given)


def secret_key(settings: Settings) -> str:
    """The secret keys: those given, else the sandbox's own, made on its first use. Raises SettingWrong."""
    from cheonggu.store.secret_file import kept_secret_key

    try:
        return settings.secret_key or kept_secret_key(settings.data_dir)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingWrong(
            f"The sandbox keeps its secret key in CHEONGGU_DATA_DIR, and that cannot be used: {error}."
        ) from error


def check_there(settings: Settings) -> None:
    """Raises SettingWrong where there is no data yet: a command that looks makes no empty database."""
    if settings.database_url is None and not (
        settings.data_dir.is_dir() and any(settings.data_dir.iterdir())
    ):
        raise SettingWrong(
            f"There is no data in {settings.data_dir}. Say where it is with CHEONGGU_DATA_DIR or "
            "CHEONGGU_DATABASE_URL, or begin with: cheonggu dev"
        )


@asynccontextmanager
async def database_address(settings: Settings) -> AsyncGenerator[str]:
    """The database's address: CHEONGGU_DATABASE_URL, else the embedded server, running or started now."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    from cheonggu.store import embedded

    async with embedded.database(settings.data_dir) as dsn:
        yield dsn


async def check_database(settings: Settings, dsn: str) -> None:
    """Raises, with a sentence, unless the service may run on this database as it is. Live mode marks it."""
    from cheonggu.store import accounts
    from cheonggu.store.migrations import check_schema
    from cheonggu.store.postgres import check_server

    await check_server(dsn)
    await check_schema(dsn)
    async with opened(settings, dsn) as place:
        await check_fit(place)
        if settings.mode is Mode.LIVE:
            await accounts.mark_live(place.db)


@dataclass(frozen=True)
class Place:
    """An open database with the keys that open its seals."""

    settings: Settings
    db: Database
    keyring: Keyring

    @property
    def operator(self) -> Operator:
        """Who is at work, for the audit log."""
        return operator(self.settings)

    async def now(self) -> datetime:
        """Business time."""
        from cheonggu.store.clock import Clock

        clock = Clock()
        await clock.refresh(self.db)
        return clock.now()


def operator(settings: Settings) -> Operator:
    """Who runs this command: whom CHEONGGU_OPERATOR names, else the system's user; and this machine."""
    from cheonggu.store.audit import Operator

    return Operator(settings.operator or _user_name(os.getuid()), socket.gethostname())


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of a container that no list knows
        return str(uid)


@asynccontextmanager
async def opened(settings: Settings, dsn: str) -> AsyncGenerator[Place]:
    """An open database for a command's few statements."""
    from cheonggu.store.postgres import open_database
    from cheonggu.store.sealing import Keyring

    keyring = Keyring.parse(secret_key(settings))
    db = await open_database(dsn, size=2)
    try:
        yield Place(settings, db, keyring)
    finally:
        await db.close()


async def check_fit(place: Place) -> None:
    """Raises SettingWrong when mode or secret key do not belong to what the database holds."""
    from cheonggu.store import accounts
    from cheonggu.store.sealing import SealBroken

    if place.settings.mode is Mode.LIVE and await accounts.holds_sandbox(place.db):
        raise SettingWrong(
            "CHEONGGU_MODE=live cannot start on a database that holds the sandbox partners, whose keys "
            "everybody knows: give CHEONGGU_DATABASE_URL a database of its own."
        )
    if place.settings.mode is Mode.LIVE and await accounts.practised_on(place.db):
        raise SettingWrong(
            "CHEONGGU_MODE=live cannot start on a database in which a sandbox took payments, sent messages "
            "or moved the clock, as that would count as real: give CHEONGGU_DATABASE_URL one of its own."
        )
    if place.settings.sandbox and await accounts.is_live(place.db):
        raise SettingWrong(
            "Live mode has served this database, and a sandbox would take its payments for practice: "
            "set CHEONGGU_MODE=live for everything that works on it."
        )
    sealed = await accounts.one_secret(place.db)
    try:
        if sealed:
            place.keyring.open(sealed["secret_sealed"], sealed["partner_id"], sealed["secret_no"], "webhook")
    except SealBroken:
        raise SettingWrong(
            "CHEONGGU_SECRET_KEY is not the key that this database's contents are sealed with. "
            f"Give the right one; a sandbox keeps its own in {place.settings.data_dir}."
        ) from None


def work(command: Callable[[Place], Awaitable[T]]) -> T:
    """Run an operator's command on the migrated database of this process's settings."""

    async def run() -> T:
        from cheonggu.store.migrations import check_schema

        settings = read_settings()
        check_there(settings)
        async with database_address(settings) as dsn:
            await check_schema(dsn)
            async with opened(settings, dsn) as place:
                await check_fit(place)
                return await command(place)

    return asyncio.run(run())


def work_outside(command: Callable[[Service], Awaitable[T]]) -> T:
    """The same for a command that asks the configured providers. Raises SettingWrong where there are none."""

    async def run() -> T:
        from cheonggu.wiring import open_service

        settings = read_settings()
        check_there(settings)
        async with database_address(settings) as dsn:
            await check_database(settings, dsn)
            async with open_service(settings, dsn) as service:
                return await command(service)

    return asyncio.run(run())
