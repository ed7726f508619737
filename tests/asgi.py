"""Calls an ASGI application without a server, so that a test decides how a body arrives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Scope

Headers = Sequence[tuple[str, str]]
JSON: Headers = (("content-type", "application/json"),)


class Answer(msgspec.Struct):
    """What an application sent; status 0 when it sent nothing."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The body, which must be an envelope."""
        decoded = json.loads(self.body)
        assert set(decoded) == {"code", "message", "data"}
        return decoded

    @property
    def code(self) -> str:
        """The envelope's code."""
        return self.envelope["code"]


async def call(
    app: ASGIApp,
    path: str,
    body: bytes | Sequence[bytes | None] = b"",
    *,
    method: str = "POST",
    headers: Headers = JSON,
) -> Answer:
    """One request. A body may come in pieces; None among them means that the client goes away."""
    pieces: list[bytes | None] = [body] if isinstance(body, bytes) else list(body)
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        piece = pieces.pop(0) if pieces else None
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Answer(0, {}, b"")
    got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], got, b"".join(message.get("body", b"") for message in sent[1:]))
