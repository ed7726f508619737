"""Order ids that are made before a payment window opens, and known again when it comes back.

One carries no state of ours: random characters, and a MAC over them and the bill that they were made for. So
opening a window writes nothing, and an order that comes back with another bill's code is nobody's.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

_PURPOSE: Final = "order id"
_NONCE_BYTES: Final = 16
_MAC_BYTES: Final = 16
_NONCE_CHARACTERS: Final = 22
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{44}")


def new_order_id(key: bytes, code: str) -> str:
    """A fresh order id for the bill of this short code: 44 characters of base64url."""
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    return nonce + _mac(key, code, nonce)


def is_order_of(key: bytes, code: str, order_id: str) -> bool:
    """Whether an order id was made here for the bill of this short code."""
    if _ORDER_ID.fullmatch(order_id) is None:
        return False
    nonce, mac = order_id[:_NONCE_CHARACTERS], order_id[_NONCE_CHARACTERS:]
    return compare_digest(_mac(key, code, nonce), mac)


def _mac(key: bytes, code: str, nonce: str) -> str:
    mac = digest(key, f"{_PURPOSE}\n{code}\n{nonce}".encode(), sha256)[:_MAC_BYTES]
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
