"""`cheonggu serve`, `cheonggu worker`, `cheonggu migrate`: the parts, for production."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cheonggu.cli import place, running, show
from cheonggu.cli.running import Called
from cheonggu.cli.show import AsJson

Parent = Annotated[int | None, typer.Option(hidden=True, help="Stop when this is the parent no more.")]
Sockets = Annotated[list[int] | None, typer.Option(hidden=True, help="Inherited listening sockets.")]


def serve(*, parent: Parent = None, listening: Sockets = None) -> None:
    """Serve the API and the payer's pages."""
    running.run(Called(running.SERVE, parent, tuple(listening or ())))


def worker(*, parent: Parent = None) -> None:
    """Send messages and callbacks, and settle what is unknown."""
    running.run(Called(running.WORKER, parent))


def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema up to this version."""

    async def run() -> list[str]:
        from cheonggu.store.migrations import migrate
        from cheonggu.store.postgres import check_server

        async with place.database_address(settings) as dsn:
            await check_server(dsn)
            return await migrate(dsn)

    settings = place.read_settings()
    applied = asyncio.run(run())
    if as_json:
        show.as_json_line({"applied": applied})
    else:
        typer.echo(
            f"Applied: {', '.join(applied)}." if applied else "Nothing to do: the schema is up to date."
        )
