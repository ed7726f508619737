"""Who tries apiKeys and short codes at random is slowed; who has a right one never is.

What is right is judged first and counts nowhere. A wrong guess counts against the address that it came from;
once that has had its share, the next is answered with LIMIT_001 or a page with status 429, which costs the
database next to nothing. Each process counts for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from cheonggu.config import Address, Network, ip_of
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.store import bills
from cheonggu.store.bills import PayerBill
from cheonggu.store.partners import Partner
from cheonggu.web.addresses import is_code
from cheonggu.web.envelope import Header
from cheonggu.web.metrics import THROTTLED

if TYPE_CHECKING:
    from cheonggu.service import Service

Peer = tuple[str, int] | None
"""Who is connected to us: address and port."""
API_KEY: Final = "api_key"
SHORT_CODE: Final = "short_code"
IPV6_PREFIX: Final = 64
"""Whoever has one IPv6 address has its /64."""

_FORWARDED_FOR: Final = b"x-forwarded-for"
_TOO_MANY: Final = (
    "이 주소에서 틀린 apiKey를 너무 많이 보냈습니다. apiKey를 확인해 주세요. 올바른 apiKey는 지금도 받습니다."
)


async def partner_of(service: Service, api_key: str, peer: Peer, headers: Iterable[Header]) -> Partner:
    """The active partner of an apiKey.

    Raises Refused: PARTNER_006 (suspended), PARTNER_003 (unknown) and, unknown above the limit, LIMIT_001.
    """
    directory = service.directory
    partner = directory.remembered(api_key)
    if partner is not None:
        return partner
    guesses = service.key_guesses
    source = source_of(peer, headers, service.settings.trusted_proxies)
    if guesses.spent(source) and not await directory.may_know(api_key):
        raise _too_many()
    try:
        return await directory.partner(api_key)
    except Refused as refused:
        if refused.code is codes.PARTNER_003 and guesses.failed(source):
            raise _too_many() from None
        raise


async def payer_of(request: Request) -> PayerBill:
    """What the short code in a page's path leads to. Raises HTTPException: 404 or, above the limit, 429."""
    service: Service = request.app.state.service
    code: str = request.path_params["code"]
    guesses = service.code_guesses
    source = source_of(request.client, request.scope["headers"], service.settings.trusted_proxies)
    may_exist = is_code(code) and (not guesses.spent(source) or await service.short_codes.exists(code))
    payer = await bills.by_code(service.db, service.keyring, code) if may_exist else None
    if payer is not None:
        return payer
    if guesses.failed(source):
        THROTTLED.labels(SHORT_CODE).inc()
        raise HTTPException(429)
    raise HTTPException(404)


def _too_many() -> Refused:
    THROTTLED.labels(API_KEY).inc()
    return Refused(codes.LIMIT_001, _TOO_MANY)


def source_of(peer: Peer, headers: Iterable[Header], trusted: tuple[Network, ...]) -> str:
    """What guesses of a client are counted by: its IPv4 address, or the /64 of its IPv6 address."""
    ip = ip_of(peer[0]) if peer else None
    if trusted and ip is not None:
        ip = _client(ip, headers, trusted)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.packed[: IPV6_PREFIX // 8].hex()
    return "" if ip is None else str(ip)


def _client(nearest: Address, headers: Iterable[Header], trusted: tuple[Network, ...]) -> Address:
    """The nearest address that is no trusted proxy's; one that names no client stands for its clients."""
    hops = b",".join(value for name, value in headers if name == _FORWARDED_FOR).decode("latin-1").split(",")
    while hops and any(nearest in network for network in trusted):
        hop = ip_of(hops.pop().strip())
        if hop is None:
            break
        nearest = hop
    return nearest
