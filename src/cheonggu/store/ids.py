"""Ids that strangers may hold: random, or in a sandbox, if somebody wants that, the same at every run.

Derived ones depend on a text, the partner's number, the bill's id and how many the bill had before, so
neither on the time nor on what happens elsewhere. Whoever knows the text can guess them.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from cheonggu.store.entropy import take
from cheonggu.store.postgres import Connection, Database

CODE_BYTES: Final = 16  # 128 bits: short codes are not to be guessed
_ID_BYTES: Final = 24


class Ids:
    """Makes ids. Each process holds one and is told when the sandbox's text changes; live mode has none."""

    def __init__(self, *, sandbox: bool = False) -> None:
        self._sandbox = sandbox
        self._seed: str | None = None

    @property
    def derived(self) -> bool:
        """Whether ids are the same at every run."""
        return self._seed is not None

    async def refresh(self, db: Database) -> None:
        """Take over the text that the database holds, if any."""
        if self._sandbox:
            self._seed = await db.fetchval("SELECT seed FROM sandbox_ids")

    def short_code(self, partner_id: int, bill_id: str) -> str:
        """A new bill's short code."""
        code = take(CODE_BYTES) if self._seed is None else self._digest("code", partner_id, bill_id)
        return urlsafe_b64encode(code[:CODE_BYTES]).rstrip(b"=").decode()

    def new_id(self, kind: str, partner_id: int, bill_id: str, before: int) -> str:
        """A gateway's order id or refund id, when there were so many of the bill before."""
        if self._seed is None:
            return secrets.token_urlsafe(_ID_BYTES)
        digest = self._digest(kind, partner_id, bill_id, before)
        return urlsafe_b64encode(digest[:_ID_BYTES]).rstrip(b"=").decode()

    def _digest(self, *parts: str | int) -> bytes:
        return sha256("\x1f".join(map(str, (self._seed, *parts))).encode()).digest()


async def begin_anew(conn: Connection, seed: str) -> None:
    """Derive ids from this text, and count from 1 again; for a database that holds no bills."""
    await conn.execute("INSERT INTO sandbox_ids (seed) VALUES ($1)", seed)
    for sequence in SEQUENCES:
        await conn.execute(f"ALTER SEQUENCE {sequence} RESTART")
    await conn.execute(_COUNT_PARTNERS)


async def be_random(conn: Connection) -> None:
    """Ids are random from now on."""
    await conn.execute("DELETE FROM sandbox_ids")


SEQUENCES: Final = ("callback_no_seq", "attempt_no_seq", "refund_no_seq", "entry_no_seq")
"""What is counted over all partners. Not bills: processes have taken their numbers a thousand at a time."""

_COUNT_PARTNERS: Final = """
SELECT setval(pg_get_serial_sequence('partner', 'partner_id'), max(partner_id)) FROM partner
"""
