"""A callback receiver inside the test's own process: it keeps what comes, and answers as the test says."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cheonggu.client import ACCEPTED, NOT_ACCEPTED, SignatureWrong, verify_signature
from cheonggu.domain.json_object import json_object
from cheonggu.testing.waiting import NotSo

__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answers; a status of None hangs up without an answer."""

    status: int | None = 200
    body: bytes | str | Mapping[str, Any] = ACCEPTED
    delay_seconds: float = 0.0

    def encoded(self) -> bytes:
        """The body's bytes; a mapping becomes JSON."""
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        return text.encode()


ACCEPT: Final = Reply()
"""What counts."""
HANG_UP: Final = Reply(status=None)
"""The connection is lost before an answer."""
REFUSE: Final = Reply(body=NOT_ACCEPTED)
"""HTTP 200 with a code that does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A callback as it came in. Names of headers are lower case."""

    body: bytes
    headers: Mapping[str, str]
    query: str
    webhook_secret: str = field(repr=False)

    @property
    def json(self) -> dict[str, Any]:
        """The body; empty when it is no JSON object."""
        return json_object(self.body) or {}

    @property
    def bill_id(self) -> str | None:
        """Which bill it is about, in any of the profiles' spellings."""
        told = self.json
        return told.get("billId") or told.get("bill_id")

    @property
    def is_signed(self) -> bool:
        """Whether it was signed with the partner's webhook secret, just now."""
        return self.signature_wrong is None

    @property
    def signature_wrong(self) -> str | None:
        """Why the signature does not hold, in words."""
        try:
            verify_signature(self.body, self.headers, self.webhook_secret)
        except SignatureWrong as wrong:
            return str(wrong)
        return None


class Receiver:
    """What one test's callbacks come to. Give `url` as the callbackUrl; a query may be added to it.

    `reply` is the answer to every callback, or a function of the callback that gives it; the function runs in
    the receiver's thread.
    """

    def __init__(self, url: str, webhook_secret: str, patience_seconds: float) -> None:
        self.url = url
        self.webhook_secret = webhook_secret
        self.reply: Reply | Callable[[Received], Reply] = ACCEPT
        self._patience_seconds = patience_seconds
        self._next: deque[Reply] = deque()
        self._received: list[Received] = []
        self._change = threading.Condition()

    @property
    def received(self) -> list[Received]:
        """Everything that came so far, oldest first."""
        with self._change:
            return list(self._received)

    def reply_next(self, *replies: Reply) -> None:
        """Answer the next callbacks with these, one each, before `reply` counts again."""
        with self._change:
            self._next.extend(replies)

    def wait_for(
        self, bill_id: str | None = None, *, count: int = 1, seconds: float | None = None
    ) -> Received:
        """The bill's callback (any bill's without an id), or its `count`-th. Raises NotSo when none comes."""
        patience = self._patience_seconds if seconds is None else seconds

        def there() -> Received | None:
            found = [one for one in self._received if bill_id in (None, one.bill_id)]
            return found[count - 1] if len(found) >= count else None

        with self._change:
            came = self._change.wait_for(there, patience)
            if came is None:
                raise NotSo(self._missing(bill_id, count, patience))
            return came

    def take(self, received: Received) -> Reply:
        """Keep a callback and say what to answer."""
        with self._change:
            self._received.append(received)
            self._change.notify_all()
            reply = self._next.popleft() if self._next else self.reply
        if not callable(reply):
            return reply
        try:
            return reply(received)
        except Exception as error:  # noqa: BLE001 - it is the test's own; whoever looks at the attempt sees it
            return Reply(500, f"the receiver's reply raised {error!r}")

    def _missing(self, bill_id: str | None, count: int, seconds: float) -> str:
        what = "a callback" if bill_id is None else f"a callback about {bill_id}"
        which = what if count == 1 else f"{what}, number {count}"
        others = ", ".join(str(one.bill_id) for one in self._received)
        so_far = f"Received so far: {others}." if others else "Nothing was received."
        return (
            f"The receiver waited {seconds:g} s for {which}. {so_far} Was the bill's callbackUrl {self.url}?"
        )
