"""Callbacks that try to get inside: by spelling, by name, by a name that turns, by redirect.

Runs the real outgoing HTTP, with a resolver and sockets of its own: each socket records where it was told to
connect, and connects nowhere but to a receiver on loopback. So no packet leaves the machine, whatever breaks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final

from tests.loopback import ACCEPTED, Partner, Sockets, Zone, once, outbound, partner

from cheonggu.domain.guard import Guard
from cheonggu.providers.outbound import Outbound
from hostile.hosts import INNER, ONLY_IPV6, PUBLIC, hosts

LIVE: Final = Guard()
_JSON: Final = {"Content-Type": "application/json"}
_CLOSING: Final = ACCEPTED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
_CARRIERS: Final = ("::ffff:{}", "::{}", "64:ff9b::{}", "64:ff9b:1::{}", "::ffff:0:{}")


@dataclass
class Seen:
    """How many ways in were tried, and which connections they led to."""

    tried: int = 0
    taken_at_creation: int = 0
    connects: list[str] = field(default_factory=list[str])

    @property
    def forbidden(self) -> list[str]:
        """Connections to anything but an IPv4 address outside: no IPv6 address here is any good."""
        return [address for address in self.connects if not _lies_outside(address)]


def _lies_outside(address: str) -> bool:
    try:
        return IPv4Address(address).is_global
    except ValueError:
        return False


async def try_everything() -> Seen:
    """Every way in; what the sockets saw."""
    seen = Seen()
    for way in (_spelled, _named, _turning, _redirected):
        await way(seen)
    return seen


def urls() -> Iterator[str]:
    """Every inner host in a URL, with and without a port."""
    for host in hosts():
        yield from (f"http://{host}/callback?t=1", f"HTTPS://{host}:8443/", f"http://{host}")


@asynccontextmanager
async def _out(seen: Seen, zone: Zone, *answers: bytes) -> AsyncGenerator[tuple[Outbound, Partner]]:
    """The outgoing HTTP of live mode, led to a receiver; where it connected is noted at the end."""
    async with partner(*(once(answer) for answer in answers)) as receiver:
        sockets = Sockets(detour=receiver.port, only_detour=True)
        async with outbound(LIVE, zone=zone, sockets=sockets, deadline_seconds=0.5) as out:
            yield out, receiver
        seen.connects += [address for address, _ in sockets.connects]


async def _spelled(seen: Seen) -> None:
    """The address itself, as a partner may give it and as a table may hold it."""
    async with _out(seen, Zone(), _CLOSING) as (out, _):
        for url in urls():
            seen.tried += 1
            seen.taken_at_creation += LIVE.literal_reason(url) is None
            await out.post(url, b"{}", _JSON)


def _inner_addresses() -> Iterator[str]:
    """What a hostile name server may answer."""
    yield from INNER
    yield from ONLY_IPV6
    for address in INNER:
        yield from (carrier.format(address) for carrier in _CARRIERS)
    yield from ("fe80::1%lo", "127.0.0.1%lo", "", "localhost", "2002:7f00:1::", "2001:0:7f00:1::")


async def _named(seen: Seen) -> None:
    """A name that leads inside, alone or among addresses outside."""
    answers = [
        answer
        for address in _inner_addresses()
        for answer in ([address], [PUBLIC, address], [address, PUBLIC])
    ]
    await _post_to_names(seen, [[answer] for answer in answers], times=1)


async def _turning(seen: Seen) -> None:
    """A name that leads outside when it is first asked for, and inside the next time."""
    await _post_to_names(seen, [[[PUBLIC], [address]] for address in _inner_addresses()], times=3)


async def _post_to_names(seen: Seen, lookups: list[list[list[str]]], times: int) -> None:
    zone = Zone(**{f"n{number}_example": answers for number, answers in enumerate(lookups)})
    async with _out(seen, zone, _CLOSING) as (out, _):
        for number in range(len(lookups)):
            for _ in range(times):
                seen.tried += 1
                await out.post(f"http://n{number}.example/", b"{}", _JSON)


async def _redirected(seen: Seen) -> None:
    """A receiver outside that sends us inside; one more connection than posts would be following."""
    redirects = [
        f"HTTP/1.1 {status} X\r\nLocation: http://{host}/\r\nRefresh: 0;url=http://{host}/\r\n"
        "Connection: close\r\nContent-Length: 0\r\n\r\n"
        for status in (300, 301, 302, 303, 305, 307, 308)
        for host in (*INNER, "[::1]", "localhost", "inner.example")
    ]
    zone = Zone(erp_example=[[PUBLIC]], inner_example=[["10.0.0.1"]], localhost=[["127.0.0.1"]])
    async with _out(seen, zone, *(redirect.encode() for redirect in redirects)) as (out, receiver):
        for _ in redirects:
            seen.tried += 1
            await out.post("http://erp.example/", b"{}", _JSON)
        seen.connects += ["followed a redirect"] * (receiver.connections - len(redirects))
