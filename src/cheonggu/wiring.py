"""Puts a process together: the one place that chooses providers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from cheonggu.config import Settings, require_providers
from cheonggu.domain.guard import Guard
from cheonggu.domain.guesses import Guesses
from cheonggu.providers.outbound import Outbound
from cheonggu.providers.sandbox import SandboxGateway, SandboxSender, sandbox_courier
from cheonggu.service import Service
from cheonggu.store import listeners
from cheonggu.store.bell import Bell
from cheonggu.store.changes import Changes
from cheonggu.store.clock import Clock
from cheonggu.store.ids import Ids
from cheonggu.store.intake import Intake
from cheonggu.store.partners import Directory
from cheonggu.store.postgres import open_database
from cheonggu.store.sealing import Keyring
from cheonggu.store.secret_file import kept_secret_key
from cheonggu.store.short_codes import ShortCodes


@asynccontextmanager
async def open_service(settings: Settings, dsn: str) -> AsyncGenerator[Service]:
    """A service on a migrated database, its connections closed and its creates written at the end.

    Raises SettingWrong for live mode without providers, DatabaseAway, and KeyUnfit.
    """
    require_providers(settings)
    keyring = Keyring.parse(settings.secret_key or kept_secret_key(settings.data_dir))
    db = await open_database(dsn)
    clock, directory = Clock(), Directory(db)
    bell = Bell()
    ids = Ids(sandbox=settings.sandbox)
    changes = Changes(dsn, db, clock, directory, ids, {listeners.CHANNEL: bell} if settings.sandbox else {})
    intake = Intake(db, dsn, keyring, ids)
    guard = Guard(settings.callback_allow, loopback=settings.sandbox)
    outbound = Outbound(guard)
    courier = sandbox_courier(outbound, db, clock, bell) if settings.sandbox else outbound
    sender, gateway = SandboxSender(db, clock), SandboxGateway(db, clock)
    try:
        await changes.start()
        yield Service(
            db=db,
            clock=clock,
            keyring=keyring,
            intake=intake,
            ids=ids,
            settings=settings,
            directory=directory,
            short_codes=ShortCodes(db),
            key_guesses=Guesses(settings.guesses_per_minute, monotonic),
            code_guesses=Guesses(settings.guesses_per_minute, monotonic),
            sender=sender,
            gateway=gateway,
            guard=guard,
            outbound=outbound,
            courier=courier,
            bell=bell,
        )
    finally:
        await intake.close()
        await changes.stop()
        await outbound.close()
        await db.close()
