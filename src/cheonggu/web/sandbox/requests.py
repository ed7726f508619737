"""The journal over HTTP: the last requests of this process, and each with its texts."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.billing import sandbox_partners
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused, invalid
from cheonggu.service import Service
from cheonggu.web.sandbox.door import json_route
from cheonggu.web.sandbox.journal import MOST_NOTED, Journal, Note

USUAL_LIMIT: Final = 100

_PUBLIC_KEYS: Final = frozenset(partner.api_key for partner in sandbox_partners.ALL)
_OF_NOBODY: Final = frozenset({codes.PARTNER_002.code, codes.PARTNER_003.code, codes.LIMIT_001.code})
"""What is answered to a key that is none: whoever mistyped it wants to see that, too."""


def routes() -> list[Route]:
    """The endpoints about requests."""
    return [
        json_route("/sandbox/requests", "GET", _requests),
        json_route("/sandbox/requests/{entry_id}", "GET", _request),
    ]


async def _requests(_: Service, request: Request) -> dict[str, object]:
    journal = _journal(request)
    bill_id, limit = request.query_params.get("billId"), _limit(request)
    found: list[dict[str, object]] = []
    for number, note in journal.newest():
        if len(found) == limit:
            break
        if bill_id in (None, note.subject[1]) and _may_see(request, note):
            found.append(msgspec.to_builtins(journal.entry(number, note)))
    return {"requests": found}


async def _request(_: Service, request: Request) -> dict[str, object]:
    journal = _journal(request)
    found = journal.find(request.path_params["entry_id"])
    if found is None or not _may_see(request, found[1]):
        raise Refused(
            codes.HTTP_404,
            f"그런 요청이 없습니다. 프로세스마다 마지막 {MOST_NOTED}개를 기억합니다. "
            "GET /sandbox/requests에서 id를 확인해 주세요.",
        )
    return msgspec.to_builtins(journal.whole(*found))


def _journal(request: Request) -> Journal:
    return request.app.state.journal


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL_LIMIT))
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_NOTED:
        return int(text)
    raise invalid("limit", f"1부터 {MOST_NOTED}까지의 정수여야 합니다.")


def _may_see(request: Request, note: Note) -> bool:
    """Whether an entry is shown: to whoever names its apiKey, and to all if the key is public or none."""
    wanted = request.query_params.get("apiKey")
    api_key = note.subject[0]
    if wanted is not None:
        return api_key == wanted
    return not api_key or api_key in _PUBLIC_KEYS or note.told.get("code") in _OF_NOBODY
