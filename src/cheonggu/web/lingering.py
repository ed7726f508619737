"""The end of a connection whose client still sends.

Closed at once, it would get a reset, and a reset that arrives before the client has read takes its answer
away (RFC 9112, 9.6). So the answer is followed by an end of ours, and what the client goes on to send is read
and dropped: not for long, and not without limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

BYTES: Final = 16 * 1024 * 1024
SECONDS: Final = 5.0


class Lingering:
    """Lets a client finish, and closes its connection when it does, or when it goes on for too long."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, close: Callable[[], None]
    ) -> None:
        self._close = close
        self._left_bytes = BYTES
        self._timer = loop.call_later(SECONDS, close)
        if transport.can_write_eof():
            transport.write_eof()

    def drop(self, data: bytes) -> None:
        """Something more that nobody reads."""
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._close()

    def end(self) -> None:
        """The connection has gone."""
        self._timer.cancel()


class Gently:
    """A transport to answer on, whose `close` is somebody else's to do."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
