"""A plain request to an operation, as the server's protocol holds it until it is answered."""

from __future__ import annotations

import asyncio
from typing import Final

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
