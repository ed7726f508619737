"""Reading a request's body, unless it is too large."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.web.envelope import Header

MAX_BODY_BYTES: Final = 64 * 1024
"""O: a bill is a page of text."""
DISCARD_BYTES: Final = 1024 * 1024
"""So much of a body that is too large is read and thrown away, as most clients listen only after writing."""

BODY: Final = "본문"
"""The name that refusals give to the body."""


class Unread(Refused):
    """The request was refused before its body had ended, so its connection is of no more use."""


async def read_body(headers: Iterable[Header], receive: Receive, most_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body as it comes.

    Raises Refused with HTTP_413; ClientDisconnect when the client goes away. How long a body may take is the
    server's to bound: see protocol.py.
    """
    if _declared_bytes(headers) > DISCARD_BYTES:
        raise Unread(codes.HTTP_413)
    return await _read(receive, most_bytes)


def _declared_bytes(headers: Iterable[Header]) -> int:
    declared = [value for name, value in headers if name == b"content-length" and value.isdigit()]
    return int(declared[-1][:20]) if declared else 0


async def _read(receive: Receive, most_bytes: int) -> bytes:
    """The body; what a header declared of its length is not believed."""
    chunks: list[bytes] = []
    size_bytes, more = 0, True
    while more and size_bytes <= DISCARD_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size_bytes += len(chunk)
        if size_bytes <= most_bytes:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size_bytes > most_bytes:
        raise Unread(codes.HTTP_413) if more else Refused(codes.HTTP_413)
    return b"".join(chunks)
