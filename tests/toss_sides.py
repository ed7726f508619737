"""Both sides of Toss for tests: a gateway that calls the stand-in, and a service that has it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from cheonggu.providers.calling import Calls
from cheonggu.providers.toss_gateway import TossGateway
from cheonggu.service import Service
from tests.standins.toss import CLIENT_KEY, SECRET_KEY, Toss, toss

PATIENT_SECONDS = 8.0
"""Longer than the stand-in ever takes to answer; where it stays silent, tests wait for less."""
HASTY_SECONDS = 1.0


@asynccontextmanager
async def gateway_of(
    made: Toss, *, deadline_seconds: float = PATIENT_SECONDS, secret_key: str = SECRET_KEY, url: str = ""
) -> AsyncGenerator[TossGateway]:
    """The gateway, over calls to a stand-in."""
    calls = Calls(url or made.url, deadline_seconds=deadline_seconds)
    try:
        yield TossGateway(
            calls,
            client_key=CLIENT_KEY,
            secret_key=secret_key,
            script_url=f"{made.url}/v2/standard",
            now_seconds=lambda: made.now().timestamp(),
        )
    finally:
        await calls.close()


@asynccontextmanager
async def with_toss(
    service: Service, *, deadline_seconds: float = PATIENT_SECONDS
) -> AsyncGenerator[tuple[Service, Toss]]:
    """The service with Toss as its gateway, and a stand-in on the service's clock."""
    async with (
        toss(service.clock.now) as made,
        gateway_of(made, deadline_seconds=deadline_seconds) as gateway,
    ):
        yield dataclasses.replace(service, gateway=gateway), made
