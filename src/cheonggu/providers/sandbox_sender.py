"""The sandbox's KakaoTalk sender: messages arrive at once unless a script says otherwise.

It remembers what became of each, and no words: those are made again from the bill by whoever shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from cheonggu.domain.message import AskedMessage, NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.providers import Alimtalk, Handed
from cheonggu.providers.sandbox_scripts import of_all, of_bill
from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Connection, Database, DatabaseAway, Row

SPECIAL_PHONES: Final = {
    "01000000001": "MESSAGE_REFUSED",
    "01000000002": "MESSAGE_UNKNOWN_SENT",
    "01000000003": "MESSAGE_UNKNOWN_NEVER_HAD",
}
"""Numbers that act out an outcome: not a KakaoTalk user (3019); arrived, but the answer got lost; lost before
it was taken, so that asking tells of nothing and the second sending arrives."""

NO_KAKAOTALK: Final = NotSent("3019", "카카오톡을 쓰지 않는 번호예요.")
BLOCKED: Final = NotSent("3018", "보내는 채널을 차단한 사람이에요.")
_STATES: Final = {
    "MESSAGE_REFUSED": "REFUSED",
    "MESSAGE_BLOCKED": "BLOCKED",
    "MESSAGE_UNKNOWN_NEVER_HAD": "LOST",
}
_ANSWER_LOST: Final = frozenset({"MESSAGE_UNKNOWN_SENT", "MESSAGE_UNKNOWN_NEVER_HAD"})
_NO_ANSWER: Final = Unsure("연습용 발송사가 답하지 않았어요")


class SandboxSender:
    """A Sender. Each call is a commit of its own."""

    name: str = "sandbox"
    most_at_once: int = 1_000
    accept_window_seconds: float = 3.0

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        """Take messages, once for each id."""
        try:
            arrived = await self._take(messages)
            return arrived or await self._db.run(lambda conn: self._record(conn, messages))
        except DatabaseAway:
            return [_NO_ANSWER] * len(messages)

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        """What became of messages."""
        message_ids = [message.message_id for message in messages]
        try:
            rows = {row["message_id"]: row for row in await self._db.fetch(ASK, message_ids)}
        except DatabaseAway:
            return [_NO_ANSWER] * len(message_ids)
        return [_told(rows[one]) if one in rows else NeverHad() for one in message_ids]

    async def _take(self, messages: Sequence[Alimtalk]) -> Sequence[Sent]:
        """Where nothing is to be acted out and all are new, which is nearly always; else it takes none."""
        if False in [message.fresh for message in messages]:
            return ()  # known perhaps, and a row that is there already would be an error of the database's
        if not SPECIAL_PHONES.keys().isdisjoint([message.to for message in messages]):
            return ()
        now = self._clock.now()
        ids = [message.message_id for message in messages]
        partner_ids = [str(message.partner_id) for message in messages]
        try:
            tag = await self._db.execute(TAKE, " ".join(ids), " ".join(partner_ids), now)
        except asyncpg.UniqueViolationError:
            return ()
        return [Sent(f"sandbox-{one}", now) for one in ids] if tag != "INSERT 0 0" else ()

    async def _record(self, conn: Connection, messages: Sequence[Alimtalk]) -> list[Sending]:
        ids = [message.message_id for message in messages]
        outcomes = await _scripted(conn, messages)
        rows = await conn.fetch(
            RECORD,
            ids,
            [message.partner_id for message in messages],
            [_STATES.get(outcome, "ARRIVED") for outcome in outcomes],
            self._clock.now(),
        )
        recorded = {row["message_id"]: row for row in rows}
        return [
            _answer(recorded[message_id], outcome) for message_id, outcome in zip(ids, outcomes, strict=True)
        ]


async def _scripted(conn: Connection, messages: Sequence[Alimtalk]) -> list[str]:
    """What each message is to meet, '' for nothing. The nearer to the message, the more a line counts."""
    once = [one.message_id for one in messages]
    once += [of_bill(one.partner_id, one.bill_id) for one in messages]
    lasting = list({of_all(one.partner_id) for one in messages})
    lines = {row["subject"]: row["outcome"] for row in await conn.fetch(USE_SCRIPTS, once, lasting)}
    if not lines:
        return [SPECIAL_PHONES.get(one.to, "") for one in messages]
    return [
        lines.get(one.message_id)
        or lines.pop(of_bill(one.partner_id, one.bill_id), None)  # of two messages only the first
        or SPECIAL_PHONES.get(one.to)
        or lines.get(of_all(one.partner_id), "")
        for one in messages
    ]


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
        case "BLOCKED":
            return BLOCKED
        case _:
            return NeverHad()


USE_SCRIPTS: Final = """
WITH used AS (DELETE FROM sandbox_script WHERE subject = ANY($1::text[]) RETURNING subject, outcome)
SELECT subject, outcome FROM used
UNION ALL SELECT subject, outcome FROM sandbox_script WHERE subject = ANY($2::text[])
"""

TAKE: Final = """
INSERT INTO sandbox_message (message_id, partner_id, state, at)
SELECT message_id, partner_id, 'ARRIVED', $3
FROM unnest(string_to_array($1, ' '), string_to_array($2, ' ')::bigint[]) u (message_id, partner_id)
WHERE NOT EXISTS (SELECT FROM sandbox_script)
"""

# A message that was lost on its way arrives when it is sent again; any other is taken once.
RECORD: Final = """
INSERT INTO sandbox_message AS m (message_id, partner_id, state, at)
SELECT u.*, $4 FROM unnest($1::text[], $2::bigint[], $3::text[]) u
ON CONFLICT (message_id) DO UPDATE
SET tries = m.tries + 1,
    at = CASE m.state WHEN 'LOST' THEN excluded.at ELSE m.at END,
    state = CASE m.state WHEN 'LOST' THEN 'ARRIVED' ELSE m.state END
RETURNING message_id, state, tries, at
"""

ASK: Final = "SELECT message_id, state, at FROM sandbox_message WHERE message_id = ANY($1::text[])"
