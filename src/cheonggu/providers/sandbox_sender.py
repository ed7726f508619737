"""The sandbox's KakaoTalk sender: messages arrive in a table, at once unless a script says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.domain.message import AskedMessage, Button, NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.providers import Alimtalk
from cheonggu.store.batch import Batcher
from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Connection, Database, DatabaseAway, Row
from cheonggu.store.sealing import Keyring

SPECIAL_PHONES: Final = {
    "01000000001": "MESSAGE_REFUSED",
    "01000000002": "MESSAGE_UNKNOWN_SENT",
    "01000000003": "MESSAGE_UNKNOWN_NEVER_HAD",
}
"""Numbers that act out an outcome: not a KakaoTalk user (3019); arrived, but the answer got lost; lost before
it was taken, so that asking tells of nothing and the second sending arrives."""

NO_KAKAOTALK: Final = NotSent("3019", "카카오톡을 쓰지 않는 번호예요.")
MOST_IN_A_COMMIT: Final = 256

_STATES: Final = {"MESSAGE_REFUSED": "REFUSED", "MESSAGE_UNKNOWN_NEVER_HAD": "LOST"}
_ANSWER_LOST: Final = frozenset({"MESSAGE_UNKNOWN_SENT", "MESSAGE_UNKNOWN_NEVER_HAD"})


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the payer's phone shows it."""

    message_id: str
    kind: str
    to: str
    text: str
    buttons: Sequence[Button]
    at: datetime


class _Content(msgspec.Struct, frozen=True):
    to: str
    text: str
    buttons: Sequence[Button]


class SandboxSender:
    """A Sender. Everything that arrives while one commit runs goes into the next."""

    name: str = "sandbox"
    accept_window_seconds: float = 3.0

    def __init__(self, db: Database, clock: Clock, keyring: Keyring) -> None:
        self._db = db
        self._clock = clock
        self._keyring = keyring
        self._sending = Batcher(self._send_all, most=MOST_IN_A_COMMIT, key=_id)
        self._asking = Batcher(self._ask_all, most=MOST_IN_A_COMMIT, key=str)

    async def send(self, message: Alimtalk) -> Sending:
        """Take a message, once for each id."""
        try:
            return await self._sending.submit(message)
        except DatabaseAway:
            return Unsure("연습용 발송사가 답하지 않았어요")

    async def ask(self, message_id: str) -> AskedMessage:
        """What became of a message."""
        try:
            return await self._asking.submit(message_id)
        except DatabaseAway:
            return Unsure("연습용 발송사가 답하지 않았어요")

    async def close(self) -> None:
        """Finish what was taken."""
        await self._sending.close(within_seconds=5)
        await self._asking.close(within_seconds=5)

    async def received(self, partner_id: int, bill_id: str) -> list[Received]:
        """The messages of a bill that arrived, oldest first."""
        rows = await self._db.fetch(RECEIVED, partner_id, bill_id)
        return [self._opened(row) for row in rows]

    async def _send_all(self, messages: Sequence[Alimtalk]) -> list[Sending]:
        return await self._db.run(lambda conn: self._record(conn, messages))

    async def _record(self, conn: Connection, messages: Sequence[Alimtalk]) -> list[Sending]:
        ids = [message.message_id for message in messages]
        scripts = {row["subject"]: row["outcome"] for row in await conn.fetch(USE_SCRIPTS, ids)}
        outcomes = [
            scripts.get(message.message_id) or SPECIAL_PHONES.get(message.to, "") for message in messages
        ]
        rows = await conn.fetch(
            RECORD,
            ids,
            [message.partner_id for message in messages],
            [message.bill_id for message in messages],
            [message.kind for message in messages],
            [self._sealed(message) for message in messages],
            [_STATES.get(outcome, "ARRIVED") for outcome in outcomes],
            self._clock.now(),
        )
        recorded = {row["message_id"]: row for row in rows}
        return [
            _answer(recorded[message_id], outcome) for message_id, outcome in zip(ids, outcomes, strict=True)
        ]

    async def _ask_all(self, ids: Sequence[str]) -> list[AskedMessage]:
        rows = {row["message_id"]: row for row in await self._db.fetch(ASK, ids)}
        return [_told(rows[one]) if one in rows else NeverHad() for one in ids]

    def _sealed(self, message: Alimtalk) -> bytes:
        content = _Content(message.to, message.text, message.buttons)
        return self._keyring.seal(
            msgspec.json.encode(content).decode(), message.partner_id, message.message_id, "sandbox"
        )

    def _opened(self, row: Row) -> Received:
        opened = self._keyring.open(row["sealed"], row["partner_id"], row["message_id"], "sandbox")
        content = msgspec.json.decode(opened, type=_Content)
        return Received(
            message_id=row["message_id"],
            kind=row["kind"],
            to=content.to,
            text=content.text,
            buttons=content.buttons,
            at=row["at"],
        )


def _answer(row: Row, outcome: str) -> Sending:
    """What the sender answers to a sending; only the first one of an id is acted out."""
    if row["tries"] == 1 and outcome in _ANSWER_LOST:
        return Unsure("답이 오지 않았어요")
    told = _told(row)
    return Unsure("답이 오지 않았어요") if isinstance(told, NeverHad) else told


def _told(row: Row) -> Sent | NotSent | NeverHad:
    match row["state"]:
        case "ARRIVED":
            return Sent(f"sandbox-{row['message_id']}", row["at"])
        case "REFUSED":
            return NO_KAKAOTALK
        case _:
            return NeverHad()


def _id(message: Alimtalk) -> str:
    return message.message_id


USE_SCRIPTS: Final = "DELETE FROM sandbox_script WHERE subject = ANY($1::text[]) RETURNING subject, outcome"

# A message that was lost on its way arrives when it is sent again; any other is taken once.
RECORD: Final = """
INSERT INTO sandbox_message AS m (message_id, partner_id, bill_id, kind, sealed, state, at)
SELECT u.*, $7 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[]) u
ON CONFLICT (message_id) DO UPDATE
SET tries = m.tries + 1,
    at = CASE m.state WHEN 'LOST' THEN excluded.at ELSE m.at END,
    state = CASE m.state WHEN 'LOST' THEN 'ARRIVED' ELSE m.state END
RETURNING message_id, state, tries, at
"""

ASK: Final = "SELECT message_id, state, at FROM sandbox_message WHERE message_id = ANY($1::text[])"

RECEIVED: Final = """
SELECT * FROM sandbox_message
WHERE partner_id = $1 AND bill_id = $2 AND state = 'ARRIVED'
ORDER BY at, message_id
"""
