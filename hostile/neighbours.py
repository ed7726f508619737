"""Healthy partners' callbacks beside receivers from hell: how long they take alone, and in that company."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web
from bench.stats import percentile

from hostile.corpus import hashed, sound
from hostile.receivers import TRAP
from hostile.service import Target

PAYING_AT_ONCE: Final = 4
MOST_SECONDS: Final = 1.0
"""At rest a first callback leaves within a second; it has to in any company."""
_ARRIVE_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Seen:
    """What was measured. Delays are from the payment being asked for to the callback being there."""

    alone: list[float]
    in_company: list[float]
    hostile: Mapping[str, str]
    """Each hostile receiver, and why its last try did not count."""
    trapped: int

    def p99(self, delays: list[float]) -> float:
        """In seconds."""
        return percentile(sorted(delays), 0.99)

    @property
    def held(self) -> bool:
        """Whether the healthy ones are served as before, and nobody was led into the trap."""
        return self.p99(self.in_company) < MOST_SECONDS and not self.trapped

    @property
    def told(self) -> str:
        """The figures in a sentence."""
        alone, company = self.p99(self.alone), self.p99(self.in_company)
        return (
            f"healthy callbacks: p99 {alone * 1000:.0f} ms alone, {company * 1000:.0f} ms beside "
            f"{len(self.hostile)} receivers from hell; {self.trapped} redirects followed"
        )


class Partners:
    """Somebody who sends bills and pays them, and a healthy receiver that notes when callbacks come."""

    def __init__(
        self, at: Target, http: aiohttp.ClientSession, url: str, arrived: dict[str, asyncio.Future[float]]
    ) -> None:
        self._at, self._http, self._url, self._arrived = at, http, url, arrived

    async def paid(self, callback_url: str) -> str:
        """Pay a new bill; its billId."""
        request = sound("/bill")
        request["bill"]["callbackUrl"] = callback_url
        bill_id: str = request["bill"]["billId"]
        answer = await self._post("/bill", hashed("/bill", request))
        assert answer["code"] == "0000", answer
        self._arrived[bill_id] = asyncio.get_running_loop().create_future()
        await self._post("/sandbox/pay", {"billId": bill_id, "outcome": "APPROVE"})
        return bill_id

    async def delay(self) -> float:
        """How long the callback of a bill takes to a healthy receiver."""
        began = time.perf_counter()
        bill_id = await self.paid(self._url)
        async with asyncio.timeout(_ARRIVE_SECONDS):
            return await self._arrived[bill_id] - began

    async def delays(self, many: int) -> list[float]:
        """The delays of so many bills, a few at a time."""
        gate = asyncio.Semaphore(PAYING_AT_ONCE)

        async def one() -> float:
            async with gate:
                return await self.delay()

        return await asyncio.gather(*(one() for _ in range(many)))

    async def reasons(self, bill_ids: Mapping[str, str]) -> dict[str, str]:
        """Why each bill's last try did not count."""
        return {name: await self._reason(bill_id) for name, bill_id in bill_ids.items()}

    async def _reason(self, bill_id: str) -> str:
        async with self._http.get(
            f"{self._at.dev.url}/sandbox/callbacks", params={"billId": bill_id}
        ) as answer:
            [callback] = (await answer.json())["callbacks"]
        tries: list[dict[str, Any]] = callback["attempts"]
        return str(tries[-1]["reason"]) if tries else callback["state"]

    async def _post(self, path: str, body: object) -> dict[str, Any]:
        async with self._http.post(self._at.dev.url + path, json=body) as answer:
            return await answer.json()


@asynccontextmanager
async def partners(at: Target) -> AsyncGenerator[Partners]:
    """Somebody who sends bills, with a healthy receiver."""
    arrived: dict[str, asyncio.Future[float]] = {}

    async def receive(request: web.Request) -> web.Response:
        bill_id = (await request.json())["billId"]
        if bill_id in arrived and not arrived[bill_id].done():
            arrived[bill_id].set_result(time.perf_counter())
        return web.json_response({"code": "0000"})

    app = web.Application()
    app.router.add_post("/callback", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Partners(at, http, f"http://127.0.0.1:{runner.addresses[0][1]}/callback", arrived)
    finally:
        await runner.cleanup()


@dataclass
class Hell:
    """The receivers from hell, running."""

    ports: dict[str, int]
    process: subprocess.Popen[str]

    def close(self) -> int:
        """Stop them; how often the trap was called."""
        out, _ = self.process.communicate("\n", timeout=30)
        return int(out)


@contextmanager
def hell() -> Generator[Hell]:
    """The receivers from hell, in a process that ends with ours."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hostile.receivers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Hell(msgspec.json.decode(process.stdout.readline(), type=dict[str, int]), process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


async def measured(at: Target, healthy: int, each: int) -> Seen:
    """The delays of healthy callbacks, alone and beside so many hostile ones for each receiver from hell."""
    async with partners(at) as some:
        await some.delays(PAYING_AT_ONCE)
        alone = await some.delays(healthy)
        with hell() as place:
            trap = place.ports.pop(TRAP)
            assert trap
            paid = await _besiege(some, place.ports, each)
            in_company = await some.delays(healthy)
            reasons = await some.reasons(paid)
            return Seen(alone, in_company, reasons, place.close())


async def _besiege(some: Partners, ports: Mapping[str, int], each: int) -> dict[str, str]:
    """Pay bills whose callbacks go to hell; one billId for each receiver."""
    paid: dict[str, str] = {}
    for name, port in _times(ports, each):
        paid[name] = await some.paid(f"http://127.0.0.1:{port}/callback")
    return paid


def _times(ports: Mapping[str, int], each: int) -> Iterable[tuple[str, int]]:
    return [item for _ in range(each) for item in ports.items()]
