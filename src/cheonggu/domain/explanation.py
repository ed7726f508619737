"""Why a request was refused, and what to do about it, for the developer who sent it."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cheonggu.domain import hash_mistakes
from cheonggu.domain.codes import VALIDATION_002, Code
from cheonggu.domain.hash_mistakes import shown
from cheonggu.domain.hash_steps import Sent
from cheonggu.domain.hash_words import code_lines
from cheonggu.domain.next_steps import NEXT_STEPS, Said

MOST_IN_LINE: Final = 600
"""Characters of a header or of a line of the log."""
_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)')
"""A value as `shown` quotes it, also where a line was cut within it."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why a request was refused. `marks` say where the rule comes from, as in the documentation."""

    code: str
    english: str
    korean: str
    next_english: str
    next_korean: str
    marks: str
    field: str | None = None
    mistakes: tuple[str, ...] = ()
    """The names of the mistakes that make the given hash."""
    to_hash: str | None = None
    """The text that has to be hashed."""
    hashed: str | None = None
    """The text that was hashed, as far as it could be found out."""
    code_lines: dict[str, str] | None = None

    @property
    def line(self) -> str:
        """All of it in one line of visible ASCII that is fit for a header."""
        said = f"{self.english} {self.next_english} [{' '.join(self.marks)}]"
        plain = said.replace("\u2013", "-").encode("ascii", "backslashreplace").decode("ascii")
        plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
        return plain if len(plain) <= MOST_IN_LINE else plain[: MOST_IN_LINE - 3] + "..."

    @property
    def line_without_values(self) -> str:
        """The same for a log, without what was sent: that may be a phone, a name or an apiKey."""
        return _VALUE.sub('"..."', self.line)


def of_code(code: Code, korean: str, more: Said = ("", "")) -> Explanation:
    """Why, by the table of codes alone; `korean` is its meaning there. `more` is what is known besides."""
    next_english, next_korean = NEXT_STEPS[code.code]
    return Explanation(
        code=code.code,
        english=f"{code.meaning} {more[0]}".strip(),
        korean=f"{korean} {more[1]}".strip(),
        next_english=next_english,
        next_korean=next_korean,
        marks=code.mark,
    )


def of_hash(sent: Sent) -> Explanation:
    """Why a hash is refused: the mistake behind it, if it is a usual one."""
    found = hash_mistakes.find(sent)
    names = ",".join(sent.parts)
    if found is None:
        english = f"The hash is not that of {shown(sent.right_text)}, and no usual mistake leads to it."
        korean = "해시가 보낸 값과 맞지 않고, 흔한 실수로 만들어지는 값도 아니에요."
    else:
        english = f"{'; '.join(one.english for one in found.mistakes)}. You hashed {shown(found.text)}."
        korean = f"{' '.join(one.korean + '.' for one in found.mistakes)} 해시한 글은 {found.text!r}예요."
    return Explanation(
        code=VALIDATION_002.code,
        english=english[0].upper() + english[1:],
        korean=korean,
        next_english=f"Hash {shown(sent.right_text)}: SHA-256 in hex of {names} as UTF-8.",
        next_korean=f"{names}를 이은 글의 UTF-8 바이트를 SHA-256으로 해시해 16진수로 보내 주세요.",
        marks="SM",
        field="bill.hash",
        mistakes=tuple(one.name for one in found.mistakes) if found else (),
        to_hash=sent.right_text,
        hashed=found.text if found else None,
        code_lines=code_lines(sent.parts),
    )
