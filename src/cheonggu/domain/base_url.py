"""The address of a server, judged before anything is sent to it."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"
"""Where `cheonggu dev` is unless it was told otherwise."""


class AddressWrong(ValueError):
    """A base URL cannot be used; the sentence it carries says why."""


def split_address(base_url: str) -> SplitResult:
    """The parts of a base URL. Raises AddressWrong."""
    wrong = AddressWrong(f"{base_url!r} is no base URL: give one as in https://api.example.com/partner")
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
        resolvable = host and host.encode("idna")  # the system's resolver does this, and raises much later
    except ValueError:
        raise wrong from None
    if not resolvable or port == 0 or parts.scheme not in ("http", "https") or not base_url.isascii():
        raise wrong
    if parts.query or parts.fragment or parts.username:
        raise wrong
    return parts
