"""Who is asked, as whom, and what may be done there."""

from __future__ import annotations

from typing import Final

import msgspec

PAYER: Final = "김점검"
NOBODYS_PHONE: Final = "01000000000"
"""In a number range that is given to nobody; URL bills send nothing anyway."""
NOWHERE: Final = "https://conform.invalid/callback"
"""A name that leads nowhere by RFC 2606: bills that nobody pays are never called back."""


class Who(msgspec.Struct, frozen=True):
    """A partner, and as which member and for which merchant it acts."""

    api_key: str
    member: str
    merchant: str

    @property
    def envelope(self) -> dict[str, object]:
        """The head of every request."""
        return {"apiKey": self.api_key, "member": self.member, "merchant": self.merchant}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and what its owner allows."""

    base_url: str
    who: Who
    second: Who | None = None
    unmapped_merchant: str | None = None
    suspended_api_key: str | None = None
    webhook_secret: str | None = None
    read_only: bool = False
    talk_phone: str | None = None
    pay: bool = False
    pay_by_hand_seconds: float | None = None
    paid_bills: tuple[str, ...] = ()
    callback_listen: tuple[str, int] | None = None
    callback_url: str | None = None
    timeout_seconds: float = 15.0
    callback_seconds: float = 10.0
    per_second: float | None = None

    @property
    def api(self) -> str:
        """The base URL without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def root(self) -> str:
        """The base URL without /partner: where the sandbox's endpoints are."""
        return self.api.removesuffix("/partner")
