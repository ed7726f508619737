"""As little HTTP as a client of ours needs: connections that are kept, and where an answer ends."""

from __future__ import annotations

import socket
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_MOST_AT_ONCE: Final = 16_384
"""More would be asked of the kernel anew for every answer: beyond 128 KiB malloc maps memory each time."""
_OK: Final = b"HTTP/1.1 200"


class Connection:
    """One kept connection with at most one request under way. No pipelining."""

    __slots__ = ("_received", "_sock", "began", "fd")

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(0)
        self._received = b""
        self.fd = self._sock.fileno()
        self.began = 0.0
        """When the request under way was due."""

    def send(self, request: bytes, began: float) -> None:
        """Send a request. It is short, so it fits into the socket's buffer whole."""
        self.began = began
        if self._sock.send(request) != len(request):
            raise ConnectionError("the server does not read")

    def receive(self) -> bytes | None:
        """The whole answer, or None while more of it is to come. Raises ConnectionError at its end."""
        data = self._sock.recv(_MOST_AT_ONCE)
        if not data:
            raise ConnectionError("the server closed a connection")
        if self._received:
            data = self._received + data
        if len(data) < answer_length(data):
            self._received = data
            return None
        self._received = b""
        return data

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


def answer_length(data: bytes) -> int:
    """How long the answer is that `data` begins; more than it holds while its head has not ended."""
    head_end = data.find(_HEAD_END)
    if head_end < 0:
        return len(data) + 1
    at = data.find(_LENGTH, 0, head_end)
    if at < 0:
        head = data[:head_end].lower()
        at = head.find(_LENGTH)
        if at < 0:
            raise ConnectionError("an answer without a Content-Length")
    at += len(_LENGTH)
    return head_end + 4 + int(data[at : data.find(b"\r", at)])


def is_right(answer: bytes, expected: bytes) -> bool:
    """Whether it is a success and says so."""
    return answer.startswith(_OK) and expected in answer


def gist(answer: bytes) -> str:
    """What is told of an answer that was not right: its status and the beginning of its body."""
    head, _, body = answer.partition(_HEAD_END)
    return f"{head[9:12].decode(errors='replace')} {body[:120].decode(errors='replace')}"
