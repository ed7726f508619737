"""A KakaoTalk sender over Solapi's API v4: `messages/v4/send-many/detail` and `messages/v4/list`.

Solapi accepts a message first and tells only later whether it arrived, and it knows no idempotency key. So
what it accepted is unsure until it was asked about, and what may have been handed over before is asked about
before it goes out again. A request that Solapi refuses as a whole (an empty balance, a wrong key) leaves its
messages unsure, too: asked about, they are found not to be there, and are handed over anew once the window
is closed. No SMS takes the place of a message that does not arrive: it would have another price.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import structlog

from cheonggu.domain.alimtalk import Template
from cheonggu.domain.message import AskedMessage, NeverHad, Sending, Unsure
from cheonggu.providers import Alimtalk, Handed, ProviderUnfit
from cheonggu.providers.calling import Calls, NoAnswer
from cheonggu.providers.solapi_api import Api, Balance, Refused
from cheonggu.providers.solapi_codes import reason_of
from cheonggu.providers.solapi_records import MARK, SKEW, Found, Page, Record, Taken, faults_of, seen, told

log = structlog.get_logger()

SEND: Final = "/messages/v4/send-many/detail"
LIST: Final = "/messages/v4/list"
BALANCE: Final = "/cash/v1/balance"

MOST_AT_ONCE: Final = 100
"""Solapi takes 10,000. A hundred receivers can be asked about within one call, at half a second each."""
AT_ONCE: Final = 8
"""Requests side by side in one call: with four calls under way as many as there are connections."""
CALL_SECONDS: Final = 8.5
"""So that what is known by then is told: the worker gives a call 10 seconds."""
ASK_FIRST_SECONDS: Final = 4.0
"""Of these at most so many for asking about what may have been handed over before."""
ACCEPT_WINDOW_SECONDS: Final = 20 * 60.0
"""Solapi refuses a signature that is over 15 minutes old, so a request that got lost is void by then."""
PAGE: Final = 500
"""Records in a page, the most that Solapi gives."""
MOST_PAGES: Final = 6
"""No payer was sent 3,000 messages within the half year that Solapi keeps them."""
MANY: Final = 8
"""Receivers of messages that were handed over together, from which on a list by time is looked at first."""
LOOK_OVER_SECONDS: Final = 3.0
"""So long at most, as whoever is not found there is asked about by himself."""
PAGES_LOOKED_OVER: Final = 3
AROUND: Final = (timedelta(seconds=-30), timedelta(seconds=60))
"""When what was handed over is accepted, if the clocks agree. If not, it is not found there."""
LATELY: Final = timedelta(hours=1)
"""Before a message goes out again: so far back lies the try whose request may have come in since."""

_LATE: Final = Unsure("제한 시간 안에 답이 없었어요")
_NOT_NOW: Final = Unsure("솔라피에 아직 보내지 못했어요")

Job = Callable[[], Awaitable[bool]]
"""One request and what it says; whether another one may fare better."""


class SolapiSender:
    """A Sender. It keeps nothing: what became of a message Solapi is asked each time."""

    name: str = "solapi"
    most_at_once: int = MOST_AT_ONCE
    accept_window_seconds: float = ACCEPT_WINDOW_SECONDS

    def __init__(
        self,
        calls: Calls,
        *,
        api_key: str,
        api_secret: str,
        pf_id: str,
        template_id: str,
        template_with_message_id: str,
        from_number: str | None = None,
    ) -> None:
        self._api = Api(calls, api_key, api_secret)
        self._pf_id = pf_id
        self._template_ids = {
            Template.BILL: template_id,
            Template.BILL_WITH_MESSAGE: template_with_message_id,
        }
        self._ours = frozenset(self._template_ids.values())
        self._from_number = re.sub(r"\D", "", from_number or "")

    async def send(self, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        """Hand over what Solapi does not have yet: new ones together, any other by itself.

        So a message that spoils a request keeps the others of it back once.
        """
        until = asyncio.get_running_loop().time() + CALL_SECONDS
        again = [one for one in messages if not one.fresh]
        said = await self._asked_first(again)
        batches = [[one] for one in again if isinstance(said[one.mark], NeverHad)]
        if fresh := [one for one in messages if one.fresh]:
            batches.insert(0, fresh)
        await _side_by_side((self._handing_over(batch, said) for batch in batches), until)
        return [_sending(said.get(one.mark, _NOT_NOW)) for one in messages]

    async def ask(self, messages: Sequence[Handed]) -> Sequence[AskedMessage]:
        """Look many over by when they were handed over, and who was not found there up by the receiver.

        One whose payer was erased is looked up by time.
        """
        began = asyncio.get_running_loop().time()
        said = await self._looked_over(messages, began + LOOK_OVER_SECONDS)
        left = [one for one in messages if one.mark not in said]
        passed = asyncio.get_running_loop().time() - began
        heard = await self._looked_up(left, CALL_SECONDS - passed)
        said |= {one.mark: told for one, told in zip(left, heard, strict=True)}
        return [said[one.mark] for one in messages]

    async def check(self) -> str:
        """Ask for the balance, which only the right keys are told."""
        try:
            balance = (await self._api.get(BALANCE)).read(Balance)
        except Refused as refused:
            raise ProviderUnfit(refused.in_advice) from None
        if balance.won <= 0:
            raise ProviderUnfit("It takes the keys, but its balance is empty: charge it, or nothing is sent.")
        return f"It takes the keys; its balance is {balance.won:,.0f} won."

    async def _asked_first(self, messages: Sequence[Alimtalk]) -> dict[str, AskedMessage]:
        handed = [
            Handed(message_id=one.message_id, mark=one.mark, to=one.to, handed_at=one.handed_at - LATELY)
            for one in messages
        ]
        heard = await self._looked_up(handed, ASK_FIRST_SECONDS)
        return {one.mark: said for one, said in zip(messages, heard, strict=True)}

    async def _looked_over(self, messages: Sequence[Handed], until: float) -> dict[str, AskedMessage]:
        """What a list by time tells of messages that were handed over together: of those that it holds.

        So a thousand receivers are not asked about one by one, least of all while nobody answers.
        """
        together: defaultdict[datetime, list[Handed]] = defaultdict(list)
        for message in messages:
            together[message.handed_at].append(message)
        said: dict[str, AskedMessage] = {}
        many = [group for group in together.values() if len({one.to for one in group}) >= MANY]
        await _side_by_side((self._looking_over(group, said) for group in many), until)
        return said

    def _looking_over(self, messages: Sequence[Handed], said: dict[str, AskedMessage]) -> Job:
        async def look_over() -> bool:
            handed_at = messages[0].handed_at
            query = _by_time(*(handed_at + offset for offset in AROUND))
            try:
                found = await self._find(query, PAGES_LOOKED_OVER)
            except (NoAnswer, Refused) as failure:
                goes_on = _goes_on(failure, len(messages))
                if isinstance(failure, NoAnswer) or not goes_on:
                    said.update((one.mark, _unsure(failure)) for one in messages)
                return goes_on
            told = {one.mark: seen(found, one.mark) for one in messages}
            said.update((mark, one) for mark, one in told.items() if one is not None)
            return True

        return look_over

    async def _looked_up(self, messages: Sequence[Handed], seconds: float) -> list[AskedMessage]:
        """What became of messages, as far as it is heard within so long."""
        until = asyncio.get_running_loop().time() + seconds
        by_query: dict[str, list[Handed]] = defaultdict(list)
        for message in messages:
            by_query[_query(message)].append(message)
        said: dict[str, AskedMessage] = {}
        faults: Counter[str] = Counter()
        jobs = (self._looking_up(query, asked, said, faults) for query, asked in by_query.items())
        await _side_by_side(jobs, until)
        _tell_the_operator(faults)
        return [said.get(one.mark, _LATE) for one in messages]

    def _looking_up(
        self, query: str, messages: Sequence[Handed], said: dict[str, AskedMessage], faults: Counter[str]
    ) -> Job:
        async def look_up() -> bool:
            try:
                found = await self._find(query)
            except (NoAnswer, Refused) as failure:
                said.update((one.mark, _unsure(failure)) for one in messages)
                return _goes_on(failure, len(messages))
            for one in messages:
                said[one.mark] = told(found, one.mark, one.handed_at, self._ours)
                faults.update(faults_of(found, one.mark, one.handed_at))
            return True

        return look_up

    async def _find(self, query: str, most_pages: int = MOST_PAGES) -> Found:
        """The records that a query finds, page by page: an empty one that names a next is not the last."""
        records: dict[str, Record] = {}
        start_key = ""
        for _ in range(most_pages):
            page = (await self._api.get(f"{LIST}?{query}{start_key}")).read(Page)
            records |= page.message_list
            if not page.next_key:
                return Found([*records.values()], whole=True)
            start_key = "&" + urlencode({"startKey": page.next_key})
        return Found([*records.values()], whole=False)

    def _handing_over(self, messages: Sequence[Alimtalk], said: dict[str, AskedMessage]) -> Job:
        async def hand_over() -> bool:
            said.update((one.mark, _LATE) for one in messages)
            try:
                answer = (await self._api.post(SEND, self._body(messages))).read(Taken)
            except (NoAnswer, Refused) as failure:
                said.update((one.mark, _unsure(failure)) for one in messages)
                return _goes_on(failure, len(messages))
            said.update(answer.said(messages))
            _tell_the_operator(answer.faults)
            return True

        return hand_over

    def _body(self, messages: Sequence[Alimtalk]) -> object:
        """A sending. Two bills of one payer have the same receiver, so duplicates have to be let through."""
        return {
            "messages": [self._message(one) for one in messages],
            "allowDuplicates": True,
            "showMessageList": True,
        }

    def _message(self, message: Alimtalk) -> Mapping[str, object]:
        sender = {"from": self._from_number} if self._from_number else {}
        return {
            "to": message.to,
            **sender,
            "country": "82",
            "type": "ATA",
            "kakaoOptions": {
                "pfId": self._pf_id,
                "templateId": self._template_ids[message.template],
                "variables": {f"#{{{name}}}": value for name, value in message.variables.items()},
                "disableSms": True,
            },
            "customFields": {MARK: message.mark},
        }


def _query(message: Handed) -> str:
    """What finds a message in Solapi's list, which cannot be searched by our mark.

    By the receiver alone: whoever trusts a date in the query, and is not understood, finds nothing.
    """
    if message.to:
        return urlencode({"to": message.to, "limit": PAGE})
    accepted_by = message.handed_at + timedelta(seconds=ACCEPT_WINDOW_SECONDS)
    return _by_time(message.handed_at - SKEW, accepted_by)


def _by_time(first: datetime, last: datetime) -> str:
    """What finds everybody's messages that were accepted then."""
    dates = {"dateType": "CREATED", "startDate": first.isoformat(), "endDate": last.isoformat()}
    return urlencode({"type": "ATA", **dates, "limit": PAGE})


def _sending(said: AskedMessage) -> Sending:
    """One that Solapi never had, and that was not handed over now either, is asked about again."""
    return _NOT_NOW if isinstance(said, NeverHad) else said


def _unsure(failure: NoAnswer | Refused) -> Unsure:
    if isinstance(failure, Refused):
        return Unsure(failure.in_words)
    return Unsure(f"솔라피의 답을 듣지 못했어요 ({failure})")


def _goes_on(failure: NoAnswer | Refused, messages: int) -> bool:
    """Whether other requests of the same call are worth a try: not while Solapi turns everybody away."""
    if isinstance(failure, NoAnswer):
        return True
    failure.tell_the_operator(messages)
    return failure.is_of_one_request


def _tell_the_operator(faults: Mapping[str, int]) -> None:
    for code, messages in faults.items():
        log.error("solapi_cannot_send", code=code, reason=reason_of(code), messages=messages)


async def _side_by_side(jobs: Iterable[Job], until: float) -> None:
    """Do jobs, AT_ONCE of them together, until one says that more are vain, or the time is up."""
    waiting = iter(jobs)
    vain = False

    async def lane() -> None:
        nonlocal vain
        for job in waiting:
            if vain:
                return
            vain = not await job() or vain

    with suppress(TimeoutError):
        async with asyncio.timeout_at(until), asyncio.TaskGroup() as lanes:
            for _ in range(AT_ONCE):
                lanes.create_task(lane())
