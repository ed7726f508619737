"""What `cheonggu dev` says when it starts: where things are, who one is, and a first bill to paste."""

from __future__ import annotations

import json
from datetime import datetime

from cheonggu.billing import sandbox_partners
from cheonggu.config import Settings
from cheonggu.domain import won
from cheonggu.domain.hashing import request_hash
from cheonggu.domain.seoul import SEOUL

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - to say how to reach it from here


def near(settings: Settings) -> str:
    """The service's address for somebody on this machine."""
    host = _EVERYWHERE.get(settings.host)
    return f"http://{host}:{settings.port}" if host else settings.origin


def text(settings: Settings, ending: str) -> str:
    """The whole welcome; `ending` says what the end does to the data."""
    here, partner = near(settings), sandbox_partners.FIRST
    public = "" if settings.public_url == settings.origin else f"\n  Links      {settings.public_url}"
    now = datetime.now(SEOUL)
    bill_id = now.strftime("DEMO-%m%d-%H%M%S")
    return f"""
Cheonggu, sandbox mode: a practice ground. No money moves, no message leaves this machine.

  API        {here}   (and the same under /partner){public}
  Docs       {here}/docs
  Messages   {here}/sandbox/messages
  Callbacks  {here}/sandbox/callbacks
  Data       {settings.data_dir}

  apiKey     {partner.api_key}
  member     {partner.member}
  merchant   {partner.merchant}
  webhook    {partner.webhook_secret}

Your first bill. Paste this into another terminal, open the shortUrl that comes back, and pay:

{_curl(here, bill_id, f"{now.month}월 수강료")}

Its message: curl -s '{here}/sandbox/messages?billId={bill_id}'
Its callback goes to {here}/sandbox/receiver, which only says here that it came; use your own URL instead.
Ctrl-C stops everything and {ending}.
"""


def _curl(here: str, bill_id: str, product: str) -> str:
    partner, phone, price = sandbox_partners.FIRST, "01012345678", "345000"
    bill = {
        "billId": bill_id,
        "sendType": "TALK",
        "productName": product,
        "memberName": "김서연",
        "phone": phone,
        "price": price,
        "message": f"{won.with_commas(int(price))}원, 이번 달도 잘 부탁드려요.",
        "hash": request_hash(bill_id, phone, price),
        "callbackUrl": f"{here}/sandbox/receiver",
    }
    envelope = {
        "apiKey": partner.api_key,
        "member": partner.member,
        "merchant": partner.merchant,
        "bill": bill,
    }
    body = json.dumps(envelope, ensure_ascii=False, indent=2)
    return f"curl -s {here}/bill -H 'Content-Type: application/json' -d '{body}'"
