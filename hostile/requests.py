"""What a shot at the service is, and how its bytes are made."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class Kind(enum.Enum):
    """Who has to answer, and so what the answer must look like."""

    API = "API"
    SANDBOX = "sandbox"
    PAGE = "page"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One hostile request, or a stream of bytes that only looks like some.

    A `framed` one ends where it says that it ends: it gets exactly one answer. Of the others the answers must
    be no more than `most`, and none at all is allowed: the server may wait for the rest, or hang up.
    """

    family: str
    told: str
    kind: Kind
    raw: bytes
    framed: bool = True
    most: int = 1
    head_only: bool = False


def head(
    method: str,
    target: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    length: int | None = None,
    host: bytes = b"127.0.0.1",
) -> bytes:
    """The head of a request. A line end within a header would begin another one, so there is none."""
    lines = [b"%b %b HTTP/1.1" % (method.encode(), target), b"Host: " + host]
    lines += [b"%b: %b" % (name, value.translate(None, b"\r\n\0")) for name, value in headers]
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


JSON = (b"Content-Type", b"application/json")
FORM = (b"Content-Type", b"application/x-www-form-urlencoded")


def posted(path: str, body: bytes, *headers: tuple[bytes, bytes], method: str = "POST") -> bytes:
    """A whole request with a body."""
    return head(method, path.encode(), headers or (JSON,), length=len(body)) + body


def as_json(tree: Any) -> bytes:
    """A tree as clients send it: text as UTF-8, where it can be UTF-8."""
    try:
        return json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(tree).encode()
