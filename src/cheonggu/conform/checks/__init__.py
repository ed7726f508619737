"""Every check, in the order in which they are tried; what needs time to settle begins first."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from cheonggu.conform.check import Check
from cheonggu.conform.checks import (
    balance,
    callback,
    cancel,
    create,
    destroy,
    envelope,
    fields,
    fields_refused,
    fields_taken,
    hashes,
    idempotency,
    identity,
    isolation,
    messages,
    order,
    page,
    pending,
    read,
    resend,
    transport,
)

SECTIONS: Final = (
    pending.SECTION,
    transport.SECTION,
    identity.SECTION,
    order.SECTION,
    create.SECTION,
    fields.SECTION,
    fields_taken.SECTION,
    fields_refused.SECTION,
    hashes.SECTION,
    page.SECTION,
    destroy.SECTION,
    resend.SECTION,
    messages.SECTION,
    read.SECTION,
    cancel.SECTION,
    balance.SECTION,
    isolation.SECTION,
    idempotency.SECTION,
    callback.SECTION,
    envelope.SECTION,
)

CHECKS: Final[tuple[Check, ...]] = tuple(check for section in SECTIONS for check in section.checks)


def chosen(patterns: list[str]) -> list[Check]:
    """The checks whose id fits a pattern (with `*`), or begins with one and a dot; without patterns all."""
    if not patterns:
        return list(CHECKS)
    return [check for check in CHECKS if any(_fits(check.id, pattern) for pattern in patterns)]


def _fits(check_id: str, pattern: str) -> bool:
    return fnmatchcase(check_id, pattern) or check_id.startswith(pattern + ".")
