"""Seals for what is personal, and blind indexes to find it again.

A seal is AES-GCM-SIV and bound to its context (partner, bill, field), so that a sealed value moved to another
row does not open. Several keys may be given: the first seals, all of them open, and that is how one rotates.
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cheonggu.store.entropy import take

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_ID_BYTES: Final = 4

_BINDERS: Final = tuple("\x1f".join(["%s"] * count) for count in range(5))
"""For each length of a context; a quarter of the time that joining takes, in two seals of every create."""


class KeyUnfit(ValueError):
    """A secret key is 32 random bytes in base64; make one with: cheonggu secret-key"""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class SealBroken(Exception):
    """A sealed value does not open: the key it was sealed with is missing, or it was tampered with."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def new_secret_key() -> str:
    """A fresh secret key, as CHEONGGU_SECRET_KEY takes it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class _Key:
    def __init__(self, secret: bytes) -> None:
        self.key_id = sha256(b"cheonggu key id" + secret).digest()[:_KEY_ID_BYTES]
        self.cipher = AESGCMSIV(_derive(secret, b"seal"))
        # HMAC-SHA256 (RFC 2104) as its two hashes, which have taken in the key: copying these for each index
        # costs half of copying the library's object, and every create takes two.
        block = _derive(secret, b"blind index").ljust(sha256().block_size, b"\0")
        self.index_inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self.index_outer = sha256(bytes(byte ^ 0x5C for byte in block))
        self.form_key = _derive(secret, b"form token")
        self.backup_key = _derive(secret, b"backup")


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"cheonggu " + purpose).derive(secret)


class Keyring:
    """The secret keys of this installation."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = [_Key(key) for key in keys]
        self._by_id = {key.key_id: key for key in self._keys}

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """The keys of a comma-separated setting, the one that seals first. Raises KeyUnfit."""
        keys: list[bytes] = []
        for part in text.split(","):
            try:
                key = base64.b64decode(part.strip(), validate=True)
            except ValueError:
                raise KeyUnfit from None
            if len(key) != KEY_BYTES:
                raise KeyUnfit
            keys.append(key)
        return cls(keys)

    def seal(self, text: str, *context: str | int) -> bytes:
        """`text` sealed under the first key, openable only with the same context."""
        key = self._keys[0]
        nonce = take(_NONCE_BYTES)
        return key.key_id + nonce + key.cipher.encrypt(nonce, text.encode(), _bind(context))

    def open(self, sealed: bytes, *context: str | int) -> str:
        """What was sealed. Raises SealBroken."""
        key = self._by_id.get(sealed[:_KEY_ID_BYTES])
        body = sealed[_KEY_ID_BYTES:]
        if key is None:
            raise SealBroken
        try:
            return key.cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bind(context)).decode()
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def sealed_by_first(self, sealed: bytes) -> bool:
        """Whether the first key sealed this, so that it need not be sealed again after a rotation."""
        return sealed.startswith(self._keys[0].key_id)

    def index(self, partner_id: int, field: str, value: str) -> int:
        """The blind index under the first key: equal values of a partner's field have equal ones."""
        return _index(self._keys[0], partner_id, field, value)

    def indexes(self, partner_id: int, field: str, value: str) -> list[int]:
        """The blind index under every key, to find what an older key had indexed."""
        return [_index(key, partner_id, field, value) for key in self._keys]

    @property
    def key_ids(self) -> frozenset[bytes]:
        """What every seal begins with that these keys open."""
        return frozenset(self._by_id)

    def mark(self, document: bytes) -> str:
        """The first key's mark on a backup's manifest: that it was made here, and not changed since."""
        return digest(self._keys[0].backup_key, document, sha256).hex()

    def marked(self, document: bytes, mark: bytes) -> bool:
        """Whether one of the keys made this mark on this document."""
        made = [digest(key.backup_key, document, sha256).hex().encode() for key in self._keys]
        return any(compare_digest(one, mark) for one in made)

    @property
    def form_key(self) -> bytes:
        """The key of the payer's form tokens."""
        return self._keys[0].form_key


def _bind(context: tuple[str | int, ...]) -> bytes:
    return (_BINDERS[len(context)] % context).encode()


def _index(key: _Key, partner_id: int, field: str, value: str) -> int:
    inner, outer = key.index_inner.copy(), key.index_outer.copy()
    inner.update(f"{partner_id}\x1f{field}\x1f{value}".encode())
    outer.update(inner.digest())
    return int.from_bytes(outer.digest()[:8], signed=True)


def normal_name(name: str) -> str:
    """The form of a name that its blind index is made of: NFC."""
    return unicodedata.normalize("NFC", name)


def normal_phone(phone: str) -> str:
    """The form of a phone that its blind index is made of: its ASCII digits, or all of it without any."""
    if phone.isascii() and phone.isdigit():
        return phone
    return "".join(char for char in phone if char in "0123456789") or phone
