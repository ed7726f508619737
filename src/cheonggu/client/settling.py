"""What became of a write whose outcome is unknown, as far as reading the bill can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from cheonggu.client import verbs
from cheonggu.client.account import Account
from cheonggu.client.answers import BillStatus, State
from cheonggu.client.outcome import Done, Outcome, Refused
from cheonggu.client.steps import Steps, wait
from cheonggu.domain import codes

WriteName = Literal["create", "destroy", "resend", "cancel"]


class Verdict(StrEnum):
    """What the bill says about the write."""

    DONE = "DONE"
    """The bill is as the write would have left it."""
    NOT_DONE = "NOT_DONE"
    """The bill is in a state in which the write can no longer be carried out."""
    NOT_SEEN = "NOT_SEEN"
    """No trace of it, as of this read. A request that was lost on the way may still arrive."""
    CANNOT_TELL = "CANNOT_TELL"
    """Reading the bill does not show it, or the read itself had no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The verdict, what to do now, and the read that it stands on."""

    verdict: Verdict
    advice: str
    read: Outcome[BillStatus]


_MISSING: Final = "missing"
_SEEN: Final[dict[WriteName, dict[State | str, tuple[Verdict, str]]]] = {
    "create": {
        _MISSING: (
            Verdict.NOT_SEEN,
            "The bill is not there. It may still be under way, so repeat only with the same bill_id: should "
            "the first one arrive after all, one of the two is refused as BILL_001.",
        ),
        State.UNPAID: (Verdict.DONE, "The bill is there. Do not create another."),
        State.PAID: (Verdict.DONE, "The bill is there, and paid. Book the payment."),
        State.CANCELLED: (Verdict.DONE, "The bill was there, and is paid and cancelled by now."),
        State.DESTROYED: (Verdict.DONE, "The bill was there, and is destroyed by now."),
    },
    "destroy": {
        _MISSING: (Verdict.NOT_DONE, "There is no such bill: check the bill_id."),
        State.UNPAID: (
            Verdict.NOT_SEEN,
            "The bill can still be paid. It may still be under way; repeating it does no harm.",
        ),
        State.PAID: (Verdict.NOT_DONE, "The bill was paid first. Book the payment, or cancel it."),
        State.CANCELLED: (Verdict.NOT_DONE, "The bill was paid and cancelled, and cannot be paid again."),
        State.DESTROYED: (Verdict.DONE, "The bill is destroyed."),
    },
    "cancel": {
        _MISSING: (Verdict.NOT_DONE, "There is no such bill: check the bill_id."),
        State.UNPAID: (
            Verdict.NOT_DONE,
            "The bill is not paid: there is nothing to give back.",
        ),
        State.PAID: (
            Verdict.NOT_SEEN,
            "The payment is not given back yet. The refund may be under way: read again later. Only a bill's "
            "whole amount can be cancelled, once.",
        ),
        State.CANCELLED: (Verdict.DONE, "The payment was given back."),
        State.DESTROYED: (Verdict.NOT_DONE, "The bill was destroyed before anybody paid."),
    },
    "resend": {
        _MISSING: (Verdict.NOT_DONE, "There is no such bill: check the bill_id."),
        State.UNPAID: (
            Verdict.CANNOT_TELL,
            "A read does not show messages. Repeating may send one more, for points: ask the payer, or wait.",
        ),
        State.PAID: (Verdict.NOT_DONE, "The bill is paid; nobody needs the message any more."),
        State.CANCELLED: (Verdict.NOT_DONE, "The bill is over; nobody needs the message any more."),
        State.DESTROYED: (Verdict.NOT_DONE, "The bill is over; nobody needs the message any more."),
    },
}


def settle(
    account: Account, bill_id: str, after: WriteName, *, waits_seconds: Sequence[float] = (1.0, 4.0)
) -> Steps[Settled]:
    """Read a bill and say what became of a write that ended as Unknown; works after a crash of yours, too.

    As long as the verdict is NOT_SEEN or the read has no answer, the bill is read again after each of
    `waits_seconds`. NOT_SEEN at the end does not mean that the write was not carried out, only that it was
    not by then: a request can be held up on its way. After a create, BILL_003 is such a NOT_SEEN. DONE after
    a create says that the bill exists; had you used that bill_id before, it may be the bill of then.
    """
    settled = _settled((yield from verbs.read(account, bill_id)), after)
    for seconds in waits_seconds:
        worth_another = settled.verdict is Verdict.NOT_SEEN or not isinstance(settled.read, Done | Refused)
        if not worth_another:
            break
        yield from wait(seconds)
        settled = _settled((yield from verbs.read(account, bill_id)), after)
    return settled


def _settled(outcome: Outcome[BillStatus], after: WriteName) -> Settled:
    match outcome:
        case Done(data):
            verdict, advice = _SEEN[after][data.state]
        case Refused(code=codes.BILL_003.code):
            verdict, advice = _SEEN[after][_MISSING]
        case Refused(message):
            verdict, advice = Verdict.CANNOT_TELL, f"The read was refused: {message}"
        case _:
            verdict, advice = Verdict.CANNOT_TELL, "The read had no answer either. Read again later."
    return Settled(verdict=verdict, advice=advice, read=outcome)
