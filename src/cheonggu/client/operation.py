"""One operation about to be asked: where it goes, what it says and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from cheonggu.client.fields import Fields
from cheonggu.client.outcome import OperationName

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[T]):
    """What is asked. `bill_id` is empty for what is not about a bill."""

    operation: OperationName
    path: str
    envelope: Mapping[str, object]
    read: Callable[[Fields, str], T]
    bill_id: str = ""
    writes: bool = False
    idempotency_key: str | None = None
