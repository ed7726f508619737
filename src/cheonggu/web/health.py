"""For those who watch the service: does it live, can it serve, and what does it do."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cheonggu.service import Service
from cheonggu.store import workers
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web.envelope import PLAIN_HEADERS
from cheonggu.web.metrics import BACKLOG, WORKERS

_READY_SECONDS: Final = 2.0


def routes() -> list[Route]:
    """`/healthz`, `/readyz`, `/metrics`."""
    return [Route("/healthz", _healthz), Route("/readyz", _readyz), Route("/metrics", _metrics)]


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True}, headers=PLAIN_HEADERS)


async def _readyz(request: Request) -> Response:
    service: Service = request.app.state.service
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await service.db.fetchval("SELECT 1")
    except (DatabaseAway, TimeoutError):
        why = "The database cannot be reached."
        return JSONResponse({"ready": False, "why": why}, 503, headers=PLAIN_HEADERS)
    return JSONResponse({"ready": True}, headers=PLAIN_HEADERS)


async def _metrics(request: Request) -> Response:
    service: Service = request.app.state.service
    backlog = await workers.backlog(service.db, service.clock.now())
    for kind, due in backlog.items():
        BACKLOG.labels(kind).set(due)
    WORKERS.set(await workers.living(service.db))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST, headers=PLAIN_HEADERS)
