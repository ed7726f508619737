"""Tell a partner once more what was given up."""

from __future__ import annotations

from datetime import datetime

from cheonggu.billing.onboarding import AccountRefused
from cheonggu.store import audit, callbacks
from cheonggu.store.audit import Operator
from cheonggu.store.postgres import Connection, Database


async def resend(
    db: Database, by: Operator, *, partner_id: int, callback_no: int | None, now: datetime
) -> int:
    """Make one callback due now, also a delivered one, or every exhausted one of the partner; how many.

    Raises AccountRefused when there is nothing to tell.
    """

    async def verb(conn: Connection) -> int:
        due = await callbacks.make_due(conn, partner_id, callback_no, now)
        if not due and callback_no is None:
            raise AccountRefused("The partner has no exhausted callback.")
        if not due:
            raise AccountRefused(
                f"There is no callback {partner_id}-{callback_no}. See: cheonggu callback list"
            )
        await audit.record(conn, by, "callback resend", partner_id, callback=callback_no, callbacks=due)
        return due

    return await db.run(verb)
