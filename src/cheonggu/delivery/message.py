"""Send messages, and ask about those whose fate is unknown. Nothing is sent again unasked."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from cheonggu.delivery.hands import Hands
from cheonggu.delivery.settling import LAST_COMMIT_SECONDS, patiently
from cheonggu.domain import retry
from cheonggu.domain.alimtalk import render
from cheonggu.domain.message import AskedMessage, Kind, MessageState, NeverHad, NotSent, Sent, Unsure
from cheonggu.providers import Alimtalk, Sender
from cheonggu.store import bills, outbox
from cheonggu.store.batch import Batcher
from cheonggu.store.clock import Clock
from cheonggu.store.outbox import ClaimedMessage, MessageSettled
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring

log = structlog.get_logger()

DEADLINE_SECONDS: Final = 10.0
LEASE_SECONDS: Final = 20.0
"""Longer than a sender may take: a claim older than the difference is not acted on any more."""
MOST_IN_HAND: Final = 512
MOST_IN_A_CLAIM: Final = 128
_WORTH_A_CLAIM: Final = MOST_IN_A_CLAIM // 4
"""So that claiming never keeps the loop busy for long: the API may be answering on it."""
MOST_IN_A_COMMIT: Final = 256
REASON_LIMIT: Final = 300

ERASED: Final = NotSent("ERASED", "받는 분의 정보가 지워져서 보내지 못했어요.")


def message_id(partner_id: int, message_no: int) -> str:
    """Our id of a message, by which a sender knows it: the same however often it is handed over."""
    return f"m{partner_id}-{message_no}"


class Messenger:
    """Claims messages that are due and sees each one through."""

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
        self.hands = Hands(MOST_IN_HAND)
        self._settling = Batcher(patiently(db, outbox.settle_messages), most=MOST_IN_A_COMMIT, key=_number)

    async def fill(self) -> bool:
        """Claim what there is and hands for; whether a whole claim says that there is more.

        A smaller one is not followed by another at once: what comes in meanwhile shares the next one, which
        costs as much for one message as for many.
        """
        return await self.step() == MOST_IN_A_CLAIM

    async def step(self) -> int:
        """Claim what there is and hands for; how many."""
        most = min(self.hands.free, MOST_IN_A_CLAIM)
        if most < _WORTH_A_CLAIM:
            return 0
        begin_before = asyncio.get_running_loop().time() + LEASE_SECONDS - self._deadline_seconds
        claimed = await outbox.claim_messages(self._db, self._clock.now(), LEASE_SECONDS, most)
        for message in claimed:
            self.hands.take(self._see_through(message, begin_before))
        return len(claimed)

    async def rest(self, seconds: float) -> None:
        """Wait for so long, or, with full hands, until one is free."""
        if self.hands.free < _WORTH_A_CLAIM:
            await self.hands.rest(seconds)
        else:
            await asyncio.sleep(seconds)

    async def finish(self, within_seconds: float) -> None:
        """See through what is in hand, and write it; drop what takes longer."""
        await self.hands.finish(within_seconds)
        await self._settling.close(LAST_COMMIT_SECONDS)

    async def _see_through(self, message: ClaimedMessage, begin_before: float) -> None:
        if asyncio.get_running_loop().time() > begin_before:
            return  # frozen since the claim; by the end of its lease somebody else has it
        asked_at = self._clock.now()
        outcome = await self._heard(message)
        settled = judge(message, outcome, asked_at, self._clock.now(), self._sender.accept_window_seconds)
        if not await self._settling.submit(settled):
            log.warning("message_lease_lost", message=message_id(message.partner_id, message.message_no))

    async def _heard(self, message: ClaimedMessage) -> AskedMessage:
        """What the sender says; late, or failing in whatever way, it leaves the fate unknown."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                if message.unknown:
                    return await self._sender.ask(message_id(message.partner_id, message.message_no))
                return await self._send(message)
        except TimeoutError:
            return Unsure("제한 시간 안에 답이 없었어요")
        except Exception as error:
            log.exception("sender_failed", sender=self._sender.name)
            return Unsure(type(error).__name__)

    async def _send(self, message: ClaimedMessage) -> AskedMessage:
        bill = bills.opened(message.bill_row, self._keyring)
        if not bill.payer_phone:
            return ERASED
        text, buttons = render(bill, self._public_url)
        return await self._sender.send(
            Alimtalk(
                message_id=message_id(message.partner_id, message.message_no),
                partner_id=bill.partner_id,
                bill_id=bill.bill_id,
                kind=Kind.SEND if message.send_number == 1 else Kind.RESEND,
                to=bill.payer_phone,
                text=text,
                buttons=buttons,
            )
        )


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
            return _settled(message, MessageState.SENT, settled_at=sent_at, reference=_plain(reference))
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
            began_at = message.handed_at if message.unknown else now
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
        partner_id=message.partner_id,
        message_no=message.message_no,
        fence=message.fence,
        state=state,
        due_at=due_at,
        settled_at=settled_at,
        reference=reference,
        failure_code=failure_code,
        failure=failure,
    )


def _number(settled: MessageSettled) -> tuple[int, int]:
    return settled.partner_id, settled.message_no


def _plain(text: str) -> str:
    """A sender's text, fit for the database: it may be anything."""
    return text[:REASON_LIMIT].replace("\0", "").encode(errors="replace").decode()
