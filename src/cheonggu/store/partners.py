"""Who calls: partners, their members and merchants, looked up by apiKey and remembered until they change."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from hashlib import sha256
from typing import Final

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.quirks import NONE, Profile, Quirks
from cheonggu.store.postgres import Database, Row

_MOST_REMEMBERED: Final = 50_000
_PRINT_BYTES: Final = 8
"""How much of a key's hash is enough to tell that a key is none of ours."""


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's contract with us."""

    partner_id: int
    name: str
    active: bool
    wallet_kind: str
    message_points: int
    key_in_callback: bool
    notices: bool
    sandbox: bool
    profile: Profile = "docs"
    quirks: Quirks | None = None
    """None of a partner that is spoken to as everybody, so that nobody else pays for them."""

    def wallet_code(self, merchant_code: str) -> str:
        """Whose wallet pays for a merchant's messages: the partner's own ('') or the merchant's."""
        return "" if self.wallet_kind == "PARTNER" else merchant_code


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant (하위사업장) as the foot of a bill shows it."""

    partner_id: int
    merchant_code: str
    name: str
    phone: str | None
    owner_name: str | None
    registration_number: str | None
    address: str | None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request, and for which merchant; everything in it was checked."""

    partner: Partner
    merchant: Merchant
    member: str
    api_key: str

    @property
    def wallet_code(self) -> str:
        """The wallet that pays for this merchant's messages."""
        return self.partner.wallet_code(self.merchant.merchant_code)


def key_hash(api_key: str) -> bytes:
    """How an apiKey is stored. Keys are random, at least 128 bits, so a plain SHA-256 keeps them."""
    return sha256(api_key.encode()).digest()


class Directory:
    """Looks callers up, and remembers those that exist. What is unknown is asked for anew every time."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._partners: dict[bytes, Partner] = {}
        self._merchants: dict[tuple[int, str, str], Merchant] = {}
        self._prints: bytes | None = None
        self._reading_prints = asyncio.Lock()
        self._heard = True
        self._changes = 0

    def forget(self) -> None:
        """Forget everything: something has changed. Look-ups under way will not be remembered either."""
        self._changes += 1
        self._partners.clear()
        self._merchants.clear()
        self._prints = None

    def listening(self, *, heard: bool) -> None:
        """Whether changes are being heard; while they are not, nothing is remembered."""
        self._heard = heard
        self.forget()

    async def partner(self, api_key: str) -> Partner:
        """The active partner of an apiKey. Raises Refused with PARTNER_003 or PARTNER_006 (D)."""
        hashed = key_hash(api_key)
        partner = self._partners.get(hashed)
        if partner is None:
            changes = self._changes
            row = await self._db.fetchrow(_PARTNER, hashed)
            if row is None:
                raise Refused(codes.PARTNER_003)
            partner = _partner(row)
            if self._may_remember(changes, len(self._partners)):
                self._partners[hashed] = partner
        return _active(partner)

    def remembered(self, api_key: str) -> Partner | None:
        """The active partner of an apiKey, if it is remembered. Raises Refused with PARTNER_006 (D)."""
        partner = self._partners.get(key_hash(api_key))
        return None if partner is None else _active(partner)

    def remembered_caller(self, api_key: str, member: str, merchant: str) -> Caller | None:
        """The caller, if all of it is remembered. Raises Refused with PARTNER_006 (D)."""
        partner = self.remembered(api_key)
        found = partner and self._merchants.get((partner.partner_id, member, merchant))
        if partner is None or found is None:
            return None
        return Caller(partner=partner, merchant=found, member=member, api_key=api_key)

    async def may_know(self, api_key: str) -> bool:
        """Whether this may be a key of ours: False is certain.

        The database is asked for all keys at once, by one caller at a time, and again only after a change.
        """
        prints = self._prints
        if prints is None:
            async with self._reading_prints:
                prints = self._prints
                if prints is None:
                    prints = await self._read_prints()
        wanted = key_hash(api_key)[:_PRINT_BYTES]
        size = len(prints) // _PRINT_BYTES

        def nth(n: int) -> bytes:
            return prints[n * _PRINT_BYTES : (n + 1) * _PRINT_BYTES]

        return nth(bisect_left(range(size), wanted, key=nth)) == wanted

    async def _read_prints(self) -> bytes:
        changes = self._changes
        prints: bytes = await self._db.fetchval(_PRINTS) or b""
        if self._heard and self._changes == changes:
            self._prints = prints
        return prints

    async def caller(self, partner: Partner, api_key: str, member: str, merchant: str) -> Caller:
        """The caller, once member and merchant are known and mapped to each other.

        Raises Refused with PARTNER_003 when either is unknown, PARTNER_004 when they are not mapped (D).
        """
        place = (partner.partner_id, member, merchant)
        found = self._merchants.get(place)
        if found is None:
            changes = self._changes
            row = await self._db.fetchrow(_MERCHANT, *place)
            if row is None or not row["member_known"]:
                raise Refused(codes.PARTNER_003)
            if not row["mapped"]:
                raise Refused(codes.PARTNER_004)
            found = msgspec.convert({field: row[field] for field in Merchant.__struct_fields__}, Merchant)
            if self._may_remember(changes, len(self._merchants)):
                self._merchants[place] = found
        return Caller(partner=partner, merchant=found, member=member, api_key=api_key)

    def _may_remember(self, changes_before: int, remembered: int) -> bool:
        return self._heard and self._changes == changes_before and remembered < _MOST_REMEMBERED


def quirks_of(row: Row) -> Quirks | None:
    """A partner's switches from its row, if any of them is set."""
    quirks = msgspec.convert({name: row[name] for name in Quirks.__struct_fields__}, Quirks)
    return None if quirks == NONE else quirks


def _partner(row: Row) -> Partner:
    return msgspec.convert(dict(row) | {"quirks": quirks_of(row)}, Partner)


def _active(partner: Partner) -> Partner:
    if not partner.active:
        raise Refused(codes.PARTNER_006)
    return partner


_PRINTS: Final = "SELECT string_agg(substr(key_hash, 1, 8), '' ORDER BY key_hash) FROM api_key"

_PARTNER: Final = """
SELECT partner_id, name, status = 'ACTIVE' AS active, wallet_kind, message_points,
       key_in_callback, notices, sandbox, profile, answer_field, callback_fields, callback_spelling,
       date_digits
FROM api_key JOIN partner USING (partner_id)
WHERE key_hash = $1
"""

_MERCHANT: Final = """
SELECT m.*,
       EXISTS (SELECT FROM member b WHERE b.partner_id = $1 AND b.member_code = $2) AS member_known,
       EXISTS (SELECT FROM merchant_member x
               WHERE x.partner_id = $1 AND x.member_code = $2 AND x.merchant_code = $3) AS mapped
FROM merchant m
WHERE m.partner_id = $1 AND m.merchant_code = $3
"""
