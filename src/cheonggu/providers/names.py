"""Host names to addresses, on threads of our own: a partner's slow name server must not delay others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

THREADS: Final = 64
THREADS_PER_SITE: Final = 4
"""A name server that never answers holds threads of its own site only."""

Resolve = Callable[[str], Awaitable[tuple[str, ...]]]
"""A host name to its addresses; OSError when there are none."""


class Names:
    """Asks the system's resolver. Nothing is remembered, but those who ask at one time share one lookup.

    The threads are daemons, not a pool's: a lookup can hang for half a minute, and a server that stops
    does not wait for it. A lookup whose caller gave up keeps its place until it ends: threads stay bounded.
    """

    def __init__(self, ask: Callable[[str], tuple[str, ...]] | None = None) -> None:
        self._ask = ask or ask_system
        self._gate = asyncio.Semaphore(THREADS)
        self._site_gates: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._running: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Every address of `host`, or OSError. Whoever calls sets the deadline."""
        lookup = self._running.get(host)
        if lookup is None:
            lookup = self._running[host] = asyncio.create_task(self._look_up(host))
            lookup.add_done_callback(lambda done: self._forget(host, done))
        return await asyncio.shield(lookup)

    async def close(self) -> None:
        """Give up what is under way."""
        lookups = list(self._running.values())
        for lookup in lookups:
            lookup.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)

    def _forget(self, host: str, lookup: asyncio.Task[tuple[str, ...]]) -> None:
        del self._running[host]
        if not lookup.cancelled():
            lookup.exception()  # seen, even when every caller has left

    async def _look_up(self, host: str) -> tuple[str, ...]:
        site_gate = self._site_gates.setdefault(site_of(host), asyncio.Semaphore(THREADS_PER_SITE))
        async with site_gate, self._gate:
            return await _on_a_thread(self._ask, host)


def ask_system(host: str) -> tuple[str, ...]:
    """Every address of `host` in the system's order of preference. Blocks."""
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def site_of(host: str) -> str:
    """Who probably runs the name server: `erp.example.com` and `example.com` alike, `a.co.kr` by itself."""
    labels = host.removesuffix(".").split(".")
    short_second_level = len(labels) > 2 and len(labels[-2]) <= 3  # co.kr, or.kr, com.au
    return ".".join(labels[-3 if short_second_level else -2 :])


async def _on_a_thread(ask: Callable[[str], tuple[str, ...]], host: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(addresses: tuple[str, ...], error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def work() -> None:
        addresses: tuple[str, ...] = ()
        error: OSError | None = None
        try:
            addresses = ask(host)
        except OSError as failure:
            error = failure
        except UnicodeError as failure:
            error = socket.gaierror(socket.EAI_NONAME, str(failure))
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, error)

    threading.Thread(target=work, name="cheonggu-names", daemon=True).start()
    return await answer
