"""Partners of a developer's own in the sandbox: made in a moment, for a test or an integration, and removed.

They are sandbox partners as the two standing ones, so a reset empties them.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from cheonggu.billing import sandbox_partners
from cheonggu.billing.onboarding import NewPartner, insert_partner, new_api_key, new_webhook_secret
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.domain.quirks import KEY_IN_CALLBACK, NONE, Profile, Quirks
from cheonggu.store import accounts, own_partners, points, practice
from cheonggu.store.partners import key_hash, quirks_of
from cheonggu.store.postgres import Connection, Database, Row
from cheonggu.store.sealing import Keyring

T = TypeVar("T")

_NAME_BYTES: Final = 6
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105
NO_PARTNER: Final = "그런 연습용 파트너가 없습니다. GET /sandbox/partners에서 이름을 확인해 주세요."


class OwnPartner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner to make; what is None is made up, or as the standing partners have it."""

    name: str | None = None
    api_key: str | None = None
    webhook_secret: str | None = None
    member: str = "member"
    merchant: str = "merchant"
    merchant_name: str = "연습 학원"
    wallet_kind: str = "PARTNER"
    message_points: int = 55
    points: int = sandbox_partners.START_POINTS
    notices: bool = False
    key_in_callback: bool | None = None
    profile: Profile = "docs"
    quirks: Quirks = NONE


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a sandbox partner; what is None stays."""

    active: bool | None = None
    message_points: int | None = None
    notices: bool | None = None
    key_in_callback: bool | None = None
    profile: Profile | None = None
    answer_field: str | None = None
    callback_fields: str | None = None
    callback_spelling: str | None = None
    date_digits: int | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """All that a client of a sandbox partner needs. The apiKey is None when it was changed by an operator."""

    partner_id: int
    name: str
    api_key: str | None
    member: str | None
    merchant: str | None
    merchant_name: str | None
    webhook_secret: str | None
    active: bool
    wallet_kind: str
    message_points: int
    points: int
    notices: bool
    key_in_callback: bool
    profile: Profile
    quirks: Quirks
    own: bool


async def make(db: Database, keyring: Keyring, own: OwnPartner, at: datetime) -> Identity:
    """A sandbox partner with a key, a secret, a merchant, a member and points. Raises Refused."""
    key_in_callback = _key_in_callback(own.profile, asked=own.key_in_callback, before=False)
    api_key, secret = own.api_key or new_api_key(), _secret(own.webhook_secret)
    new = NewPartner(
        name=own.name or f"own-{secrets.token_hex(_NAME_BYTES)}",
        wallet_kind=own.wallet_kind,
        message_points=own.message_points,
        key_in_callback=key_in_callback,
        notices=own.notices,
        sandbox=True,
        profile=own.profile,
        quirks=own.quirks,
    )

    async def verb(conn: Connection) -> Identity:
        await accounts.hold_names(conn)
        if await accounts.find(conn, new.name):
            raise codes.invalid("name", f"{new.name!r}은(는) 이미 있는 파트너입니다.")
        if await own_partners.key_taken(conn, key_hash(api_key)):
            raise codes.invalid("apiKey", "이미 쓰고 있는 apiKey입니다.")
        partner_id = await insert_partner(conn, keyring, new, api_key, secret)
        await accounts.insert_merchant(conn, partner_id, own.merchant, own.merchant_name, [None] * 4)
        await accounts.map_members(conn, partner_id, own.merchant, [own.member])
        if own.points:
            wallet = "" if own.wallet_kind == "PARTNER" else own.merchant
            await points.charge(
                conn, partner_id=partner_id, wallet_code=wallet, points=own.points, note="sandbox", at=at
            )
        sealed = keyring.seal(api_key, partner_id, "api_key")
        await own_partners.keep(conn, partner_id, sealed, own.points, msgspec.json.encode(new).decode())
        return _identity((await own_partners.listed(conn, partner_id))[0], keyring)

    return await db.run(verb)


async def every(db: Database, keyring: Keyring) -> list[Identity]:
    """The standing partners and all that were made."""
    return [_identity(row, keyring) for row in await own_partners.listed(db)]


async def known(db: Database, keyring: Keyring, name: str) -> Identity:
    """The sandbox partner of this name. Raises Refused."""

    async def look(conn: Connection) -> Identity:
        partner_id = await find(conn, name)
        return _identity((await own_partners.listed(conn, partner_id))[0], keyring)

    return await db.run_at_one_moment(look)


async def change(db: Database, keyring: Keyring, name_or_number: str, asked: Changes) -> Identity:
    """Change a sandbox partner's switches, all at once. Raises Refused."""

    async def verb(conn: Connection) -> Identity:
        partner_id = await find(conn, name_or_number)
        row = await accounts.hold(conn, partner_id)
        assert row is not None
        before = _identity((await own_partners.listed(conn, partner_id))[0], keyring)
        profile = before.profile if asked.profile is None else asked.profile
        stays = before.key_in_callback and profile == before.profile
        key_in_callback = _key_in_callback(profile, asked=asked.key_in_callback, before=stays)
        await own_partners.change(
            conn,
            partner_id,
            status="SUSPENDED" if not _either(asked.active, before.active) else "ACTIVE",
            message_points=_either(asked.message_points, before.message_points),
            notices=_either(asked.notices, before.notices),
            api_key_sealed=_sealed_key(before, row, keyring) if key_in_callback else None,
        )
        await accounts.set_wire(conn, partner_id, profile, _quirks(asked, before.quirks))
        await accounts.tell(conn)
        return _identity((await own_partners.listed(conn, partner_id))[0], keyring)

    return await db.run(verb)


async def remove(db: Database, name_or_number: str, forget: Callable[[], None]) -> int:
    """Delete a partner that was made, with all its bills; its number. Raises Refused for any other.

    `forget` lets this process forget what it remembers of partners.
    """

    async def stop(conn: Connection) -> int:
        partner_id = await find(conn, name_or_number)
        if not await own_partners.ids(conn, partner_id):
            raise Refused(codes.HTTP_404, "처음부터 있는 연습용 파트너는 지울 수 없습니다.")
        await accounts.set_status(conn, partner_id, "SUSPENDED")  # its requests end before its rows do
        await accounts.tell(conn)
        return partner_id

    partner_id = await db.run(stop)
    forget()
    await db.run(lambda conn: practice.remove(conn, [partner_id]))
    forget()
    return partner_id


async def find(conn: Connection, name_or_number: str) -> int:
    """The sandbox partner of this name or number. Raises Refused."""
    found = [
        row["partner_id"]
        for number in await accounts.find(conn, name_or_number.replace("\0", ""))  # no text has one
        for row in await own_partners.listed(conn, number)
    ]
    if len(found) != 1:
        raise Refused(codes.HTTP_404, NO_PARTNER)
    return found[0]


def _key_in_callback(profile: str, *, asked: bool | None, before: bool) -> bool:
    """Whether callbacks hold the apiKey. Raises Refused when that is asked for against a dated profile."""
    dated = KEY_IN_CALLBACK.get(profile)
    if dated is not None and asked is not None and asked != dated:
        has = "들어 있습니다" if dated else "없습니다"
        raise codes.invalid("keyInCallback", f"프로필 {profile}의 콜백에는 apiKey가 {has}.")
    return _either(dated, _either(asked, before))


def _either(asked: T | None, before: T) -> T:
    return before if asked is None else asked


def _quirks(asked: Changes, before: Quirks) -> Quirks:
    given = {name: getattr(asked, name) for name in Quirks.__struct_fields__}
    return msgspec.structs.replace(before, **{name: one for name, one in given.items() if one is not None})


def _secret(given: str | None) -> str:
    if given is None:
        return new_webhook_secret()
    try:
        key = base64.b64decode(given.removeprefix(_SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not given.startswith(_SECRET_PREFIX) or not 16 <= len(key) <= 64:
        raise codes.invalid("webhookSecret", "whsec_ 다음에 16~64바이트를 base64로 적어야 합니다.")
    return given


def _sealed_key(identity: Identity, row: Row, keyring: Keyring) -> bytes:
    """The apiKey as callbacks take it. Raises Refused when nobody knows it any more."""
    if row["api_key_sealed"] is not None:
        return row["api_key_sealed"]
    if identity.api_key is None:
        raise codes.invalid("profile", "apiKey가 바뀐 파트너라 콜백에 넣을 apiKey를 알 수 없습니다.")
    return keyring.seal(identity.api_key, identity.partner_id, "api_key")


def _identity(row: Row, keyring: Keyring) -> Identity:
    partner_id: int = row["partner_id"]
    secret = row["secret_sealed"]
    return Identity(
        partner_id=partner_id,
        name=row["name"],
        api_key=_known_key(row, keyring),
        member=row["member_code"],
        merchant=row["merchant_code"],
        merchant_name=row["merchant_name"],
        webhook_secret=secret and keyring.open(secret, partner_id, row["secret_no"], "webhook"),
        active=row["status"] == "ACTIVE",
        wallet_kind=row["wallet_kind"],
        message_points=row["message_points"],
        points=row["balance_points"],
        notices=row["notices"],
        key_in_callback=row["key_in_callback"],
        profile=row["profile"],
        quirks=quirks_of(row) or NONE,
        own=row["own_key_sealed"] is not None,
    )


def _known_key(row: Row, keyring: Keyring) -> str | None:
    """The apiKey if it is still the one: a standing partner's is public, another's was kept."""
    if row["own_key_sealed"] is not None:
        api_key = keyring.open(row["own_key_sealed"], row["partner_id"], "api_key")
    else:
        public = {one.name: one.api_key for one in sandbox_partners.ALL}
        api_key = public.get(row["name"], "")
    return api_key if key_hash(api_key) == row["key_hash"] else None
