"""Puts a process together: the one place that chooses providers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic

from cheonggu.config import Nhn, Settings, Solapi, Toss, require_providers
from cheonggu.domain.guard import Guard
from cheonggu.domain.guesses import Guesses
from cheonggu.providers import Gateway, Sender, nhn_sender, solapi_sender, toss_gateway
from cheonggu.providers.calling import Calls
from cheonggu.providers.nhn_sender import NhnSender
from cheonggu.providers.outbound import Outbound
from cheonggu.providers.sandbox import SandboxGateway, SandboxSender, sandbox_courier
from cheonggu.providers.solapi_sender import SolapiSender
from cheonggu.providers.toss_gateway import TossGateway
from cheonggu.service import Service
from cheonggu.store import listeners
from cheonggu.store.bell import Bell
from cheonggu.store.changes import Changes
from cheonggu.store.clock import Clock
from cheonggu.store.ids import Ids
from cheonggu.store.intake import Intake
from cheonggu.store.partners import Directory
from cheonggu.store.postgres import Database, open_database
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
    try:
        async with _providers(settings, db, clock) as (sender, gateway):
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


@asynccontextmanager
async def _providers(
    settings: Settings, db: Database, clock: Clock
) -> AsyncGenerator[tuple[Sender, Gateway]]:
    if settings.sandbox:
        yield SandboxSender(db, clock), SandboxGateway(db, clock)
        return
    assert settings.sender is not None
    assert settings.gateway is not None
    async with open_sender(settings.sender) as sender, open_gateway(settings.gateway) as gateway:
        yield sender, gateway


@asynccontextmanager
async def open_sender(chosen: Solapi | Nhn) -> AsyncGenerator[SolapiSender | NhnSender]:
    """The sender that was chosen for live mode, its connections closed at the end."""
    match chosen:
        case Solapi():
            async with _calls(chosen.api_url, solapi_sender.CALL_SECONDS) as calls:
                yield SolapiSender(
                    calls,
                    api_key=chosen.api_key,
                    api_secret=chosen.api_secret,
                    pf_id=chosen.pf_id,
                    template_id=chosen.template_id,
                    template_with_message_id=chosen.template_with_message_id,
                    from_number=chosen.from_number,
                )
        case Nhn():
            async with _calls(chosen.api_url, nhn_sender.CALL_DEADLINE_SECONDS) as calls:
                yield NhnSender(
                    calls,
                    app_key=chosen.app_key,
                    secret_key=chosen.secret_key,
                    sender_key=chosen.sender_key,
                    template_code=chosen.template_code,
                    template_with_message_code=chosen.template_with_message_code,
                )


@asynccontextmanager
async def open_gateway(chosen: Toss) -> AsyncGenerator[TossGateway]:
    """The gateway that was chosen for live mode, its connections closed at the end."""
    async with _calls(chosen.api_url, toss_gateway.TIMEOUT_SECONDS) as calls:
        yield TossGateway(
            calls,
            client_key=chosen.client_key,
            secret_key=chosen.secret_key,
            script_url=chosen.script_url,
        )


@asynccontextmanager
async def _calls(base_url: str, deadline_seconds: float) -> AsyncGenerator[Calls]:
    calls = Calls(base_url, deadline_seconds=deadline_seconds)
    try:
        yield calls
    finally:
        await calls.close()
