"""Standard Webhooks signatures: beside the vendor's body, for partners who want proof of the sender (O)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (the mark before a secret, not one)
SECRET_BYTES: Final = range(24, 65)
"""What Standard Webhooks allows."""
TOLERANCE_SECONDS: Final = 300

_ID = re.compile(r"[!-,\-/-~]+")
"""Visible ASCII without the dot, which parts the signed text: `a.1`,`2` and `a`,`1` would sign alike."""


def decode_secret(secret: str) -> bytes:
    """The key in a `whsec_…` secret, or ValueError with a sentence that does not repeat the secret."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError("웹훅 시크릿은 whsec_로 시작해야 해요")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("웹훅 시크릿의 whsec_ 뒤는 base64여야 해요") from None
    if len(key) not in SECRET_BYTES:
        raise ValueError("웹훅 시크릿은 24바이트 이상 64바이트 이하여야 해요")
    return key


def sign(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,<base64>` for every live secret, in their order."""
    if not secrets:
        raise ValueError("서명할 웹훅 시크릿이 없어요")
    if not _ID.fullmatch(webhook_id):
        raise ValueError("webhook-id는 점 없이 보이는 ASCII 문자여야 해요")
    return " ".join("v1," + digest.decode() for digest in _digests(secrets, webhook_id, timestamp, body))


def verify(
    secrets: Sequence[str],
    webhook_id: str,
    timestamp: int,
    body: bytes,
    signatures: str,
    *,
    now: int | None = None,
) -> bool:
    """Whether one signature of the header is ours by one of the secrets, in constant time.

    With `now`, a timestamp more than five minutes away is refused: an old delivery cannot be played again.
    """
    if not _ID.fullmatch(webhook_id) or (now is not None and abs(now - timestamp) > TOLERANCE_SECONDS):
        return False
    given = [entry[3:].encode(errors="replace") for entry in signatures.split(" ") if entry.startswith("v1,")]
    found = False
    for digest in _digests(secrets, webhook_id, timestamp, body):
        for candidate in given:
            found |= hmac.compare_digest(digest, candidate)
    return found


def _digests(secrets: Iterable[str], webhook_id: str, timestamp: int, body: bytes) -> list[bytes]:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return [base64.b64encode(hmac.digest(decode_secret(secret), signed, sha256)) for secret in secrets]
