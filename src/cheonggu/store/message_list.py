"""A partner's messages as operators list them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain.message import MessageState
from cheonggu.store.newest import LOOK, Seen, newest
from cheonggu.store.postgres import Database, Row
from cheonggu.store.sealing import Keyring

Place = tuple[int, int]
"""A message's bill and its send number."""

_FIRST: Final[Place] = (2**63 - 1, 0)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; None: any. `since` and `until` bound when they were asked for."""

    states: Sequence[MessageState] | None = None
    since: datetime | None = None
    until: datetime | None = None
    bill_no: int | None = None


class ListedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and whom it goes to: `to` is empty once the payer was erased.

    `settled_at` is, of a sent one, when the sender says it went. `due_at` is when something is done next.
    """

    bill_no: int
    send_number: int
    bill_id: str
    short_code: str
    to: str
    state: MessageState
    created_at: datetime
    handed_at: datetime | None
    settled_at: datetime | None
    due_at: datetime | None
    reference: str | None
    failure_code: str | None
    failure: str | None


async def messages(
    db: Database,
    keyring: Keyring,
    partner_id: int,
    wanted: Wanted,
    *,
    most: int,
    below: Place | None = None,
) -> tuple[list[ListedMessage], bool]:
    """The partner's messages below that place, of the newest bills first, and whether there are more."""

    async def look(below: Place) -> Seen[ListedMessage, Place]:
        rows = await db.fetch(
            _MESSAGES,
            partner_id,
            *below,
            LOOK,
            wanted.states,
            wanted.since,
            wanted.until,
            wanted.bill_no,
        )
        found = [_opened(row, keyring, partner_id) for row in rows if row["bill_no"] is not None]
        last = rows[0]
        down_to = (last["down_to"], last["last_number"])
        return Seen(found, down_to if last["looked_at"] == LOOK else None)

    return await newest(look, below or _FIRST, most)


def _opened(row: Row, keyring: Keyring, partner_id: int) -> ListedMessage:
    sealed = row["phone_sealed"]
    to = "" if sealed is None else keyring.open(sealed, partner_id, row["bill_id"], "phone")
    told = {name: row[name] for name in ListedMessage.__struct_fields__ if name not in ("to", "state")}
    return ListedMessage(to=to, state=MessageState(row["state"]), **told)


_MESSAGES: Final = """
WITH page AS MATERIALIZED (
  SELECT * FROM message
  WHERE partner_id = $1 AND (bill_no, send_number) < ($2, $3) AND ($8::bigint IS NULL OR bill_no = $8)
  ORDER BY bill_no DESC, send_number DESC LIMIT $4),
last AS (SELECT bill_no, send_number FROM page ORDER BY bill_no, send_number LIMIT 1),
seen AS (
  SELECT (SELECT bill_no FROM last) AS down_to, (SELECT send_number FROM last) AS last_number,
         count(*)::integer AS looked_at FROM page)
SELECT s.*, m.*
FROM seen s
LEFT JOIN (
  SELECT p.*, b.bill_id, b.short_code, b.phone_sealed FROM page p
  CROSS JOIN LATERAL (
    SELECT bill_id, short_code, phone_sealed FROM bill b
    WHERE b.partner_id = p.partner_id AND b.bill_no = p.bill_no LIMIT 1) b
  WHERE ($5::text[] IS NULL OR p.state = ANY($5)) AND ($6::timestamptz IS NULL OR p.created_at >= $6)
    AND ($7::timestamptz IS NULL OR p.created_at < $7)) m ON true
ORDER BY m.bill_no DESC, m.send_number DESC
"""
