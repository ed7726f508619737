"""A server that speaks the API nearly: a proxy in front of the real one that does one thing wrong."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

RELAY = "/relay/"


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def tree(self) -> dict[str, Any]:
        """The JSON object in the body; empty when it is none."""
        try:
            value: Any = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    @property
    def bill(self) -> dict[str, Any]:
        """The bill in it."""
        bill = self.tree.get("bill")
        return bill if isinstance(bill, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    @property
    def is_api(self) -> bool:
        """Whether an operation is asked."""
        return self.method == "POST" and self.path.removeprefix("/partner").startswith(("/bill", "/read"))

    def of(self, operation: str) -> bool:
        """Whether this operation is asked."""
        return self.method == "POST" and self.path.removeprefix("/partner") == operation

    def with_tree(self, tree: object) -> Request:
        """The same with another body."""
        return replace(self, body=json.dumps(tree).encode())

    def with_bill(self, **fields: object) -> Request:
        """The same with some fields of the bill changed."""
        return self.with_tree(self.tree | {"bill": self.bill | fields})


@dataclass(frozen=True)
class Answer:
    """What it is answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def tree(self) -> dict[str, Any]:
        """The JSON object in the body; empty when it is none."""
        try:
            value: Any = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.tree.get("code") == "0000"

    @property
    def data(self) -> dict[str, Any]:
        """The envelope's data."""
        return self.tree.get("data") or {}

    def with_tree(self, tree: object, status: int | None = None) -> Answer:
        """The same with another body."""
        return replace(self, body=json.dumps(tree).encode(), status=status or self.status)

    def with_data(self, **fields: object) -> Answer:
        """The same with some fields of a success's data changed; `...` takes one out."""
        if not self.done:
            return self
        data = {name: value for name, value in (self.data | fields).items() if value is not ...}
        return self.with_tree(self.tree | {"data": data})


Forward = Callable[[Request], Answer]
Mutation = Callable[[Request, Forward], Answer]
"""How a request is answered, given a way to the real server."""


def refusal(code: str, status: int = 200) -> Answer:
    """A refusal in the envelope."""
    tree = {"code": code, "message": "거절합니다.", "data": None}
    return Answer(status, {"content-type": "application/json"}, json.dumps(tree).encode())


def honest(request: Request, forward: Forward) -> Answer:
    """Nothing is wrong."""
    return forward(request)


class HungUp(Exception):
    """Raised by a mutation to close the connection without an answer."""


class Proxy:
    """`mutation` answers requests, `relayed` passes callbacks on to where they were to go."""

    def __init__(self, upstream: str) -> None:
        self.mutation: Mutation = honest
        self.relayed: Mutation | None = None
        self.url = ""
        self.failures: list[str] = []
        self._upstream = upstream

    def answer(self, request: Request) -> Answer:
        """The answer to one request."""
        if request.path.startswith(RELAY):
            target = unquote(request.path.removeprefix(RELAY))
            assert self.relayed is not None
            return self.relayed(replace(request, path=target), _sent)
        if self.relayed is not None and request.of("/bill") and "callbackUrl" in request.bill:
            given = str(request.bill["callbackUrl"])
            if given.startswith("http://127.0.0.1:"):
                request = request.with_bill(callbackUrl=f"{self.url}{RELAY}{quote(given, safe='')}")
        return self.mutation(request, self._forward)

    def _forward(self, request: Request) -> Answer:
        return _sent(replace(request, path=self._upstream + request.path))


def _sent(request: Request) -> Answer:
    parts = urlsplit(request.path)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        }
        path = request.path.removeprefix(f"{parts.scheme}://{parts.netloc}")
        connection.request(request.method, path, request.body or None, headers)
        answer = connection.getresponse()
        kept = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, kept, answer.read())
    finally:
        connection.close()


@contextmanager
def proxy(upstream: str) -> Generator[Proxy]:
    """A proxy on a free port of loopback."""
    made = Proxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers), body)
            try:
                answer = made.answer(request)
            except HungUp:
                self.close_connection = True
                return
            except Exception as error:
                made.failures.append(f"{request.path}: {error!r}")
                raise
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name not in ("content-length", "connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST  # noqa: N815 - the parent's own name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    made.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
