"""The addresses of a bill's pages."""

from __future__ import annotations

import re
from typing import Final

from cheonggu.web.words import Language

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_PAGE: Final = re.compile(rf"/p/({_CODE.pattern})(?:/.*)?", re.DOTALL)


def is_code(text: str) -> bool:
    """Whether this can be a short code at all: 22 characters of base64url."""
    return _CODE.fullmatch(text) is not None


def code_of(path: str) -> str | None:
    """The short code in the path of a bill's page or of a page below it."""
    match = _PAGE.fullmatch(path)
    return match[1] if match else None


def bill_path(code: str, language: Language) -> str:
    """Where a bill's page lies, in the language that was chosen."""
    return f"/p/{code}{language.query}"


def in_language(path: str, language: Language) -> str:
    """A path of ours that stays in the chosen language; an address elsewhere is left as it is."""
    return f"{path}{language.query}" if path.startswith("/") and "?" not in path else path
