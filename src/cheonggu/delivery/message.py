"""Send messages, and ask about those whose fate is unknown. Nothing is sent again unasked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeVar

import structlog

from cheonggu.delivery.hands import Hands
from cheonggu.delivery.settling import patiently
from cheonggu.domain import retry
from cheonggu.domain.alimtalk import write
from cheonggu.domain.message import AskedMessage, Kind, MessageState, NeverHad, NotSent, Sent, Unsure
from cheonggu.providers import Alimtalk, Handed, Sender
from cheonggu.store import messages
from cheonggu.store.clock import Clock
from cheonggu.store.messages import ClaimedMessage, MessageSettled
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring, SealBroken

log = structlog.get_logger()

T = TypeVar("T")

DEADLINE_SECONDS: Final = 10.0
LEASE_SECONDS: Final = 20.0
"""Longer than a sender may take: a claim older than the difference is not acted on any more."""
MOST_IN_A_CLAIM: Final = 500
"""So that neither rendering nor writing them keeps the loop busy for long: the API may be answering on it."""
MOST_CALLS: Final = 4
"""Calls of a sender side by side, each with as many messages as it takes at once."""
FEW: Final = 16
"""So many of every partner's go before many of one's."""
REASON_LIMIT: Final = 300
LONG: Final = timedelta(hours=1)
"""After this an unknown message is the operator's to look into: asking alone may never end it."""
MARK_DIGITS: Final = 12
"""Of a mark, beside the id: enough that no two databases' messages of one id share it."""
FIRST_FENCE: Final = 1
"""Of a message that was never claimed before."""

ERASED: Final = NotSent("ERASED", "받는 분의 정보가 지워져서 보내지 못했어요.")


def message_id(partner_id: int, bill_no: int, send_number: int) -> str:
    """Our id of a message, by which a sender knows it: the same however often it is handed over."""
    return f"m{partner_id}-{bill_no}-{send_number}"


def mark_of(id_of_it: str, short_code: str) -> str:
    """The id with something of its bill that no other database has; it gives no short code away."""
    return f"{id_of_it}-{sha256(short_code.encode()).hexdigest()[:MARK_DIGITS]}"


class Messenger:
    """Claims messages that are due, many at a time, and sees them through call by call."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keyring: Keyring,
        sender: Sender,
        public_url: str,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keyring = keyring
        self._sender = sender
        self._public_url = public_url
        self._deadline_seconds = deadline_seconds
        self._settle = patiently(db, messages.settle)
        self._after = 0
        self._favoured: int = 0
        self._more = False
        self.hands = Hands(MOST_CALLS)

    async def fill(self) -> bool:
        """Claim what there is and hands for; whether there may be more.

        If not, what comes in meanwhile shares the next claim: one costs as much for one message as for many.
        """
        await self.step()
        return self._more

    async def step(self) -> int:
        """Claim what there is and hands for; how many."""
        self._more = False
        room = min(self.hands.free * self._sender.most_at_once, MOST_IN_A_CLAIM)
        if room <= 0:
            return 0
        begin_before = asyncio.get_running_loop().time() + LEASE_SECONDS - self._deadline_seconds
        claimed = await self._claim(room)
        if not claimed and self._more:  # nobody behind those who filled the last claim
            claimed = await self._claim(room)
        for state in (MessageState.SENDING, MessageState.UNKNOWN):
            for call in _in_calls([one for one in claimed if one.state == state], self._sender.most_at_once):
                self.hands.take(self._see_through(call, begin_before, unknown=state is MessageState.UNKNOWN))
        over = [one for one in claimed if one.state == MessageState.WITHDRAWN]
        if over:
            await messages.withdraw(self._db, over, self._clock.now())
        return len(claimed)

    def rest(self, seconds: float) -> Awaitable[None]:
        """Wait for so long, or, with hands that are full at this call, until one is free."""
        return asyncio.sleep(seconds) if self.hands.free > 0 else self.hands.rest(seconds)

    async def finish(self, within_seconds: float) -> None:
        """See through what is in hand, and write it; drop what takes longer."""
        await self.hands.finish(within_seconds)

    async def _claim(self, room: int) -> list[ClaimedMessage]:
        """A few of everybody's, and then many of one who has more: of each of those in turn."""
        few, began_behind = min(FEW, room), self._after
        claimed = await messages.claim(
            self._db,
            self._clock.now(),
            LEASE_SECONDS,
            after=began_behind,
            favoured=self._favoured,
            most_of_each=few,
            most=room,
        )
        taken = Counter(one.partner_id for one in claimed)
        filled = sum(min(count, few) for count in taken.values()) == room
        self._after = max(taken) if filled else 0
        long = sorted(partner_id for partner_id, count in taken.items() if count >= few)
        if long and not filled:
            self._favoured = next((one for one in long if one > self._favoured), long[0])
            if taken[self._favoured] > few:  # if not, another worker may have been faster
                long.remove(self._favoured)  # that was all it has, unless the claim is full
        self._more = bool(long) or len(claimed) == room or began_behind > 0
        return claimed

    async def _see_through(
        self, claimed: Sequence[ClaimedMessage], begin_before: float, *, unknown: bool
    ) -> None:
        ready = None if unknown else [self._ready(message) for message in claimed]
        if asyncio.get_running_loop().time() > begin_before:
            return  # frozen since the claim; by the end of its lease somebody else has it
        asked_at = self._clock.now()
        outcomes = await (self._ask(claimed) if ready is None else self._send(ready))
        now, window = self._clock.now(), self._sender.accept_window_seconds
        written = await self._settle(
            [
                judge(message, outcome, asked_at, now, window)
                for message, outcome in zip(claimed, outcomes, strict=True)
            ]
        )
        if written < len(claimed):
            log.warning("message_lease_lost", messages=len(claimed) - written)
        self._tell_of_the_long(claimed, outcomes, now)

    def _tell_of_the_long(
        self, claimed: Sequence[ClaimedMessage], outcomes: Sequence[AskedMessage], now: datetime
    ) -> None:
        """Log those that were handed over long ago and of which nobody knows yet, and why of the oldest."""
        long = [
            (message.handed_at, outcome.reason)
            for message, outcome in zip(claimed, outcomes, strict=True)
            if isinstance(outcome, Unsure) and message.handed_at < now - LONG
        ]
        if long:
            since, reason = min(long)
            log.warning(
                "messages_long_unknown",
                sender=self._sender.name,
                messages=len(long),
                since=since.isoformat(timespec="seconds"),
                reason=_plain(reason),
            )

    async def _ask(self, claimed: Sequence[ClaimedMessage]) -> Sequence[AskedMessage]:
        handed = [self._handed(one) for one in claimed]
        return await self._heard(self._sender.ask(handed), len(handed))

    async def _send(self, ready: Sequence[Alimtalk | AskedMessage]) -> Sequence[AskedMessage]:
        """Hand over what can be; of the rest it is known already what becomes of it."""
        handed = [one for one in ready if isinstance(one, Alimtalk)]
        heard = iter(await self._heard(self._sender.send(handed), len(handed)) if handed else ())
        return [next(heard) if isinstance(one, Alimtalk) else one for one in ready]

    async def _heard(self, call: Awaitable[Sequence[AskedMessage]], count: int) -> Sequence[AskedMessage]:
        """What the sender says; late, or failing in whatever way, it leaves every fate unknown."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                outcomes = await call
        except TimeoutError:
            return [Unsure("제한 시간 안에 답이 없었어요")] * count
        except Exception as error:
            log.exception("sender_failed", sender=self._sender.name)
            return [Unsure(type(error).__name__)] * count
        if len(outcomes) != count:  # nobody knows which is whose
            log.error("sender_miscounted", sender=self._sender.name, handed=count, answered=len(outcomes))
            return [Unsure("발송사의 답을 읽을 수 없어요")] * count
        return outcomes

    def _ready(self, message: ClaimedMessage) -> Alimtalk | AskedMessage:
        """The message as it is handed over. One that cannot be read leaves the others of its call alone."""
        if not message.phone_sealed:
            return ERASED
        partner_id, bill_id, name = message.partner_id, message.bill_id, message.name_sealed
        try:
            phone = self._keyring.open(message.phone_sealed, partner_id, bill_id, "phone")
            payer = "" if name is None else self._keyring.open(name, partner_id, bill_id, "name")
        except SealBroken as broken:
            log.exception("message_not_written", partner_id=partner_id)
            return Unsure(type(broken).__name__)
        written = write(message, payer, self._public_url)
        ours = _id_of(message)
        return Alimtalk(
            message_id=ours,
            mark=mark_of(ours, message.short_code),
            partner_id=partner_id,
            bill_id=bill_id,
            kind=Kind.SEND if message.send_number == 1 else Kind.RESEND,
            to=phone,
            template=written.template,
            variables=written.variables,
            text=written.text,
            buttons=written.buttons,
            handed_at=message.handed_at,
            fresh=message.fence == FIRST_FENCE,
        )

    def _handed(self, message: ClaimedMessage) -> Handed:
        ours = _id_of(message)
        return Handed(
            message_id=ours,
            mark=mark_of(ours, message.short_code),
            to=self._receiver(message),
            handed_at=message.handed_at,
        )

    def _receiver(self, message: ClaimedMessage) -> str:
        """The phone of a message that was handed over; empty when nobody can read it any more."""
        if not message.phone_sealed:
            return ""
        try:
            return self._keyring.open(message.phone_sealed, message.partner_id, message.bill_id, "phone")
        except SealBroken:
            log.exception("message_not_read", partner_id=message.partner_id)
            return ""


def _id_of(message: ClaimedMessage) -> str:
    return message_id(message.partner_id, message.bill_no, message.send_number)


def _in_calls(claimed: Sequence[T], most: int) -> list[Sequence[T]]:
    return [claimed[begin : begin + most] for begin in range(0, len(claimed), most)]


def judge(
    message: ClaimedMessage,
    outcome: AskedMessage,
    asked_at: datetime,
    now: datetime,
    accept_window_seconds: float,
) -> MessageSettled:
    """What follows from a sender's word. That it never had the message counts once its window was closed."""
    match outcome:
        case Sent(reference, sent_at):
            # Not later than we hear of it: by a moment to come, its payer would be erased too late.
            return _settled(
                message, MessageState.SENT, settled_at=min(sent_at, now), reference=_plain(reference)
            )
        case NotSent(code, reason):
            return _settled(
                message,
                MessageState.FAILED,
                settled_at=now,
                failure_code=_plain(code),
                failure=_plain(reason),
            )
        case NeverHad():
            closed_at = message.handed_at + timedelta(seconds=accept_window_seconds)
            if asked_at >= closed_at:
                return _settled(message, MessageState.QUEUED, due_at=now)
            return _settled(message, MessageState.UNKNOWN, due_at=closed_at)
        case Unsure(reason):
            # The first question comes soon, whatever the clock did since it was handed over.
            began_at = message.handed_at if message.state == MessageState.UNKNOWN else now
            next_ask = retry.next_or_last_step(retry.ASK_MESSAGE, began_at, now)
            return _settled(message, MessageState.UNKNOWN, due_at=next_ask, failure=_plain(reason))


def _settled(
    message: ClaimedMessage,
    state: MessageState,
    *,
    due_at: datetime | None = None,
    settled_at: datetime | None = None,
    reference: str | None = None,
    failure_code: str | None = None,
    failure: str | None = None,
) -> MessageSettled:
    return MessageSettled(
        message.partner_id,
        message.bill_no,
        message.send_number,
        message.fence,
        state,
        due_at=due_at,
        settled_at=settled_at,
        reference=reference,
        failure_code=failure_code,
        failure=failure,
    )


def _plain(text: str) -> str:
    """A sender's text, fit for the database: it may be anything."""
    return text[:REASON_LIMIT].replace("\0", "").encode(errors="replace").decode()
