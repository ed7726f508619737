"""Pay a bill in the payer's place, and set a wallet's points."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.billing import sandbox_partners
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.store import accounts, bills, points
from cheonggu.store.postgres import Connection
from cheonggu.web.sandbox import door, outcomes
from cheonggu.web.sandbox.door import Asked, json_route
from cheonggu.web.sandbox.outcomes import Wish, bring_about


class _Pay(Wish, kw_only=True):
    billId: str
    apiKey: str = sandbox_partners.FIRST.api_key


class _Points(Asked, kw_only=True):
    balance: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    merchant: str | None = None


_RULES: Final = outcomes.RULES | {
    "billId": "청구서 ID를 문자열로 적어야 합니다.",
    "balance": "0 이상의 정수여야 합니다.",
}


def routes() -> list[Route]:
    """The endpoints about money and points."""
    return [
        json_route("/sandbox/pay", "POST", _pay),
        json_route("/sandbox/points", "POST", _points),
    ]


async def _pay(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Pay, _RULES)
    partner = await door.partner(service, request, asked.apiKey)
    bill = await bills.find(service.db, service.keyring, partner.partner_id, asked.billId)
    if bill is None:
        raise Refused(codes.BILL_003)
    return await bring_about(service, bill, asked)


async def _points(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, _Points, _RULES)
    partner = await door.partner(service, request, asked.apiKey)
    code = wallet_code(partner.wallet_kind, asked.merchant)
    return {"balance": await set_balance(service, partner.partner_id, code, asked.balance)}


def wallet_code(wallet_kind: str, merchant: str | None) -> str:
    """Whose wallet is meant. Raises Refused when the contract has no such wallet."""
    if (wallet_kind == "MERCHANT") != bool(merchant):
        raise codes.invalid("merchant", "하위사업장마다 지갑이 있는 파트너만, 그리고 반드시 적어야 합니다.")
    return merchant or ""


async def set_balance(service: Service, partner_id: int, wallet_code: str, balance: int) -> int:
    """Bring a wallet to this balance through a ledger entry. Raises Refused for an unknown merchant's."""
    now = service.clock.now()

    async def change(conn: Connection) -> int:
        if wallet_code and not await accounts.has_merchant(conn, partner_id, wallet_code):
            raise Refused(codes.PARTNER_003)
        return await points.set_balance(
            conn, partner_id=partner_id, wallet_code=wallet_code, points=balance, note="sandbox", at=now
        )

    return await service.db.run(change)
