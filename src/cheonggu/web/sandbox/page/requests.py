"""The partner's last requests as the journal has them, each with why it was refused."""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.domain import codes
from cheonggu.domain.explanation import Explanation
from cheonggu.web import dates
from cheonggu.web.sandbox.journal import Journal, WholeEntry
from cheonggu.web.sandbox.page.json_text import keyed, laid_out
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.words import Language

MOST_SHOWN: Final = 30


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused and what to do, in the reader's language."""

    text: str
    next: str
    hashed: str | None
    to_hash: str | None
    code_lines: list[tuple[str, str]]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer."""

    key: str
    time: str
    path: str
    bill_id: str
    bill_href: str
    tone: str
    word: str
    message: str
    summary: str
    why: Why | None
    body: Markup
    answer: Markup | None


def requests(journal: Journal, api_key: str | None, place: Place) -> list[Asked]:
    """The newest requests that came with the partner's key, the newest first."""
    found = [one for one in journal.newest() if one[1].subject[0] == api_key][:MOST_SHOWN]
    return [_asked(journal.whole(*one), place) for one in found]


def _asked(entry: WholeEntry, place: Place) -> Asked:
    language, ok = place.language, entry.code == codes.OK.code
    unanswered = str(say(language, "unanswered"))
    return Asked(
        key=f"request-{entry.id}",
        time=dates.second(entry.at),
        path=entry.path,
        bill_id=entry.bill_id,
        bill_href=place.to("bills", entry.bill_id) if entry.bill_id and ok else "",
        tone="go" if ok and entry.answered else "stop" if entry.answered else "wait",
        word=(entry.code or unanswered) if entry.answered else unanswered,
        message="" if ok else entry.message or "",
        summary=" · ".join(filter(None, (_status(entry), f"{entry.milliseconds:.1f} ms", entry.test_code))),
        why=_why(entry.explanation, language) if entry.explanation else None,
        body=keyed(laid_out(entry.body)),
        answer=keyed(laid_out(entry.answer)) if entry.answer else None,
    )


def _status(entry: WholeEntry) -> str:
    return f"HTTP {entry.http_status}" if entry.http_status else ""


def _why(explanation: Explanation, language: Language) -> Why:
    korean = language.code == "ko"
    return Why(
        text=explanation.korean if korean else explanation.english,
        next=explanation.next_korean if korean else explanation.next_english,
        hashed=explanation.hashed,
        to_hash=explanation.to_hash,
        code_lines=list((explanation.code_lines or {}).items()),
    )
