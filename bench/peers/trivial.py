"""A server that does nothing: it shows how much the load generator itself can send."""

from __future__ import annotations

import asyncio
import sys
from typing import Final, cast

import uvloop

from cheonggu.cli.process import die_with_parent

_BODY: Final = b'{"code":"0000","message":"","data":null}'
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class _Trivial(asyncio.Protocol):
    """Takes whatever comes in one piece for one request, which is right for a client without pipelining."""

    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by its class

    def data_received(self, data: bytes) -> None:
        del data
        self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Trivial, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    die_with_parent()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
