"""Hands for everything around the code under test: what a partner, its payers and its receiver do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from cheonggu.client import AsyncClient, Client, Created, Done, State
from cheonggu.sandbox.remote import Remote
from cheonggu.testing import journal
from cheonggu.testing.clock import Clock
from cheonggu.testing.parts import Bill, Callback, Partner, Request, callback_of
from cheonggu.testing.phone import Phone
from cheonggu.testing.receiver import Receiver
from cheonggu.testing.waiting import NotSo

if TYPE_CHECKING:
    from cheonggu.testing.service import Service

__tracebackhide__ = True  # pytest shows the test's own line


class Hands:
    """What a test can do as, or to, a partner of its own."""

    def __init__(self, service: Service, partner: Partner, held: ExitStack) -> None:
        self.service = service
        self.partner = partner
        self.remote = Remote(service.base_url, partner.api_key)
        """For an endpoint under /sandbox that has no method here."""
        self.phone = Phone(self.remote, service.patience_seconds)
        self.clock = Clock(self.remote, service.claim_the_clock)
        self.last_payment: dict[str, Mapping[str, Any]] = {}
        """By bill, what `pay` was told last, in full."""
        self._held = held
        self._numbers = count(1)

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self.service.base_url

    @property
    def api_key(self) -> str:
        """The partner's apiKey."""
        return self.partner.api_key

    @property
    def member(self) -> str:
        """Who acts."""
        return self.partner.member

    @property
    def merchant(self) -> str:
        """For whom."""
        return self.partner.merchant

    @property
    def webhook_secret(self) -> str:
        """What the partner's callbacks are signed with."""
        return self.partner.webhook_secret

    @cached_property
    def client(self) -> Client:
        """A client of the API for this partner; it is closed after the test."""
        return self._held.enter_context(
            Client(
                self.base_url,
                api_key=self.api_key,
                member=self.member,
                merchant=self.merchant,
                idempotency=True,
            )
        )

    def async_client(self) -> AsyncClient:
        """A new async client for this partner, to be used in `async with`."""
        return AsyncClient(
            self.base_url, api_key=self.api_key, member=self.member, merchant=self.merchant, idempotency=True
        )

    @cached_property
    def receiver(self) -> Receiver:
        """A callback receiver of the test's own, in this process."""
        receiver = self.service.receiving.open(
            f"{self.partner.number}", self.webhook_secret, self.service.patience_seconds
        )
        self._held.callback(self.service.receiving.forget, receiver)
        return receiver

    def bill(self, **given: Any) -> Bill:
        """A bill made through the API, as `client.create` takes it; whatever is not given is made up.

        Its callback goes to `receiver`. Raises NotSo when the API does not make it.
        """
        asked: dict[str, Any] = {
            "bill_id": f"BILL-{next(self._numbers)}",
            "price": 10_000,
            "phone": "01012345678",
            "payer_name": "김서연",
            "product_name": "수강료",
            **given,
        }
        if "callback_url" not in asked:
            asked["callback_url"] = self.receiver.url
        outcome = self.client.create(**asked)
        if not isinstance(outcome, Done):
            tried = self.requests(asked["bill_id"])
            because = journal.refusal(tried[-1]) if tried else outcome.message
            raise NotSo(f"The bill {asked['bill_id']} was not made: {because}")
        created: Created = outcome.data
        return Bill(
            bill_id=created.bill_id,
            price=str(asked["price"]),
            phone=asked["phone"],
            short_url=created.short_url or "",
        )

    def seed(self, *bills: Mapping[str, Any]) -> Mapping[str, Any]:
        """Bills of this partner in any state, as a seed's `bills` say it: `{"billId": …, "state": "PAID"}`.

        What the sandbox tells of them. Their callbacks go to `receiver` unless they name another address. An
        EXPIRED one moves the clock. Raises SandboxRefused with the entry and the field that do not fit.
        """
        if any(bill.get("state") == "EXPIRED" for bill in bills):
            self.service.claim_the_clock()
        ours = {"partner": self.partner.name, "callbackUrl": self.receiver.url}
        everybody = Remote(self.base_url)  # a seed names the partner of each entry
        return everybody.post("/sandbox/seed", {"bills": [{**ours, **bill} for bill in bills]})

    def pay(self, bill_id: str, outcome: str = "APPROVE", **particulars: Any) -> State:
        """Pay in the payer's place, as the payer's page does; the bill's state afterwards.

        Outcomes and particulars (`code`, `months`, `times`) are as for POST /sandbox/pay. A payment that was
        refused or declined is no error. Raises SandboxRefused for a bill or an outcome that there is not.
        """
        if outcome == "AFTER_EXPIRY":  # which moves the clock
            self.service.claim_the_clock()
        told = self.remote.post("/sandbox/pay", {"billId": bill_id, "outcome": outcome, **particulars})
        self.last_payment[bill_id] = told
        return State(told["state"])

    def message_outcome(self, outcome: str, bill_id: str | None = None) -> None:
        """What becomes of the bill's next message (it need not exist yet), or without an id of all."""
        self.remote.post("/sandbox/message-outcome", {"billId": bill_id, "outcome": outcome})

    def refund_outcome(self, bill_id: str, outcome: str) -> None:
        """What the gateway does when the paid bill is cancelled next."""
        self.remote.post("/sandbox/refund-outcome", {"billId": bill_id, "outcome": outcome})

    def answer_next(self, code: str, *, operation: str | None = None, times: int | None = None) -> None:
        """How the partner's next requests end: with a code, as POINT_001, or a time-out, as LOST_AFTER."""
        self.remote.post("/sandbox/test-code", {"code": code, "operation": operation, "times": times})

    def requests(self, bill_id: str | None = None) -> list[Request]:
        """What the code under test sent (about one bill), oldest first, with why it was refused."""
        return journal.requests(self.remote, bill_id)

    def callbacks(self, bill_id: str | None = None) -> list[Callback]:
        """The bill's callbacks (without an id, the partner's), oldest first, with every attempt."""
        told = self.remote.get("/sandbox/callbacks", billId=bill_id)["callbacks"]
        return [callback_of(one) for one in told]

    def resend_callback(self, callback: Callback) -> Callback:
        """Make a callback due now, whatever became of it."""
        return callback_of(self.remote.post(f"/sandbox/callbacks/{callback.id}/resend"))

    def trouble(
        self, kind: str, *, bill_id: str | None = None, times: int | None = None, seconds: float | None = None
    ) -> None:
        """Let callbacks go wrong: LOST or ANSWER_LOST, `times` times; DOWN for `seconds` of business time."""
        asked = {"kind": kind, "billId": bill_id, "times": times, "seconds": seconds}
        self.remote.post("/sandbox/callbacks/trouble", asked)

    def points(self, balance: int, *, merchant: str | None = None) -> None:
        """Set the wallet's points; of a merchant, where each has its own."""
        self.remote.post("/sandbox/points", {"balance": balance, "merchant": merchant})

    def reset(self) -> None:
        """Start over: every partner of the service loses its bills, and the clock goes back."""
        self.service.reset()
