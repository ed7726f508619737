"""The one HTTP server behind all receivers of a run: each has a path of its own."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from cheonggu.testing.receiver import ACCEPT, Received, Receiver, Reply

_MOST_BYTES: Final = 1 << 20
_GLANCE_SECONDS: Final = 0.05


class Receiving:
    """A server on a free port of this machine, from the first receiver on until `close`."""

    def __init__(self) -> None:
        self._receivers: dict[str, Receiver] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True  # an answer that is still being delayed is not waited for
        self._server.receivers = self._receivers
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_GLANCE_SECONDS,), name="cheonggu-receiver", daemon=True
        )
        self._thread.start()

    def open(self, name: str, webhook_secret: str, patience_seconds: float) -> Receiver:
        """A receiver under a path of its own."""
        path = f"/{name}"
        url = f"http://127.0.0.1:{self._server.server_port}{path}"
        self._receivers[path] = Receiver(url, webhook_secret, patience_seconds)
        return self._receivers[path]

    def forget(self, receiver: Receiver) -> None:
        """Its test is over; what still comes for it is accepted, so that it ends, and kept nowhere."""
        self._receivers.pop(urlsplit(receiver.url).path, None)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    receivers: dict[str, Receiver]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gave up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        """Keep the callback, and answer as its receiver says."""
        target = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(min(length, _MOST_BYTES))
        receiver = self.server.receivers.get(target.path)
        if receiver is None:
            self._answer(ACCEPT)
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        received = Received(
            body=body, headers=headers, query=target.query, webhook_secret=receiver.webhook_secret
        )
        self._answer(receiver.take(received))

    def _answer(self, reply: Reply) -> None:
        if reply.delay_seconds:
            time.sleep(reply.delay_seconds)
        self.close_connection = True
        if reply.status is None:
            return
        body = reply.encoded()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing: the test's output is the test's."""
