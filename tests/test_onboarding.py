"""Partners, merchants, keys and points: each verb one transaction, and nothing is shown twice."""

from __future__ import annotations

import asyncio
import base64
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from cheonggu.billing import onboarding, sandbox_partners
from cheonggu.billing.onboarding import AccountRefused, NewMerchant, NewPartner
from cheonggu.domain.codes import Refused
from cheonggu.store import accounts
from cheonggu.store.audit import Operator
from cheonggu.store.partners import Directory
from cheonggu.store.postgres import CHANNEL, Database, connect
from cheonggu.store.sealing import Keyring, new_secret_key
from tests.checks import assert_books_hold

BY = Operator("tester", "here")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.parse(new_secret_key())


@pytest_asyncio.fixture
async def partner_id(database: Database, keyring: Keyring) -> int:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="한빛"))
    return made.partner_id


async def signing_secrets(db: Database, keyring: Keyring, partner_id: int) -> list[str]:
    rows = await db.fetch(
        "SELECT secret_no, secret_sealed FROM webhook_secret WHERE partner_id = $1"
        " AND (valid_until IS NULL OR valid_until > now()) ORDER BY secret_no DESC",
        partner_id,
    )
    return [keyring.open(row["secret_sealed"], partner_id, row["secret_no"], "webhook") for row in rows]


async def test_a_partner_gets_a_key_and_a_secret_and_we_keep_neither(
    database: Database, keyring: Keyring
) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="한빛"))
    assert re.fullmatch(r"ck_[A-Za-z0-9]{28}", made.api_key)
    assert len(base64.b64decode(made.webhook_secret.removeprefix("whsec_"))) == 32
    found = await Directory(database).partner(made.api_key)
    assert (found.partner_id, found.message_points, found.wallet_kind) == (made.partner_id, 55, "PARTNER")
    row = await database.fetchrow("SELECT * FROM partner")
    assert row is not None
    assert row["api_key_sealed"] is None
    assert await signing_secrets(database, keyring, made.partner_id) == [made.webhook_secret]
    assert made.api_key not in str(dict(row))


async def test_a_sealed_copy_of_the_key_is_kept_only_for_callbacks_that_carry_it(
    database: Database, keyring: Keyring
) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="a", key_in_callback=True))

    async def copy() -> str:
        sealed: bytes = await database.fetchval("SELECT api_key_sealed FROM partner")
        return keyring.open(sealed, made.partner_id, "api_key")

    assert await copy() == made.api_key
    newest = await onboarding.rotate_key(database, keyring, BY, made.partner_id)
    assert await copy() == newest


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (NewPartner(name=""), "1 to 50 visible characters"),
        (NewPartner(name="가" * 51), "1 to 50 visible characters"),
        (NewPartner(name=" a"), "no space at either end"),
        (NewPartner(name="a\nb"), "visible"),
        (NewPartner(name="a", wallet_kind="BOTH"), "PARTNER or MERCHANT"),
        (NewPartner(name="a", message_points=-1), "from 0"),
        (NewPartner(name="한빛"), "already a partner"),
    ],
)
async def test_a_partner_that_cannot_be_is_refused_and_nothing_is_written(
    database: Database, keyring: Keyring, partner_id: int, new: NewPartner, why: str
) -> None:
    with pytest.raises(AccountRefused, match=why):
        await onboarding.create_partner(database, keyring, BY, new)
    assert len(await accounts.partners(database)) == 1


async def test_of_two_partners_made_at_once_with_one_name_one_is_refused(
    database: Database, keyring: Keyring
) -> None:
    tries = [onboarding.create_partner(database, keyring, BY, NewPartner(name="a")) for _ in range(4)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["AccountRefused"] * 3 + ["Credentials"]


async def test_a_new_key_ends_the_old_one_and_every_process_is_told(
    database: Database, dsn: str, keyring: Keyring
) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="a"))
    told: asyncio.Queue[object] = asyncio.Queue()
    listener = await connect(dsn)
    await listener.add_listener(CHANNEL, lambda _listener, _pid, _channel, said: told.put_nowait(said))
    fresh = await onboarding.rotate_key(database, keyring, BY, made.partner_id)
    assert await asyncio.wait_for(told.get(), 30) == "partners"
    await listener.close()
    directory = Directory(database)
    assert (await directory.partner(fresh)).partner_id == made.partner_id
    with pytest.raises(Refused, match="정상적인 파트너가 아닙니다"):
        await directory.partner(made.api_key)


async def test_for_24_hours_after_a_rotation_both_secrets_sign(database: Database, keyring: Keyring) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="a"))
    second = await onboarding.rotate_webhook_secret(database, keyring, BY, made.partner_id)
    assert await signing_secrets(database, keyring, made.partner_id) == [second, made.webhook_secret]
    until: datetime = await database.fetchval("SELECT max(valid_until) FROM webhook_secret")
    assert abs((until - datetime.now(UTC)).total_seconds() - 24 * 3600) < 60

    await database.execute("UPDATE webhook_secret SET valid_until = now() WHERE valid_until IS NOT NULL")
    third = await onboarding.rotate_webhook_secret(database, keyring, BY, made.partner_id)
    assert await signing_secrets(database, keyring, made.partner_id) == [third, second]
    assert await database.fetchval("SELECT count(*) FROM webhook_secret") == 2


async def test_secrets_rotated_at_once_leave_one_current(
    database: Database, keyring: Keyring, partner_id: int
) -> None:
    await asyncio.gather(
        *(onboarding.rotate_webhook_secret(database, keyring, BY, partner_id) for _ in range(4))
    )
    assert await database.fetchval("SELECT count(*) FROM webhook_secret WHERE valid_until IS NULL") == 1


async def test_a_suspended_partner_is_refused_until_it_is_resumed(
    database: Database, keyring: Keyring
) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="a"))
    await onboarding.suspend(database, BY, made.partner_id)
    with pytest.raises(Refused, match="적용중인 파트너 계약이 없습니다"):
        await Directory(database).partner(made.api_key)
    await onboarding.resume(database, BY, made.partner_id)
    await Directory(database).partner(made.api_key)


def a_merchant(partner_id: int, **given: Any) -> NewMerchant:
    sound = NewMerchant(partner_id=partner_id, merchant_code="m1", name="본원", members=["a", "b"])
    return msgspec.structs.replace(sound, **given)


async def test_a_merchant_has_members_and_a_foot_of_what_was_given(
    database: Database, keyring: Keyring
) -> None:
    made = await onboarding.create_partner(database, keyring, BY, NewPartner(name="a"))
    await onboarding.create_merchant(database, BY, a_merchant(made.partner_id, phone="02-1", address=""))
    await onboarding.create_merchant(
        database, BY, a_merchant(made.partner_id, merchant_code="m2", members=["b"])
    )
    rows = await accounts.merchants(database, made.partner_id)
    assert [(row["merchant_code"], row["members"]) for row in rows] == [("m1", ["a", "b"]), ("m2", ["b"])]
    assert (rows[0]["phone"], rows[0]["address"]) == ("02-1", None)
    directory = Directory(database)
    partner = await directory.partner(made.api_key)
    assert (await directory.caller(partner, made.api_key, "b", "m2")).merchant.name == "본원"
    with pytest.raises(Refused, match="하위사업장 연동"):
        await directory.caller(partner, made.api_key, "a", "m2")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"merchant_code": ""}, "1 to 60"),
        ({"merchant_code": "a b"}, "no spaces"),
        ({"name": "가" * 51}, "1 to 50"),
        ({"members": []}, "at least one member"),
        ({"members": ["x" * 61]}, "1 to 60"),
        ({"phone": "0\n2"}, "visible"),
        ({"partner_id": 999}, "no partner 999"),
        ({"merchant_code": "taken"}, "already has a merchant"),
    ],
)
async def test_a_merchant_that_cannot_be_is_refused_and_nothing_is_written(
    database: Database, partner_id: int, given: dict[str, Any], why: str
) -> None:
    await onboarding.create_merchant(
        database, BY, a_merchant(partner_id, merchant_code="taken", members=["t"])
    )
    with pytest.raises(AccountRefused, match=why):
        await onboarding.create_merchant(
            database, BY, msgspec.structs.replace(a_merchant(partner_id), **given)
        )
    assert await database.fetchval("SELECT count(*) FROM merchant") == 1
    assert await database.fetchval("SELECT count(*) FROM member") == 1


async def test_charges_at_once_all_arrive_each_with_its_entry(database: Database, partner_id: int) -> None:
    async def charge() -> int:
        return await onboarding.charge_points(
            database, BY, partner_id=partner_id, merchant_code=None, amount=10, at=NOW
        )

    balances = await asyncio.gather(*(charge() for _ in range(8)))
    assert sorted(balances) == [10 * n for n in range(1, 9)]
    assert await database.fetchval("SELECT sum(delta_points) FROM ledger WHERE kind = 'CHARGE'") == 80
    await assert_books_hold(database)


@pytest.mark.parametrize(
    ("wallet_kind", "merchant_code", "amount", "why"),
    [
        ("PARTNER", None, 0, "from 1"),
        ("PARTNER", None, -5, "from 1"),
        ("PARTNER", None, 10**13, "from 1"),
        ("PARTNER", "m1", 5, "leave the merchant out"),
        ("MERCHANT", None, 5, "say which"),
        ("MERCHANT", "m9", 5, "no merchant 'm9'"),
    ],
)
async def test_a_charge_that_fits_no_wallet_is_refused(
    database: Database, keyring: Keyring, wallet_kind: str, merchant_code: str | None, amount: int, why: str
) -> None:
    made = await onboarding.create_partner(
        database, keyring, BY, NewPartner(name="a", wallet_kind=wallet_kind)
    )
    await onboarding.create_merchant(database, BY, a_merchant(made.partner_id))
    with pytest.raises(AccountRefused, match=why):
        await onboarding.charge_points(
            database, BY, partner_id=made.partner_id, merchant_code=merchant_code, amount=amount, at=NOW
        )
    assert await database.fetchval("SELECT count(*) FROM ledger") == 0


async def test_wallets_are_those_of_the_contract(database: Database, keyring: Keyring) -> None:
    made = await onboarding.create_partner(
        database, keyring, BY, NewPartner(name="a", wallet_kind="MERCHANT")
    )
    await onboarding.create_merchant(database, BY, a_merchant(made.partner_id))
    await onboarding.create_merchant(database, BY, a_merchant(made.partner_id, merchant_code="m2"))
    await onboarding.charge_points(
        database, BY, partner_id=made.partner_id, merchant_code="m2", amount=70, at=NOW
    )
    rows = await accounts.wallets(database, made.partner_id)
    assert [(row["wallet_code"], row["balance_points"]) for row in rows] == [("m1", 0), ("m2", 70)]


async def test_a_partner_goes_by_name_and_number(database: Database, keyring: Keyring) -> None:
    first = (await onboarding.create_partner(database, keyring, BY, NewPartner(name="a"))).partner_id
    assert await onboarding.find_partner(database, "a") == first
    assert await onboarding.find_partner(database, str(first)) == first
    with pytest.raises(AccountRefused, match="no partner 'b'"):
        await onboarding.find_partner(database, "b")
    with pytest.raises(AccountRefused, match="already a partner"):
        await onboarding.create_partner(database, keyring, BY, NewPartner(name=str(first)))


async def test_the_sandbox_partners_are_made_once_and_are_as_published(
    database: Database, keyring: Keyring
) -> None:
    assert not await accounts.holds_sandbox(database)
    await asyncio.gather(*(onboarding.make_sandbox_partners(database, keyring, NOW) for _ in range(3)))
    assert await accounts.holds_sandbox(database)
    directory = Directory(database)
    for known in sandbox_partners.ALL:
        partner = await directory.partner(known.api_key)
        assert partner.sandbox
        caller = await directory.caller(partner, known.api_key, known.member, known.merchant)
        assert caller.wallet_code == ""
        wallets = await accounts.wallets(database, partner.partner_id)
        assert [(row["wallet_code"], row["balance_points"]) for row in wallets] == [("", 1_000_000)]
        assert await signing_secrets(database, keyring, partner.partner_id) == [known.webhook_secret]
    assert await database.fetchval("SELECT count(*) FROM partner") == 2
    await assert_books_hold(database)


def test_the_sandbox_identity_is_the_published_one() -> None:
    first, other = sandbox_partners.ALL
    assert (first.api_key, first.member, first.merchant) == (
        "sandbox-api-key-0123456789abcdef",
        "sandbox-member",
        "sandbox-merchant",
    )
    assert first.webhook_secret == "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg="
    assert (other.api_key, other.member, other.merchant) == (
        "sandbox-api-key-fedcba9876543210",
        "other-member",
        "other-merchant",
    )
