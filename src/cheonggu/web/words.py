"""The language of a page: which one a browser wants, and how phrases and amounts are said in it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from markupsafe import Markup, escape

from cheonggu.domain import won
from cheonggu.web.phrases import PHRASES

Code = Literal["ko", "en"]

_READ_IN_MAN_FROM_WON: Final = 10_000

_THEIRS: Final = Markup('<span lang="ko">%s</span>')
_WHOLE: Final = Markup('<span class="whole">%s</span>')
_IN_KOREAN: Final = Markup(' lang="ko"')
_NO_ATTRIBUTE: Final = Markup()

# Only our own phrases become markup, once; what is put into their braces is escaped.
_SAID: Final[dict[Code, dict[str, Markup]]] = {
    "ko": {phrase: Markup(korean) for phrase, (korean, _) in PHRASES.items()},  # noqa: S704
    "en": {phrase: Markup(english) for phrase, (_, english) in PHRASES.items()},  # noqa: S704
}


class Language(msgspec.Struct, frozen=True):
    """The language of one page. `chosen` says that its address asked for it, so that links keep it."""

    code: Code
    chosen: bool = False

    @property
    def other(self) -> Code:
        """The language that the page offers instead."""
        return "en" if self.code == "ko" else "ko"

    @property
    def query(self) -> str:
        """What a link adds to stay in a chosen language."""
        return f"?lang={self.code}" if self.chosen else ""

    def say(self, phrase: str, **figures: object) -> Markup:
        """A phrase, with escaped figures in its braces."""
        said = _SAID[self.code][phrase]
        if "{" not in said:
            return said
        # As Markup.format does it, in three fifths of the time.
        return Markup(str.format(said, **{name: escape(figure) for name, figure in figures.items()}))  # noqa: S704

    def theirs(self, text: str) -> Markup:
        """Text that partners or payers wrote, which is Korean and is marked as such on an English page."""
        return _THEIRS % text if self.code == "en" else escape(text)

    @property
    def on_theirs(self) -> Markup:
        """The attribute of an element that holds nothing but such text."""
        return _IN_KOREAN if self.code == "en" else _NO_ATTRIBUTE

    def whole(self, number: str) -> Markup:
        """A number that is not broken at its hyphens, as far as the line is wide enough."""
        return _WHOLE % number

    def amount(self, amount_won: int) -> str:
        """`345,000원`, `₩345,000`."""
        return self._of_figure("won", amount_won)

    def reading(self, amount_won: int) -> str | None:
        """How people read it aloud: in 만, or as Korean won; None where that says nothing new."""
        if self.code == "en":
            return self._of_figure("won_in_full", amount_won)
        return won.in_ten_thousands(amount_won) if amount_won >= _READ_IN_MAN_FROM_WON else None

    def _of_figure(self, phrase: str, amount_won: int) -> str:
        # Text, not markup: digits and commas need no escaping, which takes ten times as long.
        return str.format(_SAID[self.code][phrase], figure=won.with_commas(amount_won))


def choose(asked: str | None, accept_language: str) -> Language:
    """The language that `?lang=` asks for, else the browser's: Korean unless it prefers English."""
    if asked == "ko" or asked == "en":
        return Language(asked, chosen=True)
    quality = {"ko": 0.0, "en": 0.0}
    for entry in accept_language.split(","):
        tag, _, rest = entry.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in quality:
            quality[language] = max(quality[language], _quality(rest))
    return Language("en" if quality["en"] > quality["ko"] else "ko")


def _quality(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    digits = value.strip()
    return float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else 0.0
