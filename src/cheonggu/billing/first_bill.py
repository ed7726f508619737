"""A first bill for somebody who tries things out: what it says, and the command that sends it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, Protocol

from cheonggu.domain import won
from cheonggu.domain.hashing import request_hash
from cheonggu.domain.seoul import SEOUL

RECEIVER: Final = "/sandbox/receiver"
_PHONE: Final = "01012345678"
_PRICE: Final = "345000"


def first_bill(now: datetime, here: str) -> dict[str, str]:
    """A bill to send at `now`, real time, its callback going to the sandbox's own receiver; without hash."""
    local = now.astimezone(SEOUL)
    return {
        "billId": local.strftime("DEMO-%m%d-%H%M%S"),
        "sendType": "TALK",
        "productName": f"{local.month}월 수강료",
        "memberName": "김서연",
        "phone": _PHONE,
        "price": _PRICE,
        "message": f"{won.with_commas(int(_PRICE))}원, 이번 달도 잘 부탁드려요.",
        "callbackUrl": f"{here}{RECEIVER}",
    }


def hashed(bill: dict[str, str]) -> dict[str, str]:
    """The same bill with the hash that POST /bill wants."""
    return bill | {"hash": request_hash(bill["billId"], bill["phone"], bill["price"])}


class Caller(Protocol):
    """Who sends it. What an operator has changed is not known."""

    @property
    def api_key(self) -> str | None: ...
    @property
    def member(self) -> str | None: ...
    @property
    def merchant(self) -> str | None: ...


def envelope(caller: Caller, bill: dict[str, str]) -> dict[str, object]:
    """A request of this partner about a bill."""
    return {
        "apiKey": caller.api_key,
        "member": caller.member,
        "merchant": caller.merchant,
        "bill": bill,
    }


def curl(here: str, caller: Caller, bill: dict[str, str]) -> str:
    """The command that sends the bill, to paste into a terminal."""
    body = json.dumps(envelope(caller, hashed(bill)), ensure_ascii=False, indent=2).replace("'", "'\\''")
    return f"curl -s {here}/bill -H 'Content-Type: application/json' -d '{body}'"
