"""The payers' KakaoTalk, as a test looks at it."""

from __future__ import annotations

from typing import Final

from cheonggu.sandbox.remote import Remote
from cheonggu.sandbox.waiting import wait_until
from cheonggu.testing.parts import Message, message_of
from cheonggu.testing.waiting import NotSo

_OVER: Final = {
    "FAILED": "The sender refused it, so its points came back.",
    "WITHDRAWN": "It was withdrawn before it left: the bill was paid, destroyed or had expired first.",
}


__tracebackhide__ = True


class Phone:
    """Every payer's messages from this partner."""

    def __init__(self, remote: Remote, patience_seconds: float) -> None:
        self._remote = remote
        self._patience_seconds = patience_seconds

    def messages(self, bill_id: str | None = None) -> list[Message]:
        """The bill's messages (without an id, the partner's), oldest first, in whatever state they are."""
        told = self._remote.get("/sandbox/messages", billId=bill_id)["messages"]
        return [message_of(one) for one in told]

    def wait_for_message(self, bill_id: str, *, count: int = 1, seconds: float | None = None) -> Message:
        """The bill's message once it has arrived; the `count`-th after resends.

        Raises NotSo when it does not come, and at once when it never will.
        """
        patience = self._patience_seconds if seconds is None else seconds

        def there() -> Message | None:
            found = self.messages(bill_id)
            if len(found) < count:
                return None
            newest = found[count - 1]
            if newest.state in _OVER:
                raise NotSo(f"No message of {bill_id} arrived. {_over(newest)}")
            return newest if newest.state == "SENT" else None

        came = wait_until(there, patience)
        if came is None:
            raise NotSo(self._missing(bill_id, count, patience))
        return came

    def _missing(self, bill_id: str, count: int, seconds: float) -> str:
        states = [message.state for message in self.messages(bill_id)]
        if not states:
            return (
                f"No message of {bill_id} arrived within {seconds:g} s: there is none. "
                "Either this partner has no such bill, or it is a URL bill, for which nothing is sent."
            )
        if len(states) < count:
            return f"{bill_id} has {len(states)} message(s), not {count}: {', '.join(states)}."
        return f"No message of {bill_id} arrived within {seconds:g} s. It is still {states[count - 1]}."


def _over(message: Message) -> str:
    return f"It is {message.state}. {_OVER[message.state]}"
