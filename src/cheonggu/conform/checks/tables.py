"""Checks that are rows of a table: a field's value that must be taken, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.probe import Probe
from cheonggu.conform.wire import Answer
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


Asks = Callable[[Probe, str, Any], Answer]
"""Asks an operation with one field of the bill so."""

_TOO_LONG: Final = object()
"""Stands for a billId of this run's, of 21 characters."""
_NUMBER: Final = object()
"""Stands for a billId as a number, which no other bill has: a lenient server may act upon it."""
_EMPTY: Final = (
    ("missing", ..., "is required", "필수예요"),
    ("null", None, "is not null", "null일 수 없어요"),
    ("empty", "", "is not empty", "비어 있을 수 없어요"),
)
_NO_BILL_ID: Final = (
    ("number", _NUMBER, "is a text", "문자열이에요"),
    ("21-characters", _TOO_LONG, "has at most 20 characters", "20자까지예요"),
)


def requires(section: Section, mark: str, names: tuple[str, ...], asks: Asks, *needs: Need) -> None:
    """Add checks that an operation is refused without these fields; a billId is also judged by its form."""
    for name in names:
        for kind, value, english, korean in (*_EMPTY, *(_NO_BILL_ID if name == "billId" else ())):
            section.add(
                f"{name}.{kind}",
                mark,
                f"{name} {english}.",
                f"{name}: {korean}.",
                _refused_with(asks, name, value),
                *needs,
            )


def _refused_with(asks: Asks, name: str, value: Any) -> Steps:
    def steps(probe: Probe) -> None:
        own = {id(_TOO_LONG): probe.new_id().ljust(21, "X"), id(_NUMBER): probe.new_number()}
        probe.refused(asks(probe, name, own.get(id(value), value)), codes.VALIDATION_001)

    return steps


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
        now = probe.sandbox.now() if probe.sandbox.may_be_used else datetime.now(UTC)
        return {"expireDt": (seoul.today(now) + timedelta(days=days)).isoformat()}

    return fields


def url_of(length: int) -> str:
    """A URL of this length that leads nowhere."""
    return "https://conform.invalid/".ljust(length, "a")


def void(_: object) -> None:
    """Nothing; for lambdas whose value nobody wants."""
