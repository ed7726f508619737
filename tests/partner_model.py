"""What the partner API has to answer, in plain Python: one partner's bills, points and remembered requests.

It knows nothing of the code that it is compared with. No worker runs beside it: messages wait in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

KOREA = timezone(timedelta(hours=9))
DAY = timedelta(hours=24)
MESSAGE_POINTS = 55
LASTING = {"0000", "BILL_001", "BILL_003", "BILL_004", "BILL_005", "BILL_006", "BILL_008", "BILL_009"}
"""What a repeated request with the same key is answered again."""


@dataclass
class Bill:
    """A bill as a partner would remember it."""

    kind: str
    price: str
    last_day: date
    state: str = "unpaid"
    """unpaid, charged and uncharged (nobody knows yet), paid, cancelled, destroyed."""
    waiting: int = 0
    """Messages that were paid for and have not left."""

    @property
    def talk(self) -> bool:
        """Whether a message goes with it."""
        return self.kind == "TALK"

    @property
    def on_the_wire(self) -> str:
        """As apprState says it."""
        return {"paid": "F", "cancelled": "C", "destroyed": "D"}.get(self.state, "W")

    def payable(self, now: datetime) -> bool:
        """Whether somebody may pay it now."""
        return self.state == "unpaid" and now.astimezone(KOREA).date() <= self.last_day


@dataclass
class Partner:
    """Everything of one partner."""

    points: int
    bills: dict[str, Bill] = field(default_factory=dict[str, Bill])
    remembered: dict[tuple[str, str], tuple[bytes, str, datetime]] = field(
        default_factory=dict[tuple[str, str], tuple[bytes, str, datetime]]
    )

    def once(self, operation: str, key: str | None, raw: bytes, now: datetime) -> str | None:
        """The answer that a key stands for, if it was used within a day."""
        first = self.remembered.get((operation, key)) if key else None
        if first is None or now - first[2] >= DAY:
            return None
        return first[1] if first[0] == raw else "IDEMPOTENCY_001"

    def remember(self, operation: str, key: str | None, raw: bytes, code: str, now: datetime) -> str:
        """Keep the answer under its key, if it lasts."""
        if key and code in LASTING:
            self.remembered[operation, key] = (raw, code, now)
        return code

    def create(self, bill_id: str, bill: Bill) -> str:
        """POST /bill."""
        if bill_id in self.bills:
            return "BILL_001"
        if bill.talk and self.points < MESSAGE_POINTS:
            return "POINT_001"
        self.points -= MESSAGE_POINTS * bill.talk
        bill.waiting = int(bill.talk)
        self.bills[bill_id] = bill
        return "0000"

    def resend(self, bill_id: str, now: datetime) -> str:
        """POST /bill/resend."""
        bill = self.bills.get(bill_id)
        if bill is None:
            return "BILL_003"
        if not bill.talk or not bill.payable(now):
            return "BILL_006"
        if self.points < MESSAGE_POINTS:
            return "POINT_001"
        self.points -= MESSAGE_POINTS
        bill.waiting += 1
        return "0000"

    def destroy(self, bill_id: str, price: str) -> str:
        """POST /bill/destroy."""
        refused = {"paid": "BILL_004", "cancelled": "BILL_005", "destroyed": "BILL_005"}
        code = self._about(bill_id, price, allowed="unpaid", refused=refused)
        if code == "0000":
            self.bills[bill_id].state = "destroyed"
            self._withdraw(self.bills[bill_id])
        return code

    def cancel(self, bill_id: str, price: str) -> str:
        """POST /bill/cancel."""
        refused = {"unpaid": "BILL_008", "cancelled": "BILL_005", "destroyed": "BILL_005"}
        code = self._about(bill_id, price, allowed="paid", refused=refused)
        if code == "0000":
            self.bills[bill_id].state = "cancelled"
        return code

    def pay(self, bill_id: str, outcome: str, now: datetime) -> None:
        """The payer pays, if that is possible."""
        bill = self.bills[bill_id]
        if not bill.payable(now):
            return
        if outcome == "APPROVE":
            bill.state = "paid"
            self._withdraw(bill)
        elif outcome != "DECLINE":
            bill.state = "charged" if outcome == "TIMEOUT_CHARGED" else "uncharged"

    def settle(self) -> None:
        """Everybody learns what became of the payments that nobody knew about."""
        for bill in self.bills.values():
            if bill.state == "charged":
                bill.state = "paid"
                self._withdraw(bill)
            elif bill.state == "uncharged":
                bill.state = "unpaid"

    def undecided(self, bill_id: str) -> bool:
        """Whether nobody knows yet what became of its payment."""
        return bill_id in self.bills and self.bills[bill_id].state in {"charged", "uncharged"}

    def _about(self, bill_id: str, price: str, *, allowed: str, refused: dict[str, str]) -> str:
        bill = self.bills.get(bill_id)
        if bill is None:
            return "BILL_003"
        if bill.price != price:
            return "BILL_009"
        return "0000" if bill.state == allowed else refused.get(bill.state, "BILL_007")

    def _withdraw(self, bill: Bill) -> None:
        self.points += MESSAGE_POINTS * bill.waiting
        bill.waiting = 0
