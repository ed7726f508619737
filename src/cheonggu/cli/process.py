"""What every long-running process needs: where to listen, and when to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Final

BACKLOG: Final = 2048
_OPEN_FILES: Final = 65_536
_ALLOCATIONS_UNLOOKED: Final = 20_000
_PARENT_GLANCE_SECONDS: Final = 0.5
_PR_SET_PDEATHSIG: Final = 1
_WHY: Final = {
    errno.EADDRINUSE: "something else is listening there",
    errno.EACCES: "this user may not (ports below 1024 are root's)",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}
_NEVER_GIVEN: Final = range(20_000, 32_000)
"""Below the ports that Linux, macOS and Windows give to whoever names none."""
_TRIES: Final = 50
_handed_out: set[int] = set()
"""So that two that are asked for before either is taken are two."""


class CannotListen(Exception):
    """Host and port cannot be listened on."""


def listen(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address that the host has here. Raises CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"The host {host!r} is not known on this machine.") from error
    sockets: list[socket.socket] = []
    absent = OSError(errno.EADDRNOTAVAIL, "")
    with ExitStack() as opened:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(opened.enter_context(_listening(family, address)))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:  # localhost often names an ::1 that is not there
                    raise _cannot_listen(host, port, error) from error
                absent = error
        if not sockets:
            raise _cannot_listen(host, port, absent) from absent
        opened.pop_all()
    return sockets


def free_port(host: str) -> str:
    """A port that nobody listens on there right now. Raises CannotListen.

    It is taken later, and taken again when a part that died is started again: so it is none that the system
    gives meanwhile to another program's connection.
    """
    for port in random.sample(_NEVER_GIVEN, _TRIES):
        if port not in _handed_out:
            with suppress(CannotListen):
                return _listened_on(host, port)
    return _listened_on(host, 0)


def _listened_on(host: str, port: int) -> str:
    with ExitStack() as opened:
        probe, *_ = [opened.enter_context(sock) for sock in listen(host, port)]
        _handed_out.add(probe.getsockname()[1])
        return str(probe.getsockname()[1])


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    why = _WHY.get(error.errno or 0, error.strerror)
    return CannotListen(
        f"Cannot listen on {host} port {port}: {why}. Choose another with --port or CHEONGGU_PORT."
    )


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    # asyncio lets an answer in two writes leave at once only where the protocol is named
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.settimeout(0)
    except OSError:
        sock.close()
        raise
    return sock


def allow_open_files() -> None:
    """Allow this process more connections than the usual limit of 1,024 files, where the system lets it."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now == resource.RLIM_INFINITY or now >= _OPEN_FILES:
        return
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def collect_seldom() -> None:
    """Have Python look for cyclic garbage seldom, and never again among what is there by now.

    Requests leave next to none behind, so that the usual look after every 700 allocations is in vain.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_UNLOOKED, 20, 20)


@asynccontextmanager
async def told_to_stop(parent: int | None = None) -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM, SIGINT, SIGHUP or the loss of the parent process sets, however often."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_watch_parent(parent, stop)) if parent else None
    try:
        yield stop
    finally:
        if watch:
            watch.cancel()


async def _watch_parent(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the loss of a parent announces itself to nobody
        await asyncio.sleep(_PARENT_GLANCE_SECONDS)
    stop.set()


def die_with_parent() -> None:
    """Let the kernel send SIGTERM at once when the parent ends, where it can (Linux)."""
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
