"""What one test gets: a partner of its own on a running service, with hands and assertions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cheonggu.client import BillStatus, State
from cheonggu.sandbox.waiting import wait_until
from cheonggu.testing import judging
from cheonggu.testing.hands import Hands
from cheonggu.testing.parts import Callback, Message
from cheonggu.testing.waiting import NotSo

if TYPE_CHECKING:
    from cheonggu.testing.aside import AsyncSandbox

APPROVED: Final = "APPROVED"
__tracebackhide__ = True  # pytest shows the test's own line


class Sandbox(Hands):
    """A partner of the test's own. Nobody else sees its bills; the clock alone is everybody's.

    Every method waits. In an async test whose event loop also serves the code under test, use `aio`.
    """

    @cached_property
    def aio(self) -> AsyncSandbox:
        """The same, awaited."""
        from cheonggu.testing.aside import AsyncSandbox

        return AsyncSandbox(self)

    def another(self, **given: Any) -> Sandbox:
        """A second partner in the same test; what is given is as for POST /sandbox/partners."""
        return self._held.enter_context(self.service.partner(**given))

    def assert_paid(
        self, bill_id: str, *, price: int | str | None = None, seconds: float | None = None
    ) -> BillStatus:
        """The bill is paid, or will be in time."""
        status = self._state_is(bill_id, State.PAID, seconds)
        judging.price_is(status, price)
        return status

    def assert_unpaid(self, bill_id: str) -> BillStatus:
        """The bill is unpaid now."""
        return self._state_is(bill_id, State.UNPAID, 0)

    def assert_cancelled(self, bill_id: str, *, seconds: float | None = None) -> BillStatus:
        """The bill's payment was given back, or will be in time."""
        return self._state_is(bill_id, State.CANCELLED, seconds)

    def assert_destroyed(self, bill_id: str, *, seconds: float | None = None) -> BillStatus:
        """The bill was destroyed, or will be in time."""
        return self._state_is(bill_id, State.DESTROYED, seconds)

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

    def _state_is(self, bill_id: str, wanted: State, seconds: float | None) -> BillStatus:
        seen: list[BillStatus] = []

        def there() -> BillStatus | None:
            seen[:] = [judging.status_of(self.remote, self.client.read(bill_id), bill_id)]
            return seen[0] if judging.reached(seen[0], wanted) else None

        found = wait_until(there, self._patience(seconds))
        if found is None:
            raise judging.not_reached(seen[0], wanted, self.last_payment.get(bill_id))
        return found

    def _patience(self, seconds: float | None) -> float:
        return self.service.patience_seconds if seconds is None else seconds
