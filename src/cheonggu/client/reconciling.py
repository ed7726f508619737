"""Your books against the server's, bill by bill, by reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cheonggu.client import verbs
from cheonggu.client.account import Account
from cheonggu.client.answers import BillStatus, State
from cheonggu.client.inputs import InputWrong
from cheonggu.client.outcome import Done, Outcome, Refused
from cheonggu.client.steps import Steps
from cheonggu.domain import codes


class Todo(StrEnum):
    """What a comparison asks of you."""

    NOTHING = "NOTHING"
    BOOK_PAYMENT = "BOOK_PAYMENT"
    """It is paid, and your books do not say so: a callback was lost, or your write of it."""
    REVERT_PAYMENT = "REVERT_PAYMENT"
    """Your books say paid; the payment was given back, or is not there."""
    CLOSE_BILL = "CLOSE_BILL"
    """It can no longer be paid, and your books still wait for the money."""
    REPEAT_CANCEL = "REPEAT_CANCEL"
    """Your books say cancelled, and the money has not gone back; it may be on its way."""
    REPEAT_DESTROY = "REPEAT_DESTROY"
    """Your books say destroyed, and the bill can still be paid."""
    CORRECT_STATE = "CORRECT_STATE"
    """Over in both books, in different ways: no money is open, take over the server's state."""
    PAID_AFTER_ALL = "PAID_AFTER_ALL"
    """Your books say destroyed, and it was paid: book it, or cancel it."""
    CHECK_AMOUNT = "CHECK_AMOUNT"
    """The states agree, the amounts do not."""
    CHECK_BILL_ID = "CHECK_BILL_ID"
    """The server does not know the bill. Just created? It may still be under way."""
    READ_AGAIN = "READ_AGAIN"
    """The read was refused or had no answer; `read` says how."""


_W, _F, _C, _D = State.UNPAID, State.PAID, State.CANCELLED, State.DESTROYED
WHAT_TO_DO: Final = {
    (_W, _F): Todo.BOOK_PAYMENT,
    (_W, _C): Todo.CLOSE_BILL,
    (_W, _D): Todo.CLOSE_BILL,
    (_F, _W): Todo.REVERT_PAYMENT,
    (_F, _C): Todo.REVERT_PAYMENT,
    (_F, _D): Todo.REVERT_PAYMENT,
    (_C, _W): Todo.CORRECT_STATE,
    (_C, _F): Todo.REPEAT_CANCEL,
    (_C, _D): Todo.CORRECT_STATE,
    (_D, _W): Todo.REPEAT_DESTROY,
    (_D, _F): Todo.PAID_AFTER_ALL,
    (_D, _C): Todo.CORRECT_STATE,
}
"""By (yours, theirs)."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What your books say of a bill. Without a price amounts are not compared."""

    bill_id: str
    state: State
    price_won: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One bill in both books."""

    yours: Booked
    read: Outcome[BillStatus]
    todo: Todo

    @property
    def bill_id(self) -> str:
        """Also where to begin the next time: `after=bill_id`."""
        return self.yours.bill_id

    @property
    def differs(self) -> bool:
        """Whether there is something to do."""
        return self.todo is not Todo.NOTHING

    @property
    def theirs(self) -> BillStatus | None:
        """What the server says, if it said anything."""
        return self.read.data if isinstance(self.read, Done) else None


Entry = Booked | tuple[str, State | str]


def entries(books: Iterable[Entry], after: str | None) -> Iterator[Booked]:
    """The entries after the bill `after`; all of them without. Raises LookupError when it is never met."""
    waiting = after is not None
    for entry in books:
        booked = entry if isinstance(entry, Booked) else Booked(entry[0], State(entry[1]))
        if not waiting:
            yield booked
        elif booked.bill_id == after:
            waiting = False
    if waiting:
        raise LookupError(f"the books end without {after!r}, after which to go on")


def compare(account: Account, yours: Booked) -> Steps[Compared]:
    """Read one bill and compare. An id that no bill can have is reported, so that the run goes on."""
    try:
        outcome = yield from verbs.read(account, yours.bill_id)
    except InputWrong as wrong:
        return Compared(yours, Refused(str(wrong)), Todo.CHECK_BILL_ID)
    return Compared(yours, outcome, _todo(yours, outcome))


def _todo(yours: Booked, outcome: Outcome[BillStatus]) -> Todo:
    match outcome:
        case Done(theirs):
            if theirs.state is not yours.state:
                return WHAT_TO_DO[yours.state, theirs.state]
            known = yours.price_won is not None and theirs.price_won is not None
            return Todo.CHECK_AMOUNT if known and yours.price_won != theirs.price_won else Todo.NOTHING
        case Refused(code=codes.BILL_003.code):
            return Todo.CHECK_BILL_ID
        case _:
            return Todo.READ_AGAIN
