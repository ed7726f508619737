"""Whether what a test expects is so, and if not, in words what is so instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from cheonggu.client import BillStatus, Client, Done, Refused, State
from cheonggu.testing.parts import Callback
from cheonggu.testing.waiting import NotSo, wait_until

_WORDS: Final = {
    State.UNPAID: "unpaid (W)",
    State.PAID: "paid (F)",
    State.CANCELLED: "cancelled (C)",
    State.DESTROYED: "destroyed (D)",
}
_CAN_BECOME: Final = {
    State.UNPAID: frozenset({State.UNPAID}),
    State.PAID: frozenset({State.UNPAID, State.PAID}),
    State.CANCELLED: frozenset({State.UNPAID, State.PAID, State.CANCELLED}),
    State.DESTROYED: frozenset({State.UNPAID, State.DESTROYED}),
}
"""From which states a bill still gets there."""
_SHOWN_CHARACTERS: Final = 200

__tracebackhide__ = True


def state_is(client: Client, bill_id: str, wanted: State, seconds: float) -> BillStatus:
    """The bill, once it is so. Raises NotSo when it is not in time, and at once when it never can be."""
    seen: list[BillStatus] = []

    def there() -> BillStatus | None:
        status = _read(client, bill_id)
        seen[:] = [status]
        return status if status.state is wanted or status.state not in _CAN_BECOME[wanted] else None

    found = wait_until(there, 0 if wanted is State.UNPAID else seconds) or seen[0]
    if found.state is not wanted:
        raise NotSo(f"{bill_id} is not {_WORDS[wanted]}. It is {_WORDS[found.state]}.{_more(found, wanted)}")
    return found


def price_is(status: BillStatus, price: int | str | None) -> None:
    """Raises NotSo when a price is given and it is not the bill's."""
    if price is not None and status.price_won != int(price):
        raise NotSo(
            f"{status.bill_id} is {_WORDS[status.state]}, but its price is {status.price_won}, not {price}."
        )


def _read(client: Client, bill_id: str) -> BillStatus:
    outcome = client.read(bill_id)
    match outcome:
        case Done(data):
            return data
        case Refused(code="BILL_003"):
            raise NotSo(
                f"This test's partner has no bill {bill_id}. Was it made, and with this partner's apiKey?"
            )
        case _:
            raise NotSo(f"{bill_id} could not be read: {outcome.message}")


def _more(found: BillStatus, wanted: State) -> str:
    if wanted is State.PAID and found.state is State.UNPAID:
        return " Nobody has paid it, every attempt failed, or the outcome of one is not known yet."
    return ""


def delivered(found: list[Callback], kind: str, now: Callable[[], datetime]) -> Callback | None:
    """The callback, if it was delivered; None while an attempt is due or under way.

    Raises NotSo when its attempts have failed and the next one is due later, by business time.
    """
    callback = next((one for one in found if one.kind == kind), None)
    if callback is None or callback.state == "DELIVERED":
        return callback
    if callback.attempts and (callback.next_at is None or callback.next_at > now()):
        raise NotSo(f"The callback of {callback.bill_id} was not delivered. {tries(callback)}")
    return None


def tries(callback: Callback) -> str:
    """Every try of a callback, and what comes next."""
    lines = [
        f"It is {callback.state} after {len(callback.attempts)} attempt(s) to {callback.raw.get('url')}:"
    ]
    for number, attempt in enumerate(callback.attempts, 1):
        status = f"HTTP {attempt.status}" if attempt.status else "no answer"
        lines.append(f"  {number}. {attempt.at:%H:%M:%S}: {status}: {attempt.reason or 'it counted'}")
        if attempt.reason and (answer := attempt.raw.get("answer", {}).get("text")):
            lines.append(f"     It answered: {answer[:_SHOWN_CHARACTERS]}")
    if callback.next_at is not None:
        due = f"{callback.next_at:%H:%M:%S}"
        lines.append(f"  The next is due at {due} of business time (UTC); clock.advance gets there.")
    return "\n".join(lines)


def never_came(found: list[Callback], bill_id: str, kind: str, seconds: float) -> NotSo:
    """Why there is no delivered callback."""
    callback = next((one for one in found if one.kind == kind), None)
    if callback is not None:
        return NotSo(f"The callback of {bill_id} was not delivered within {seconds:g} s. {tries(callback)}")
    others = ", ".join(sorted({one.kind for one in found}))
    because = f"only {others}" if others else "because there is none: one is made when a bill has been paid"
    return NotSo(f"{bill_id} has no {kind} callback, {because}.")
