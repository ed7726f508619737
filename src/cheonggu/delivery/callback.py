"""Tell partners of approvals, cancels and destroys: build, sign, post, record (승인동기화)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from cheonggu.billing.desk import Desk
from cheonggu.delivery.hands import Hands
from cheonggu.delivery.lanes import Lanes
from cheonggu.delivery.settling import LAST_COMMIT_SECONDS, patiently
from cheonggu.domain import retry
from cheonggu.domain.acceptance import why_not_accepted
from cheonggu.domain.approval_fields import approval_fields
from cheonggu.domain.bill import WIRE_STATE, State
from cheonggu.domain.webhook import sign
from cheonggu.providers.courier import CallbackRequest, Courier
from cheonggu.providers.reply import Answered, Reply, Sent
from cheonggu.store import outbox
from cheonggu.store.batch import Batcher
from cheonggu.store.clock import Clock
from cheonggu.store.outbox import CallbackSettled, ClaimedCallback
from cheonggu.store.postgres import Database
from cheonggu.store.sealing import Keyring, SealBroken

log = structlog.get_logger()

DEADLINE_SECONDS: Final = 10.0
"""A courier's own, for name, connection, sending and answer together."""
LEASE_SECONDS: Final = 30.0
MOST_IN_A_COMMIT: Final = 256
LEAST_RECEIVERS_A_LOOK: Final = 16
MOST_RECEIVERS_A_LOOK: Final = 256
"""And no more than lanes are free: each receiver costs a step, and each that waits gives one at least."""
ANSWER_KEPT_BYTES: Final = 1_024
MASK: Final = b"********"

_WIRE: Final = {
    "APPROVED": WIRE_STATE[State.PAID],
    "CANCELED": WIRE_STATE[State.CANCELED],
    "DESTROYED": WIRE_STATE[State.DESTROYED],
}


def webhook_id(partner_id: int, callback_no: int) -> str:
    """The id that a callback's every delivery carries, so that a receiver knows it again."""
    return f"cb_{partner_id}_{callback_no}"


async def resend(desk: Desk, partner_id: int, callback_no: int) -> bool:
    """Make a callback due now, also one delivered or exhausted; False when the partner has none such."""
    return await outbox.resend_callback(desk.db, partner_id, callback_no, desk.clock.now())


class Deliverer:
    """Claims callbacks that are due and sees each one through."""

    def __init__(
        self, db: Database, clock: Clock, keyring: Keyring, courier: Courier, lanes: Lanes | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._keyring = keyring
        self._courier = courier
        self._lanes = lanes or Lanes()
        self._after = ""
        self.hands = Hands(self._lanes.most)
        self._settling = Batcher(patiently(db, outbox.settle_callbacks), most=MOST_IN_A_COMMIT, keys=_number)

    async def step(self) -> bool:
        """Claim what there is and lanes for; whether there may be more."""
        allowance = self._lanes.allowance()
        if allowance.altogether <= 0:
            return False
        begin_before = asyncio.get_running_loop().time() + LEASE_SECONDS - DEADLINE_SECONDS
        look_at = max(LEAST_RECEIVERS_A_LOOK, min(allowance.altogether, MOST_RECEIVERS_A_LOOK))
        claimed, self._after = await outbox.claim_callbacks(
            self._db, self._clock.now(), LEASE_SECONDS, allowance, self._after, look_at
        )
        for callback in claimed:
            self._lanes.enter(callback.receiver)
            self.hands.take(self._see_through(callback, begin_before))
        return bool(claimed) or bool(self._after)

    async def finish(self, within_seconds: float) -> None:
        """See through what is in hand, and write it; drop what takes longer."""
        await self.hands.finish(within_seconds)
        await self._settling.close(LAST_COMMIT_SECONDS)

    async def _see_through(self, callback: ClaimedCallback, begin_before: float) -> None:
        try:
            if asyncio.get_running_loop().time() > begin_before:
                return  # frozen since the claim; by the end of its lease somebody else has it
            attempt = await self._attempt(callback)
            self._lanes.learn(callback.receiver, attempt.duration_ms, answered=attempt.status is not None)
            if not await self._settling.submit(attempt):
                log.warning("callback_lease_lost", id=webhook_id(callback.partner_id, callback.callback_no))
        finally:
            self._lanes.leave(callback.receiver)

    async def _attempt(self, callback: ClaimedCallback) -> CallbackSettled:
        """Post it once, whatever comes of that."""
        at = self._clock.now()
        try:
            api_key = self._api_key(callback)
            secrets = opened_secrets(self._keyring, callback.partner_id, callback.secrets_sealed)
        except SealBroken as broken:
            log.exception("callback_not_signed", partner_id=callback.partner_id)
            return settle(callback, at, reason=str(broken))
        reply = await self._courier.deliver(request_of(callback, api_key, secrets))
        return heard(callback, at, reply, api_key)

    def _api_key(self, callback: ClaimedCallback) -> str | None:
        if callback.api_key_sealed is None:
            return None
        return self._keyring.open(callback.api_key_sealed, callback.partner_id, "api_key")


def opened_secrets(keyring: Keyring, partner_id: int, sealed: Sequence[tuple[int, bytes]]) -> list[str]:
    """A partner's webhook secrets in the order given. Raises SealBroken."""
    return [keyring.open(seal, partner_id, secret_no, "webhook") for secret_no, seal in sealed]


def request_of(callback: ClaimedCallback, api_key: str | None, secrets: list[str]) -> CallbackRequest:
    """A callback as it is posted now."""
    body = body_of(callback, api_key)
    return CallbackRequest(
        partner_id=callback.partner_id,
        bill_id=callback.bill_id,
        url=callback.url,
        headers=headers_of(callback, secrets, body),
        body=body,
    )


def body_of(callback: ClaimedCallback, api_key: str | None) -> bytes:
    """The vendor's body, as /bill/read tells it; the same bytes at every try while the switches stay."""
    fields = approval_fields(
        callback.bill_id,
        _WIRE[callback.kind],
        callback.price_won,
        callback.approval,
        callback.refund_number,
        callback.refunded_at,
    )
    if api_key is not None:
        fields = {"apiKey": api_key} | fields
    return msgspec.json.encode(fields if callback.quirks is None else callback.quirks.called_back(fields))


def headers_of(callback: ClaimedCallback, secrets: list[str], body: bytes) -> dict[str, str]:
    """What stands beside the body. The timestamp is real time, whatever the sandbox's clock says."""
    identity = webhook_id(callback.partner_id, callback.callback_no)
    return signed_headers(identity, int(time.time()), secrets, body)


def signed_headers(identity: str, timestamp: int, secrets: list[str], body: bytes) -> dict[str, str]:
    """The headers of a callback with this `webhook-id` and `webhook-timestamp`."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Cheonggu",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
    }
    if secrets:
        headers["webhook-signature"] = sign(secrets, identity, timestamp, body)
    return headers


def heard(callback: ClaimedCallback, at: datetime, reply: Reply, api_key: str | None) -> CallbackSettled:
    """What follows from a reply, and what of it is kept: never the partner's apiKey."""
    body = reply.body.replace(api_key.encode(), MASK) if api_key else reply.body
    reason = _why_not(reply, body) if isinstance(reply, Answered) else reply.sentence
    return settle(
        callback,
        at,
        reason=reason,
        status=reply.status,
        answer=body[:ANSWER_KEPT_BYTES],
        duration_ms=reply.duration_ms,
        sent=None if reply.sent is None else _kept(reply.sent, api_key),
    )


def _why_not(reply: Answered, masked: bytes) -> str | None:
    """Why an answer does not count, judged as it came and told as it is kept: the words quote it."""
    reason = why_not_accepted(reply.status, reply.body, reply.content_encoding)
    return reason and (why_not_accepted(reply.status, masked, reply.content_encoding) or reason)


def _kept(sent: Sent, api_key: str | None) -> str:
    """A request as JSON. Its body begins with the apiKey, which may be any text, as short as one letter."""
    if api_key:
        value, masked = msgspec.json.encode(api_key).decode(), f'"{MASK.decode()}"'
        sent = msgspec.structs.replace(sent, body=sent.body.replace(f":{value}", f":{masked}", 1))
    return msgspec.json.encode(sent).decode()


def settle(
    callback: ClaimedCallback,
    at: datetime,
    *,
    reason: str | None,
    status: int | None = None,
    answer: bytes = b"",
    duration_ms: int = 0,
    sent: str | None = None,
) -> CallbackSettled:
    """One try as it is recorded, and when the next one is: without a reason it counted.

    The next is the first that is due after `at`, when this one began: after a long silence it is due at once.
    """
    due_at = None if reason is None else retry.next_after(retry.CALLBACK, callback.began_at, at)
    state = "DELIVERED" if reason is None else "PENDING" if due_at else "EXHAUSTED"
    return CallbackSettled(
        partner_id=callback.partner_id,
        callback_no=callback.callback_no,
        fence=callback.fence,
        state=state,
        due_at=due_at,
        at=at,
        status=status,
        answer=answer,
        duration_ms=duration_ms,
        reason=reason,
        sent=sent,
    )


def _number(settled: CallbackSettled) -> tuple[tuple[int, int]]:
    return ((settled.partner_id, settled.callback_no),)
