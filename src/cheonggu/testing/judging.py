"""Whether what a test expects is so, and if not, in words what is so instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from cheonggu.client import BillStatus, Done, Outcome, Refused, State
from cheonggu.sandbox.remote import Remote
from cheonggu.testing.journal import why_there_is_none
from cheonggu.testing.parts import Callback
from cheonggu.testing.waiting import NotSo

_WORDS: Final = {
    State.UNPAID: "unpaid (W)",
    State.PAID: "paid (F)",
    State.CANCELLED: "cancelled (C)",
    State.DESTROYED: "destroyed (D)",
}
_BEFORE: Final = {
    State.UNPAID: frozenset[State](),
    State.PAID: frozenset({State.UNPAID}),
    State.CANCELLED: frozenset({State.UNPAID, State.PAID}),
    State.DESTROYED: frozenset({State.UNPAID}),
}
"""From which states a bill still gets there."""
_SHOWN_CHARACTERS: Final = 200

__tracebackhide__ = True


def status_of(remote: Remote, outcome: Outcome[BillStatus], bill_id: str) -> BillStatus:
    """The bill that a read told of. Raises NotSo when it told of none."""
    match outcome:
        case Done(data):
            return data
        case Refused(code="BILL_003"):
            raise NotSo(why_there_is_none(remote, bill_id))
        case _:
            raise NotSo(f"{bill_id} could not be read: {outcome.message}")


def reached(status: BillStatus, wanted: State) -> bool:
    """Whether the bill is so. Raises NotSo when it never can be."""
    if status.state is not wanted and status.state not in _BEFORE[wanted]:
        raise NotSo(f"{status.bill_id} is not {_WORDS[wanted]}. It is {_WORDS[status.state]}.")
    return status.state is wanted


def not_reached(status: BillStatus, wanted: State, payment: Mapping[str, Any] | None) -> NotSo:
    """Why the bill is not so yet; `payment` is what was told of the last one, if the test made any."""
    said = f"{status.bill_id} is not {_WORDS[wanted]}. It is still {_WORDS[status.state]}."
    if wanted is not State.PAID:
        return NotSo(said)
    if payment is None:
        return NotSo(f"{said} This test has not paid it.")
    ended = payment.get("declined") or payment.get("refused")
    if ended:
        return NotSo(f"{said} Its last payment ended with {ended['code']}: {ended['message']}")
    return NotSo(f"{said} Its last payment has not been decided, or came to nothing.")


def price_is(status: BillStatus, price: int | str | None) -> None:
    """Raises NotSo when a price is given and it is not the bill's."""
    if price is not None and status.price_won != int(price):
        raise NotSo(
            f"{status.bill_id} is {_WORDS[status.state]}, but its price is {status.price_won}, not {price}."
        )


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
