"""Times as operators write and read them: days and moments of Seoul, as the gateway's console has them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated

import typer

from cheonggu.domain.seoul import SEOUL, end_of, parse_day

EXAMPLE = "2026-11-24 or 2026-11-24T09:00"

Since = Annotated[str | None, typer.Option(metavar="TIME", help=f"As in {EXAMPLE}, in Seoul.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="The same; a day is with all of it.")]


def since(text: str | None, zone: tzinfo = SEOUL) -> datetime | None:
    """The moment that a list begins with. Raises BadParameter."""
    return None if text is None else _moment(text, "--since", zone)


def until(text: str | None) -> datetime | None:
    """The moment that a list ends before: of a day the midnight that ends it. Raises BadParameter."""
    if text is None:
        return None
    day = parse_day(text)
    try:
        return _moment(text, "--until", SEOUL) if day is None else end_of(day)
    except OverflowError:
        raise _no_time(text, "--until") from None


def shown(moment: datetime | None) -> datetime | None:
    """A moment as lists show it, in Seoul."""
    return None if moment is None else moment.astimezone(SEOUL)


def _moment(text: str, option: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(text, option) from None


def _no_time(text: str, option: str) -> typer.BadParameter:
    return typer.BadParameter(
        f"{text!r} is no time, as in 2026-11-24 or 2026-11-24T09:00+09:00", param_hint=option
    )
