"""What claiming and settling messages read: no more for a large table, whenever their plans were made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cheonggu.store import messages
from cheonggu.store.postgres import OwnConnection, connect

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PARTNERS, OF_EACH, DUE_OF_EACH = 5, 2_000, 3

GROW = """
WITH bills AS (
  INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                    product_name, price_won, name_sealed, phone_sealed, name_index, phone_index, expires_at,
                    callback_url, short_code, sends, created_at)
  SELECT p, $4 + n, 'B' || $4 + n, 'm', 'c', '', 'TALK', '가온학원', '수강료', 1000, 'x', 'x', n, n,
         $1::timestamptz + interval '1 day', 'https://partner.example', 'code', 1, $1
  FROM generate_series(1, $2::integer) p CROSS JOIN generate_series(1, $3::integer) n
  RETURNING partner_id, bill_no)
INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, state, due_at, settled_at)
SELECT partner_id, bill_no, 1, 55, $1, CASE WHEN $5 THEN 'QUEUED' ELSE 'SENT' END,
       CASE WHEN $5 THEN $1 END, CASE WHEN $5 THEN NULL ELSE $1 END
FROM bills
"""

READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_user_tables
WHERE relname IN ('bill', 'message')
"""


async def claim_and_settle(connection: OwnConnection) -> int:
    """Claim all that is due and settle it; how many."""
    rows = await connection.fetch(messages.CLAIM, NOW, 20.0, 0, 16, 500, 0)
    sent = [(row["partner_id"], row["bill_no"], 1, row["fence"], NOW.isoformat(), "ref") for row in rows]
    columns = [" ".join(map(str, column)) for column in zip(*sent, strict=True)] or [""] * 6
    written = await connection.fetchval(messages.SETTLE_SENT, " ", *columns)
    assert written == len(rows)
    return written


@pytest.mark.parametrize("bills_before", [None, 0, 1], ids=["never", "while empty", "while small"])
async def test_claiming_and_settling_read_no_more_whenever_it_was_planned(
    dsn: str, bills_before: int | None
) -> None:
    connection = await connect(dsn)
    try:
        if bills_before is not None:
            await connection.execute(GROW, NOW, 50, bills_before, 200_000, False)  # noqa: FBT003 - sent already
            await connection.execute("ANALYZE bill, message")
            assert await claim_and_settle(connection) == 0
        await connection.execute(GROW, NOW, PARTNERS, OF_EACH, 0, False)  # noqa: FBT003 - sent already
        await connection.execute(GROW, NOW, PARTNERS, DUE_OF_EACH, 100_000, True)  # noqa: FBT003 - and due
        async with connection.transaction():
            assert await claim_and_settle(connection) == DUE_OF_EACH * PARTNERS
            assert await connection.fetchval(READ) < 20 * DUE_OF_EACH * PARTNERS
    finally:
        await connection.close()
