"""Which addresses an outgoing call may reach: global unicast, and what the operator lists (O).

Python's `is_global` alone is not enough: it is true for several addresses that carry an inner one, and it
changes from version to version. So the tables are here, and `is_global` only has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from cheonggu.domain.url import MAX_CHARACTERS, Address, parse_host, parse_port, parse_target

Network = IPv4Network | IPv6Network

_REFUSED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), words)
    for network, words in (
        ("0.0.0.0/8", "지정되지 않은 주소"),
        ("10.0.0.0/8", "사설망 주소"),
        ("100.64.0.0/10", "통신사 공유(CGNAT) 주소"),
        ("127.0.0.0/8", "루프백 주소"),
        ("168.63.129.16/32", "클라우드 내부 주소"),  # global by registry, yet answers only inside Azure
        ("169.254.0.0/16", "링크 로컬 주소"),
        ("172.16.0.0/12", "사설망 주소"),
        ("192.0.0.0/24", "프로토콜용으로 예약된 주소"),
        ("192.0.2.0/24", "문서용 주소"),
        ("192.88.99.0/24", "6to4 중계 주소"),
        ("192.168.0.0/16", "사설망 주소"),
        ("198.18.0.0/15", "성능 시험용 주소"),
        ("198.51.100.0/24", "문서용 주소"),
        ("203.0.113.0/24", "문서용 주소"),
        ("224.0.0.0/4", "멀티캐스트 주소"),
        ("240.0.0.0/4", "예약된 주소"),
        ("::/128", "지정되지 않은 주소"),
        ("::1/128", "루프백 주소"),
        ("::/96", "IPv4 호환 주소"),
        ("64:ff9b:1::/48", "내부용 NAT64 주소"),
        ("100::/64", "버리는 주소"),
        ("2001:db8::/32", "문서용 주소"),
        ("2001::/32", "Teredo 터널 주소"),
        ("2001::/23", "프로토콜용으로 예약된 주소"),
        ("2002::/16", "6to4 터널 주소"),
        ("3fff::/20", "문서용 주소"),
        ("fc00::/7", "사설망 주소"),
        ("fe80::/10", "링크 로컬 주소"),
        ("fec0::/10", "사설망 주소"),
        ("ff00::/8", "멀티캐스트 주소"),
    )
)
_NEVER_BY_NAME: Final[tuple[Network, ...]] = tuple(
    map(ip_network, ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::/128", "fe80::/10", "ff00::/8"))
)
"""A listed name may point inward, but not at nothing, at many, or at the link: clouds keep keys there."""

_LOOPBACK: Final[tuple[Network, ...]] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")


class AllowRule(msgspec.Struct, frozen=True):
    """One entry of the operator's list: a host name or a network, on one port or on all."""

    host: str | None = None
    network: Network | None = None
    port: int | None = None

    def covers(self, address: Address, host: str | None, port: int | None) -> bool:
        """Whether a connection to `address` for `host` is what this entry allows."""
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address in self.network
        return self.host == host and not any(address in network for network in _NEVER_BY_NAME)


class Guard(msgspec.Struct, frozen=True):
    """Says which addresses are forbidden, and why.

    `loopback` is for the sandbox, whose partners run beside it.
    """

    allow: tuple[AllowRule, ...] = ()
    loopback: bool = False

    def judge(self, address: str | Address, host: str | None = None, port: int | None = None) -> str | None:
        """Why a connection to `address` is forbidden, or None. `host` is the name that resolved to it."""
        try:
            parsed = ip_address(address) if isinstance(address, str) else address
        except ValueError:
            return "IP 주소가 아니라서 보낼 수 없어요"
        words = self._forbidden(parsed, _normal_name(host), port)
        return f"{words}라서 보낼 수 없어요" if words else None

    def literal_reason(self, url: str) -> str | None:
        """Why a URL cannot be taken at creation, or None: its syntax and an address in it; names wait (O)."""
        reason = _literal_reason if len(url) > MAX_CHARACTERS else _remembered_reason
        return reason(self, url)

    def _forbidden(self, address: Address, host: str | None, port: int | None) -> str | None:
        if isinstance(address, IPv6Address):
            if address.scope_id is not None:
                return "영역(%)이 붙은 주소"
            address = address.ipv4_mapped or address  # the kernel connects to the IPv4 address
        if self.loopback and any(address in network for network in _LOOPBACK):
            return None
        if words := self._outer(address, host, port):
            return words
        refused = (self._outer(inner, host, port) for inner in _carried(address))
        words = next(filter(None, refused), None)
        return f"IPv6에 담긴 IPv4가 {words}" if words else None

    def _outer(self, address: Address, host: str | None, port: int | None) -> str | None:
        if any(rule.covers(address, host, port) for rule in self.allow):
            return None
        for network, words in _REFUSED:
            if address in network:
                return words
        if address in _NAT64:
            return None  # how a network without IPv4 reaches it; what it carries is judged by itself
        if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
            return "전역 유니캐스트가 아닌 주소"
        return None if address.is_global and not address.is_multicast else "공인망 밖의 주소"


def _literal_reason(guard: Guard, url: str) -> str | None:
    try:
        target = parse_target(url)
    except ValueError as error:
        return str(error)
    return guard.judge(target.address, host=target.host, port=target.port) if target.address else None


_remembered_reason: Final = lru_cache(maxsize=1024)(_literal_reason)  # a partner's bills lead to one receiver


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses at which a translator or tunnel would let an IPv6 address end."""
    if not isinstance(address, IPv6Address):
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64_LOCAL:
        yield from _carried_locally(int(address))


def _carried_locally(bits: int) -> Iterator[IPv4Address]:
    """Every reading under RFC 6052, as the prefix length is the operator's; 0.x.x.x is no such reading."""
    head, tail = bits >> 64, bits & 0xFFFFFFFFFFFFFFFF
    readings = (
        (head & 0xFFFF) << 16 | tail >> 40 & 0xFFFF,  # /48: two bytes before the reserved one, two behind
        (head & 0xFF) << 24 | tail >> 32 & 0xFFFFFF,  # /56
        tail >> 24 & 0xFFFFFFFF,  # /64
        tail & 0xFFFFFFFF,  # /96
    )
    plausible = [IPv4Address(reading) for reading in readings if reading >> 24]
    yield from plausible or [IPv4Address(0)]


_EXAMPLES: Final = "erp.internal, 10.0.0.0/8, fd00::/8, erp.internal:8080, [fd00::1]:8080"
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")


def parse_allow(text: str) -> tuple[AllowRule, ...]:
    """The operator's list, by commas or white space; ValueError with a sentence for a wrong entry."""
    return tuple(_parse_rule(entry) for entry in text.replace(",", " ").split())


def _parse_rule(entry: str) -> AllowRule:
    host, port = entry, None
    if bracketed := _BRACKETED.fullmatch(entry):
        host, port = bracketed[1], bracketed[2]
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    number = None if port is None else _parse_rule_port(entry, port)
    if "/" in host or ":" in host:
        return AllowRule(network=_parse_network(entry, host), port=number)
    try:
        address = parse_host(host)
    except ValueError:
        raise ValueError(_wrong(entry)) from None
    if address is None:
        return AllowRule(host=_normal_name(host), port=number)
    return AllowRule(network=ip_network(address), port=number)


def _parse_rule_port(entry: str, port: str) -> int:
    try:
        return parse_port(port)
    except ValueError:
        raise ValueError(f'"{entry}" has a port that is not a number from 1 to 65535.') from None


def _parse_network(entry: str, text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(_wrong(entry)) from None
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f'"{entry}" is not the first address of its network; is {network} meant?') from None


def _wrong(entry: str) -> str:
    return f'"{entry}" is neither a host name nor an address nor a network, as in {_EXAMPLES}.'


def _normal_name(host: str | None) -> str | None:
    return host.removesuffix(".").lower() if host else None
