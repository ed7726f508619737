"""What an operator's list reads: so many rows of its partner in a statement, and none of others'."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheonggu.store import bill_list, message_list, newest, payment_list
from cheonggu.store.postgres import OwnConnection, connect, open_database
from cheonggu.store.sealing import Keyring, new_secret_key
from tests.test_message_plans import GROW, NOW

OTHERS, OURS = 20_000, 2_500

PAY = """
WITH tried AS (
  INSERT INTO attempt (partner_id, bill_no, order_id, amount_won, state, began_at, confirm_until, settled_at)
  SELECT partner_id, bill_no, 'o' || bill_no, 1000, 'FAILED', created_at, created_at, created_at
  FROM bill ORDER BY bill_no
  RETURNING partner_id, attempt_no, order_id, began_at),
routed AS (
  INSERT INTO gateway_order SELECT order_id, partner_id, attempt_no FROM tried)
INSERT INTO attempt_history (partner_id, attempt_no, step, to_state, at)
SELECT partner_id, attempt_no, 0, 'CONFIRMING', began_at FROM tried
"""

READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_user_tables
WHERE relname IN ('bill', 'message', 'attempt', 'attempt_history', 'refund', 'gateway_order', 'partner')
"""

ANY = (None, None, None, None)
LISTS = {
    "bills": (bill_list._BILLS, (1, 2**62, newest.LOOK, None, *ANY)),  # pyright: ignore[reportPrivateUsage]
    "payments": (payment_list._PAYMENTS, (1, 2**62, newest.LOOK, *ANY)),  # pyright: ignore[reportPrivateUsage]
    "messages": (message_list._MESSAGES, (1, 2**62, 0, newest.LOOK, *ANY)),  # pyright: ignore[reportPrivateUsage]
    "late": (payment_list._LATE, (1_000,)),  # pyright: ignore[reportPrivateUsage]
}


async def grow(connection: OwnConnection) -> None:
    """Many bills of partner 2 around those of partner 1, each with a message and a payment."""
    await connection.execute(GROW, NOW, 1, OURS, 100_000, False)  # noqa: FBT003 - sent already
    await connection.execute(
        "UPDATE bill SET name_sealed = NULL, phone_sealed = NULL, name_index = NULL,"
        " phone_index = NULL, erased_at = created_at"
    )
    await connection.execute(
        "CREATE TEMPORARY TABLE made AS SELECT * FROM bill;"
        "CREATE TEMPORARY TABLE told AS SELECT * FROM message"
    )
    for _ in range(OTHERS // OURS):
        await connection.execute(
            "UPDATE made SET partner_id = 2, bill_no = bill_no + 10000, bill_id = 'X' || bill_no;"
            "UPDATE told SET partner_id = 2, bill_no = bill_no + 10000;"
            "INSERT INTO bill SELECT * FROM made; INSERT INTO message SELECT * FROM told"
        )
    await connection.execute(PAY)


@pytest.mark.parametrize("analyzed", [True, False])
async def test_a_list_reads_what_it_looks_at_and_nothing_of_other_partners(
    dsn: str, *, analyzed: bool
) -> None:
    connection = await connect(dsn)
    try:
        await grow(connection)
        if analyzed:
            await connection.execute("ANALYZE bill, message, attempt, attempt_history, refund")
        for name, (statement, arguments) in LISTS.items():
            for looks in range(7):  # the last of them by a plan for any arguments
                async with connection.transaction():
                    before: int = await connection.fetchval(READ)
                    await connection.fetch(statement, *arguments)
                    read: int = await connection.fetchval(READ) - before
                # Without statistics a plan may sort what the partner itself has.
                most = 4 * newest.LOOK if analyzed else 3 * newest.LOOK + OURS
                assert read <= most, f"{name}, look {looks}: {read} rows"
    finally:
        await connection.close()


async def test_a_list_goes_on_through_all_of_its_looks_and_ends_where_nothing_older_can_be(dsn: str) -> None:
    connection = await connect(dsn)
    db, keyring = await open_database(dsn), Keyring.parse(new_secret_key())
    try:
        await grow(connection)
        listed, more = await bill_list.bills(db, keyring, 1, bill_list.Wanted(), most=OURS)
        assert (len({one.bill.bill_no for one in listed}), more) == (OURS, False)
        sent, more = await message_list.messages(db, keyring, 1, message_list.Wanted(), most=OURS)
        assert (len({one.bill_no for one in sent}), more) == (OURS, False)
        tried, more = await payment_list.payments(db, 1, payment_list.Wanted(), most=OURS)
        assert (len({one.attempt_no for one in tried}), more) == (OURS, False)
        await connection.execute(
            "UPDATE attempt SET began_at = $1 WHERE partner_id = 1", NOW - timedelta(days=9)
        )
        pages = [page async for page in payment_list.all_payments(db, 1, payment_list.Wanted(since=NOW))]
        assert pages == [[]]
    finally:
        await db.close()
        await connection.close()
