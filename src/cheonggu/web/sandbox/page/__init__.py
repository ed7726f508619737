"""The sandbox's page: a phone, bills, the wallet, the callback lab and the clock, drawn by the server.

It works by links and forms alone; a short script only spares its reader the reloading.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cheonggu.domain.codes import CODES, Refused
from cheonggu.service import Service
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web import rendering
from cheonggu.web.envelope import RETRY_AFTER_SECONDS
from cheonggu.web.forms import FormRefused
from cheonggu.web.sandbox.armed import armed
from cheonggu.web.sandbox.door import may_come_in
from cheonggu.web.sandbox.page import acts, view
from cheonggu.web.sandbox.page import events as live
from cheonggu.web.sandbox.page.act import Act, NotTaken
from cheonggu.web.sandbox.page.place import PATH, Place, place_of
from cheonggu.web.sandbox.page.words import PHRASES, say

Page = Callable[[Request, Service], Awaitable[Response]]

HEADERS: Final = {
    "Content-Security-Policy": f"{rendering.HEADERS['Content-Security-Policy']}; connect-src 'self'"
}
"""The script of this page asks us for news."""


def routes() -> list[Route]:
    """The page, what its forms do, and its events."""
    return [
        _route(PATH, "GET", _page),
        _route(f"{PATH}/events", "GET", _events),
        _route(f"{PATH}/act/{{name}}", "POST", _act),
        _route(f"{PATH}/act/{{name}}", "GET", _back),
    ]


def _route(path: str, method: str, page: Page) -> Route:
    """A route that shows a page of its own to whom it may not let in, and when the database is away."""

    async def endpoint(request: Request) -> Response:
        if not may_come_in(request):
            return _problem(request, 403, "strange")
        try:
            return await page(request, request.app.state.service)
        except DatabaseAway:
            return _problem(request, 503, "away")
        except Refused:
            return _problem(request, 404, "nobody")

    return Route(path, endpoint, methods=[method])


async def _page(request: Request, service: Service) -> Response:
    return await _shown(request, service, place_of(request))


async def _events(request: Request, service: Service) -> Response:
    return await live.events(request, service, request.app.state.watch)


async def _act(request: Request, service: Service) -> Response:
    name, place = request.path_params["name"], place_of(request)
    who = await view.who_is_meant(service, place)
    if not acts.known(name):
        return RedirectResponse(place.href(), 303, rendering.HEADERS)
    try:
        form = await acts.read_form(request, service, who)
    except FormRefused as refused:
        if refused.status == 403:
            return RedirectResponse(place.saying("stale").href(), 303, rendering.HEADERS)
        return _problem(request, refused.status, "unread")
    act = Act(request=request, service=service, who=who, place=place, form=form)
    try:
        led = await acts.do(name, act)
    except NotTaken as wrong:
        there = wrong.place or place.at("send")
        return await _shown(request, service, there, typed=dict(form), wrong=wrong)
    if isinstance(led, Place):
        return RedirectResponse(led.href(), 303, rendering.HEADERS)
    return await _shown(request, service, led.place, more=led.more)


async def _back(request: Request, _service: Service) -> Response:
    """A page that a form's answer was has that form's address: links and reloads of it lead to the page."""
    return RedirectResponse(place_of(request).href(), 303, rendering.HEADERS)


async def _shown(
    request: Request,
    service: Service,
    place: Place,
    *,
    typed: dict[str, str] | None = None,
    wrong: NotTaken | None = None,
    more: dict[str, object] | None = None,
) -> Response:
    here = str(request.base_url).rstrip("/")
    shown = await view.shown(service, place, here, request.app.state.journal, armed(request))
    keep = place.query(language=False)
    return rendering.page(
        "sandbox.html",
        place.language,
        status=400 if wrong else 200,
        headers=HEADERS,
        keep=f"&{keep}" if keep else "",
        **(shown | {"typed": typed, "wrong": wrong, "said": _said(place)} | (more or {})),
    )


def _said(place: Place) -> Markup | None:
    """A word about what was just done; a made-up address gets none."""
    name = f"said_{place.said}"
    if name not in PHRASES:
        return None
    code = CODES.get(place.code)
    why = Markup("<b>{}</b> {}").format(code.code, place.language.theirs(code.message)) if code else ""
    return say(place.language, name, why=why)


def _problem(request: Request, status: int, name: str) -> Response:
    language = place_of(request).language
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS[status])} if status in RETRY_AFTER_SECONDS else None

    def t(phrase: str, **figures: object) -> Markup:
        return say(language, phrase, **figures)

    return rendering.page(
        "sandbox_problem.html", language, status=status, headers=headers, name=name, t=t, path=PATH
    )
