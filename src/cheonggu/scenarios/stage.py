"""What a scenario is played on: a sandbox, one partner of it, your program, and the bills made so far."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self, TypeVar

from cheonggu.client import Client, Created, Done, Outcome, Refused
from cheonggu.sandbox.remote import Remote
from cheonggu.sandbox.waiting import wait_until
from cheonggu.scenarios.report import Broken
from cheonggu.scenarios.words import say
from cheonggu.scenarios.yours import Yours

T = TypeVar("T")

WAIT_SECONDS: Final = 20.0
"""A callback is tried at once and may take ten seconds; a payment's fate is asked for within five."""
_PAYER: Final = ("김서연", "01012345678", "시나리오 연습")
_TAG_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass
class Stage:
    """`partner` is what GET /sandbox/partners tells of the one that the scenario is played for."""

    remote: Remote
    clients: Callable[[str | None], Client]
    """A client that sends a test code with every request, or none."""
    partner: Mapping[str, Any]
    yours: Yours
    callback_url: str
    wait_seconds: float = WAIT_SECONDS
    korean: bool = False
    """Whether what is found is told in Korean."""
    earlier: frozenset[str] = frozenset()
    """The messages that were there before."""
    bills: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    asked: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """What the runner itself asked of the partner API, by operation and billId."""
    _tag: str = field(default_factory=lambda: "".join(secrets.choice(_TAG_LETTERS) for _ in range(10)))

    @classmethod
    def begun(cls, remote: Remote, **given: Any) -> Self:
        """A stage that knows which messages were there before."""
        return cls(remote=remote, earlier=frozenset(_message_ids(remote, None)), **given)

    @cached_property
    def client(self) -> Client:
        """A client without a test code."""
        return self.clients(None)

    def say(self, name: str, /, **figures: object) -> str:
        """One of our sentences, in the language of the report."""
        return say(name, korean=self.korean, **figures)

    def bill(self, alias: str) -> dict[str, str]:
        """A bill that was made before, as it was asked for."""
        return self.bills[alias]

    def bill_id(self, alias: str) -> str:
        """Its id."""
        return self.bills[alias]["billId"]

    def new_bill(self, alias: str, **given: str | None) -> dict[str, str]:
        """A bill to be made; the same again for an alias that was there before."""
        name, phone, product = _PAYER
        bill_id = self.bills.get(alias, {}).get("billId") or f"SC{self._tag}-{alias}"
        bill = {
            "billId": bill_id,
            "productName": product,
            "memberName": name,
            "phone": phone,
            "callbackUrl": self.callback_url,
        } | {field: text for field, text in given.items() if text is not None}
        self.bills[alias] = bill
        return bill

    def stands(self, alias: str) -> str | None:
        """The bill's state on the wire, or None where there is no such bill."""
        bill_id = self.bill_id(alias)
        self.asked["billRead", bill_id] += 1
        outcome = self.client.read(bill_id)
        if isinstance(outcome, Done):
            return outcome.data.state.value
        if isinstance(outcome, Refused) and outcome.code == "BILL_003":
            return None
        raise Broken(self.say("not_read", message=outcome.message))

    def send(self, bill: Mapping[str, str], test_code: str | None) -> Outcome[Created]:
        """Create a bill as a partner's program would."""
        self.asked["billSend", bill["billId"]] += 1
        return self.clients(test_code).create(
            bill_id=bill["billId"],
            price=bill["price"],
            phone=bill["phone"],
            payer_name=bill["memberName"],
            product_name=bill["productName"],
            callback_url=bill["callbackUrl"],
            send_type="URL" if bill["sendType"] == "URL" else "TALK",
            last_day=bill.get("expireDt"),
        )

    def new_messages(self, bill_id: str | None) -> list[str]:
        """The ids of the messages of a bill, or of all bills, that were made since the scenario began."""
        return [one for one in _message_ids(self.remote, bill_id) if one not in self.earlier]

    def callbacks(self, alias: str) -> Sequence[Mapping[str, Any]]:
        """The bill's callbacks, oldest first."""
        return self.remote.get("/sandbox/callbacks", billId=self.bill_id(alias))["callbacks"]

    def until(self, look: Callable[[], T | None]) -> T | None:
        """What `look` finds, as soon as it finds something; None after `wait_seconds`."""
        return wait_until(look, self.wait_seconds)


def _message_ids(remote: Remote, bill_id: str | None) -> list[str]:
    return [message["id"] for message in remote.get("/sandbox/messages", billId=bill_id)["messages"]]
