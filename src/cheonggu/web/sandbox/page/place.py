"""Where one is on the sandbox's page: all that an address of it says, and the way from there to others."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from cheonggu.billing import sandbox_partners
from cheonggu.web import rendering
from cheonggu.web.words import Language

PATH: Final = "/sandbox"
SHOWS: Final = ("bills", "callbacks", "wallet", "clock", "requests", "send", "partners", "inspection")
"""What can be shown beside the phone. Without one it is the bills, and on a narrow screen the phone alone."""
_MOST_LETTERS: Final = 100
_MOST_DIGITS: Final = 18


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A view of the page. `bill` is the chosen bill, `find` begins the ids of those that are listed."""

    language: Language
    partner: str = sandbox_partners.FIRST.name
    show: str = ""
    bill: str = ""
    find: str = ""
    before: int | None = None
    said: str = ""
    code: str = ""

    def query(self, *, language: bool = True) -> str:
        """What an address adds to come back here, without a word about what was just done."""
        parts = {
            "lang": self.language.code if language and self.language.chosen else "",
            "partner": self.partner if self.partner != sandbox_partners.FIRST.name else "",
            **{name: str(getattr(self, name) or "") for name in ("show", "bill", "find", "before")},
        }
        return urlencode({name: value for name, value in parts.items() if value})

    def href(self, **changes: object) -> str:
        """The address of this place with some of it changed."""
        there = msgspec.structs.replace(self, **changes)
        said = urlencode({name: word for name in ("said", "code") if (word := getattr(there, name))})
        query = "&".join(filter(None, (there.query(), said)))
        return f"{PATH}?{query}" if query else PATH

    def at(self, show: str, bill: str = "", **changes: object) -> Place:
        """Another view of the same partner."""
        fresh = Place(language=self.language, partner=self.partner, show=show, bill=bill)
        return msgspec.structs.replace(fresh, **changes)

    def to(self, show: str, bill: str = "", **changes: object) -> str:
        """Its address."""
        return self.at(show, bill, **changes).href()

    def saying(self, said: str, code: str = "") -> Place:
        """The same place with a word about what was done."""
        return msgspec.structs.replace(self, said=said, code=code)

    def act(self, name: str) -> str:
        """Where a form that does something posts to; it leads back here."""
        query = self.query()
        return f"{PATH}/act/{name}?{query}" if query else f"{PATH}/act/{name}"


def place_of(request: Request) -> Place:
    """The place that a request's address names; what it says wrongly is left out."""
    asked = request.query_params

    def text(name: str) -> str:
        return asked.get(name, "")[:_MOST_LETTERS].replace("\0", "")

    before = text("before")
    show = text("show")
    return Place(
        language=rendering.language_of(request),
        partner=text("partner") or sandbox_partners.FIRST.name,
        show=show if show in SHOWS else "",
        bill=text("bill"),
        find=text("find").strip(),
        before=int(before) if before.isascii() and before.isdigit() and len(before) <= _MOST_DIGITS else None,
        said=text("said"),
        code=text("code"),
    )
