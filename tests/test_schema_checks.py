"""What the tables themselves refuse, whoever writes to them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import asyncpg
import pytest

from cheonggu.domain.bill import State
from cheonggu.store.postgres import Database

LEGAL_STEPS = {
    ("READY", "PAYING"),
    ("READY", "DESTROYED"),
    ("PAYING", "READY"),
    ("PAYING", "PAID"),
    ("PAID", "CANCELING"),
    ("CANCELING", "PAID"),
    ("CANCELING", "CANCELED"),
}
STATES: list[str | None] = [None, *(state.value for state in State), "ELSEWHERE"]


async def accepts(database: Database, sql: str, *values: object) -> bool:
    try:
        await database.execute(sql, *values)
    except asyncpg.CheckViolationError:
        return False
    return True


async def test_history_takes_legal_steps_only(database: Database) -> None:
    sql = "INSERT INTO bill_history VALUES (1, $1, $2, $3, $4, now())"
    number = 0
    for step in (0, 1):
        for before in STATES:
            for after in STATES[1:]:
                number += 1
                legal = (before, after) == (None, "READY") if step == 0 else (before, after) in LEGAL_STEPS
                assert await accepts(database, sql, number, step, before, after) == legal, (
                    step,
                    before,
                    after,
                )


SIGNS = {"DEBIT": {-1}, "RETURN": {1}, "CHARGE": {1}, "ADJUST": {-1, 0, 1}, "GIFT": set[int]()}
OF_A_MESSAGE = {"DEBIT", "RETURN"}


async def test_the_ledger_takes_entries_of_known_kinds_with_their_sign_and_message(
    database: Database,
) -> None:
    sql = """
        INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number,
                            at)
        VALUES (1, '', $1, $2, 0, $3, $4, now())
    """
    number = 0
    for kind, signs in SIGNS.items():
        for sign in (-1, 0, 1):
            for has_bill in (True, False):
                for has_send in (True, False):
                    number += 1
                    sound = sign in signs and has_bill == has_send == (kind in OF_A_MESSAGE)
                    values = (kind, sign * 55, number if has_bill else None, 1 if has_send else None)
                    assert await accepts(database, sql, *values) == sound, values


async def test_the_ledger_takes_no_balance_below_nothing(database: Database) -> None:
    sql = """
        INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, at)
        VALUES (1, '', 'ADJUST', -1, $1, now())
    """
    assert {points for points in (-1, 0, 1) if await accepts(database, sql, points)} == {0, 1}


async def accepts_bill(database: Database, **different: object) -> bool:
    """Whether a bill is taken that is sound but for what is said of it."""
    fields: dict[str, object] = {
        "bill_id": f"B{next(NUMBERS)}",
        "send_type": "URL",
        "sends": 0,
        "price_won": 1,
        "state": "READY",
        "name_sealed": b"",
        "phone_sealed": b"",
        "name_index": 1,
        "phone_index": 1,
    }
    fields |= different
    names = ", ".join(fields)
    marks = ", ".join(f"${number}" for number in range(2, len(fields) + 2))
    sql = f"""
        INSERT INTO bill (partner_id, bill_no, member_code, merchant_code, wallet_code, issuer, product_name,
                          expires_at, callback_url, short_code, created_at, {names})
        VALUES (1, $1, 'm', 's', '', 'i', 'p', now(), 'c', 's', now(), {marks})
    """  # noqa: S608  # the names are those above and of the tables below
    return await accepts(database, sql, next(NUMBERS), *fields.values())


NUMBERS = itertools.count(1)
MOST_WON = 9_999_999_999
SENDS = {"TALK": {1, 2}, "URL": {0}, "FAX": set[int]()}
AMOUNTS: list[tuple[int, int | None, int | None, bool]] = [
    (-1, None, None, False),
    (0, None, None, False),
    (1, None, None, True),
    (MOST_WON, None, None, True),
    (MOST_WON + 1, None, None, False),
    (10, -1, None, False),
    (10, 0, None, True),
    (10, MOST_WON, None, True),
    (10, MOST_WON + 1, None, False),
    (10, None, -1, False),
    (10, None, 0, True),
    (10, None, MOST_WON, True),
    (10, None, MOST_WON + 1, False),
    (10, 9, 1, True),
    (10, 9, 0, False),
    (10, 9, 2, False),
    (10, 11, -1, False),
    (10, -1, 11, False),
]


@pytest.mark.parametrize(("price", "supply", "tax", "sound"), AMOUNTS)
async def test_amounts_are_within_their_bounds_and_parts_make_the_price(
    database: Database, price: int, supply: int | None, tax: int | None, *, sound: bool
) -> None:
    assert await accepts_bill(database, price_won=price, supply_won=supply, tax_won=tax) == sound


async def test_a_bill_has_a_known_state_and_a_short_id(database: Database) -> None:
    for state in STATES[1:]:
        assert await accepts_bill(database, state=state) == (state != "ELSEWHERE"), state
    for length, sound in ((0, False), (1, True), (20, True), (21, False)):
        assert await accepts_bill(database, bill_id="청" * length) == sound, length


async def test_payers_data_is_there_as_a_whole_or_erased_as_a_whole(database: Database) -> None:
    needed = ["name_sealed", "phone_sealed", "name_index", "phone_index"]
    erased: dict[str, object] = {**dict.fromkeys(needed), "erased_at": datetime.now(UTC)}
    assert await accepts_bill(database, message="m", redirect_url="r")
    assert await accepts_bill(database, **erased)
    for left in ({"name_sealed": b""}, {"phone_sealed": b""}, {"name_index": 1}, {"phone_index": 1}):
        assert not await accepts_bill(database, **(erased | left)), left
    for left in ({"message": "m"}, {"redirect_url": "r"}):
        assert not await accepts_bill(database, **(erased | left)), left
    for missing in needed:
        assert not await accepts_bill(database, **{missing: None}), missing


WAITING: dict[str, set[tuple[bool, bool]]] = {
    "QUEUED": {(True, False)},
    "SENDING": {(True, True)},
    "UNKNOWN": {(True, True), (True, False)},
    "SENT": {(False, False)},
    "FAILED": {(False, False)},
    "WITHDRAWN": {(False, False)},
    "LOST": set(),
}
"""Whether a message in a state has something due, and somebody at it."""


async def test_a_message_is_due_and_leased_as_its_state_says(database: Database) -> None:
    sql = """
        INSERT INTO message (partner_id, bill_no, send_number, cost_points, state, created_at, due_at,
                             leased_until)
        VALUES (1, $1, 1, 55, $2, now(), CASE WHEN $3 THEN now() END, CASE WHEN $4 THEN now() END)
    """
    for state, allowed in WAITING.items():
        for times in itertools.product((True, False), repeat=2):
            accepted = await accepts(database, sql, next(NUMBERS), state, *times)
            assert accepted == (times in allowed), (state, times)


@pytest.mark.parametrize(
    ("send_number", "cost", "sound"),
    [(0, 0, False), (1, 0, True), (1, -1, False), (2, 55, True)],
)
async def test_a_message_has_a_number_and_a_price(
    database: Database, send_number: int, cost: int, *, sound: bool
) -> None:
    sql = """
        INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
        VALUES (1, $1, $2, $3, now(), now())
    """
    assert await accepts(database, sql, next(NUMBERS), send_number, cost) == sound


async def test_only_talk_bills_are_sent(database: Database) -> None:
    for send_type, possible in SENDS.items():
        for sends in (-1, 0, 1, 2):
            accepted = await accepts_bill(database, send_type=send_type, sends=sends)
            assert accepted == (sends in possible), (send_type, sends)
