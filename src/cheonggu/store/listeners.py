"""Listeners of a partner's callbacks, and callbacks on their way to one (docs/decisions/0015-listen.md).

A listener lives as long as it asks for more. Each callback is taken by one listener, by a guarded update, and
answered by that one only. All times are the database's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cheonggu.store.postgres import Connection, Database, Row

CHANNEL: Final = "cheonggu_listen"
LEASE_SECONDS: Final = 5.0
"""A listener that has not asked for so long is gone."""


def offered(partner_id: int) -> str:
    """The topic that is rung when there is something to take."""
    return f"offer {partner_id}"


def answered(partner_id: int, forward_no: int) -> str:
    """The topic that is rung when a callback was answered."""
    return f"answer {partner_id} {forward_no}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with a callback that was offered."""

    reply: str | None
    taken: bool
    listened_to: bool
    """Whether whoever took it, or anybody who still could, is there."""


async def stay(db: Database, partner_id: int, listener_id: str, forward_to: str) -> datetime:
    """The listener is there, for LEASE_SECONDS; until when that is."""
    return await db.fetchval(_STAY, partner_id, listener_id, forward_to, LEASE_SECONDS)


async def leave(
    db: Database,
    partner_id: int,
    listener_id: str,
    *,
    until: datetime | None = None,
    grace_seconds: float = 0,
) -> None:
    """The listener is gone after the grace; with `until`, only if it has not asked again since."""
    await db.execute(_LEAVE, partner_id, listener_id, until, grace_seconds)


async def of_partner(db: Connection | Database, partner_id: int) -> Sequence[Row]:
    """Who listens now: listener_id, forward_to, began_at."""
    return await db.fetch(_OF_PARTNER, partner_id)


async def listened_to(db: Database, partner_ids: Sequence[int]) -> list[bool]:
    """For each partner, whether anybody listens."""
    heard = {row["partner_id"] for row in await db.fetch(_LISTENED_TO, partner_ids)}
    return [partner_id in heard for partner_id in partner_ids]


async def offer(db: Database, partner_id: int, request: str, within_seconds: float) -> int:
    """Put a request, as JSON, up for listeners; its number."""
    return await db.fetchval(_OFFER, partner_id, request, within_seconds, CHANNEL, offered(partner_id))


async def take(
    db: Database, partner_id: int, listener_id: str, most: int, holding: Sequence[int] | None
) -> Sequence[Row]:
    """Hand over what nobody has taken yet: forward_no, request, seconds_left.

    A listener that says what it is `holding` gets again what it took and does not hold: an answer of ours may
    have been lost.
    """
    return await db.fetch(_TAKE, partner_id, listener_id, most, holding)


async def answer(db: Database, partner_id: int, listener_id: str, forward_no: int, reply: str) -> bool:
    """Tell what came of a callback, as JSON; False when it is not this listener's, or is answered or over."""
    topic = answered(partner_id, forward_no)
    return await db.fetchval(_ANSWER, partner_id, listener_id, forward_no, reply, CHANNEL, topic) is not None


async def standing(db: Database, partner_id: int, forward_no: int) -> Standing | None:
    """How it stands with it; None when it is forgotten."""
    row = await db.fetchrow(_STANDING, partner_id, forward_no)
    return None if row is None else Standing(**row)


async def withdraw(db: Database, partner_id: int, forward_no: int) -> bool:
    """Take back what nobody has taken yet; whether that was so."""
    return await db.fetchval(_WITHDRAW, partner_id, forward_no) is not None


async def forget(db: Database, partner_id: int, forward_no: int) -> None:
    """It is over."""
    await db.execute(_FORGET, partner_id, forward_no)


_STAY: Final = """
INSERT INTO sandbox_listener AS l (partner_id, listener_id, forward_to, leased_until)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (partner_id, listener_id) DO UPDATE
SET forward_to = excluded.forward_to, leased_until = excluded.leased_until
RETURNING leased_until
"""

_LEAVE: Final = """
UPDATE sandbox_listener
SET leased_until = least(leased_until, clock_timestamp() + make_interval(secs => $4))
WHERE partner_id = $1 AND listener_id = $2 AND ($3::timestamptz IS NULL OR leased_until = $3)
"""

_OF_PARTNER: Final = """
SELECT listener_id, forward_to, began_at FROM sandbox_listener
WHERE partner_id = $1 AND leased_until > clock_timestamp() ORDER BY began_at, listener_id
"""

_LISTENED_TO: Final = """
SELECT DISTINCT partner_id FROM sandbox_listener
WHERE partner_id = ANY($1::bigint[]) AND leased_until > clock_timestamp()
"""

# What was left behind by workers that died, and listeners long gone, go along.
_OFFER: Final = """
WITH old AS (
  DELETE FROM sandbox_forward
  WHERE partner_id = $1 AND wanted_until < clock_timestamp() - interval '1 minute'),
gone AS (
  DELETE FROM sandbox_listener
  WHERE partner_id = $1 AND leased_until < clock_timestamp() - interval '1 minute'),
made AS (
  INSERT INTO sandbox_forward (partner_id, request, wanted_until)
  VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
  RETURNING forward_no)
SELECT forward_no, pg_notify($4, $5) FROM made
"""

_TAKE: Final = """
WITH mine AS (
  SELECT forward_no FROM sandbox_forward
  WHERE partner_id = $1 AND reply IS NULL AND wanted_until > clock_timestamp()
    AND (listener_id IS NULL OR (listener_id = $2 AND NOT forward_no = ANY($4::bigint[])))
  ORDER BY forward_no LIMIT $3
  FOR UPDATE SKIP LOCKED)
UPDATE sandbox_forward f SET listener_id = $2
FROM mine WHERE f.partner_id = $1 AND f.forward_no = mine.forward_no
RETURNING f.forward_no, f.request,
          extract(epoch FROM f.wanted_until - clock_timestamp())::float8 AS seconds_left
"""

_ANSWER: Final = """
WITH told AS (
  UPDATE sandbox_forward SET reply = $4
  WHERE partner_id = $1 AND listener_id = $2 AND forward_no = $3 AND reply IS NULL
    AND wanted_until > clock_timestamp()
  RETURNING forward_no)
SELECT forward_no, pg_notify($5, $6) FROM told
"""

_STANDING: Final = """
SELECT f.reply, f.listener_id IS NOT NULL AS taken,
       EXISTS (SELECT FROM sandbox_listener l
               WHERE l.partner_id = $1 AND l.listener_id = coalesce(f.listener_id, l.listener_id)
                 AND l.leased_until > clock_timestamp()) AS listened_to
FROM sandbox_forward f WHERE f.partner_id = $1 AND f.forward_no = $2
"""

_WITHDRAW: Final = """
DELETE FROM sandbox_forward WHERE partner_id = $1 AND forward_no = $2 AND listener_id IS NULL
RETURNING forward_no
"""

_FORGET: Final = "DELETE FROM sandbox_forward WHERE partner_id = $1 AND forward_no = $2"
