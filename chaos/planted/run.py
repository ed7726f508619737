"""Run plans on the sound source, where nobody may complain, and on each bug, where somebody has to."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chaos.database import DatabaseServer, database_server
from chaos.found import keep
from chaos.planted.bugs import Bug
from chaos.planted.copies import plant
from chaos.planted.plans import PLANS, Plan
from chaos.settle import settle, violations
from chaos.world import NotInTime, Shape, World, world

_AT_ONCE = 3


class Caught(msgspec.Struct, frozen=True):
    """What a plan came to."""

    name: str
    plan: str
    seconds: float
    violations: list[str]


async def on_bugs(bugs: Sequence[Bug]) -> list[Caught]:
    """Each bug under its plan."""
    async with database_server() as server:
        slots = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(_on_bug(server, bug, slots)) for bug in bugs]
        return [one.result() for one in found]


async def on_sound_source(plans: Sequence[Plan]) -> list[Caught]:
    """Each plan on the source as it is."""
    async with database_server() as server:
        slots = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(_run(server, "none", plan, None, slots)) for plan in plans]
        return [one.result() for one in found]


async def _on_bug(server: DatabaseServer, bug: Bug, slots: asyncio.Semaphore) -> Caught:
    with tempfile.TemporaryDirectory(prefix="cheonggu-planted-") as folder:
        return await _run(server, bug.name, bug.plan, plant(bug, Path(folder)), slots)


async def _run(
    server: DatabaseServer, name: str, plan: Plan, source: Path | None, slots: asyncio.Semaphore
) -> Caught:
    async with slots:
        began = time.monotonic()
        shape = Shape(apis=1, workers=2, receivers=1, source=source)
        async with world(server, server.directory, shape) as made:
            found = await _seen(made, plan)
            if source is None:
                await keep(made, "sound", _name(plan), found)
        return Caught(name, _name(plan), time.monotonic() - began, found)


async def _seen(made: World, plan: Plan) -> list[str]:
    """What the plan itself complains of, and everything after it."""
    try:
        found = await plan(made)
    except NotInTime as late:
        found = [str(late)]
    for proxy in made.proxies.values():
        proxy.mend()
    return [*found, *await settle(made), *await violations(made)]


def _name(plan: Plan) -> str:
    return next(name for name, known in PLANS.items() if known is plan)
