"""What one test gets: a partner of its own on a running service, and hands for everything around it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from cheonggu.client import AsyncClient, BillStatus, Client, Created, Done, State
from cheonggu.sandbox.remote import Remote
from cheonggu.testing import judging
from cheonggu.testing.clock import Clock
from cheonggu.testing.parts import Bill, Callback, Message, Partner, callback_of
from cheonggu.testing.phone import Phone
from cheonggu.testing.receiver import Receiver
from cheonggu.testing.waiting import NotSo, wait_until

if TYPE_CHECKING:
    from cheonggu.testing.aside import AsyncSandbox
    from cheonggu.testing.service import Service

APPROVED: Final = "APPROVED"
__tracebackhide__ = True  # pytest shows the test's own line


class Sandbox:
    """A partner of the test's own. Nobody else sees its bills; the clock alone is everybody's.

    Every method waits. In an async test whose event loop also serves the code under test, use `aio`.
    """

    def __init__(self, service: Service, partner: Partner, held: ExitStack) -> None:
        self.service = service
        self.partner = partner
        self.remote = Remote(service.base_url, partner.api_key)
        """For an endpoint under /sandbox that has no method here."""
        self.phone = Phone(self.remote, service.patience_seconds)
        self.clock = Clock(self.remote, service.claim_the_clock)
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

    @cached_property
    def aio(self) -> AsyncSandbox:
        """The same, awaited."""
        from cheonggu.testing.aside import AsyncSandbox

        return AsyncSandbox(self)

    def another(self, **given: Any) -> Sandbox:
        """A second partner in the same test; what is given is as for POST /sandbox/partners."""
        return self._held.enter_context(self.service.partner(**given))

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
            raise NotSo(f"The bill {asked['bill_id']} was not made: {outcome.code}: {outcome.message}")
        created: Created = outcome.data
        return Bill(
            bill_id=created.bill_id,
            price=str(asked["price"]),
            phone=asked["phone"],
            short_url=created.short_url or "",
        )

    def pay(self, bill_id: str, outcome: str = "APPROVE") -> State:
        """Pay in the payer's place, as the payer's page does; the bill's state afterwards.

        Outcomes: APPROVE, DECLINE, TIMEOUT_CHARGED, TIMEOUT_NOT_CHARGED, CHARGED_LATE. Raises SandboxRefused
        for a bill or an outcome that there is not.
        """
        return State(self.remote.post("/sandbox/pay", {"billId": bill_id, "outcome": outcome})["state"])

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

    def assert_paid(
        self, bill_id: str, *, price: int | str | None = None, seconds: float | None = None
    ) -> BillStatus:
        """The bill is paid, or will be in time."""
        status = judging.state_is(self.client, bill_id, State.PAID, self._patience(seconds))
        judging.price_is(status, price)
        return status

    def assert_unpaid(self, bill_id: str) -> BillStatus:
        """The bill is unpaid now."""
        return judging.state_is(self.client, bill_id, State.UNPAID, 0)

    def assert_cancelled(self, bill_id: str, *, seconds: float | None = None) -> BillStatus:
        """The bill's payment was given back, or will be in time."""
        return judging.state_is(self.client, bill_id, State.CANCELLED, self._patience(seconds))

    def assert_destroyed(self, bill_id: str, *, seconds: float | None = None) -> BillStatus:
        """The bill was destroyed, or will be in time."""
        return judging.state_is(self.client, bill_id, State.DESTROYED, self._patience(seconds))

    def assert_message_sent(
        self,
        bill_id: str,
        *,
        to: str | None = None,
        saying: str | None = None,
        count: int = 1,
        seconds: float | None = None,
    ) -> Message:
        """The bill's message (the `count`-th, after resends) arrives in time, there, and with these words."""
        message = self.phone.wait_for_message(bill_id, count=count, seconds=seconds)
        if to is not None and message.to != to:
            raise NotSo(f"The message of {bill_id} went to {message.to}, not to {to}.")
        if saying is not None and saying not in message.text:
            raise NotSo(f"The message of {bill_id} does not say {saying!r}. It says:\n{message.text}")
        return message

    def assert_callback_delivered(
        self, bill_id: str, *, kind: str = APPROVED, seconds: float | None = None
    ) -> Callback:
        """The bill's callback counts as received, or does in time; no retry of later is waited for.

        `kind` is APPROVED, or for partners with notices CANCELED or DESTROYED.
        """
        patience = self._patience(seconds)
        found = wait_until(lambda: judging.delivered(self.callbacks(bill_id), kind, self.clock.now), patience)
        if found is None:
            raise judging.never_came(self.callbacks(bill_id), bill_id, kind, patience)
        return found

    def _patience(self, seconds: float | None) -> float:
        return self.service.patience_seconds if seconds is None else seconds
