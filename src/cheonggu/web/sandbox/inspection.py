"""The vendor's inspection, rehearsed: the five bills that it asks for, and the mail that sends their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain import inspection
from cheonggu.domain.bill import State
from cheonggu.domain.inspection import ITEMS, ItemName, Shown, Verdict
from cheonggu.domain.inspection_mail import Mail, draft
from cheonggu.service import Service
from cheonggu.store import practice
from cheonggu.store.postgres import Row
from cheonggu.web.docs_page import SANDBOX_RECEIVER
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route
from cheonggu.web.sandbox.journal import Journal


class _Inspection(Asked, kw_only=True):
    approved: str | None = None
    cancelled: str | None = None
    destroyed: str | None = None
    read: str | None = None
    callback: str | None = None


_RULES: Final[dict[str, str]] = dict.fromkeys(ITEMS, "청구서 ID를 문자열로 적거나 빼 주세요.")


def routes() -> list[Route]:
    """The endpoint about the inspection."""
    return [json_route("/sandbox/inspection", "POST", _inspect)]


async def _inspect(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Inspection, _RULES)
    partner = await door.partner(service, request, asked.apiKey)
    journal: Journal = request.app.state.journal
    read = journal.reads(asked.apiKey)
    verdicts, mail = await rehearsed(service, partner.partner_id, asked.apiKey, read, _given(asked))
    return {
        "passed": all(one.passed for one in verdicts),
        "items": [msgspec.to_builtins(one) for one in verdicts],
        "mail": msgspec.to_builtins(mail),
    }


async def rehearsed(
    service: Service, partner_id: int, api_key: str, read: Sequence[str], given: Mapping[ItemName, str]
) -> tuple[list[Verdict], Mail]:
    """The five verdicts and the mail, of the bills in `given` and else of the best of the partner's.

    `read` are the bills whose /bill/read was answered.
    """
    rows = await practice.bills_to_show(service.db, partner_id, [*given.values(), *read])
    bills = [_shown(row, was_read=set(read)) for row in rows]
    verdicts = inspection.inspect(bills, given)
    return verdicts, draft(api_key, verdicts, bills)


def _given(asked: _Inspection) -> dict[ItemName, str]:
    named: dict[ItemName, str | None] = {item: getattr(asked, item) for item in ITEMS}
    return {item: bill_id for item, bill_id in named.items() if bill_id}


def _shown(row: Row, *, was_read: set[str]) -> Shown:
    return Shown(
        bill_id=row["bill_id"],
        state=State(row["state"]),
        member=row["member_code"],
        merchant=row["merchant_code"],
        callback_url=row["callback_url"],
        callback_state=row["callback_state"],
        callback_reason=row["callback_reason"],
        practice_receiver=urlsplit(str(row["callback_url"])).path == SANDBOX_RECEIVER,
        was_read=row["bill_id"] in was_read,
    )
