"""What the sandbox's KakaoTalk shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from cheonggu.delivery.message import message_id
from cheonggu.domain.alimtalk import render
from cheonggu.domain.message import Kind
from cheonggu.service import Service
from cheonggu.store import bills, practice
from cheonggu.store.postgres import Row
from cheonggu.web.sandbox.door import json_route, whose


def routes() -> list[Route]:
    """The endpoints about messages."""
    return [json_route("/sandbox/messages", "GET", _messages)]


async def _messages(service: Service, request: Request) -> dict[str, object]:
    rows = await practice.messages(service.db, *await whose(service, request))
    return {"messages": [_message(service, row) for row in rows]}


def _message(service: Service, row: Row) -> dict[str, object]:
    bill = bills.opened(row, service.keyring)
    written = render(bill, service.settings.public_url)
    sent = row["message_state"] == "SENT"
    return {
        "id": message_id(bill.partner_id, bill.bill_no, row["send_number"]),
        "billId": bill.bill_id,
        "kind": Kind.SEND if row["send_number"] == 1 else Kind.RESEND,
        "to": bill.payer_phone,
        "text": written.text,
        "buttons": written.buttons,
        "state": row["message_state"],
        "sentAt": row["settled_at"] if sent else None,
    }
