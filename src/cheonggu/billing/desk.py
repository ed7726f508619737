"""What a verb works with, and how a repeated request gets its first answer again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.store import idempotency
from cheonggu.store.clock import Clock
from cheonggu.store.idempotency import Remembered
from cheonggu.store.ids import Ids
from cheonggu.store.intake import Intake
from cheonggu.store.postgres import Connection, Database
from cheonggu.store.sealing import Keyring


@dataclass(frozen=True)
class Desk:
    """The database, the clock, the keys, the writer of new bills, and the maker of ids."""

    db: Database
    clock: Clock
    keyring: Keyring
    intake: Intake
    ids: Ids


class Idem(msgspec.Struct, frozen=True):
    """An idempotency key, for one operation, with the SHA-256 of the request's bytes."""

    operation: str
    key: str
    digest: bytes


class Did(msgspec.Struct, frozen=True):
    """What a verb is remembered by."""

    bill_no: int | None = None
    refund_no: int | None = None


async def once(
    desk: Desk,
    partner_id: int,
    idem: Idem | None,
    now: datetime,
    verb: Callable[[Connection], Awaitable[Did]],
) -> Did:
    """Run `verb` in one transaction, or give the first answer again if its key was used within 24 hours (O).

    Success and lasting refusals are remembered in the verb's own commit; a refusal that may pass leaves
    nothing behind. Raises what the verb raises, and Refused with IDEMPOTENCY_001 for other bytes.
    """

    async def run(conn: Connection) -> Did | Refused:
        if idem is None:
            return await verb(conn)
        first = await idempotency.claim(conn, partner_id, idem.operation, idem.key, idem.digest, now)
        if first is not None:
            return _again(first, idem)
        try:
            async with conn.transaction():
                did = await verb(conn)
        except Refused as refused:
            if not refused.lasting:
                raise
            await idempotency.record(conn, partner_id, idem.operation, idem.key, refused.code.code)
            return refused
        await idempotency.record(
            conn, partner_id, idem.operation, idem.key, codes.OK.code, did.bill_no, did.refund_no
        )
        return did

    result = await desk.db.run(run)
    if isinstance(result, Refused):
        raise result
    return result


def _again(first: Remembered, idem: Idem) -> Did | Refused:
    if first.digest != idem.digest:
        return Refused(codes.IDEMPOTENCY_001)
    if first.code == codes.OK.code:
        return Did(first.bill_no, first.refund_no)
    return Refused(codes.CODES[first.code])
