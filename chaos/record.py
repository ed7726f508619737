"""The record: every request that was sent and every answer that came, bill by bill, in our own memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from chaos.accounts import Account
from chaos.wire import LOST, NEVER_SENT


class Asked(msgspec.Struct, kw_only=True):
    """One request, and what was heard of it."""

    what: str
    """create, destroy, resend, cancel, read or pay."""
    began: float
    ended: float
    code: str
    status: int = 0
    data: dict[str, Any] | None = None
    key: str | None = None
    body: bytes = b""
    again: bool = False
    """Whether a request with this key and these bytes went out before."""
    first_began: float = 0.0
    """When the first of those went out; `began` for one that was not repeated."""

    @property
    def unknown(self) -> bool:
        """Whether it may have been done or not."""
        return self.code in {LOST, "HTTP_503"}

    @property
    def done(self) -> bool:
        """Whether it was acknowledged."""
        return self.code == "0000"

    @property
    def sent(self) -> bool:
        """Whether it got as far as a server."""
        return self.code != NEVER_SENT


@dataclass
class BillRecord:
    """What is known of one bill."""

    account: Account
    fields: dict[str, str]
    """A create's `bill`, as it was sent."""
    asked: list[Asked] = field(default_factory=list[Asked])
    refund_made: bool = False
    """Whether the gateway made a refund of it that it had refused, or may have: a cancel has to find out."""

    @property
    def bill_id(self) -> str:
        """The partner's own id."""
        return self.fields["billId"]

    def of(self, what: str) -> list[Asked]:
        """The requests of one kind, in order."""
        return [one for one in self.asked if one.what == what and one.sent]


@dataclass
class Record:
    """All bills, and requests about none."""

    bills: dict[tuple[int, str], BillRecord] = field(default_factory=dict[tuple[int, str], BillRecord])
    requests: int = 0
    unknown: dict[str, int] = field(default_factory=dict[str, int])
    unexpected: list[str] = field(default_factory=list[str])
    """Answers that no request should ever get."""
    good_writes: list[float] = field(default_factory=list[float])
    """When writes were acknowledged."""

    def bill(self, account: Account, fields: dict[str, str]) -> BillRecord:
        """A new bill's record."""
        made = BillRecord(account, fields)
        self.bills[account.partner_id, made.bill_id] = made
        return made
