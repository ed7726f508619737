"""JSON as the page shows it: laid out over lines, its keys marked."""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec
from markupsafe import Markup, escape

_KEY: Final = re.compile(r"(&#34;\w+&#34;)(?=:)")


def laid_out(text: str) -> str:
    """JSON over several lines, every token as it was sent; anything else as it is."""
    try:
        json.loads(text)
        return msgspec.json.format(text.encode(), indent=2).decode()
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return text


def keyed(text: str) -> Markup:
    """Escaped JSON with its keys marked."""
    return Markup(_KEY.sub(r"<i>\1</i>", str(escape(text))))  # noqa: S704 - escaped just here
