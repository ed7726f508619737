"""The sandbox's payment gateway. Its payment window is a page of ours that lets the payer choose the outcome.

The window gives back one of these keys:
`APPROVE` or `APPROVE:{months}`; `DECLINE` or `DECLINE:{code}`;
`TIMEOUT_CHARGED` (charged, but the answer never comes); `TIMEOUT_NOT_CHARGED` (the request got lost);
`CHARGED_LATE` (no answer, and the charge is seen only by whoever asks again well after somebody asked in vain
though the window had closed).
"""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec

from cheonggu.domain.payment import (
    TAKEN_BACK,
    Approval,
    Approved,
    Asked,
    AskedRefund,
    Confirmed,
    Declined,
    NotFound,
    Refunded,
    Refunding,
    RefundRefused,
    Unknown,
)
from cheonggu.providers import Confirmation, Refund
from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Connection, Database, DatabaseAway, Row

LONGEST_MONTHS: Final = 36
CARD: Final = "연습카드"
CARD_CODE: Final = "00"
CARD_NUMBER: Final = "9999-****-****-0147"

REJECTED: Final = "REJECT_CARD_COMPANY"
DECLINES: Final = {
    REJECTED: "카드사가 승인하지 않았어요.",
    "REJECT_CARD_LIMIT": "카드 한도를 넘었어요.",
    "INVALID_STOPPED_CARD": "정지된 카드예요.",
    "INVALID_CARD_EXPIRATION": "카드 유효기간이 지났어요.",
}
UNREADABLE: Final = Declined("INVALID_REQUEST", "결제창이 돌려준 값을 읽을 수 없어요.")
CANCELED: Final = Declined(TAKEN_BACK, "결제사에서 이 결제를 취소했어요.")
SILENT: Final = Unknown("연습용 결제사가 답하지 않았어요")

HIDDEN_SECONDS: Final = 10.0
"""How long a late charge stays hidden after somebody asked for it in vain: past the end of our own window."""

_WINDOW_KEY = re.compile(
    r"(?P<word>APPROVE|DECLINE|TIMEOUT_CHARGED|TIMEOUT_NOT_CHARGED|CHARGED_LATE)"
    r"(?::(?:(?P<months>[0-9]{1,2})|(?P<code>[A-Z][A-Z0-9_]{0,39})))?"
)


class SandboxGateway:
    """A Gateway."""

    name: str = "sandbox"
    timeout_seconds: float = 2.0
    """Longer than an answer takes on a busy machine: what was to be approved is not unknown there."""
    silence_seconds: float = 1.0
    """How long an answer that never comes is waited for."""
    confirm_window_seconds: float = 10.0

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def window_path(self, short_code: str) -> str:
        """The card window's page."""
        return f"/p/{short_code}/card"

    async def confirm(self, confirmation: Confirmation) -> Confirmed:
        """Do what the window key says, once for each order."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                told = await self._confirm(confirmation)
                if told is None:
                    await asyncio.sleep(self.silence_seconds)
                return told or SILENT
        except (TimeoutError, DatabaseAway):
            return SILENT

    async def ask(self, order_id: str) -> Asked:
        """What became of an order."""
        try:
            row = await self._db.fetchrow(ASK, order_id, self._clock.now(), HIDDEN_SECONDS)
        except DatabaseAway:
            return SILENT
        if row is None or row["state"] == "CHARGED_LATE":
            return NotFound()
        return CANCELED if row["given_back"] else _told(row)

    async def refund(self, refund: Refund) -> Refunding:
        """Give a payment back, once for each refund id."""
        try:
            return await self._db.run(lambda conn: self._refund(conn, refund))
        except DatabaseAway:
            return SILENT

    async def ask_refund(self, order_id: str, refund_id: str) -> AskedRefund:
        """What became of a refund."""
        try:
            row = await self._db.fetchrow(ASK_REFUND, refund_id, order_id)
        except DatabaseAway:
            return SILENT
        return NotFound() if row is None else _refund_told(row)

    async def _confirm(self, confirmation: Confirmation) -> Approved | Declined | None:
        """What it says; None where it says nothing."""
        key = _WINDOW_KEY.fullmatch(confirmation.window_key)
        if key is None or not _fits(key):
            return UNREADABLE
        match key["word"]:
            case "APPROVE":
                return _told(await self._record(confirmation, "CHARGED", int(key["months"] or 0)))
            case "DECLINE":
                return _told(await self._decline(confirmation, key["code"] or REJECTED))
            case "TIMEOUT_CHARGED":
                await self._record(confirmation, "CHARGED")
            case "CHARGED_LATE":
                await self._record(confirmation, "CHARGED_LATE")
            case _:
                pass
        return None

    async def _record(self, confirmation: Confirmation, state: str, months: int = 0) -> Row:
        now = self._clock.now()
        approval = Approval(
            order_id=confirmation.order_id,
            amount_won=confirmation.amount_won,
            approved_at=now,
            approval_number=_number(confirmation.order_id),
            pay_type="CARD_VAN",
            card_type="신용",
            issuer=CARD,
            issuer_code=CARD_CODE,
            card_number=CARD_NUMBER,
            acquirer=CARD,
            acquirer_code=CARD_CODE,
            months=months,
        )
        return await self._keep(confirmation, state, msgspec.json.encode(approval).decode(), None, None)

    async def _decline(self, confirmation: Confirmation, code: str) -> Row:
        return await self._keep(confirmation, "DECLINED", None, code, DECLINES.get(code, DECLINES[REJECTED]))

    async def _keep(
        self,
        confirmation: Confirmation,
        state: str,
        approval: str | None,
        code: str | None,
        reason: str | None,
    ) -> Row:
        window_seconds = self.confirm_window_seconds if state == "CHARGED_LATE" else 0
        closes_at = self._clock.now() + timedelta(seconds=window_seconds)
        row = await self._db.fetchrow(
            KEEP, confirmation.order_id, confirmation.amount_won, state, closes_at, approval, code, reason
        )
        assert row is not None  # INSERT ... ON CONFLICT DO UPDATE always gives its row
        return row

    async def _refund(self, conn: Connection, refund: Refund) -> Refunding:
        payment = await conn.fetchrow(HOLD_PAYMENT, refund.order_id)
        earlier = await conn.fetchrow(ASK_REFUND, refund.refund_id, refund.order_id)
        if earlier is not None:
            return _refund_told(earlier)
        script: str | None = await conn.fetchval(USE_SCRIPT, refund.order_id)
        if script == "REFUND_UNKNOWN_NOT_DONE":
            return SILENT
        if script == "REFUND_MAINTENANCE":
            return RefundRefused("MAINTENANCE", "결제사가 점검 중이에요.")
        if script == "REFUND_REFUSED_CARD":
            outcome = RefundRefused("CARD", "카드사가 취소를 거절했어요.")
        elif script == "REFUND_REFUSED_BANK":
            outcome = RefundRefused("BANK", "은행이 취소를 거절했어요.")
        else:
            outcome = await self._judged(conn, refund, payment)
        await _keep_refund(conn, refund, outcome)
        return SILENT if script == "REFUND_UNKNOWN_DONE" else outcome

    async def _judged(
        self, conn: Connection, refund: Refund, payment: Row | None
    ) -> Refunded | RefundRefused:
        if payment is None or payment["amount_won"] != refund.amount_won:
            return RefundRefused("CARD", "취소할 결제가 없거나 금액이 달라요.")
        if await conn.fetchval(IS_REFUNDED, refund.order_id):
            return RefundRefused("CARD", "이미 취소된 결제예요.")
        return Refunded(_number(refund.refund_id), self._clock.now())


async def _keep_refund(conn: Connection, refund: Refund, outcome: Refunded | RefundRefused) -> None:
    done = outcome if isinstance(outcome, Refunded) else None
    refused = outcome if isinstance(outcome, RefundRefused) else None
    await conn.execute(
        KEEP_REFUND,
        refund.refund_id,
        refund.order_id,
        done and done.refund_number,
        done and done.refunded_at,
        refused and refused.kind,
        refused and refused.reason,
    )


def _fits(key: re.Match[str]) -> bool:
    """Whether what follows the word belongs to it."""
    if key["months"] is not None:
        return key["word"] == "APPROVE" and int(key["months"]) <= LONGEST_MONTHS
    return key["code"] is None or key["word"] == "DECLINE"


def _told(row: Row) -> Approved | Declined:
    if row["state"] == "DECLINED":
        return Declined(row["code"], row["reason"])
    return Approved(msgspec.json.decode(row["approval"], type=Approval))


def _refund_told(row: Row) -> Refunded | RefundRefused:
    if row["refund_number"] is None:
        return RefundRefused(row["refusal_kind"], row["refusal"])
    return Refunded(row["refund_number"], row["refunded_at"])


def _number(subject: str) -> str:
    """Eight digits, always the same for an order or a refund."""
    return f"{int.from_bytes(sha256(subject.encode()).digest()[:8]) % 10**8:08}"


# The same order again changes nothing and is answered as the first time.
KEEP: Final = """
INSERT INTO sandbox_payment AS p (order_id, amount_won, state, closes_at, approval, code, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (order_id) DO UPDATE SET state = p.state
RETURNING p.state, p.approval, p.code, p.reason
"""

# The first question after the window had closed is still answered as those before it. From then on a late
# charge is like any other, but hidden for a while: some count the window from a later moment, and ask again.
ASK: Final = """
WITH shown AS (
  UPDATE sandbox_payment SET state = 'CHARGED', closes_at = $2 + make_interval(secs => $3)
  WHERE order_id = $1 AND state = 'CHARGED_LATE' AND closes_at <= $2)
SELECT state, approval, code, reason,
       EXISTS (SELECT FROM sandbox_refund r WHERE r.order_id = p.order_id AND r.refund_number IS NOT NULL)
         AS given_back
FROM sandbox_payment p
WHERE order_id = $1 AND (state <> 'CHARGED' OR closes_at <= $2)
"""

HOLD_PAYMENT: Final = """
SELECT amount_won FROM sandbox_payment WHERE order_id = $1 AND state = 'CHARGED' FOR UPDATE
"""

USE_SCRIPT: Final = "DELETE FROM sandbox_script WHERE subject = $1 RETURNING outcome"

ASK_REFUND: Final = "SELECT * FROM sandbox_refund WHERE refund_id = $1 AND order_id = $2"

IS_REFUNDED: Final = """
SELECT EXISTS (SELECT FROM sandbox_refund WHERE order_id = $1 AND refund_number IS NOT NULL)
"""

KEEP_REFUND: Final = """
INSERT INTO sandbox_refund (refund_id, order_id, refund_number, refunded_at, refusal_kind, refusal)
VALUES ($1, $2, $3, $4, $5, $6)
"""
