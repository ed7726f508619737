"""HTTP/1.1: uvicorn's protocol with bounds, and a short way from a request to an operation's answer.

uvicorn keeps a half-sent request open for ever and takes a head of any size, so a head's size, a request's
time and the number of connections are bounded here; a request that comes in one piece, as nearly all do,
never starts a timer. A plain POST to an operation is answered from here in one write: ASGI would cost a fifth
more CPU for a create. Whatever is unusual about a request goes uvicorn's own way.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import ClassVar, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cheonggu.domain import codes
from cheonggu.web import envelope
from cheonggu.web.body import MAX_BODY_BYTES
from cheonggu.web.exchange import Exchange, answer_head, header_lines
from cheonggu.web.head import Head
from cheonggu.web.known_heads import KnownHeads
from cheonggu.web.lingering import Gently, Lingering
from cheonggu.web.operations import ROUTES, Operation
from cheonggu.web.partner_api import FALL_SILENT, PartnerApi
from cheonggu.web.silence import Silence

HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 10.0
UNREAD_SECONDS: Final = 60.0
"""For a client to read what it was answered, once that is more than the system and we keep for it, or its
connection was closed."""
MOST_WAITING: Final = 32
"""Requests of one connection that wait for the answer to the one before; 250 KB hold 10,000 of the least."""
_UPGRADE: Final = re.compile(rb"\nupgrade(?=[ \t]*:)", re.IGNORECASE)
_UPGRADE_NAME: Final = b"\nupgrade"
MOST_CONNECTIONS: Final = 10_000
"""Below the usual limit of open files once a service is set up for it; a new one above it is closed."""
_OPERATIONS: Final = {path.encode(): operation for path, operation in ROUTES.items()}


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP over httptools, bounded; what is no HTTP is answered in the envelope too."""

    api: ClassVar[PartnerApi]
    """Answers the operations; see `protocol_for`."""
    silence: ClassVar[Silence]
    known_heads: ClassVar[KnownHeads[tuple[Operation, Head]]]
    """Operation and head of plain requests that keep their connection."""

    parser: httptools.HttpRequestParser  # pyright: ignore[reportIncompatibleVariableOverride] - None at its end
    _head_bytes = 0
    _piece_bytes = 0
    _heads = 0
    _idle_since = 0.0
    _exchange: Exchange | None = None
    """What is being read, if it is a plain request to an operation."""
    _held = b""
    _in_head = False
    _in_body = False
    _had_enough = False
    """Nothing more is taken from this connection; what is due is answered, and ends it."""
    _lingering: Lingering | None = None
    """It was answered for the last time, and the client may still send."""
    _unread: asyncio.TimerHandle | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) - len(self.silence) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._expect(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._expect_nothing()
        if self._lingering is not None:
            self._lingering.end()
        self._reads_again()
        self.silence.end(self.transport)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Read on; what is not whole by now is waited for, but not for ever."""
        if self._had_enough:
            if self._lingering is not None:
                self._lingering.drop(data)
            return
        alone = not (self._in_head or self._in_body or self._held) and self._is_free()
        if alone and self._take_known(data):
            return
        received, data = data, self._without_upgrade(data)
        continued, first = self._in_head, not self.cycle
        self._piece_bytes, heads_before = len(data), self._heads
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(400)
        except httptools.HttpParserUpgrade:
            pass  # a CONNECT: answered like any other, and what follows it is not read
        if self.transport.is_closing() or self._lingering is not None:
            return
        exchange, begun = self._exchange, self._heads - heads_before
        whole = begun == 1 and not (self._in_head or self._in_body)
        # Behind a request that ends its connection the parser drops what comes, so it has to see that one.
        if alone and whole and exchange is not None and exchange.keep_alive:
            self.known_heads.learn(received, exchange.body, (exchange.operation, exchange.head))
        if self._in_head:
            # What stands before a head in one piece does not count as the head's, however much it is.
            if (continued and begun == 0) or (first and begun == 1):
                self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431)
            elif self._timer is None:
                self._expect(HEAD_SECONDS)
        elif self._in_body and self._timer is None:
            self._expect(BODY_SECONDS)

    def _take_known(self, data: bytes) -> bool:
        """Begin to answer a request whose head is known; the parser does not see it."""
        known = self.known_heads.of(data)
        if known is None:
            return False
        (operation, head), body = known
        self._expect_nothing()
        exchange = self._begin(operation, head, keep_alive=True)
        exchange.body = body
        self._start_answer(exchange)
        return True

    def _is_free(self) -> bool:
        """Whether nothing that came before still waits for its answer."""
        return not self.cycle or self.cycle.response_complete

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

    def pause_writing(self) -> None:
        """The client reads too slowly, or not at all; it may not hold its answers for ever."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read on."""
        if not self.transport.is_closing():
            self._reads_again()
        super().resume_writing()

    def _reads_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        self._head_bytes = 0
        self._heads += 1
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. One behind the body, a trailer, is nothing to act upon (RFC 9110, 6.5.1)."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended; one that came in a single piece is measured here."""
        self._in_head = False
        self._expect_nothing()
        if self._had_enough:
            return
        if sum(name == b"host" for name, _ in self.headers) > 1:
            self._refuse(400)
            return
        if self._head_bytes + self._piece_bytes > HEAD_BYTES and self._measured_head_bytes() > HEAD_BYTES:
            self._refuse(431)
            return
        self._in_body = True
        operation = _OPERATIONS.get(self.url)
        if operation is not None and self._is_plain():
            self._begin(operation, Head(self.headers), keep_alive=self.parser.should_keep_alive())
        else:
            self._exchange = None
            self._hand_to_uvicorn()

    def _measured_head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _is_plain(self) -> bool:
        """Whether this is a POST of HTTP/1.1 and of a moderate length that waits for no answer before it."""
        parser = self.parser
        if self.expect_100_continue or parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        if not self._is_free():
            return False  # sent before the last answer: uvicorn keeps them in order
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) <= MAX_BODY_BYTES

    def _hand_to_uvicorn(self) -> None:
        if len(self.pipeline) >= MOST_WAITING:
            self._had_enough, self._in_body = True, False
            self.pipeline[0][0].keep_alive = False  # the newest
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()
        silent = partial(self.silence.fall, self.transport, self.cycle)
        self.scope.setdefault("state", {})[FALL_SILENT] = silent
        # All that is asked of one:
        self.cycle.transport = Gently(self.transport, self._end)  # pyright: ignore[reportAttributeAccessIssue]

    def on_body(self, body: bytes) -> None:
        """Part of a body; nobody reads it after a refusal."""
        if self._had_enough:
            return
        if self._exchange is not None:
            self._exchange.body += body
        elif not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has ended; nobody waits for it after a refusal."""
        self._in_body = False
        self._expect_nothing()
        if self.transport.is_closing() or self._had_enough:
            return
        if self._exchange is not None:
            self._start_answer(self._exchange)
        else:
            super().on_message_complete()

    def _begin(self, operation: Operation, head: Head, *, keep_alive: bool) -> Exchange:
        exchange = Exchange(operation, head, keep_alive=keep_alive)
        self._exchange = exchange
        self.cycle = exchange  # pyright: ignore[reportAttributeAccessIssue] - it has all that is asked of one
        return exchange

    def _start_answer(self, exchange: Exchange) -> None:
        exchange.task = self.loop.create_task(self._answer(exchange))
        self.tasks.add(exchange.task)

    async def _answer(self, exchange: Exchange) -> None:
        answer = await self.api.answer(exchange.operation, exchange.head, exchange.body, self.client)
        self.tasks.discard(exchange.task)  # a call-back would cost a turn of the loop
        if answer.silent_seconds is not None:
            self.silence.fall(self.transport, exchange, answer.silent_seconds)
            return
        if self.flow.write_paused:
            await self.flow.drain()
        if exchange.disconnected or self.transport.is_closing():
            return
        exchange.response_complete = True
        every = tuple(self.server_state.default_headers)
        head = answer_head(answer.status, every, exchange.keep_alive)
        more = header_lines(answer.headers) if answer.headers else b""
        self.transport.write(b"%b%d\r\n%b\r\n%b" % (head, len(answer.body), more, answer.body))
        if not exchange.keep_alive:
            self._end()
        self.on_response_complete()

    def shutdown(self) -> None:
        """The server stops: what is due is answered, and nothing else waited for."""
        if not self.silence.stop(self.transport):
            super().shutdown()

    def on_response_complete(self) -> None:
        """An answer was written. The timer of an idle connection runs on, as most are not idle for long."""
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._lingering is not None:
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._close_when_idle(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle all the time."""
        idle_seconds = self.loop.time() - self._idle_since
        busy = self._in_head or self._in_body or not self.cycle.response_complete
        if busy or idle_seconds < self.timeout_keep_alive:
            self._close_when_idle(self.timeout_keep_alive - (0 if busy else idle_seconds))
        else:
            self._close()

    def _close_when_idle(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _expect(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._late)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        # Whoever was answered already is only thrown out: two answers to one request would be one too many.
        if self._in_body and self.pipeline:
            self._expect(BODY_SECONDS)  # nobody reads it before those ahead of it are answered
        elif self._in_body:
            self._give_up_body()
        elif not self.transport.is_closing():
            self._refuse(408)

    def _give_up_body(self) -> None:
        if not self.cycle.response_started:
            self.cycle.disconnected = self.cycle.response_complete = True  # to whoever reads, it has left
            self._refuse(408)
        self._close()

    def _refuse(self, status: int) -> None:
        if self._lingering is not None:
            return
        if self.cycle and not self.cycle.response_complete:
            # The answer that is due comes first, and ends the connection.
            self._had_enough, self.cycle.keep_alive = True, False
            return
        body = envelope.refusal_body(codes.VALIDATION_001, _WHY[status])
        lines = header_lines([(b"connection", b"close"), *envelope.headers(status, body)])
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        if status == 408:
            self._close()  # it is silent, or next to it
        else:
            self._linger()

    def _end(self) -> None:
        """Close the connection after its last answer; a client that may still be sending is heard out."""
        if self._in_head or self._in_body or self._had_enough:
            self._linger()
        else:
            self._close()

    def _close(self) -> None:
        """Close the connection; with what is still to be written it may not be kept for ever."""
        self.transport.close()
        if self._unread is None and self.transport.get_write_buffer_size():
            self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def _linger(self) -> None:
        self._expect_nothing()
        self._had_enough = True
        self._lingering = self._lingering or Lingering(self.loop, self.transport, self._close)
        self.flow.resume_reading()


def protocol_for(api: PartnerApi) -> type[BoundedProtocol]:
    """The protocol of a server whose operations `api` answers."""

    class Protocol(BoundedProtocol):
        pass

    Protocol.api, Protocol.silence, Protocol.known_heads = api, Silence(), KnownHeads()
    return Protocol


_WHY: Final = {
    400: "HTTP 요청으로 읽을 수 없습니다.",
    408: f"요청을 {HEAD_SECONDS:.0f}초 안에 모두 보내야 합니다.",
    431: f"요청 헤더가 너무 큽니다. {HEAD_BYTES // 1024} KiB까지 보낼 수 있습니다.",
}
