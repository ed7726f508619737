"""A plain request to an operation, as the server's protocol holds it until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from cheonggu.web import envelope
from cheonggu.web.envelope import Header
from cheonggu.web.head import Head
from cheonggu.web.operations import Operation

_NOBODY_WAITS: Final = asyncio.Event()
"""uvicorn tells who reads a body as it comes; ours is read when it is whole."""


class Exchange:
    """A POST to an operation and its answer; it stands where uvicorn keeps its own cycle of the two."""

    __slots__ = (
        "body",
        "disconnected",
        "head",
        "keep_alive",
        "message_event",
        "operation",
        "response_complete",
        "response_started",
        "task",
    )

    task: asyncio.Task[None]
    """Who answers it; not there before somebody does."""

    def __init__(self, operation: Operation, head: Head, *, keep_alive: bool) -> None:
        self.operation = operation
        self.head = head
        self.keep_alive = keep_alive
        self.body = b""
        self.disconnected = self.response_started = self.response_complete = False
        self.message_event = _NOBODY_WAITS


@lru_cache(64)
def answer_head(status: int, every: tuple[Header, ...], keep_alive: bool) -> bytes:  # noqa: FBT001
    """An answer's head up to its body's length. `every` are the server's own headers, the date above all."""
    headers = (*every, *envelope.standing_headers(status))
    if not keep_alive:
        headers = (*headers, (b"connection", b"close"))
    return STATUS_LINE[status] + header_lines(headers) + b"content-length: "


def header_lines(headers: Iterable[Header]) -> bytes:
    """Headers as they go over the wire."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)
