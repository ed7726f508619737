"""A TCP proxy that cuts, delays and holds what passes through it, and loses single messages on purpose."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import parse_qs, urlsplit

SOCKET: Final = ".s.PGSQL.5432"

Upstream = Callable[[], Path | int]
"""Who is upstream now: a Unix socket, or a port of loopback."""


@dataclass
class Rule:
    """What happens to the next message to upstream that holds `marked`.

    Either it is lost, or it is passed on and its answer is lost; in both cases the connection ends.
    """

    marked: bytes
    pass_on: bool
    then: Callable[[], object] | None = None
    """What is done at that moment."""


class FaultProxy:
    """Passes bytes on until it is told otherwise."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.rules: list[Rule] = []
        self.delay_seconds = 0.0
        self.holding = False
        self._refusing = False
        self._pairs: set[_Pair] = set()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._pairs)

    def cut(self) -> None:
        """Upstream is away, as of now: every connection ends and new ones are refused until `mend`."""
        self._refusing = True
        self.blink()

    def blink(self) -> None:
        """End every connection; new ones are welcome."""
        for pair in list(self._pairs):
            pair.abort()

    def mend(self) -> None:
        """All is well again."""
        self._refusing = False
        self.delay_seconds = 0.0
        self.rules.clear()
        self.holding = False
        for pair in list(self._pairs):
            pair.flush()

    def lose_request(self, marked: bytes, then: Callable[[], object] | None = None) -> None:
        """Lose the next message that holds these bytes; whoever sent it is cut off."""
        self.rules.append(Rule(marked, pass_on=False, then=then))

    def lose_answer(self, marked: bytes, then: Callable[[], object] | None = None) -> None:
        """Pass on the next message that holds these bytes, and cut its sender off before the answer."""
        self.rules.append(Rule(marked, pass_on=True, then=then))

    def accept(self) -> asyncio.Protocol:
        """The protocol of one more client."""
        pair = _Pair(self, refused=self._refusing)
        self._pairs.add(pair)
        return pair.client

    def forget(self, pair: _Pair) -> None:
        """A connection has ended."""
        self._pairs.discard(pair)

    def verdict(self, data: bytes) -> Rule | None:
        """The rule that this message falls under; it acts once."""
        for rule in self.rules:
            if rule.marked in data:
                self.rules.remove(rule)
                return rule
        return None


class _Pair:
    """One client's connection and the one to upstream that it is passed on to."""

    def __init__(self, proxy: FaultProxy, *, refused: bool) -> None:
        self.proxy = proxy
        self.refused = refused
        self.client = _Side(self, to_upstream=True)
        self.server = _Side(self, to_upstream=False)
        self._connecting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The client is there."""
        if self.refused:
            self.abort()
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        place = self.proxy.upstream()
        try:
            if isinstance(place, Path):
                await loop.create_unix_connection(lambda: self.server, str(place))
            else:
                await loop.create_connection(lambda: self.server, "127.0.0.1", place)
        except OSError:
            self.abort()
        else:
            self.client.flush()

    def abort(self) -> None:
        """End both sides, whatever is under way."""
        self.proxy.forget(self)
        for side in (self.client, self.server):
            if side.transport is not None:
                side.transport.abort()

    def flush(self) -> None:
        """Pass on what was held back."""
        self.client.flush()
        self.server.flush()


class _Side(asyncio.Protocol):
    """What comes in on one connection of a pair goes out on the other, in order."""

    def __init__(self, pair: _Pair, *, to_upstream: bool) -> None:
        self.transport: asyncio.Transport | None = None
        self._pair = pair
        self._to_upstream = to_upstream
        self._late: deque[bytes] = deque()

    @property
    def _peer(self) -> _Side:
        return self._pair.server if self._to_upstream else self._pair.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; the client's side has upstream called."""
        self.transport = cast("asyncio.Transport", transport)
        if self._to_upstream:
            self._pair.begin()

    def data_received(self, data: bytes) -> None:
        """Pass it on, now or later, or let a rule have it."""
        proxy, peer = self._pair.proxy, self._peer.transport
        if self._to_upstream and proxy.rules and (rule := proxy.verdict(data)):
            self._fall_under(rule, data)
        elif peer is None or proxy.holding or proxy.delay_seconds or self._late:
            self._late.append(data)
            if peer is not None and not proxy.holding:
                asyncio.get_running_loop().call_later(proxy.delay_seconds, self._pass_one)
        else:
            _write(peer, data)

    def _fall_under(self, rule: Rule, data: bytes) -> None:
        server = self._peer.transport
        if rule.pass_on and server is not None:
            _write(server, data)
            server.close()  # what was written still arrives
        if self.transport is not None:
            self.transport.abort()
        if rule.then is not None:
            rule.then()

    def _pass_one(self) -> None:
        peer = self._peer.transport
        if self._late and peer is not None and not self._pair.proxy.holding:
            _write(peer, self._late.popleft())

    def flush(self) -> None:
        """Pass on what was held back, if there is somebody to take it."""
        peer = self._peer.transport
        while self._late and peer is not None and not self._pair.proxy.holding:
            _write(peer, self._late.popleft())

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side ends, too."""
        del exc
        self._pair.proxy.forget(self._pair)
        peer = self._peer.transport
        if peer is not None and not peer.is_closing():
            self.flush()
            peer.close()


def _write(transport: asyncio.Transport, data: bytes) -> None:
    if not transport.is_closing():
        transport.write(data)


@asynccontextmanager
async def proxied(upstream: Upstream) -> AsyncGenerator[tuple[FaultProxy, int]]:
    """A proxy before whoever is upstream, and the port of loopback that it listens on."""
    proxy = FaultProxy(upstream)
    server = await asyncio.get_running_loop().create_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        proxy.cut()
        server.close()


@asynccontextmanager
async def fault_proxy(dsn: str) -> AsyncGenerator[tuple[FaultProxy, str]]:
    """A proxy before the database of `dsn`, and the address that leads through it."""
    async with proxied(lambda: socket_of(dsn)) as (proxy, port):
        yield proxy, through(dsn, port)


def socket_of(dsn: str) -> Path:
    """The Unix socket of an embedded server's database."""
    return Path(parse_qs(urlsplit(dsn).query)["host"][0]) / SOCKET


def through(dsn: str, port: int) -> str:
    """The same database by way of a port of loopback."""
    parts = urlsplit(dsn)
    return f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
