"""An operator's commands in this process, on a test's own database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from cheonggu.config import Settings
from tests import commands
from tests.commands import Ended

Run = Callable[..., Awaitable[Ended]]


def operator(dsn: str, settings: Settings) -> Run:
    """Runs `cheonggu …` on this database while the test's own service goes on."""

    async def run(*arguments: str) -> Ended:
        return await asyncio.to_thread(
            commands.run,
            *arguments,
            CHEONGGU_DATABASE_URL=dsn,
            CHEONGGU_SECRET_KEY=settings.secret_key or "",
        )

    return run


async def told(run: Run, *arguments: str, exits: int = 0) -> Any:
    """What a command prints as JSON."""
    ended = await run(*arguments, "--json")
    assert ended.returncode == exits, ended.stderr
    return json.loads(ended.stdout)


async def page_by_page(run: Run, name: str, field: str, *arguments: str) -> list[list[str]]:
    """What a list gives page by page, down to its end, by one field of each row."""
    pages: list[list[str]] = []
    after: list[str] = []
    while True:
        said = await told(run, *arguments, *after)
        pages.append([row[field] for row in said[name]])
        if said["next"] is None:
            return pages
        after = ["--after", said["next"]]
