"""Looking names up: shared while under way, bounded, and no site delays another."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from cheonggu.providers.names import THREADS_PER_SITE, Names, ask_system, site_of


class SlowServer:
    """Answers `slow…` names only when released, every other at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.released = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        self.begun.release()
        if host.startswith("slow"):
            self.released.wait(60)
        return (f"address of {host}",)

    async def wait_for_begun(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.begun.acquire, timeout=15)


async def test_those_who_ask_at_one_time_share_one_lookup_and_nothing_is_remembered() -> None:
    server = SlowServer()
    names = Names(server)
    asking = [asyncio.create_task(names.resolve("slow.example")) for _ in range(10)]
    await server.wait_for_begun(1)
    server.released.set()
    assert await asyncio.gather(*asking) == [("address of slow.example",)] * 10
    assert server.asked == ["slow.example"]
    await names.resolve("slow.example")
    assert len(server.asked) == 2
    await names.close()


async def test_a_site_that_never_answers_holds_its_own_threads_only() -> None:
    server = SlowServer()
    names = Names(server)
    stuck = [asyncio.create_task(names.resolve(f"slow{n}.example.com")) for n in range(50)]
    await server.wait_for_begun(THREADS_PER_SITE)
    assert await asyncio.wait_for(names.resolve("fast.example.org"), 15) == ("address of fast.example.org",)
    assert sum(host.startswith("slow") for host in server.asked) == THREADS_PER_SITE
    server.released.set()
    assert len(await asyncio.gather(*stuck)) == 50
    await names.close()


async def test_a_lookup_outlives_an_impatient_caller_and_serves_the_next() -> None:
    server = SlowServer()
    names = Names(server)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await names.resolve("slow.example")
    again = asyncio.create_task(names.resolve("slow.example"))
    await server.wait_for_begun(1)
    server.released.set()
    assert await again == ("address of slow.example",)
    assert server.asked == ["slow.example"]
    await names.close()


async def test_closing_does_not_wait_for_a_name_server() -> None:
    server = SlowServer()
    names = Names(server)
    stuck = asyncio.create_task(names.resolve("slow.example"))
    await server.wait_for_begun(1)
    await asyncio.wait_for(names.close(), 15)
    with pytest.raises(asyncio.CancelledError):
        await stuck
    server.released.set()


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("idna")])
async def test_a_failure_is_an_oserror(error: Exception) -> None:
    def fail(_: str) -> tuple[str, ...]:
        raise error

    names = Names(fail)
    with pytest.raises(socket.gaierror):
        await names.resolve("erp.example")
    await names.close()


def test_the_system_knows_localhost() -> None:
    assert {"127.0.0.1", "::1"} & set(ask_system("localhost"))


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("localhost", "localhost"),
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("erp.academy.co.kr", "academy.co.kr"),
        ("academy.co.kr.", "academy.co.kr"),
    ],
)
def test_names_are_grouped_by_who_answers_for_them(host: str, site: str) -> None:
    assert site_of(host) == site
