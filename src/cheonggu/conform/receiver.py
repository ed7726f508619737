"""A receiver of callbacks: it keeps what it is sent and answers as it is told."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec

from cheonggu.conform.wire import Answer, Exchange
from cheonggu.domain.json_object import json_object

ACCEPTED: Final = (200, '{"code":"0000"}')
_MOST_BYTES: Final = 64 * 1024
_MOST_CALLS: Final = 1_000


class Call(msgspec.Struct, frozen=True):
    """One callback as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty when it is none."""
        return json_object(self.body) or {}


def told(call: Call, answer: Answer | None = None) -> Exchange:
    """A callback as the record keeps it."""
    return Exchange(
        method=call.method,
        url=call.target,
        headers=call.headers,
        body=call.body,
        api=False,
        received=True,
        answer=answer,
    )


class Receiver:
    """Listens from when it is made until `close`. Only calls to its own URL, which nobody guesses, count."""

    def __init__(self, host: str, port: int, record: list[Exchange], url: str | None = None) -> None:
        self._calls: list[Call] = []
        self._record = record
        self._answers: dict[str, tuple[int, str]] = {}
        self._came = threading.Condition()
        self._token = secrets.token_hex(8)
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        shown = f"[{host}]" if ":" in host else host
        base = url or f"http://{shown}:{self._server.server_port}/callback"
        self.query = f"conform={self._token}&empty=&plus=a+b&escaped=%ED%95%9C%2F&again=1&again=2"
        self.url = base + ("&" if "?" in base else "?") + self.query

    def answer(self, bill_id: str, status: int, body: str) -> None:
        """From now on answer the callbacks of a bill so."""
        self._answers[bill_id] = (status, body)

    def calls(self, bill_id: str, least: int, seconds: float) -> list[Call]:
        """The callbacks of a bill, waiting until there are so many or the time is over."""

        def found() -> list[Call]:
            return [call for call in self._calls if call.fields.get("billId") == bill_id]

        with self._came:
            self._came.wait_for(lambda: len(found()) >= least, seconds)
            return found()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, call: Call) -> tuple[int, str]:
        """Keep a call; what to answer it."""
        if self._token not in call.target:
            return 404, "{}"
        status, text = self._answers.get(str(call.fields.get("billId")), ACCEPTED)
        with self._came:
            if len(self._calls) < _MOST_CALLS:
                self._calls.append(call)
                self._record.append(told(call, Answer(status, {}, text.encode())))
            self._came.notify_all()
        return status, text

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                declared = self.headers.get("Content-Length") or ""
                size_bytes = int(declared) if declared.isascii() and declared.isdigit() else 0
                body = self.rfile.read(min(size_bytes, _MOST_BYTES))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, text = receiver.take(Call(self.command, self.path, headers, body))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
                pass

        return Handler
