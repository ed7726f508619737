"""The whole web application: the partner API first, then everything that a browser or an operator opens."""

from __future__ import annotations

from contextlib import suppress

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.providers.toss_gateway import TossGateway
from cheonggu.service import Service
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web import docs_page, health, pages, sandbox, toss_window
from cheonggu.web.envelope import refusal
from cheonggu.web.operations import ROUTES
from cheonggu.web.partner_api import PartnerApi, told_of
from cheonggu.web.problems import page_error
from cheonggu.web.sandbox.api import SandboxApi
from cheonggu.web.sandbox.page.watch import Watch

log = structlog.get_logger()

PAGES = "/p/"


def open_partner_api(service: Service) -> PartnerApi:
    """The partner API over an open service."""
    return SandboxApi(service) if service.settings.sandbox else PartnerApi(service)


def open_watch(service: Service, partner_api: PartnerApi) -> Watch | None:
    """What tells open pages of the sandbox that something has changed."""
    return Watch(service, partner_api.journal) if isinstance(partner_api, SandboxApi) else None


def build_app(service: Service, partner_api: PartnerApi, watch: Watch | None) -> ASGIApp:
    """The application over an open service; whoever opened the service closes it.

    `watch` is for the sandbox's page; whoever stops the server closes it first, as its answers have no end.

    Most requests to an operation never come here: see protocol.py.
    """
    browsed = Starlette(
        routes=_routes(service),
        exception_handlers={
            HTTPException: _refused,
            ClientDisconnect: _left,
            DatabaseAway: _away,
            Exception: _failed,
        },
    )
    browsed.state.service = service
    if isinstance(partner_api, SandboxApi):
        browsed.state.journal = partner_api.journal
        browsed.state.armed = partner_api.armed
    browsed.state.partner_api = partner_api
    browsed.state.watch = watch
    browsed.router.redirect_slashes = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in ROUTES:
            await partner_api(scope, receive, send)
            return
        with suppress(Exception):  # Starlette raises again what _failed has answered and told
            await browsed(scope, receive, send)

    return app


def _routes(service: Service) -> list[BaseRoute]:
    in_sandbox = service.settings.sandbox
    return [
        *pages.routes(sandbox=in_sandbox),
        *(toss_window.routes() if isinstance(service.gateway, TossGateway) else []),
        *docs_page.routes(),
        *health.routes(),
        *(sandbox.routes() if in_sandbox else []),
    ]


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(PAGES):
        return page_error(request, error.status_code)
    if error.status_code == 405:
        method = (error.headers or {}).get("Allow", "")
        response = refusal(Refused(codes.HTTP_405, f"{method}로 요청해 주세요." if method else None))
        response.headers["Allow"] = method
        return response
    return refusal(Refused(codes.HTTP_404))


async def _left(_request: Request, _error: Exception) -> Response:
    """The client went away in the middle of its request, so nobody hears this; nothing has failed."""
    return Response(status_code=400)


async def _away(request: Request, error: Exception) -> Response:
    log.warning("database_away", path=_kind(request), cause=type(error.__cause__).__name__)
    if request.url.path.startswith(PAGES):
        return page_error(request, 503)
    return refusal(Refused(codes.HTTP_503))


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=_kind(request), **told_of(error))
    if request.url.path.startswith(PAGES):
        return page_error(request, 500)
    return refusal(Refused(codes.ERROR))


def _kind(request: Request) -> str:
    """The first part of the path: short codes and what strangers type stay out of the log."""
    return "/" + request.url.path.split("/")[1][:16]
