"""What Solapi says of messages, when it takes them and in its list, and what that says of one of ours.

A record is ours by the mark that was sent along in its `customFields`. Of one message there may be several:
each try that the operator's fault ended left one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import msgspec

from cheonggu.domain.message import AskedMessage, NeverHad, NotSent, Sending, Sent, Unsure
from cheonggu.providers import Alimtalk
from cheonggu.providers.solapi_codes import Fate, fate_of, reason_of

MARK: Final = "messageId"
"""The custom field that holds a message's mark."""
SKEW: Final = timedelta(minutes=15)
"""Solapi refuses a signature whose clock differs more, so no record of a try is older than that."""
MOST_TRIES: Final = 72
"""So often a try may end by the operator's fault, which is a day at one in 20 minutes; then it fails."""
KEPT: Final = timedelta(days=30)
"""Solapi says that it keeps its list for six months; what is missing of older ones may have been there."""


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """One message at Solapi. What is not told is None; what is of an unexpected kind counts as not told."""

    message_id: str = ""
    status_code: object = None
    custom_fields: object = None
    kakao_options: object = None
    date_created: object = None
    date_updated: object = None
    date_received: object = None
    date_reported: object = None

    @property
    def code(self) -> str:
        """Its status code."""
        return "" if self.status_code is None else str(self.status_code)

    @property
    def mark(self) -> str | None:
        """The mark of ours that was sent along."""
        return text_at(self.custom_fields, MARK)

    @property
    def template_id(self) -> str | None:
        """The template it was filled in from."""
        return text_at(self.kakao_options, "templateId")

    def is_since(self, moment: datetime) -> bool:
        """Whether it was made since then; one that does not say when was."""
        made_at = _first_moment(self.date_created)
        return made_at is None or made_at >= moment


class Turned(msgspec.Struct, frozen=True, rename="camel"):
    """A message that was not accepted."""

    to: object = None
    status_code: object = None
    custom_fields: object = None

    @property
    def code(self) -> str:
        """Why, as a status code."""
        return "" if self.status_code is None else str(self.status_code)


class Taken(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a sending: who was turned away. The others were accepted, which is not yet sent."""

    failed_message_list: list[Turned]

    @property
    def faults(self) -> Mapping[str, int]:
        """How many were turned away by which fault of the operator's."""
        return Counter(one.code for one in self.failed_message_list if fate_of(one.code) is Fate.AGAIN)

    def said(self, messages: Sequence[Alimtalk]) -> Mapping[str, Sending]:
        """What became of those that were handed over, by our marks."""
        codes = self._codes(messages)
        return {one.mark: _said_of(codes.get(one.mark)) for one in messages}

    def _codes(self, messages: Sequence[Alimtalk]) -> Mapping[str, str]:
        """By our mark; where Solapi does not repeat it, by a receiver that no other of these has."""
        receivers = Counter(one.to for one in messages)
        alone = {one.to: one.mark for one in messages if receivers[one.to] == 1}
        marked = [
            (text_at(one.custom_fields, MARK) or alone.get(str(one.to)), one.code)
            for one in self.failed_message_list
        ]
        return {mark: code for mark, code in marked if mark is not None}


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """One page of the list, by Solapi's message ids."""

    message_list: dict[str, Record]
    next_key: str | None = None


class Found(msgspec.Struct, frozen=True):
    """Records that may be of a message; `whole` says that there are no more."""

    records: Sequence[Record]
    whole: bool


def told(found: Found, mark: str, handed_at: datetime, template_ids: frozenset[str]) -> AskedMessage:
    """What became of one of our messages. That it was never there is said where nothing speaks against it.

    Its mark alone makes a record its own, whenever that was made.
    """
    since = handed_at - SKEW
    own = [record for record in found.records if record.mark == mark]
    verdict = _of_own(own, sum(fate_of(record.code) is Fate.AGAIN for record in own))
    if not isinstance(verdict, NeverHad):
        return verdict
    if not found.whole:
        return Unsure("솔라피의 목록이 길어서 끝까지 보지 못했어요")
    if since < datetime.now(UTC) - KEPT:
        return Unsure("솔라피가 기록을 지웠을 만큼 오래됐어요")
    if any(_unmarked(record, template_ids) and record.is_since(since) for record in found.records):
        return Unsure("솔라피의 기록에 메시지 번호가 없어서 알 수 없어요")
    return verdict


def seen(found: Found, mark: str) -> Sent | Unsure | None:
    """What a part of the list tells of a message beyond doubt: that it arrived, or is under way."""
    verdict = _of_own([record for record in found.records if record.mark == mark], 0)
    return verdict if isinstance(verdict, Sent | Unsure) else None


def faults_of(found: Found, mark: str, handed_at: datetime) -> Iterator[str]:
    """The operator's faults, as codes, that ended the tries of a message since it was handed over."""
    for record in found.records:
        own = record.mark == mark and record.is_since(handed_at - SKEW)
        if own and fate_of(record.code) is Fate.AGAIN:
            yield record.code


def text_at(holder: object, key: str) -> str | None:
    """A text in an object of the wire's, which may be anything."""
    if not isinstance(holder, Mapping):
        return None
    value = cast("Mapping[object, object]", holder).get(key)
    return value if isinstance(value, str) else None


def _said_of(code: str | None) -> Sending:
    if code is None:
        return Unsure("솔라피가 접수했고 결과를 기다려요")
    if fate_of(code) is Fate.NEVER:
        return NotSent(code, reason_of(code))
    return Unsure(f"{reason_of(code)} (코드 {code})")


def _of_own(records: Sequence[Record], tries: int) -> AskedMessage:
    """The best that any of its records says: one that arrived, then one that still may."""
    by_fate = {fate_of(record.code): record for record in records}
    if (delivered := by_fate.get(Fate.DELIVERED)) is not None:
        return Sent(delivered.message_id, _sent_at(delivered))
    if (under_way := by_fate.get(Fate.UNDER_WAY)) is not None:
        return Unsure(f"솔라피가 접수했고 결과를 기다려요 (코드 {under_way.code})")
    if (never := by_fate.get(Fate.NEVER)) is not None:
        return NotSent(never.code, reason_of(never.code))
    if (again := by_fate.get(Fate.AGAIN)) is not None and tries >= MOST_TRIES:
        return NotSent(again.code, reason_of(again.code))
    return NeverHad()


def _unmarked(record: Record, template_ids: frozenset[str]) -> bool:
    """Whether it could be ours and does not say whose it is."""
    return record.mark is None and record.template_id in template_ids


def _sent_at(record: Record) -> datetime:
    moments = (record.date_received, record.date_reported, record.date_updated, record.date_created)
    return _first_moment(*moments) or datetime.now(UTC)


def _first_moment(*texts: object) -> datetime | None:
    """The first of these that is a moment with its zone."""
    for text in texts:
        if isinstance(text, str):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                continue
            if moment.tzinfo is not None:
                return moment
    return None
