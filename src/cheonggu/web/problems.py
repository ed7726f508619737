"""The page for when there is no bill to show. It knows nothing of any bill, and needs no database."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cheonggu.web import rendering
from cheonggu.web.addresses import bill_path, code_of
from cheonggu.web.envelope import RETRY_AFTER_SECONDS


class _Problem(msgspec.Struct, frozen=True):
    name: str
    tone: str = "rest"
    link: str | None = "back_to_bill"


_UNKNOWN: Final = _Problem("unknown", link=None)
_AWAY: Final = _Problem("away", "wait", "open_again")
_UNREAD: Final = _Problem("unread")
_PROBLEMS: Final = {403: _Problem("stale"), 404: _UNKNOWN, 429: _Problem("throttled", "wait", None)}
_POSTED: Final = ("/card", "/pay")
"""How the paths of pages end that take a form."""


def page_error(request: Request, status: int) -> Response:
    """The page that says why there is none: unknown link, bad form, or our own fault."""
    problem = _PROBLEMS.get(status, _AWAY if status >= 500 else _UNREAD)
    language = rendering.language_of(request)
    path = request.url.path
    code = code_of(path)
    headers: dict[str, str] = {}
    if status in RETRY_AFTER_SECONDS:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS[status])
    if status == 405:
        headers["Allow"] = "GET, HEAD, POST" if path.endswith(_POSTED) else "GET, HEAD"
    return rendering.page(
        "problem.html",
        language,
        status=status,
        headers=headers,
        name=problem.name,
        tone=problem.tone,
        link=problem.link if code else None,
        href=bill_path(code, language) if code else "",
    )
