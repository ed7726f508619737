"""Requests that are left without an answer: their connections are held for a while, and then closed."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

HELD_SECONDS: Final = 60.0
"""Longer than most clients wait."""
MOST_HELD: Final = 500
"""Held connections count against no other limit; one more than these is closed at once."""


class Unanswered(Protocol):
    """A request whose answer somebody may be waiting for."""

    disconnected: bool
    message_event: asyncio.Event


class Silence:
    """The connections of one server on which a request is left without an answer."""

    def __init__(self) -> None:
        self._held: dict[asyncio.Transport, tuple[Unanswered, asyncio.TimerHandle | None]] = {}
        self._stopping = False

    def __len__(self) -> int:
        return len(self._held)

    def fall(self, transport: asyncio.Transport, unanswered: Unanswered, seconds: float) -> None:
        """Leave a request without an answer, and close its connection after so long.

        A client that hangs up ends it at once, and so does the server's stop.
        """
        if transport.is_closing():
            _tell(unanswered)
            return
        timer = None
        if seconds > 0 and not self._stopping and len(self) < MOST_HELD:
            timer = asyncio.get_running_loop().call_later(seconds, transport.close)
        else:
            transport.close()
        self._held[transport] = unanswered, timer

    def end(self, transport: asyncio.Transport) -> None:
        """The connection is gone."""
        unanswered, timer = self._held.pop(transport, (None, None))
        if timer is not None:
            timer.cancel()
        if unanswered is not None:
            _tell(unanswered)

    def stop(self, transport: asyncio.Transport) -> bool:
        """The server stops: close the connection if it is held, and hold no other. Says whether it was."""
        self._stopping = True
        held = transport in self._held
        if held:
            transport.close()
        return held


def _tell(unanswered: Unanswered) -> None:
    unanswered.disconnected = True
    unanswered.message_event.set()
