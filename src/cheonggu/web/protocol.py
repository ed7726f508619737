"""What the HTTP server does not bound by itself: a head's size, a request's time, the number of connections.

uvicorn keeps a half-sent request open for ever and takes a head of any size; a body's size is bounded by who
reads it. A request that comes in one piece, as nearly all do, never starts a timer.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cheonggu.domain import codes
from cheonggu.web import envelope

HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 10.0
_UPGRADE: Final = re.compile(rb"\nupgrade(?=[ \t]*:)", re.IGNORECASE)
_UPGRADE_NAME: Final = b"\nupgrade"
MOST_CONNECTIONS: Final = 10_000
"""Below the usual limit of open files once a service is set up for it; a new one above it is closed."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP over httptools, with a bounded head; what is no HTTP is answered in the envelope too."""

    _head_bytes = 0
    _held = b""
    _in_head = False
    _in_body = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._expect(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what is not whole by now is waited for, but not for ever."""
        data = self._without_upgrade(data)
        # What follows a request in one piece belongs to it at first, so it does not count as a head's.
        counts = self._in_head or not self.cycle
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data) if counts else 0
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431)
            elif self._timer is None:
                self._expect(HEAD_SECONDS)
        elif self._in_body and self._timer is None:
            self._expect(BODY_SECONDS)

    def _without_upgrade(self, data: bytes) -> bytes:
        """The same bytes with a header `Upgrade` renamed.

        We upgrade to nothing, so RFC 9110 has us go on as if it were not there. The parser would stop reading
        at such a head instead: Java's client sends one with every request, and the body would pass for a
        request. A name that is cut off by the end of the data waits for the rest of it.
        """
        data, self._held = self._held + data, b""
        if not self._in_body and b"\n\r\n" not in data and b"\n\n" not in data:
            tail = data[-len(_UPGRADE_NAME) :].lower()
            begun = next((n for n in range(len(tail), 0, -1) if _UPGRADE_NAME.startswith(tail[-n:])), 0)
            if begun:
                data, self._held = data[:-begun], data[-begun:]
        return _UPGRADE.sub(b"\nx-grade", data) if b"grade" in data.lower() else data

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head has ended; one that came in a single piece is measured here."""
        self._in_head = False
        self._expect_nothing()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_BYTES:
            self._refuse(431)
            return
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of a body; nobody reads it after a refusal."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has ended; nobody waits for it after a refusal."""
        self._in_body = False
        self._expect_nothing()
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets an answer like any other."""
        del msg
        self._refuse(400)

    def _expect(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._late)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        # Whoever was answered already is only thrown out: two answers to one request would be one too many.
        if self._in_body:
            self._give_up_body()
        elif not self.transport.is_closing():
            self._refuse(408)

    def _give_up_body(self) -> None:
        if not self.cycle.response_started:
            self.cycle.response_complete = True  # whoever reads the body finds the client gone
            self._refuse(408)
        self.transport.close()

    def _refuse(self, status: int) -> None:
        if self.cycle and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the answer that is due comes first, and ends the connection
            return
        body = envelope.refusal_body(codes.VALIDATION_001, _WHY[status])
        head = [STATUS_LINE[status], b"connection: close\r\n"]
        head += [b"%b: %b\r\n" % header for header in envelope.headers(status, body)]
        self.transport.write(b"".join([*head, b"\r\n", body]))
        self.transport.close()


_WHY: Final = {
    400: "HTTP 요청으로 읽을 수 없습니다.",
    408: f"요청을 {HEAD_SECONDS:.0f}초 안에 모두 보내야 합니다.",
    431: f"요청 헤더가 너무 큽니다. {HEAD_BYTES // 1024} KiB까지 보낼 수 있습니다.",
}
