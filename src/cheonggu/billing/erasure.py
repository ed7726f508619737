"""Erase payers: from every bill that has been over for long, or one person's, on request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from cheonggu.store import audit, bills, erasure
from cheonggu.store.audit import Operator
from cheonggu.store.postgres import Connection, Database
from cheonggu.store.sealing import Keyring

ACT: Final = "payers erase"


class Erased(msgspec.Struct, frozen=True):
    """From how many bills a payer was erased, and how many were left because something is under way."""

    bills: int
    still_open: int


class Eraser:
    """Erases page by page, each in a commit of its own. The first of them holds the entry in the audit log.

    With `dry_run` it only counts.
    """

    def __init__(self, db: Database, by: Operator, now: datetime, *, dry_run: bool = False) -> None:
        self._db = db
        self._by = by
        self._now = now
        self._dry_run = dry_run
        self._recorded = False

    async def erase_old(self, days: int, partner_id: int | None = None) -> Erased:
        """Erase every payer of bills that have been over for so many days; of all partners, or of one."""
        closed_by, erased = self._now - timedelta(days=days), 0
        for number in [partner_id] if partner_id is not None else await erasure.partners(self._db):
            after: int | None = 0
            while after is not None:
                look = await erasure.look(self._db, number, after, closed_by)
                erased += await self._erase(number, look.closed, of=partner_id, olderThanDays=days)
                after = look.after
        return Erased(erased, 0)

    async def erase_payer(
        self, keyring: Keyring, partner_id: int, *, phone: str | None, name: str | None
    ) -> Erased:
        """Erase one payer, by the exact phone or name, from all bills of a partner that are over."""
        asked_by = "phone" if phone else "name"
        erased = still_open = 0
        before: int | None = None
        while found := await bills.find_by_payer(
            self._db, keyring, partner_id, phone=phone, name=name, before=before
        ):
            before = found[-1].bill_no
            numbers = [bill.bill_no for bill in found]
            closed = await erasure.closed_among(self._db, partner_id, numbers, self._now)
            here = await self._erase(partner_id, closed, of=partner_id, by=asked_by)
            erased, still_open = erased + here, still_open + len(found) - here
        return Erased(erased, still_open)

    async def _erase(
        self, partner_id: int, closed: erasure.Closed, *, of: int | None, **about: object
    ) -> int:
        if not closed or self._dry_run:
            return len(closed)

        async def verb(conn: Connection) -> int:
            erased = await erasure.erase(conn, partner_id, closed, self._now)
            if erased and not self._recorded:
                await audit.record(conn, self._by, ACT, of, **about)
            return erased

        erased = await self._db.run(verb)
        self._recorded = self._recorded or erased > 0
        return erased
