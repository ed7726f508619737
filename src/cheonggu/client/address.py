"""The address of a server, judged before anything is sent to it."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


class AddressWrong(ValueError):
    """A base URL cannot be used; the sentence it carries says why."""


def split_address(base_url: str) -> SplitResult:
    """The parts of a base URL. Raises AddressWrong."""
    try:
        parts = urlsplit(base_url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")  # what the system's resolver does, and raises much later
    except ValueError:
        parts, fits = urlsplit(""), False
    if not fits or parts.query or parts.fragment or parts.username or not base_url.isascii():
        raise AddressWrong(f"{base_url!r} is no base URL: give one as in https://api.example.com/partner")
    return parts
