"""Asks a sandbox for a partner's callbacks, posts each where its user wants, and tells what came of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from cheonggu.cli.forward_to import ForwardTo
from cheonggu.domain.guard import Guard, parse_allow
from cheonggu.providers.outbound import Outbound
from cheonggu.providers.reply import Answered, Reply
from cheonggu.sandbox.remote import Remote, SandboxRefused

POST_SECONDS: Final = 9.0
"""What the receiver may take, so that its answer is told before the sandbox's ten seconds are over."""
ASK_SECONDS: Final = 8.0
"""An asking waits for three; one that takes so long is lost."""
SHORTEST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0
LAST_SECONDS: Final = 2.0
"""At the end: for what is in hand, and again for saying goodbye."""
EVERYWHERE: Final = "0.0.0.0/0, ::/0"

Say = Callable[[str], None]
Told = Callable[[Mapping[str, Any], str, Reply], None]
"""Hears of each callback, where it was posted, and what came of that."""


class _Lost(Exception):
    """No answer came from the sandbox; it may come again."""


class Listener:
    """One listener of one partner, known to the sandbox by a name that it makes up."""

    def __init__(
        self, remote: Remote, forward_to: ForwardTo, outbound: Outbound, say: Say, told: Told
    ) -> None:
        self._remote = remote
        self._forward_to = forward_to
        self._outbound = outbound
        self._say = say
        self._told = told
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS))
        self._name = secrets.token_urlsafe(12)
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._pause_seconds = SHORTEST_PAUSE_SECONDS
        self._away = True

    async def listen(self) -> None:
        """Ask and post until cancelled. Raises SandboxRefused when the sandbox will not have us."""
        while True:
            try:
                told = await self._ask(
                    "POST",
                    "/sandbox/listen",
                    listener=self._name,
                    forwardTo=self._forward_to.url,
                    holding=list(self._in_hand),
                    waitSeconds=0 if self._away else None,
                )
            except _Lost as lost:
                await self._bear(lost)
                continue
            if self._away:
                self._away, self._pause_seconds = False, SHORTEST_PAUSE_SECONDS
                self._say(f"Listening at {self._remote.base_url}, forwarding to {self._forward_to.url}")
            for callback in told["callbacks"]:
                if callback["id"] not in self._in_hand:
                    self._in_hand[callback["id"]] = asyncio.create_task(self._see_through(callback))

    async def close(self) -> None:
        """See through what is in hand, but not for long; say goodbye, so that nothing more is for us."""
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand.values(), timeout=LAST_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(_Lost, SandboxRefused, TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await self._ask("DELETE", "/sandbox/listen", listener=self._name)
        await self._session.close()

    async def _bear(self, lost: _Lost) -> None:
        if not self._away or self._pause_seconds == SHORTEST_PAUSE_SECONDS:
            self._say(
                f"{self._remote.base_url} does not answer ({lost}); trying again. "
                "Start it with: cheonggu dev; or say where it is with --base-url."
            )
        self._away = True
        await asyncio.sleep(self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _see_through(self, callback: Mapping[str, Any]) -> None:
        number: str = callback["id"]
        end = asyncio.get_running_loop().time() + callback["secondsLeft"]
        try:
            url = self._forward_to.of(callback["url"])
            reply = await self._outbound.post(url, callback["body"].encode(), callback["headers"])
            self._told(callback, url, reply)
            await self._answer(number, _told_of(url, reply), end)
        except SandboxRefused as refused:
            self._say(str(refused))
        finally:
            self._in_hand.pop(number, None)

    async def _answer(self, number: str, told: Mapping[str, object], end: float) -> None:
        while asyncio.get_running_loop().time() < end:
            try:
                answer = await self._ask(
                    "POST", f"/sandbox/listen/{number}/answer", listener=self._name, **told
                )
            except _Lost:
                await asyncio.sleep(SHORTEST_PAUSE_SECONDS)
                continue
            if answer["counts"]:
                return
            break
        self._say("The sandbox had given that callback up before it heard the answer; it comes again.")

    async def _ask(self, method: str, path: str, **fields: object) -> dict[str, Any]:
        """What an endpoint answers. Raises _Lost when nobody knows, SandboxRefused."""
        given = {"apiKey": self._remote.api_key, **fields}
        given = {name: value for name, value in given.items() if value is not None}
        ways = {"params": given} if method == "DELETE" else {"data": msgspec.json.encode(given)}
        try:
            async with self._session.request(method, self._remote.base_url + path, **ways) as answer:  # pyright: ignore[reportArgumentType]
                status, raw = answer.status, await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise _Lost(error.os_error.strerror or str(error.os_error)) from error
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise _Lost(str(error) or type(error).__name__) from error
        if status >= 500:
            raise _Lost(f"HTTP {status}")
        return self._remote.judge(status, raw)


def _told_of(url: str, reply: Reply) -> dict[str, object]:
    answered = isinstance(reply, Answered)
    return {
        "url": url,
        "status": reply.status,
        "contentEncoding": reply.content_encoding if answered else None,
        "bodyBase64": base64.b64encode(reply.body).decode(),
        "durationMs": reply.duration_ms,
        "reason": None if answered else reply.reason,
    }


@asynccontextmanager
async def opened(
    remote: Remote, forward_to: ForwardTo, say: Say, told: Told, *, verify: bool = True
) -> AsyncGenerator[Listener]:
    """A listener, closed at the end. It posts as the service does, but wherever its user wants."""
    outbound = Outbound(
        Guard(parse_allow(EVERYWHERE)), deadline_seconds=POST_SECONDS, tls=None if verify else _trusting()
    )
    listener = Listener(remote, forward_to, outbound, say, told)
    try:
        yield listener
    finally:
        await listener.close()
        await outbound.close()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
