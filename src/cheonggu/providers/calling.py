"""Calls to a provider's API: bounded in time and size, and only to the address that the operator set.

Where such a call leads is the operator's choice, so it passes no guard; it follows no redirect, and takes no
proxy from the environment and no cookie. What is written here of failures names nobody and holds no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, TypeVar

import aiohttp
import msgspec
from yarl import URL

T = TypeVar("T")

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of an answer. A list of a thousand messages takes one or two."""
CONNECTIONS: Final = 32


class NoAnswer(Exception):
    """No answer that could be read came; whether the request arrived nobody knows."""


class Answer(msgspec.Struct, frozen=True):
    """What came back, whatever its status."""

    status: int
    body: bytes

    def read(self, into: type[T]) -> T:
        """The body as JSON of this shape. Raises NoAnswer when it is something else."""
        try:
            return msgspec.json.decode(self.body, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NoAnswer("the answer is not what was expected") from None


class Calls:
    """One provider's API, under `base_url`. Made inside a running loop; closed by whoever made it."""

    def __init__(self, base_url: str, *, deadline_seconds: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._deadline_seconds = deadline_seconds
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(),  # ours covers more
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": "Cheonggu", "Accept": "application/json"},
        )

    async def call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: object | None = None
    ) -> Answer:
        """Ask, with `body` as JSON if there is one. Raises NoAnswer: late, lost, or larger than MOST_BYTES.

        `path` is sent as it is, so what it holds of others is quoted by whoever made it.
        """
        data = None if body is None else msgspec.json.encode(body)
        said = (
            dict(headers) if data is None else {**headers, "Content-Type": "application/json; charset=utf-8"}
        )
        try:
            async with (
                asyncio.timeout(self._deadline_seconds),
                self._session.request(
                    method,
                    URL(self._base_url + path, encoded=True),
                    data=data,
                    headers=said,
                    allow_redirects=False,
                ) as response,
            ):
                return Answer(response.status, await _body(response))
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(type(error).__name__) from None

    async def close(self) -> None:
        """Drop every connection."""
        await self._session.close()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            raise NoAnswer("the answer is too large")
    return bytes(body)
