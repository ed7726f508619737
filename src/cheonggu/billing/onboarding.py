"""How partners and merchants come to be, get new keys, pause and buy points.

A verb is one transaction, and the operator's act is written into the audit log in it.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.billing.sandbox_partners import ALL, START_POINTS, SandboxPartner
from cheonggu.domain.quirks import KEY_IN_CALLBACK, NONE, PROFILES, Quirks
from cheonggu.store import accounts, audit, own_partners, points
from cheonggu.store.audit import Operator
from cheonggu.store.partners import key_hash
from cheonggu.store.postgres import Connection, Database, Row
from cheonggu.store.sealing import Keyring

KEY_PREFIX: Final = "ck_"
"""So that a leaked key is recognised, by people and by scanners."""
_KEY_LETTERS: Final = string.ascii_letters + string.digits
_KEY_LENGTH: Final = 28
"""166 random bits; with the prefix 31 characters of the 32 that an apiKey may have (S)."""
_SECRET_BYTES: Final = 32

MOST_POINTS: Final = 1_000_000_000_000
"""In one charge; far beyond any purchase, far below what the ledger can add up."""
MOST_MESSAGE_POINTS: Final = 1_000_000
_MOST_CODE: Final = 60
_MOST_NAME: Final = 50
_MOST_FOOT: Final = 200


class AccountRefused(Exception):
    """An account cannot be made or changed as asked."""


class NewPartner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner to make. `wallet_kind` is PARTNER (one wallet) or MERCHANT (one for each merchant)."""

    name: str
    wallet_kind: str = "PARTNER"
    message_points: int = 55
    key_in_callback: bool = False
    notices: bool = False
    sandbox: bool = False
    profile: str = "docs"
    quirks: Quirks = NONE


class NewMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant to make, with the members that may act for it. The foot's lines are optional."""

    partner_id: int
    merchant_code: str
    name: str
    members: Sequence[str]
    phone: str | None = None
    owner_name: str | None = None
    registration_number: str | None = None
    address: str | None = None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a new partner is given. It is shown once: we keep a hash of the one and a seal of the other."""

    partner_id: int
    api_key: str
    webhook_secret: str


async def find_partner(db: Database, name_or_number: str) -> int:
    """The partner of this name or number. Raises AccountRefused unless it is exactly one."""
    found = await db.run(lambda conn: accounts.find(conn, name_or_number))
    if len(found) == 1:
        return found[0]
    if not found:
        raise AccountRefused(f"There is no partner {name_or_number!r}. See: cheonggu partner list")
    numbers = ", ".join(map(str, found))
    raise AccountRefused(f"{name_or_number!r} may be any of the partners {numbers}: use the number.")


async def create_partner(db: Database, keyring: Keyring, by: Operator, new: NewPartner) -> Credentials:
    """Make a partner with an apiKey and a webhook secret. Raises AccountRefused."""
    _check_text("The partner's name", new.name, _MOST_NAME)
    if new.wallet_kind not in ("PARTNER", "MERCHANT"):
        raise AccountRefused(f"The wallet is PARTNER or MERCHANT, not {new.wallet_kind!r}.")
    if not 0 <= new.message_points <= MOST_MESSAGE_POINTS:
        raise AccountRefused(f"A message costs from 0 to {MOST_MESSAGE_POINTS:,} points.")
    new = _with_key_of_profile(new)
    api_key, secret = new_api_key(), new_webhook_secret()

    async def create(conn: Connection) -> Credentials:
        partner_id = await insert_partner(conn, keyring, new, api_key, secret)
        await audit.record(
            conn,
            by,
            "partner create",
            partner_id,
            wallet=new.wallet_kind,
            messagePoints=new.message_points,
            keyInCallback=new.key_in_callback,
            notices=new.notices,
            profile=new.profile,
        )
        return Credentials(partner_id=partner_id, api_key=api_key, webhook_secret=secret)

    return await db.run(create)


async def create_merchant(db: Database, by: Operator, new: NewMerchant) -> None:
    """Make a merchant and let its members act for it. Raises AccountRefused."""
    _check_code("The merchant's code", new.merchant_code)
    _check_text("The merchant's name", new.name, _MOST_NAME)
    if not new.members:
        raise AccountRefused("A merchant needs at least one member that may act for it.")
    for member in new.members:
        _check_code("A member's code", member)
    foot = [_foot_line(line) for line in (new.phone, new.owner_name, new.registration_number, new.address)]

    async def create(conn: Connection) -> None:
        await _hold(conn, new.partner_id)
        if not await accounts.insert_merchant(conn, new.partner_id, new.merchant_code, new.name, foot):
            raise AccountRefused(f"The partner already has a merchant {new.merchant_code!r}.")
        await accounts.map_members(conn, new.partner_id, new.merchant_code, new.members)
        await accounts.tell(conn)
        await audit.record(conn, by, "merchant create", new.partner_id, merchant=new.merchant_code)

    await db.run(create)


async def rotate_key(db: Database, keyring: Keyring, by: Operator, partner_id: int) -> str:
    """Give the partner a new apiKey; the old one ends with the commit. Raises AccountRefused."""
    api_key = new_api_key()

    async def rotate(conn: Connection) -> str:
        partner = await _hold(conn, partner_id)
        copy = keyring.seal(api_key, partner_id, "api_key") if partner["key_in_callback"] else None
        await accounts.replace_key(conn, partner_id, key_hash(api_key), copy)
        if partner["sandbox"]:
            await own_partners.keep_key(conn, partner_id, keyring.seal(api_key, partner_id, "api_key"))
        await accounts.tell(conn)
        await audit.record(conn, by, "partner rotate-key", partner_id)
        return api_key

    return await db.run(rotate)


async def rotate_webhook_secret(db: Database, keyring: Keyring, by: Operator, partner_id: int) -> str:
    """Give the partner a new webhook secret; for 24 hours the one before signs too. Raises AccountRefused."""
    secret = new_webhook_secret()

    async def rotate(conn: Connection) -> str:
        await _hold(conn, partner_id)
        await _replace_secret(conn, keyring, partner_id, secret)
        await accounts.tell(conn)
        await audit.record(conn, by, "partner rotate-secret", partner_id)
        return secret

    return await db.run(rotate)


async def suspend(db: Database, by: Operator, partner_id: int) -> None:
    """Refuse the partner's requests from now on; its payers can still pay. Raises AccountRefused."""
    await _set_status(db, by, "partner suspend", partner_id, "SUSPENDED")


async def resume(db: Database, by: Operator, partner_id: int) -> None:
    """Take the partner's requests again. Raises AccountRefused."""
    await _set_status(db, by, "partner resume", partner_id, "ACTIVE")


async def charge_points(
    db: Database, by: Operator, *, partner_id: int, merchant_code: str | None, amount: int, at: datetime
) -> int:
    """Add bought points to the wallet of the partner's contract; the new balance. Raises AccountRefused."""
    if not 1 <= amount <= MOST_POINTS:
        raise AccountRefused(f"A charge is from 1 to {MOST_POINTS:,} points.")

    async def charge(conn: Connection) -> int:
        partner = await _hold(conn, partner_id)
        wallet_code = await _wallet_code(conn, partner, merchant_code)
        balance = await points.charge(
            conn, partner_id=partner_id, wallet_code=wallet_code, points=amount, note=None, at=at
        )
        await audit.record(conn, by, "points charge", partner_id, merchant=merchant_code, points=amount)
        return balance

    return await db.run(charge)


async def make_sandbox_partners(db: Database, keyring: Keyring, at: datetime) -> None:
    """Make the sandbox partners that are not there yet; those that are stay as they are."""

    async def make(conn: Connection) -> None:
        await accounts.hold_names(conn)
        for partner in ALL:
            if not await accounts.find(conn, partner.name):
                await _make_sandbox_partner(conn, keyring, partner, at)

    await db.run(make)


async def _make_sandbox_partner(
    conn: Connection, keyring: Keyring, partner: SandboxPartner, at: datetime
) -> None:
    new = NewPartner(name=partner.name, sandbox=True)
    partner_id = await insert_partner(conn, keyring, new, partner.api_key, partner.webhook_secret)
    foot = (partner.phone, partner.owner_name, partner.registration_number, partner.address)
    await accounts.insert_merchant(conn, partner_id, partner.merchant, partner.merchant_name, foot)
    await accounts.map_members(conn, partner_id, partner.merchant, [partner.member])
    await points.charge(
        conn, partner_id=partner_id, wallet_code="", points=START_POINTS, note="sandbox", at=at
    )


async def insert_partner(
    conn: Connection, keyring: Keyring, new: NewPartner, api_key: str, webhook_secret: str
) -> int:
    """A new partner with key and secret, in a transaction of the caller's. Raises AccountRefused."""
    await accounts.hold_names(conn)
    if await accounts.find(conn, new.name):
        raise AccountRefused(f"There is already a partner that goes by {new.name!r}.")
    partner_id = await accounts.insert_partner(
        conn,
        name=new.name,
        wallet_kind=new.wallet_kind,
        message_points=new.message_points,
        notices=new.notices,
        sandbox=new.sandbox,
    )
    copy = keyring.seal(api_key, partner_id, "api_key") if new.key_in_callback else None
    await accounts.replace_key(conn, partner_id, key_hash(api_key), copy)
    await accounts.set_wire(conn, partner_id, new.profile, new.quirks)
    await _replace_secret(conn, keyring, partner_id, webhook_secret)
    await accounts.tell(conn)
    return partner_id


async def _replace_secret(conn: Connection, keyring: Keyring, partner_id: int, secret: str) -> None:
    secret_no = await accounts.next_secret_no(conn, partner_id)
    sealed = keyring.seal(secret, partner_id, secret_no, "webhook")
    await accounts.replace_secret(conn, partner_id, secret_no, sealed)


async def _set_status(db: Database, by: Operator, act: str, partner_id: int, status: str) -> None:
    async def change(conn: Connection) -> None:
        await _hold(conn, partner_id)
        await accounts.set_status(conn, partner_id, status)
        await accounts.tell(conn)
        await audit.record(conn, by, act, partner_id)

    await db.run(change)


async def _hold(conn: Connection, partner_id: int) -> Row:
    partner = await accounts.hold(conn, partner_id)
    if partner is None:
        raise AccountRefused(f"There is no partner {partner_id}. See: cheonggu partner list")
    return partner


async def _wallet_code(conn: Connection, partner: Row, merchant_code: str | None) -> str:
    """The wallet that a charge is meant for: it must be one that the contract pays from."""
    if partner["wallet_kind"] == "PARTNER":
        if merchant_code is not None:
            raise AccountRefused("This partner has one wallet for all merchants: leave the merchant out.")
        return ""
    if merchant_code is None:
        raise AccountRefused("This partner's merchants have a wallet each: say which, with --merchant.")
    if not await accounts.has_merchant(conn, partner["partner_id"], merchant_code):
        raise AccountRefused(f"The partner has no merchant {merchant_code!r}.")
    return merchant_code


def _with_key_of_profile(new: NewPartner) -> NewPartner:
    """With the apiKey in callbacks or not, as the profile says. Raises AccountRefused."""
    if new.profile not in PROFILES:
        raise AccountRefused(f"The profile is one of {', '.join(PROFILES)}, not {new.profile!r}.")
    key_in_callback = KEY_IN_CALLBACK.get(new.profile, new.key_in_callback)
    if new.key_in_callback and not key_in_callback:
        raise AccountRefused(f"The profile {new.profile} leaves the apiKey out of callbacks.")
    return msgspec.structs.replace(new, key_in_callback=key_in_callback)


def new_api_key() -> str:
    """A fresh apiKey."""
    return KEY_PREFIX + "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH))


def new_webhook_secret() -> str:
    """A fresh webhook secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _check_text(what: str, text: str, most: int) -> None:
    if not 1 <= len(text) <= most or not text.isprintable() or text != text.strip():
        raise AccountRefused(
            f"{what} has 1 to {most} visible characters, no space at either end; not {text!r}."
        )


def _check_code(what: str, text: str) -> None:
    _check_text(what, text, _MOST_CODE)
    if any(char.isspace() for char in text):
        raise AccountRefused(f"{what} has no spaces; not {text!r}.")


def _foot_line(text: str | None) -> str | None:
    if not text:
        return None
    _check_text("A line of the bill's foot", text, _MOST_FOOT)
    return text
