"""KakaoTalk messages by NHN Cloud: KakaoTalk Bizmessage, Alimtalk API v2.3.

NHN Cloud takes a message at once and tells later what became of it, so that an accepted message is unknown
until it was asked about. Its mark is its recipientGroupingKey. Nothing is sent by SMS instead (isResend is
false): that would cost other money than the points that pay for the message, in words that nobody approved.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import isqrt
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import structlog

from cheonggu.domain.alimtalk import Template
from cheonggu.domain.message import AskedMessage, NeverHad, NotSent, Sending
from cheonggu.domain.seoul import SEOUL
from cheonggu.providers import Alimtalk, Handed, ProviderUnfit
from cheonggu.providers.calling import Calls, NoAnswer
from cheonggu.providers.nhn_answers import (
    CHANNEL_OR_TEMPLATE,
    LOOK_AT,
    REPEATED,
    ListAnswer,
    Page,
    SendAnswer,
    Unheard,
    best,
    refused,
)

log = structlog.get_logger()

A = TypeVar("A", SendAnswer, ListAnswer)

CALL_DEADLINE_SECONDS: Final = 4.5
"""Of one request: the worker gives a call 10 seconds, and none makes more than two requests in a row."""
MOST_AT_ONCE: Final = 500
"""NHN Cloud takes 1,000. So many can be asked about one by one before a call ends, if it comes to that."""
ACCEPT_WINDOW_SECONDS: Final = 900.0
"""NHN Cloud does not publish how soon a message that it took is listed. A quarter of an hour is longer than
any request lives, and than the 10 minutes in which it refuses a repetition."""
IN_A_LIST: Final = 1_000
"""D: the most that a page of a list holds."""
AROUND: Final = timedelta(days=1)
"""How far the operator's clock may be wrong and a message still be found. D: a question spans 30 days."""
LISTED_FOR: Final = timedelta(days=90)
"""D: what is older is not listed, and so nothing follows from its absence."""

_NOBODYS: Final = "cheonggu-doctor"

NO_ANSWER: Final = Unheard("NHN Cloud가 답하지 않았어요")
TOO_OLD: Final = Unheard("너무 오래돼서 NHN Cloud에 물어볼 수 없어요")
TOO_MANY: Final = Unheard("NHN Cloud의 목록이 너무 길어요")


class NhnSender:
    """A Sender. It keeps nothing: what became of a message NHN Cloud is asked each time."""

    name: str = "nhn"
    most_at_once: int = MOST_AT_ONCE
    accept_window_seconds: float = ACCEPT_WINDOW_SECONDS

    def __init__(
        self,
        calls: Calls,
        *,
        app_key: str,
        secret_key: str,
        sender_key: str,
        template_code: str,
        template_with_message_code: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._calls = calls
        self._path = f"/alimtalk/v2.3/appkeys/{quote(app_key, safe='')}/messages"
        self._headers = {"X-Secret-Key": secret_key}
        self._sender_key = sender_key
        self._codes = {
            Template.BILL: template_code,
            Template.BILL_WITH_MESSAGE: template_with_message_code,
        }
        self._now = now

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        """Hand over messages, new ones in a request for each template; any other is looked for first.

        Those go in smaller parts each time, so that one that spoils its request is alone in the end.
        """
        outcomes: dict[str, Sending] = {}
        again = [one for one in messages if not one.fresh]
        told = await asyncio.gather(*(self._ask_by_itself(one.mark, one.handed_at) for one in again))
        for one, known in zip(again, told, strict=True):
            if not isinstance(known, NeverHad):
                outcomes[one.mark] = known
        batches = _batches([one for one in messages if one.mark not in outcomes])
        for heard in await asyncio.gather(*(self._hand_over(batch) for batch in batches)):
            outcomes |= heard
        _report("send", outcomes.values())
        return [outcomes[one.mark] for one in messages]

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        """What became of messages: those that were handed over together are looked for in one list."""
        together: defaultdict[datetime, list[str]] = defaultdict(list)
        for one in messages:
            together[one.handed_at].append(one.mark)
        outcomes: dict[str, AskedMessage] = {}
        for told in await asyncio.gather(*(self._ask_together(*group) for group in together.items())):
            outcomes |= told
        _report("ask", outcomes.values())
        return [outcomes[one.mark] for one in messages]

    async def check(self) -> str:
        """Ask for the list of a moment, which only the right keys are told."""
        page = await self._list(self._now(), "recipientGroupingKey", _NOBODYS)
        if not isinstance(page, Unheard):
            return "It takes the app key and the secret key; channel and templates only a message shows."
        if not page.code:
            raise NoAnswer("no list")
        look_at = f"CHEONGGU_{LOOK_AT[page.code].upper()}" if page.code in LOOK_AT else "its console"
        raise ProviderUnfit(f"It refuses to answer ({page.code}): look at {look_at}.")

    async def _hand_over(self, batch: Sequence[Alimtalk]) -> dict[str, Sending]:
        template = batch[0].template
        marks = [one.mark for one in batch]
        grouping_key = _grouping_key(batch[0].handed_at)
        body = {
            "senderKey": self._sender_key,
            "templateCode": self._codes[template],
            "senderGroupingKey": grouping_key,
            "recipientList": [
                {
                    "recipientNo": one.to,
                    "templateParameter": one.variables,
                    "resendParameter": {"isResend": False},
                    "recipientGroupingKey": one.mark,
                }
                for one in batch
            ],
        }
        repeats_as = sha256("\n".join([grouping_key, template, *marks]).encode()).hexdigest()[:32]
        try:
            said = await self._call("POST", "", SendAnswer, body, {"X-NC-API-IDEMPOTENCY-KEY": repeats_as})
        except NoAnswer:
            return dict.fromkeys(marks, NO_ANSWER)
        results = said.result_of_each(marks)
        return {one: said.outcome(result) for one, result in zip(marks, results, strict=True)}

    async def _ask_together(self, handed_at: datetime, marks: Sequence[str]) -> dict[str, AskedMessage]:
        """What the list of one moment does not hold is asked for by itself, once its absence counts."""
        told: dict[str, AskedMessage] = {}
        if len(marks) > 1:
            page = await self._list(handed_at, "senderGroupingKey", _grouping_key(handed_at))
            if isinstance(page, Unheard):
                return dict.fromkeys(marks, page)
            told = self._read(page, set(marks), handed_at)
            if self._now() < handed_at + timedelta(seconds=self.accept_window_seconds):
                return {one: told.get(one, NeverHad()) for one in marks}
        left = [one for one in marks if one not in told]
        alone = await asyncio.gather(*(self._ask_by_itself(one, handed_at) for one in left))
        return told | dict(zip(left, alone, strict=True))

    async def _ask_by_itself(self, mark: str, handed_at: datetime) -> AskedMessage:
        page = await self._list(handed_at, "recipientGroupingKey", mark)
        if isinstance(page, Unheard):
            return page
        told = self._read(page, {mark}, handed_at).get(mark)
        if told is not None:
            return told
        whole = len(page.messages) < IN_A_LIST and (page.total_count or 0) <= len(page.messages)
        return NeverHad() if whole else TOO_MANY

    def _read(self, page: Page, marks: set[str], handed_at: datetime) -> dict[str, AskedMessage]:
        """What a page tells of these messages."""
        entries: defaultdict[str, list[Sending]] = defaultdict(list)
        now = self._now()
        for one in page.messages:
            if one.recipient_grouping_key in marks:
                entries[one.recipient_grouping_key].append(one.told(handed_at, now))
        return {mark: best(told) for mark, told in entries.items()}

    async def _list(self, handed_at: datetime, key: str, value: str) -> Page | Unheard:
        """A page of what was requested about then and has this grouping key."""
        if handed_at - AROUND < self._now() - LISTED_FOR:
            return TOO_OLD
        asked = {
            "startRequestDate": _minute(handed_at - AROUND),
            "endRequestDate": _minute(handed_at + AROUND),
            key: value,
            "pageNum": 1,
            "pageSize": IN_A_LIST,
        }
        try:
            said = await self._call("GET", "?" + urlencode(asked, quote_via=quote), ListAnswer)
        except NoAnswer:
            return NO_ANSWER
        if not said.header.is_successful:
            return refused(said.header.result_code)
        return said.page or NO_ANSWER

    async def _call(
        self,
        method: str,
        query: str,
        into: type[A],
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> A:
        """Ask. Raises NoAnswer for what is no answer of the API, and for a success that HTTP calls none."""
        answer = await self._calls.call(
            method, self._path + query, headers={**self._headers, **(headers or {})}, body=body
        )
        said = answer.read(into)
        if answer.status != 200 and said.header.is_successful:
            raise NoAnswer(f"a success of HTTP {answer.status}")
        return said


def _batches(messages: Sequence[Alimtalk]) -> list[Sequence[Alimtalk]]:
    """What goes in one request each: of one template, and of n that were tried before the root of n."""
    alike: defaultdict[tuple[Template, bool], list[Alimtalk]] = defaultdict(list)
    for one in messages:
        alike[one.template, one.fresh].append(one)
    batches: list[Sequence[Alimtalk]] = []
    for (_, fresh), those in alike.items():
        most = len(those) if fresh else isqrt(len(those))
        batches += [those[begin : begin + most] for begin in range(0, len(those), most)]
    return batches


def _grouping_key(handed_at: datetime) -> str:
    """What messages that were handed over together have in common: no others were at that microsecond."""
    return f"cheonggu-{handed_at.astimezone(UTC):%Y%m%d%H%M%S%f}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SEOUL):%Y-%m-%d %H:%M}"


def _report(what: str, outcomes: Iterable[AskedMessage]) -> None:
    """Tell the operator once what keeps messages waiting, or lets all of them fail."""
    told = list(outcomes)
    for code, count in Counter(one.code for one in told if isinstance(one, Unheard)).items():
        if code in {0, REPEATED}:
            log.warning("nhn_not_answered", at=what, code=code, messages=count)
        else:
            log.error("nhn_refused", at=what, code=code, look_at=LOOK_AT.get(code), messages=count)
    failed = Counter(one.code for one in told if isinstance(one, NotSent) and one.code in CHANNEL_OR_TEMPLATE)
    for code, count in failed.items():
        log.error("nhn_channel_or_template", code=code, messages=count)
