"""Partners' callback receivers, many in one process: some answer, some never do, some refuse.

`python -m bench.peers.receiver WELL HANGING REFUSING` prints the ports of each kind as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Final, cast

import uvloop

from cheonggu.cli.process import die_with_parent

_BODY: Final = b'{"code":"0000"}'
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class _Well(asyncio.Protocol):
    """Takes every callback."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by its class

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ended, body = self._received.partition(_HEAD_END)
        if ended and len(body) >= int(head.lower().partition(_LENGTH)[2].split(b"\r")[0]):
            self._received = b""
            self._transport.write(_ANSWER)


def _bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


async def _serve(well: int, hanging: int, refusing: int) -> None:
    loop = asyncio.get_running_loop()
    kinds = [[_bound() for _ in range(count)] for count in (well, hanging, refusing)]
    servers = [await loop.create_server(_Well, sock=sock, backlog=1024) for sock in kinds[0]]
    servers += [await loop.create_server(asyncio.Protocol, sock=sock, backlog=1024) for sock in kinds[1]]
    sys.stdout.write(json.dumps([[sock.getsockname()[1] for sock in kind] for kind in kinds]) + "\n")
    sys.stdout.flush()
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    die_with_parent()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*map(int, sys.argv[1:4])))
