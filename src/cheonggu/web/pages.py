"""The payer's page: one address for a bill in every state. Opening it changes nothing, ever."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from cheonggu.service import Service
from cheonggu.store.bills import PayerBill
from cheonggu.web import card_window, rendering
from cheonggu.web.addresses import in_language
from cheonggu.web.guesses import payer_of
from cheonggu.web.sheet import sheet


def routes(*, sandbox: bool) -> list[BaseRoute]:
    """The payer's pages and what they are drawn with; the practice card window only in the sandbox."""
    return [
        Route("/p/{code}", bill_page, methods=["GET"]),
        *(card_window.routes() if sandbox else []),
        Mount("/static", rendering.OwnFiles(directory=rendering.STATIC), name="static"),
    ]


async def bill_page(request: Request) -> Response:
    """The page of a bill, as it stands now."""
    service: Service = request.app.state.service
    payer = await payer_of(request)
    return bill_shown(
        request,
        payer,
        service.clock.now(),
        window_path=service.gateway.window_path(payer.bill.short_code),
        practice=service.settings.sandbox,
    )


def bill_shown(
    request: Request, payer: PayerBill, now: datetime, *, window_path: str, practice: bool
) -> Response:
    """The answer that shows a bill. `window_path` is where the gateway takes the payment."""
    language = rendering.language_of(request)
    stay = "stay" in request.query_params
    shown = sheet(payer, now, language, pay_href=in_language(window_path, language), stay=stay)
    return rendering.page(
        "bill.html",
        language,
        headers={"Refresh": shown.refresh} if shown.refresh else None,
        keep="&stay=1" if stay else "",
        sheet=shown,
        practice=practice,
    )
