"""The client's two sides, so that one table of cases goes through both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, cast

from cheonggu.client import NO_RETRY, AsyncClient, Client, Retry
from tests.live import API_KEY, MEMBER, MERCHANT

QUICK: Final = Retry((0.0, 0.0))
"""Two more tries, at once."""


class Side:
    """One side of the client, towards one server."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def ask(
        self,
        base_url: str,
        operation: Callable[[Any], Any],
        *,
        retry: Retry = NO_RETRY,
        timeout_seconds: float = 10.0,
        idempotency: bool = False,
        member: str = MEMBER,
    ) -> Any:
        """What an operation on a client gives; the blocking one waits in a thread of its own."""
        given: dict[str, Any] = {
            "api_key": API_KEY,
            "member": member,
            "merchant": MERCHANT,
            "timeout_seconds": timeout_seconds,
            "idempotency": idempotency,
            "retry": retry,
        }
        if self.name == "blocking":
            return await asyncio.to_thread(_blocking, base_url, given, operation)
        async with AsyncClient(base_url, **given) as client:
            asked = operation(client)
            if isinstance(asked, AsyncIterator):
                given_in_turn = cast("AsyncIterator[Any]", asked)
                return [one async for one in given_in_turn]
            return await asked


def _blocking(base_url: str, given: dict[str, Any], operation: Callable[[Any], Any]) -> Any:
    with Client(base_url, **given) as client:
        asked = operation(client)
        return list(asked) if hasattr(asked, "__next__") else asked


BOTH: Final = (Side("blocking"), Side("asyncio"))


def http(status: int, body: object, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def envelope(code: str, message: str = "", **data: object) -> dict[str, Any]:
    """An envelope, with data when there is any."""
    return {"code": code, "message": message, "data": data or None}
