"""What the tables themselves refuse, whoever writes to them."""

from __future__ import annotations

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


@pytest.mark.parametrize(("send_type", "possible"), [("TALK", {1, 2}), ("URL", {0}), ("FAX", set[int]())])
async def test_only_talk_bills_are_sent(database: Database, send_type: str, possible: set[int]) -> None:
    sql = """
        INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type,
                          issuer, product_name, price_won, name_sealed, phone_sealed, name_index, phone_index,
                          expires_at, callback_url, short_code, sends, created_at)
        VALUES (1, $2::bigint + 2, 'B' || $2::bigint, 'm', 's', '', $1,
                'i', 'p', 1, '', '', 1, 1, now(), 'c', 's', $2::bigint, now())
    """
    accepted = {sends for sends in (-1, 0, 1, 2) if await accepts(database, sql, send_type, sends)}
    assert accepted == possible
