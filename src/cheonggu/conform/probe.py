"""What a check has in hand: it asks, says what it expects, and notes where the answer differs."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cheonggu.conform.check import OWN, Check
from cheonggu.conform.target import NOBODYS_PHONE, NOWHERE, PAYER, Target, Who
from cheonggu.conform.wire import Answer, Exchange, NoAnswer, Wire
from cheonggu.domain import codes
from cheonggu.domain.codes import Code
from cheonggu.domain.hashing import request_hash

if TYPE_CHECKING:
    from cheonggu.conform.bills import Bills
    from cheonggu.conform.receiver import Receiver
    from cheonggu.conform.sandbox import Sandbox

PRICE: Final = "1000"
PREFIX: Final = "CONF"
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are read as others."""
_JSON: Final = {"Content-Type": "application/json"}
_NOT_OURS: Final = frozenset({codes.PARTNER_002.code, codes.PARTNER_003.code, codes.PARTNER_006.code})


class Difference(msgspec.Struct, frozen=True):
    """What was expected and what came; `mark` says where the expectation comes from."""

    mark: str
    expected: str
    answered: str


class Differs(Exception):
    """The check cannot go on; its differences are noted."""


class NotTried(Exception):
    """The check cannot be tried, and this is why."""


class Stopped(Exception):
    """The whole run must not go on, and this is why."""


class Made(msgspec.Struct):
    """A bill that the run made, or may have made: it has to be tidied up."""

    bill_id: str
    price: str
    who: Who
    short_url: str = ""
    state: str = "open"
    was_paid: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it has to be tidied up."""
        return self.state not in ("destroyed", "cancelled")


class Probe:
    """A run's way to the server. `...` for a field's value leaves the field out.

    `seen_before` is what a check judges although it came while another one was tried.
    """

    bills: Bills
    sandbox: Sandbox
    receiver: Receiver | None = None

    def __init__(self, target: Target, wire: Wire) -> None:
        self.target = target
        self.wire = wire
        self.made: dict[tuple[str, str], Made] = {}
        self.differences: list[Difference] = []
        self.seen_before: list[Exchange] = []
        self._check: Check | None = None
        self._token = "".join(secrets.choice(_LETTERS) for _ in range(9))
        self._numbers = itertools.count(1)

    def begin(self, check: Check) -> None:
        """From now on differences are this check's."""
        self._check = check
        self.differences = []
        self.seen_before = []

    # Asking

    def new_number(self) -> int:
        """A billId of this run as a JSON number; no bill is likely to have it."""
        return 9 * 10**18 + secrets.randbelow(10**18)

    def new_id(self) -> str:
        """A billId of this run that was not used; at most 19 characters."""
        return f"{PREFIX}-{self._token}-{next(self._numbers):04}"

    def ask(
        self,
        path: str,
        bill: object = ...,
        *,
        who: Who | None = None,
        headers: Mapping[str, str] | None = None,
        head: Mapping[str, object] | None = None,
    ) -> Answer:
        """Ask an operation; `head` are fields beside the bill, or in place of those that say who asks."""
        who = who or self.target.who
        envelope = _without_absent({**who.envelope, **(head or {}), "bill": bill})
        answer = self.ask_raw(path, json.dumps(envelope, ensure_ascii=False).encode(), headers, of=envelope)
        if who == self.target.who and not head:
            _stop_if_refused(answer)
        return answer

    def ask_raw(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        of: Mapping[str, Any] | None = None,
        base_url: str | None = None,
    ) -> Answer:
        """Ask an operation with these very bytes; `of` is their envelope where they may change a bill."""
        url = (self.target.api if base_url is None else base_url) + path
        try:
            answer = self.wire.send("POST", url, body, _JSON if headers is None else headers, api=True)
        except NoAnswer as lost:
            if lost.sent:
                self._keep(path, of, None)
            raise
        self._keep(path, of, answer)
        return answer

    def _keep(self, path: str, of: Mapping[str, Any] | None, answer: Answer | None) -> None:
        """Remember what a bill became by an answer, or may have become by none."""
        bill = None if of is None else of.get("bill")
        if of is None or not isinstance(bill, dict) or (answer is not None and not answer.done):
            return
        key = (str(of.get("apiKey")), str(bill.get("billId")))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        if path == "/bill" and key not in self.made:
            who = Who(key[0], str(of.get("member")), str(of.get("merchant")))
            price = str(bill.get("price"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            self.made[key] = Made(key[1], price, who)
        if key in self.made and answer is not None:
            made = self.made[key]
            made.state = {"/bill/destroy": "destroyed", "/bill/cancel": "cancelled"}.get(path, made.state)
            if path == "/bill":
                made.short_url = str(answer.data.get("shortUrl"))

    def a_bill(self, **given: Any) -> dict[str, object]:
        """The `bill` of a create: a URL bill of 1,000 won, sound and rightly hashed but for what is given."""
        bill: dict[str, Any] = {
            "billId": self.new_id(),
            "sendType": "URL",
            "productName": "적합성 점검",
            "price": PRICE,
            "memberName": PAYER,
            "phone": self.target.talk_phone or NOBODYS_PHONE,
            "callbackUrl": self.receiver.url if self.receiver else NOWHERE,
        } | given
        parts = [str(bill[name]) for name in ("billId", "phone", "price")]
        return _without_absent({"hash": request_hash(*parts)} | bill)

    def create(
        self, *, who: Who | None = None, headers: Mapping[str, str] | None = None, **given: Any
    ) -> Answer:
        """POST /bill."""
        return self.ask("/bill", self.a_bill(**given), who=who, headers=headers)

    def destroy(
        self,
        bill_id: str,
        price: object = PRICE,
        *,
        who: Who | None = None,
        headers: Mapping[str, str] | None = None,
        **given: Any,
    ) -> Answer:
        """POST /bill/destroy, rightly hashed."""
        bill = {"billId": bill_id, "price": price, "hash": request_hash(bill_id, str(price))} | given
        return self.ask("/bill/destroy", _without_absent(bill), who=who, headers=headers)

    def cancel(self, bill_id: str, price: object = PRICE, *, who: Who | None = None, **given: Any) -> Answer:
        """POST /bill/cancel, rightly hashed."""
        digest = request_hash(bill_id, str(price))
        bill = {"billId": bill_id, "price": price, "cancelReason": "적합성 점검", "hash": digest} | given
        return self.ask("/bill/cancel", _without_absent(bill), who=who)

    def read(self, bill_id: object, *, who: Who | None = None) -> Answer:
        """POST /bill/read."""
        return self.ask("/bill/read", _without_absent({"billId": bill_id}), who=who)

    def resend(self, bill_id: object, *, who: Who | None = None) -> Answer:
        """POST /bill/resend."""
        return self.ask("/bill/resend", _without_absent({"billId": bill_id}), who=who)

    def balance(self, of: str = "/read/remain_count") -> int:
        """The points in the partner's wallet, or in the one that pays for the merchant."""
        points = self.ask(of).data.get("balance")
        if type(points) is not int:
            raise NotTried(f"{of} tells no balance: see the checks of balance")
        return points

    def until(
        self, condition: Callable[[], bool], seconds: float | None = None, pause_seconds: float = 0.05
    ) -> bool:
        """Whether it comes true in time: by default in that of a callback."""
        seconds = self.target.callback_seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while not (holds := condition()) and time.monotonic() < deadline:
            time.sleep(min(pause_seconds, seconds / 20))
        return holds

    # Expecting

    def differs(self, expected: str, answered: str, mark: str | None = None) -> None:
        """Note a difference; an expectation within a check of our own decisions is one of them."""
        of_check = self._check.mark if self._check else OWN
        mark = OWN if of_check == OWN else (mark or of_check)
        self.differences.append(Difference(mark, expected, answered))

    def holds(self, condition: object, expected: str, answered: str, mark: str | None = None) -> None:
        """Expect a condition to be true."""
        if not condition:
            self.differs(expected, answered, mark)

    def equal(self, name: str, expected: object, found: object, mark: str | None = None) -> None:
        """Expect a value, of the very same type."""
        same = type(expected) is type(found) and expected == found
        self.holds(same, f"{name} is {expected!r}", f"{name} is {found!r}", mark)

    def echoed(self, data: Mapping[str, Any], sent: Mapping[str, object], mark: str | None = None) -> None:
        """Expect that an answer's data repeats what was sent."""
        for name, value in sent.items():
            self.holds(data.get(name) == value, f"{name} as it was sent", f"another {name}, or none", mark)

    def done(self, answer: Answer) -> Mapping[str, Any]:
        """Expect that it was carried out; its data. Without that the check ends."""
        if not answer.done:
            self.differs("HTTP 200, code '0000'", answer.told)
            raise Differs
        self.equal("the HTTP status", 200, answer.status, "D")
        return answer.data

    def refused(self, answer: Answer, code: Code) -> None:
        """Expect a refusal with this code and its HTTP status."""
        if answer.done or answer.envelope is None:
            self.differs(f"refused with {code.code}", answer.told)
            return
        self.equal("the code", code.code, answer.code, code.mark)
        status_mark = "D" if code is codes.VALIDATION_001 else code.mark
        self.equal("the HTTP status", code.http_status, answer.status, status_mark)

    def says(self, answer: Answer, text: str) -> None:
        """Expect a text in the envelope's message."""
        message = str((answer.envelope or {}).get("message"))
        self.holds(text in message, f"the message has {text!r}", f"it is {message!r}")


def _without_absent(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not ...}


def _stop_if_refused(answer: Answer) -> None:
    """Go on against nobody who refuses our key, or who has had enough."""
    if (isinstance(answer.code, str) and answer.code in _NOT_OURS) or answer.status in (401, 403):
        raise Stopped(f"The apiKey, member or merchant was refused: {answer.told}.")
    if answer.status == 429:
        raise Stopped("The server has had enough of us (HTTP 429): ask more slowly, with --per-second.")
