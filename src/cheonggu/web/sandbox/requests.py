"""The journal over HTTP: the last requests of this process, and each with its texts."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused, invalid
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.partners import key_hash
from cheonggu.web.sandbox.door import json_route
from cheonggu.web.sandbox.journal import MOST_NOTED, Journal, Note

USUAL_LIMIT: Final = 100


def routes() -> list[Route]:
    """The endpoints about requests."""
    return [
        json_route("/sandbox/requests", "GET", _requests),
        json_route("/sandbox/requests/{entry_id}", "GET", _request),
    ]


async def _requests(service: Service, request: Request) -> dict[str, object]:
    journal, limit = _journal(request), _limit(request)
    bill_id = request.query_params.get("billId")
    found = [one for one in journal.newest() if bill_id in (None, one[1].subject[1])]
    found = await _visible(service, request, found)
    return {"requests": [msgspec.to_builtins(journal.entry(*one)) for one in found[:limit]]}


async def _request(service: Service, request: Request) -> dict[str, object]:
    journal = _journal(request)
    found = journal.find(request.path_params["entry_id"])
    if found is None or not await _visible(service, request, [found]):
        raise Refused(
            codes.HTTP_404,
            f"그런 요청이 없습니다. 프로세스마다 마지막 {MOST_NOTED}개를 기억합니다. "
            "GET /sandbox/requests에서 id를 확인해 주세요.",
        )
    return msgspec.to_builtins(journal.whole(*found))


async def _visible(
    service: Service, request: Request, found: list[tuple[int, Note]]
) -> list[tuple[int, Note]]:
    """What is shown: what came with the apiKey that is named; without one, all but private partners'."""
    wanted = request.query_params.get("apiKey")
    if wanted is not None:
        return [one for one in found if one[1].subject[0] == wanted]
    hashes = {api_key: key_hash(api_key) for api_key in {one[1].subject[0] for one in found}}
    private = await practice.private_keys(service.db, list(hashes.values()))
    return [one for one in found if hashes[one[1].subject[0]] not in private]


def _journal(request: Request) -> Journal:
    return request.app.state.journal


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL_LIMIT))
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_NOTED:
        return int(text)
    raise invalid("limit", f"1부터 {MOST_NOTED}까지의 정수여야 합니다.")
