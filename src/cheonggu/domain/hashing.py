"""The request hash: an integrity check over a few fields, not authentication."""

from __future__ import annotations

import hmac
from hashlib import sha256


def request_hash(*parts: str) -> str:
    """SHA-256 in hex over the parts joined by commas, UTF-8 (S)."""
    return sha256(",".join(parts).encode()).hexdigest()


def matches(given: str, *parts: str) -> bool:
    """Whether `given` is the hash of `parts`; hex case is ignored, the time taken is constant (O)."""
    return hmac.compare_digest(given.lower().encode(), request_hash(*parts).encode())
