"""What `cheonggu dev` says when it starts: where things are, who one is, and a first bill to paste."""

from __future__ import annotations

from datetime import datetime

from cheonggu.billing import sandbox_partners
from cheonggu.billing.first_bill import RECEIVER, curl, first_bill
from cheonggu.config import Settings
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
    bill = first_bill(datetime.now(SEOUL), here)
    return f"""
Cheonggu, sandbox mode: a practice ground. No money moves, no message leaves this machine.

  Sandbox    {here}/sandbox   <- open this: a phone, bills, callbacks, a clock
  API        {here}   (and the same under /partner){public}
  Docs       {here}/docs
  Data       {settings.data_dir}

  apiKey     {partner.api_key}
  member     {partner.member}
  merchant   {partner.merchant}
  webhook    {partner.webhook_secret}

Your first bill. Paste this into another terminal, open the shortUrl that comes back, and pay:

{curl(here, partner, bill)}

Its message: curl -s '{here}/sandbox/messages?billId={bill["billId"]}'
Its callback goes to {here}{RECEIVER}, which only says here that it came; use your own URL instead.
Ctrl-C stops everything and {ending}.
"""
