"""URLs that partners give us, read strictly: no two parsers may disagree about where one leads.

Nothing is resolved here. A host is a name, or an address in any spelling that a C resolver would accept.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import msgspec

MAX_CHARACTERS: Final = 2048
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_BEGINNING = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")

Address = IPv4Address | IPv6Address


class Target(msgspec.Struct, frozen=True):
    """Where a URL leads. `host` is in lower case without a final dot; `address` is set when it spells one."""

    scheme: str
    host: str
    address: Address | None
    port: int


def parse_target(url: str) -> Target:
    """Read scheme, host and port of an http(s) URL of visible ASCII (O), or raise ValueError with a sentence.

    Path and query are taken as they are (M: partners keep tokens there); a fragment is ignored.
    """
    if len(url) > MAX_CHARACTERS:
        raise ValueError("URL은 2,048자까지예요")
    if not _VISIBLE_ASCII.fullmatch(url):
        raise ValueError("URL에는 공백 없는 ASCII 문자만 쓸 수 있어요. 다른 글자는 %로 인코딩해 주세요")
    if "\\" in url:
        raise ValueError("URL에 역슬래시를 쓸 수 없어요. %5C로 인코딩해 주세요")
    beginning = _BEGINNING.match(url)
    if beginning is None:
        raise ValueError("URL은 http:// 또는 https://로 시작해야 해요")
    scheme = beginning[1].lower()
    host, address, port = _parse_authority(beginning[2])
    return Target(scheme, host, address, DEFAULT_PORTS[scheme] if port is None else port)


@lru_cache(maxsize=4096)
def _parse_authority(authority: str) -> tuple[str, Address | None, int | None]:
    """Host, address and port. Remembered: a partner's bills differ in what follows, not in who answers."""
    host, port = _split_authority(authority)
    address = parse_host(host)
    name = str(address) if address else host.removesuffix(".").lower()
    return name, address, None if port is None else parse_port(port)


def _split_authority(authority: str) -> tuple[str, str | None]:
    if "@" in authority:
        raise ValueError("URL에 아이디와 비밀번호를 넣을 수 없어요. @ 앞은 호스트로 잘못 읽히기 쉬워요")
    if bracketed := _BRACKETED.fullmatch(authority):
        return f"[{bracketed[1]}]", bracketed[2]
    host, colon, port = authority.partition(":")
    if not host:
        raise ValueError("URL에 호스트가 없어요")
    return host, port if colon else None


def parse_port(text: str) -> int:
    """A port from 1 to 65535 in ASCII digits, or ValueError."""
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise ValueError("포트는 1부터 65535까지의 숫자여야 해요")
    return int(text)


def parse_host(host: str) -> Address | None:
    """The address that `host` spells, None for a name, ValueError when it is neither.

    As in browsers, a host whose last label is a number is an IPv4 address or nothing: `127.1`, `0x7f.1`,
    `017700000001` and `2130706433` are what the C resolver takes for 127.0.0.1.
    """
    if host.startswith("[") and host.endswith("]"):
        return _parse_ipv6(host[1:-1])
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("호스트 이름이 올바르지 않아요")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    address = _parse_ipv4(labels)
    if address is None:
        raise ValueError("IPv4 주소가 올바르지 않아요. 203.0.113.7처럼 네 마디로 써 주세요")
    return address


def _parse_ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError("IPv6 주소에 영역(%)을 붙일 수 없어요")
    try:
        return IPv6Address(text)
    except AddressValueError:
        raise ValueError("IPv6 주소가 올바르지 않아요") from None


def _parse_ipv4(labels: list[str]) -> IPv4Address | None:
    """As inet_aton(3): one to four numbers, decimal, octal or hexadecimal, the last one filling the rest."""
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        return None
    try:
        *leading, last = (_number(label) for label in labels)
    except ValueError:  # an 8 or 9 in an octal number
        return None
    if any(part > 255 for part in leading) or last >= 256 ** (4 - len(leading)):
        return None
    return IPv4Address(sum(part << (24 - 8 * place) for place, part in enumerate(leading)) + last)


def _number(label: str) -> int:
    if label[:2] in ("0x", "0X"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if len(label) > 1 and label[0] == "0" else 10)
