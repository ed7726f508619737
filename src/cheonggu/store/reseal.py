"""Seal again what an older key had sealed, a page of rows at a time; the old key is not needed after that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from cheonggu.store.postgres import Connection, Database, Row
from cheonggu.store.sealing import Keyring, normal_name, normal_phone

PAGE: Final = 500


class _Place(msgspec.Struct, frozen=True):
    """Where sealed values lie: a column, its row's key, and the context that they are bound to."""

    table: str
    column: str
    key: tuple[str, str]
    context: tuple[str, ...]
    field: str


PLACES: Final = (
    _Place("partner", "api_key_sealed", ("partner_id", "partner_id"), ("partner_id",), "api_key"),
    _Place(
        "webhook_secret",
        "secret_sealed",
        ("partner_id", "secret_no"),
        ("partner_id", "secret_no"),
        "webhook",
    ),
    _Place("sandbox_partner", "api_key_sealed", ("partner_id", "partner_id"), ("partner_id",), "api_key"),
)
"""All but the bills, which carry blind indexes too."""


async def reseal(db: Database, keyring: Keyring) -> int:
    """Bring every seal and every blind index under the first key; how many rows were changed.

    May be interrupted and run again, beside a running service that has the new key first. Raises SealBroken
    for a row whose key is not in the ring.
    """
    changed = sum([await _reseal_place(db, keyring, place) for place in PLACES])
    return changed + await _reseal_bills(db, keyring)


async def key_ids(conn: Connection) -> set[bytes]:
    """The ids of the keys that all that is sealed was sealed under, also in a schema of an older version."""
    rows = await conn.fetch(_KEY_IDS)
    if await conn.fetchval("SELECT to_regclass('sandbox_partner') IS NOT NULL"):
        rows += await conn.fetch(_SANDBOX_KEY_IDS)
    return {row["key_id"] for row in rows}


async def _reseal_place(db: Database, keyring: Keyring, place: _Place) -> int:
    first, second = place.key
    changed = 0
    for row in await db.fetch(f"SELECT * FROM {place.table} WHERE {place.column} IS NOT NULL"):  # noqa: S608
        sealed: bytes = row[place.column]
        if keyring.sealed_by_first(sealed):
            continue
        context = [*(row[name] for name in place.context), place.field]
        tag = await db.execute(
            f"UPDATE {place.table} SET {place.column} = $1"  # noqa: S608
            f" WHERE {first} = $2 AND {second} = $3 AND {place.column} = $4",
            keyring.seal(keyring.open(sealed, *context), *context),
            row[first],
            row[second],
            sealed,
        )
        changed += tag == "UPDATE 1"
    return changed


async def _reseal_bills(db: Database, keyring: Keyring) -> int:
    changed, after = 0, (0, 0)
    while page := await db.fetch(_BILLS, *after, PAGE):
        after = page[-1]["partner_id"], page[-1]["bill_no"]
        stale = [row for row in page if not keyring.sealed_by_first(row["name_sealed"])]
        if stale:
            changed += await db.run(lambda conn, rows=stale: _write_bills(conn, keyring, rows))
    return changed


async def _write_bills(conn: Connection, keyring: Keyring, rows: Sequence[Row]) -> int:
    fresh = [_fresh(keyring, row) for row in rows]
    tag = await conn.execute(_UPDATE_BILLS, *(list(column) for column in zip(*fresh, strict=True)))
    return int(tag.removeprefix("UPDATE "))


def _fresh(keyring: Keyring, row: Row) -> tuple[int, int, bytes, bytes, int, int, bytes]:
    partner_id, bill_id = row["partner_id"], row["bill_id"]
    name = keyring.open(row["name_sealed"], partner_id, bill_id, "name")
    phone = keyring.open(row["phone_sealed"], partner_id, bill_id, "phone")
    return (
        partner_id,
        row["bill_no"],
        keyring.seal(name, partner_id, bill_id, "name"),
        keyring.seal(phone, partner_id, bill_id, "phone"),
        keyring.index(partner_id, "name", normal_name(name)),
        keyring.index(partner_id, "phone", normal_phone(phone)),
        row["name_sealed"],
    )


# Spans partners: it is asked of a whole installation.
_KEY_IDS: Final = """
SELECT substr(api_key_sealed, 1, 4) AS key_id FROM partner WHERE api_key_sealed IS NOT NULL
UNION SELECT substr(secret_sealed, 1, 4) FROM webhook_secret
UNION SELECT substr(name_sealed, 1, 4) FROM bill WHERE name_sealed IS NOT NULL
UNION SELECT substr(phone_sealed, 1, 4) FROM bill WHERE phone_sealed IS NOT NULL
"""

_SANDBOX_KEY_IDS: Final = "SELECT DISTINCT substr(api_key_sealed, 1, 4) AS key_id FROM sandbox_partner"

_BILLS: Final = """
SELECT partner_id, bill_no, bill_id, name_sealed, phone_sealed FROM bill
WHERE (partner_id, bill_no) > ($1, $2) AND name_sealed IS NOT NULL AND phone_sealed IS NOT NULL
ORDER BY partner_id, bill_no LIMIT $3
"""

_UPDATE_BILLS: Final = """
UPDATE bill b SET name_sealed = f.name, phone_sealed = f.phone, name_index = f.name_index,
                  phone_index = f.phone_index
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bytea[])
     f (partner_id, bill_no, name, phone, name_index, phone_index, seen)
WHERE b.partner_id = f.partner_id AND b.bill_no = f.bill_no AND b.name_sealed = f.seen
"""
