"""JSON that somebody else wrote, when only an object is of use."""

from __future__ import annotations

import json
from typing import Any, cast


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The object that a text is; None for any other value, what is no JSON, and what nests too deep."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
