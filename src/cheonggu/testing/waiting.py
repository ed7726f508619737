"""How long tests wait, and what says in words that something did not come."""

from __future__ import annotations

from typing import Final

PATIENCE_SECONDS: Final = 10.0
"""At rest, messages and first callbacks leave within a second; unknown payments are settled within six."""


class NotSo(AssertionError):
    """What a test expected did not come true; the sentences say what is so instead."""

    __module__ = "cheonggu.testing"
