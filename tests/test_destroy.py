"""Destroying a bill in one call: what follows from it, why it is refused, and what it reads."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from cheonggu.store.postgres import connect

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

URLS = [
    "https://partner.example/callback",
    "HTTPS://Partner.Example:8443/Callback?token=A/B#c",
    "http://127.0.0.1:9",
    "http://[2001:DB8::1]:8080/x",
    "https://partner.example?to=//other.example/",
    "https://partner.example#//other.example/",
    "https://partner.example./x//y",
]


@pytest.mark.parametrize("url", URLS)
async def test_a_receiver_is_scheme_host_and_port_in_lower_case(dsn: str, url: str) -> None:
    connection = await connect(dsn)
    try:
        parts = urlsplit(url)
        receiver = await connection.fetchval("SELECT receiver_of($1)", url)
        assert receiver == f"{parts.scheme}://{parts.netloc}".lower()
    finally:
        await connection.close()


GROW = """
INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                  product_name, price_won, name_sealed, phone_sealed, name_index, phone_index, expires_at,
                  callback_url, short_code, sends, created_at)
SELECT 1, n, 'B' || n, 'm', 'c', '', 'TALK', '가온학원', '수강료', 1000, 'x', 'x', n, n,
       $1::timestamptz + interval '1 day', 'https://partner.example', 'code', 1, $1
FROM generate_series($2::integer, $3::integer) n
"""
GROW_MESSAGES = """
INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
SELECT 1, n, 1, 0, $1, $1 FROM generate_series($2::integer, $3::integer) n
"""
READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer FROM pg_stat_xact_user_tables
WHERE relname IN ('bill', 'message')
"""
DESTROY = "SELECT destroy_bill(1, $1, 1000, $2)"


@pytest.mark.parametrize("bills_before", [None, 0, 10], ids=["never", "while empty", "while small"])
async def test_destroying_reads_no_more_whenever_it_was_planned(dsn: str, bills_before: int | None) -> None:
    connection = await connect(dsn)
    try:
        if bills_before is not None:
            for grow in (GROW, GROW_MESSAGES):
                await connection.execute(grow, NOW, 1, bills_before)
            await connection.execute("ANALYZE bill, message")
            for n in range(10):
                await connection.fetchval(DESTROY, f"B{n + 1}", NOW)
        for grow in (GROW, GROW_MESSAGES):
            await connection.execute(grow, NOW, 11, 2_000)
        async with connection.transaction():
            for n in range(100, 110):
                assert await connection.fetchval(DESTROY, f"B{n}", NOW) == n
            assert await connection.fetchval(READ) <= 40
    finally:
        await connection.close()
