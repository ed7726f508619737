"""Seals and blind indexes: bound to their place, rotated without loss, found again exactly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.billing.create import create
from cheonggu.service import Service
from cheonggu.store import bills
from cheonggu.store.postgres import Database
from cheonggu.store.reseal import reseal
from cheonggu.store.sealing import Keyring, KeyUnfit, SealBroken, new_secret_key
from tests.live import API_KEY, MEMBER, MERCHANT
from tests.makers import new_bill

OLD, NEW = new_secret_key(), new_secret_key()
words = st.text(alphabet=st.characters(codec="utf-8"))


@given(text=words, bill_id=words)
def test_what_was_sealed_opens_in_its_own_place(text: str, bill_id: str) -> None:
    keyring = Keyring.parse(OLD)
    assert keyring.open(keyring.seal(text, 1, bill_id, "name"), 1, bill_id, "name") == text


@pytest.mark.parametrize("context", [(2, "B1", "name"), (1, "B2", "name"), (1, "B1", "phone"), (1, "B1"), ()])
def test_a_seal_moved_elsewhere_does_not_open(context: tuple[str | int, ...]) -> None:
    keyring = Keyring.parse(OLD)
    sealed = keyring.seal("김서연", 1, "B1", "name")
    with pytest.raises(SealBroken):
        keyring.open(sealed, *context)


def test_a_changed_or_cut_seal_does_not_open() -> None:
    keyring = Keyring.parse(OLD)
    sealed = keyring.seal("김서연", 1)
    for broken in (sealed[:-1], sealed[:10], b"", bytes([sealed[0] ^ 1]) + sealed[1:], sealed + b"x"):
        with pytest.raises(SealBroken):
            keyring.open(broken, 1)


def test_the_same_text_is_never_sealed_the_same() -> None:
    keyring = Keyring.parse(OLD)
    assert keyring.seal("김서연", 1) != keyring.seal("김서연", 1)


def test_an_older_key_opens_and_the_first_one_seals() -> None:
    both = Keyring.parse(f"{NEW},{OLD}")
    sealed = Keyring.parse(OLD).seal("김서연", 1)
    assert both.open(sealed, 1) == "김서연"
    assert not both.sealed_by_first(sealed)
    assert Keyring.parse(NEW).open(both.seal("김서연", 1), 1) == "김서연"
    with pytest.raises(SealBroken):
        Keyring.parse(NEW).open(sealed, 1)


def test_an_index_never_changes_as_the_tables_are_full_of_them() -> None:
    keyring = Keyring([b"s" * 32])
    assert keyring.index(7, "phone", "0101") == 3360301692774750896
    assert keyring.index(7, "phone", "0101") == 3360301692774750896


def test_an_index_is_of_one_partner_and_one_field() -> None:
    keyring = Keyring.parse(OLD)
    assert keyring.index(1, "name", "김서연") == keyring.index(1, "name", "김서연")
    others = [keyring.index(2, "name", "김서연"), keyring.index(1, "phone", "김서연")]
    assert keyring.index(1, "name", "김서연") not in others


@pytest.mark.parametrize("text", ["", "short", "한글", "AAAA", OLD + ",", OLD[:-4]])
def test_a_key_that_is_not_32_bytes_is_refused(text: str) -> None:
    with pytest.raises(KeyUnfit):
        Keyring.parse(text)


async def create_bill(service: Service, bill_id: str, name: str, phone: str) -> int:
    partner = await service.directory.partner(API_KEY)
    caller = await service.directory.caller(partner, API_KEY, MEMBER, MERCHANT)
    await create(service, caller, new_bill(bill_id=bill_id, payer_name=name, payer_phone=phone), None)
    return partner.partner_id


async def found(db: Database, keyring: Keyring, partner_id: int, **by: Any) -> list[str]:
    return [bill.bill_id for bill in await bills.find_by_payer(db, keyring, partner_id, **by)]


async def test_bills_are_found_by_exact_phone_digits_or_composed_name(service: Service) -> None:
    partner_id = await create_bill(service, "B1", "김서연", "01012345678")
    await create_bill(service, "B2", "김서윤", "01012345678")
    db, keyring = service.db, service.keyring
    assert await found(db, keyring, partner_id, phone="010-1234-5678") == ["B2", "B1"]
    decomposed = "\u1100\u1175\u11b7\u1109\u1165\u110b\u1167\u11ab"
    assert await found(db, keyring, partner_id, name=decomposed) == ["B1"]
    assert await found(db, keyring, partner_id, name="김서") == []
    assert await found(db, keyring, partner_id + 1, phone="01012345678") == []


async def test_a_rotated_key_brings_everything_under_the_new_one(service: Service) -> None:
    old = service.settings.secret_key
    partner_id = await create_bill(service, "B1", "김서연", "01012345678")
    both = Keyring.parse(f"{NEW},{old}")
    assert await found(service.db, both, partner_id, phone="01012345678") == ["B1"]
    assert await reseal(service.db, both) > 0
    assert await reseal(service.db, both) == 0
    new = Keyring.parse(NEW)
    assert await found(service.db, new, partner_id, name="김서연") == ["B1"]
    secrets = await service.db.fetch("SELECT * FROM webhook_secret")
    for row in secrets:
        assert new.open(row["secret_sealed"], row["partner_id"], row["secret_no"], "webhook")


async def test_nothing_personal_lies_open_in_the_tables(service: Service) -> None:
    await create_bill(service, "B1", "제갈아름다운나래", "01098765432")
    tables = await service.db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in (row["tablename"] for row in tables):
        for row in await service.db.fetch(f"SELECT t::text AS line FROM {table} t"):  # noqa: S608
            shown = row["line"] + msgspec.json.encode(row["line"]).decode()
            for secret in ("제갈아름다운나래", "01098765432", API_KEY, "whsec_", "제갈".encode().hex()):
                assert secret not in shown, table
