"""What became of an operation: done, refused, or nobody knows. Look at which of the three it is first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeAlias, TypeVar

OperationName = Literal["create", "destroy", "resend", "cancel", "read", "balance", "merchant balance"]

T = TypeVar("T")


class Why(StrEnum):
    """Why nobody knows."""

    TIMEOUT = "TIMEOUT"
    """No answer came in time."""
    LOST = "LOST"
    """The connection was lost after the request had begun to leave."""
    SERVER_ERROR = "SERVER_ERROR"
    """The server failed (5xx), perhaps after it had done its work."""
    UNREADABLE = "UNREADABLE"
    """An answer came, and it says nothing that could be relied on."""
    UNDER_WAY = "UNDER_WAY"
    """A cancel is not decided yet, and may go on (BILL_007)."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It was carried out. `raw` is the answer's data as it came, with the apiKey if the server put it in."""

    data: T
    message: str
    http_status: int
    raw: Mapping[str, Any] = field(repr=False)
    code: str = "0000"


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not carried out, and nothing was changed.

    `meaning` is what Cheonggu means by the code, in English, or None for a code that it does not know.
    `transient` says that waiting alone may help; without it the same request will be refused again until
    somebody changes something (the request, the points, the contract). An unknown code counts as lasting.
    """

    message: str
    code: str | None = None
    http_status: int | None = None
    meaning: str | None = None
    transient: bool = False
    retry_after_seconds: float | None = None

    @property
    def sent(self) -> bool:
        """Whether the server saw the request at all; if not, no connection to it could be opened."""
        return self.http_status is not None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been carried out, now or in a moment. Read before you repeat it: see `settle`."""

    message: str
    why: Why
    operation: OperationName
    bill_id: str | None = None
    code: str | None = None
    http_status: int | None = None
    retry_after_seconds: float | None = None


Outcome: TypeAlias = Done[T] | Refused | Unknown
