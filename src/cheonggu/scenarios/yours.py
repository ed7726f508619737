"""The program under trial, as far as it lets itself be asked: to make a bill, and what its books say."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx2
import msgspec

from cheonggu.domain.json_object import json_object
from cheonggu.scenarios.words import say

ASKED_SECONDS: Final = 30.0
_SHOWN_CHARACTERS: Final = 200


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What it answered: whether it says that it went well, and what it said."""

    fine: bool
    words: str
    told: Mapping[str, Any] = {}


class Yours(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask your program; None: it cannot be asked.

    Each is a URL or a command; `{billId}` and `{price}` in either are filled in. A URL to create gets a POST
    with the bill as JSON and says 2xx when it is done; a command gets the bill as environment variables
    (`BILL_ID`, `BILL_PRICE`, …) and ends with 0. Books answer with JSON: `{"state", "amount", "payments"}`.
    """

    create: str | None = None
    books: str | None = None
    korean: bool = False
    """Whether it is told in Korean that it could not be asked."""

    def make(self, bill: Mapping[str, str]) -> Heard:
        """Have it create a bill by its own code."""
        assert self.create is not None
        return _ask("POST", self.create, bill, korean=self.korean)

    def booked(self, bill: Mapping[str, str]) -> Heard:
        """What it has in its books about a bill."""
        assert self.books is not None
        return _ask("GET", self.books, bill, korean=self.korean)


def _ask(method: str, hook: str, bill: Mapping[str, str], *, korean: bool) -> Heard:
    if hook.startswith(("http://", "https://")):
        return _over_http(method, hook, bill, korean=korean)
    return _as_command(hook, bill, korean=korean)


def _over_http(method: str, hook: str, bill: Mapping[str, str], *, korean: bool) -> Heard:
    url = _filled(hook, {name: quote(value, safe="") for name, value in bill.items()})
    body = dict(bill) if method == "POST" else None
    try:
        answer = httpx2.request(method, url, json=body, timeout=ASKED_SECONDS, trust_env=False)
    except httpx2.HTTPError as error:
        return Heard(fine=False, words=say("no_answer", korean=korean, url=url, error=error))
    return Heard(
        fine=answer.is_success,
        words=f"HTTP {answer.status_code} {_short(answer.text)}".rstrip(),
        told=json_object(answer.text) or {},
    )


def _as_command(hook: str, bill: Mapping[str, str], *, korean: bool) -> Heard:
    command = [_filled(word, bill) for word in shlex.split(hook)]
    named = {
        "BILL_ID": bill["billId"],
        "BILL_PRICE": bill["price"],
        "BILL_PAYER": bill["memberName"],
        "BILL_PHONE": bill["phone"],
        "BILL_PRODUCT": bill["productName"],
        "BILL_SEND_TYPE": bill["sendType"],
        "BILL_CALLBACK_URL": bill["callbackUrl"],
    }
    try:
        ended = subprocess.run(  # noqa: S603 - the user's own command
            command,
            env=os.environ | named,
            capture_output=True,
            text=True,
            timeout=ASKED_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        words = say("not_ended", korean=korean, command=command[0], error=error)
        return Heard(fine=False, words=words)
    said = ended.stdout if ended.returncode == 0 else ended.stderr or ended.stdout
    return Heard(
        fine=ended.returncode == 0,
        words=f"exit {ended.returncode} {_short(said)}".rstrip(),
        told=json_object(ended.stdout) or {},
    )


def _filled(text: str, bill: Mapping[str, str]) -> str:
    return text.replace("{billId}", bill["billId"]).replace("{price}", bill["price"])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"
