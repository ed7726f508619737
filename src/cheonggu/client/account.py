"""Who calls, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an operation is tried again, and after how long; only where that is safe.

    Safe is: when no connection could be opened, when the server said 429 with Retry-After, when a read went
    unanswered, and when a write with an idempotency key went unanswered by a server that knows such keys. A
    write without one is never repeated. Where the server says Retry-After, the wait is at least that long;
    when it says more than `longest_seconds`, there is no other try.
    """

    waits_seconds: tuple[float, ...] = (0.5, 2.0)
    longest_seconds: float = 30.0


NO_RETRY: Final = Retry(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One caller: a partner, acting as a member for a merchant."""

    api_key: str = field(repr=False)
    member: str
    merchant: str
    idempotency: bool
    retry: Retry

    def identity(self) -> dict[str, object]:
        """The head of a request."""
        return {"apiKey": self.api_key, "member": self.member, "merchant": self.merchant}
