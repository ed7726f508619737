"""Checks that are rows of a table: a field's value that must be taken, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.probe import NotTried, Probe
from cheonggu.domain import codes, seoul
from cheonggu.domain.codes import Code

Fields = Mapping[str, Any] | Callable[[Probe], Mapping[str, Any]]
"""Fields of a bill; those that need the run's own ids are made by it."""

RowOf = tuple[str, str, str, str, Fields]
"""Name, mark, English, Korean, fields."""


def fields_of(probe: Probe, given: Fields) -> dict[str, Any]:
    """The fields of a row."""
    return dict(given(probe) if callable(given) else given)


def takes(section: Section, rows: tuple[RowOf, ...], *needs: Need) -> None:
    """Add checks that a create with these fields is carried out."""

    def steps_of(given: Fields) -> Steps:
        return lambda probe: void(probe.done(probe.create(**fields_of(probe, given))))

    for name, mark, english, korean, given in rows:
        section.add(name, mark, english, korean, steps_of(given), Need.WRITE, *needs)


def refuses(
    section: Section, rows: tuple[RowOf, ...], *needs: Need, code: Code = codes.VALIDATION_001
) -> None:
    """Add checks that a create with these fields is refused."""

    def steps_of(given: Fields) -> Steps:
        return lambda probe: probe.refused(probe.create(**fields_of(probe, given)), code)

    for name, mark, english, korean, given in rows:
        section.add(name, mark, english, korean, steps_of(given), Need.WRITE, *needs)


def reads_raw(probe: Probe, extra: bytes) -> bytes:
    """A sound read of a billId that never was, with raw JSON of an unknown field beside it."""
    envelope = probe.target.who.envelope | {"bill": {"billId": probe.new_id()}}
    return json.dumps(envelope, ensure_ascii=False).encode()[:-1] + b', "extra": ' + extra + b"}"


URL_MOST: Final = 2_048


def id_of(length: int) -> Fields:
    """A new billId of this length."""
    return lambda probe: {"billId": probe.new_id().ljust(length, "X")}


def day_in(days: int) -> Fields:
    """The day so many days from today in Seoul, by the server's own clock where it can be seen."""

    def fields(probe: Probe) -> dict[str, str]:
        try:
            now = probe.sandbox.now() if probe.target.pay else datetime.now(UTC)
        except NotTried:
            now = datetime.now(UTC)
        return {"expireDt": (seoul.today(now) + timedelta(days=days)).isoformat()}

    return fields


def url_of(length: int) -> str:
    """A URL of this length that leads nowhere."""
    return "https://conform.invalid/".ljust(length, "a")


def void(_: object) -> None:
    """Nothing; for lambdas whose value nobody wants."""
