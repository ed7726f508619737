"""Whether a partner took a callback, and if not, why not in words for its developer.

Taken means HTTP 200 and a JSON body whose `code` is the string "0000" (D). Nothing here ever raises: the
body is whatever a stranger's server sent.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, cast

ACCEPTED_CODE: Final = "0000"
SHOWN_CHARACTERS: Final = 40

_WANTED: Final = '문자열 "0000"이어야 해요'
_COMPRESSIONS: Final = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"})
_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_MARKUP = re.compile(rb"\s*<[!?A-Za-z]")


def why_not_accepted(status: int, body: bytes, content_encoding: str | None = None) -> str | None:
    """None when the callback counts as received (D), else the reason."""
    if status != 200:
        return _wrong_status(status)
    if compression := _compression(body, content_encoding or ""):
        return f"200으로 답했지만 본문이 압축되어 있어요({compression}). 압축하지 않고 답해야 해요"
    try:
        answer = _decode(body)
    except ValueError as error:
        return f"200으로 답했지만 {error}"
    if not isinstance(answer, dict):
        return f"200으로 답했지만 본문이 JSON 객체가 아니라 {_kind(answer)}"
    return _wrong_code(cast("dict[str, object]", answer))


def _wrong_status(status: int) -> str:
    particle = "으로" if status % 10 in (0, 3, 6) else "로"
    answered = f"HTTP {status}{particle} 답했어요"
    if 300 <= status < 400:
        return f"{answered}. 리다이렉트는 따라가지 않아요"
    return f"{answered}. 200이어야 해요" if 200 <= status < 300 else answered


def _compression(body: bytes, content_encoding: str) -> str | None:
    """The compression in use; an encoding that is none, as in `Content-Encoding: utf-8`, does no harm."""
    named = (token.strip().lower() for token in content_encoding.split(","))
    found = next((token for token in named if token in _COMPRESSIONS), None)
    return found or ("gzip" if body.startswith(_GZIP) else None)


class _Number(str):
    """A JSON number as it was written: it may be too long for an int, and `0` and `0.0` are not the same."""

    __slots__ = ()


def _decode(body: bytes) -> object:
    """The JSON value in `body`; of a duplicate key the last counts (O). ValueError says what else it is."""
    if not body.strip():
        raise ValueError("본문이 비어 있어요")
    if _MARKUP.match(body):
        raise ValueError("본문이 JSON이 아니라 HTML이나 XML이에요")
    try:
        text = body.removeprefix(_BOM).decode()  # RFC 8259 lets a reader pass over the mark
    except UnicodeDecodeError:
        raise ValueError("본문이 UTF-8이 아니에요") from None
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_not_json)
    except RecursionError:
        raise ValueError("본문이 너무 깊게 중첩되어 있어요") from None
    except ValueError:
        raise ValueError("본문이 JSON이 아니에요") from None


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)  # Python reads NaN and Infinity, JSON has none


def _wrong_code(answer: dict[str, Any]) -> str | None:
    if "code" not in answer:
        return f"200으로 답했지만 본문에 code가 없어요. {_WANTED}"
    code: object = answer["code"]
    if type(code) is not str:
        return f"200으로 답했지만 code가 {_kind(code)}. {_WANTED}"
    if code == ACCEPTED_CODE:
        return None
    return f'200으로 답했지만 code가 "{_shown(code)}"{_copula(code)}. "0000"이어야 해요'


def _kind(value: object) -> str:
    """A JSON value with its copula, as the end of a sentence."""
    match value:
        case _Number():
            return f"숫자 {_shown(value)}{_copula(value)}"
        case str():
            return "문자열이에요"
        case bool():
            return f"불리언 {str(value).lower()}예요"
        case None:
            return "null이에요"
        case dict():
            return "객체예요"
        case _:
            return "배열이에요"


def _copula(text: str) -> str:
    """이에요 or 예요, by how the last letter is read aloud."""
    last = text[-1:]
    if "가" <= last <= "힣":
        return "이에요" if (ord(last) - ord("가")) % 28 else "예요"
    return "예요" if last in "2459" and last else "이에요"


def _shown(text: str) -> str:
    """A stranger's text, fit for logs and the database: short, no control letters, no lone surrogates."""
    cut = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)
