"""`cheonggu doctor`: looks at everything the service needs, and says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import typer

from cheonggu.cli import place, show
from cheonggu.cli.check import Check
from cheonggu.cli.place import Place
from cheonggu.cli.provider_checks import of_providers
from cheonggu.cli.show import AsJson
from cheonggu.config import Mode, Settings, SettingWrong, only_here

MOST_SKEW_SECONDS: Final = 2.0
"""Between this machine's clock and the database's: leases run on the one, expiry on the other."""


def doctor(
    *,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask live mode's providers whether they take the keys.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Check settings, database, clock, keys and providers. Exit 1 when something is wrong."""
    checks = asyncio.run(_all(ask=ask))
    wrong = any(check.state == "wrong" for check in checks)
    if as_json:
        show.as_json_line({"ok": not wrong, "checks": [msgspec.to_builtins(check) for check in checks]})
    else:
        table = [{"": check.state, "what": check.name, "finding": check.finding} for check in checks]
        show.rows("checks", table, as_json=False, none="")
    raise typer.Exit(1 if wrong else 0)


async def _all(*, ask: bool) -> Sequence[Check]:
    try:
        settings = place.read_settings()
    except SettingWrong as error:
        return [Check("settings", "wrong", str(error))]
    return [
        Check("settings", "ok", f"Mode {settings.mode}, to listen at {settings.origin}."),
        *[check async for check in of_providers(settings, ask=ask)],
        _public_url(settings),
        *[check async for check in _of_database(settings)],
    ]


def _public_url(settings: Settings) -> Check:
    parts = urlsplit(settings.public_url)
    said = f"Payers get links to {settings.public_url}"
    if only_here(parts.hostname or ""):
        state = "wrong" if settings.mode is Mode.LIVE else "note"
        todo = "which only this machine can open: set CHEONGGU_PUBLIC_URL for a phone to reach it."
        return Check("public URL", state, f"{said}, {todo}")
    if parts.scheme == "http":
        state = "wrong" if settings.mode is Mode.LIVE else "note"
        return Check(
            "public URL", state, f"{said}, in the clear: put a proxy with TLS before it and use https."
        )
    return Check("public URL", "ok", f"{said}.")


async def _of_database(settings: Settings) -> AsyncGenerator[Check]:
    """Reach the database, then look at it step by step; what does not work ends the rest."""
    from cheonggu.store.embedded import EmbeddedError
    from cheonggu.store.migrations import SchemaMismatch, check_schema
    from cheonggu.store.postgres import DatabaseAway, ServerUnfit, check_server

    step = "database"
    where = "CHEONGGU_DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    try:
        async with place.database_address(settings) as dsn:
            await check_server(dsn)
            yield Check(
                "database", "ok", f"Reached ({where}); new enough, and it keeps what it acknowledges."
            )
            step = "schema"
            await check_schema(dsn)
            yield Check("schema", "ok", "Every migration is applied.")
            step = "contents"
            async with place.opened(settings, dsn) as here:
                for look in (_contents, _clock, _worker):
                    yield await look(here)
    except (DatabaseAway, EmbeddedError, SchemaMismatch, ServerUnfit, SettingWrong, ValueError) as error:
        yield Check(step, "wrong", str(error))


async def _contents(here: Place) -> Check:
    await place.check_fit(here)
    return Check("contents", "ok", "The secret key opens what is sealed here, and the mode fits.")


async def _clock(here: Place) -> Check:
    before = datetime.now(UTC)
    told: datetime = await here.db.fetchval("SELECT clock_timestamp()")
    after = datetime.now(UTC)
    skew = max((before - told).total_seconds(), (told - after).total_seconds(), 0.0)
    if skew > MOST_SKEW_SECONDS:
        return Check(
            "clock", "wrong", f"This machine and the database differ by {skew:.1f} s: run NTP on both."
        )
    offset: float = await here.db.fetchval("SELECT offset_seconds FROM clock")
    if offset:
        return Check(
            "clock", "note", f"Business time is {offset:,.0f} s ahead; POST /sandbox/reset sets it back."
        )
    return Check("clock", "ok", "This machine and the database agree.")


async def _worker(here: Place) -> Check:
    from cheonggu.store import workers

    living = await workers.living(here.db)
    if living:
        return Check("worker", "ok", f"{living} alive.")
    return Check("worker", "note", "None is alive: nothing is sent or settled. Start: cheonggu worker.")
