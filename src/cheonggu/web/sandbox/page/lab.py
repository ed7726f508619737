"""The callback lab: what each try sent and got, why that did not count, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from markupsafe import Markup

from cheonggu.delivery.callback import ANSWER_KEPT_BYTES
from cheonggu.domain.blame import blame
from cheonggu.providers.reply import Sent
from cheonggu.store.postgres import Row
from cheonggu.web import dates
from cheonggu.web.sandbox.page.bills import Chip
from cheonggu.web.sandbox.page.json_text import keyed, laid_out
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.verdicts import sentence, verdict_of
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.words import Language

MOST_CALLBACKS: Final = 20
_STATES: Final = {"PENDING": "wait", "DELIVERED": "go", "EXHAUSTED": "stop"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The request of a try. `elsewhere` is where a listener posted it instead."""

    head: str
    headers: list[tuple[str, str]]
    body: Markup
    elsewhere: str | None


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: why it counted or not, what to do, and both texts."""

    number: int
    key: str
    time: str
    summary: str
    ok: bool
    chip: Chip
    heading: Markup
    advice: Markup
    asked: Asked | None
    answer_head: Markup
    answer: Markup
    cut: bool
    open: bool


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One callback with its tries, the newest first."""

    number: int
    bill_id: str
    bill_href: str
    kind: Markup
    url: str
    chip: Chip
    next_at: Markup | None
    tries: list[Try]


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to befall callbacks."""

    word: Markup
    of_bill: str
    left: Markup


TROUBLES: Final = ("LOST", "ANSWER_LOST", "DOWN")


def troubles(rows: Sequence[Row], language: Language) -> list[Trouble]:
    """What was said to befall callbacks and has not yet."""
    return [
        Trouble(
            word=say(language, f"trouble_{row['kind']}"),
            of_bill=row["bill_id"] or str(say(language, "trouble_any")),
            left=say(language, "trouble_until", when=_when(row["until"], language))
            if row["until"]
            else say(language, "trouble_times", times=row["times_left"]),
        )
        for row in rows
    ]


def callbacks(rows: Sequence[Row], place: Place, now: datetime) -> list[Callback]:
    """Callbacks as the lab shows them, in the order of their rows; the first one's newest try stands open."""
    return [_callback(row, place, now, first=number == 0) for number, row in enumerate(rows)]


def _callback(row: Row, place: Place, now: datetime, *, first: bool) -> Callback:
    language = place.language
    tries = [
        attempt(
            f"try-{row['callback_no']}-{number}",
            number,
            one,
            language,
            opened=first and number == row["tries"],
        )
        for number, one in enumerate(row["attempts"], 1)
    ]
    return Callback(
        number=row["callback_no"],
        bill_id=row["bill_id"],
        bill_href=place.to("bills", row["bill_id"]),
        kind=say(language, f"kind_{row['kind'].lower()}"),
        url=row["url"],
        chip=Chip(_STATES[row["state"]], say(language, f"callback_{row['state'].lower()}")),
        next_at=_next(row["due_at"], now, language, tried=bool(tries)),
        tries=tries[::-1],
    )


def _next(due_at: datetime | None, now: datetime, language: Language, *, tried: bool) -> Markup | None:
    if due_at is None:
        return None
    if due_at <= now:
        return say(language, "sending_now")
    return say(language, "next_at" if tried else "first_at", when=_when(due_at, language))


def _when(at: datetime, language: Language) -> str:
    return f"{dates.day_short(language.code, at)} {dates.second(at)}"


def attempt(key: str, number: int, columns: Sequence[Any], language: Language, *, opened: bool) -> Try:
    """A try as the lab shows it, of its columns: at, status, reason, duration_ms, answer, sent."""
    at, status, reason, duration_ms, answer, sent = columns
    text = cast("bytes", answer).decode(errors="replace")
    verdict = verdict_of(status, reason, text)
    how_long = f"{duration_ms / 1000:.2f}{say(language, 'second_unit')}"
    answered = str(status) if status is not None else str(say(language, "no_answer"))
    return Try(
        number=number,
        key=key,
        time=dates.second(at),
        summary=f"{answered} · {how_long}",
        ok=reason is None,
        chip=Chip(
            "go" if reason is None else "stop", say(language, "try_ok" if reason is None else "try_failed")
        ),
        heading=sentence(verdict, status, reason, language),
        advice=say(language, f"advice_{verdict}"),
        asked=_asked(sent),
        answer_head=_answer_head(answered, how_long, verdict),
        answer=_marked(text, verdict, language),
        cut=len(answer) >= ANSWER_KEPT_BYTES,
        open=opened,
    )


def _asked(stored: str | None) -> Asked | None:
    if stored is None:
        return None
    sent = msgspec.json.decode(stored, type=Sent)
    url = urlsplit(sent.url)
    return Asked(
        head=f"{sent.method} {url.path or '/'}{'?' + url.query if url.query else ''}",
        headers=list(sent.headers.items()),
        body=keyed(laid_out(sent.body)),
        elsewhere=sent.forwarded_to,
    )


def _answer_head(answered: str, how_long: str, verdict: str) -> Markup:
    shown = Markup("<mark>{}</mark>") if verdict in ("status", "silent") else Markup("{}")
    return Markup("{} · {}").format(shown.format(answered), how_long)


def _marked(text: str, verdict: str, language: Language) -> Markup:
    """The answer, laid out when it is JSON, with the culprit marked."""
    if not text.strip():
        nothing = say(language, "nothing")
        return Markup("<mark>{}</mark>").format(nothing) if verdict == "empty" else nothing
    laid = laid_out(text)
    found = None if verdict in ("ok", "status", "silent") else blame(200, laid)
    if found is None:
        return keyed(laid)
    return Markup("{}<mark>{}</mark>{}").format(keyed(found.before), found.blamed, keyed(found.after))
