"""Settings that are addresses: where to listen, what links begin with, whom to believe and to ask."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cheonggu.config.given import SettingWrong
from cheonggu.domain.guard import AllowRule, parse_allow

LOOPBACK: Final = "127.0.0.0/8,::1"
_ADDRESSES_AT_HAND: Final = 1024
"""Reading one takes longer than all else that is done to count a guess."""

_MORE_THAN_A_PLACE: Final = frozenset("@?#;,'\"\\")
"""A place may become part of a page's policy, where some of these begin something else."""

_DATABASE_HOST: Final = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]*)(:[0-9]+)?", re.ASCII)
"""One of those that may stand in a database's address, with commas between them."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_address(text: str) -> bool:
    """Whether this is an IP address, written out."""
    return ip_of(text) is not None


@lru_cache(_ADDRESSES_AT_HAND)
def ip_of(text: str) -> Address | None:
    """The IP address that is written here, an IPv4 one also if it is mapped into IPv6; None if it is none."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def only_here(host: str) -> bool:
    """Whether a host leads nowhere but to the machine that asks."""
    ip = ip_of(host)
    if ip is None:
        return host == "localhost" or host.endswith(".localhost")
    return ip.is_loopback or ip.is_unspecified


def http_origin(host: str, port: int) -> str:
    """`http://HOST:PORT`, an IPv6 host in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host(said: str, text: str) -> str:
    """A host to listen at."""
    bare = text.removeprefix("[").removesuffix("]")
    if not bare.isascii() or not bare.isprintable() or set(bare) & set(" /@?#"):
        raise SettingWrong(f"{said} must be a host name or an IP address, not {text!r}.")
    if ":" in bare and not is_address(bare):
        raise SettingWrong(f"{said} must be a host without a port (that is CHEONGGU_PORT), not {text!r}.")
    return bare


def port(said: str, text: str) -> int:
    """A TCP port."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise SettingWrong(f"{said} must be a whole number from 1 to 65535, not {text!r}.")


def database_url(said: str, text: str) -> str:
    """A PostgreSQL address. The text itself stays out of the sentence: it may hold a password."""
    if not text.lower().startswith(("postgresql://", "postgres://")):
        raise SettingWrong(
            f"{said} must begin with postgresql://, as in postgresql://user:password@host/name."
        )
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = None
    hosts = parts.netloc.rpartition("@")[2].split(",") if parts and not parts.fragment else [":"]
    if not all(map(_DATABASE_HOST.fullmatch, hosts)):
        raise SettingWrong(
            f"{said} cannot be read. Special characters of a user or password are written as in every URL: "
            "%23 for #, %2F for /, %3F for ?, %40 for @, %5B for [ and so on."
        )
    return text


def public_url(said: str, text: str) -> str:
    """What links begin with: scheme and authority."""
    example = "as in https://bills.example.com"
    parts = _web_address(said, text, example)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingWrong(f"{said} must be scheme and host (and port) only, {example}, not {text!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def provider_url(said: str, text: str) -> str:
    """Where a provider answers, without a slash at its end: keys travel there, so in the clear only to this
    machine."""
    example = "as in https://api.example.com"
    parts = _web_address(said, text, example)
    if _MORE_THAN_A_PLACE & set(text):
        raise SettingWrong(f"{said} must be a URL without user, query and fragment, {example}.")
    if parts.scheme == "http" and not only_here(parts.hostname or ""):
        raise SettingWrong(f"{said} must begin with https://: over http:// everybody could read along.")
    return text.rstrip("/")


def _web_address(said: str, text: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingWrong(f"{said} is not a URL, {example}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingWrong(f"{said} must begin with http:// or https:// and name a host, {example}.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingWrong(f"{said} must be visible ASCII, {example}.")
    return parts


def allow_rules(said: str, text: str) -> tuple[AllowRule, ...]:
    """What callbacks may reach besides public addresses."""
    try:
        return parse_allow(text)
    except ValueError as error:
        raise SettingWrong(f"{said} holds a wrong entry. {error}") from None


def networks(said: str, text: str) -> tuple[Network, ...]:
    """Networks, with commas between them."""
    found: list[Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ipaddress.ip_network(entry))
        except ValueError as error:
            raise SettingWrong(f"{said} lists {entry!r}, which is no network: {error}.") from None
    return tuple(found)
