"""What the sandbox's sender and gateway are told to do next, as lines under a subject.

A message id, an order id and a bill's next message are acted out once. What is said of all messages of a
partner stays until something else is said. Sender and gateway use the lines up; this only writes them.
"""

from __future__ import annotations

from typing import Final

from cheonggu.store.postgres import Connection, Database


def of_bill(partner_id: int, bill_id: str) -> str:
    """The subject of the next message of a bill, which need not exist yet."""
    return f"bill:{partner_id}:{bill_id}"


def of_all(partner_id: int) -> str:
    """The subject of all messages of a partner."""
    return f"partner:{partner_id}"


async def write(db: Database, subject: str, outcome: str | None) -> None:
    """Say what shall become of a subject, in place of what was said before; None takes that back."""
    if outcome is None:
        await db.execute("DELETE FROM sandbox_script WHERE subject = $1", subject)
    else:
        await db.execute(_WRITE, subject, outcome)


async def forget(conn: Connection, partner_id: int) -> None:
    """Take back all that was said of a partner's messages."""
    await conn.execute(_FORGET, of_bill(partner_id, ""), f"m{partner_id}-", of_all(partner_id))


_WRITE: Final = """
INSERT INTO sandbox_script (subject, outcome) VALUES ($1, $2)
ON CONFLICT (subject) DO UPDATE SET outcome = excluded.outcome
"""

_FORGET: Final = """
DELETE FROM sandbox_script WHERE starts_with(subject, $1) OR starts_with(subject, $2) OR subject = $3
"""
