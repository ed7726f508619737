"""Calls to a provider's API: where its keys go, what is read of its answer, and for how long."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from cheonggu.providers.calling import MOST_BYTES, Answer, Calls, NoAnswer
from tests.loopback import ACCEPTED, Act, Partner, flood, hang_up, partner, silence

KEYS = {"Authorization": "Basic a2V5Og=="}


@asynccontextmanager
async def calls(server: Partner, deadline_seconds: float = 5.0) -> AsyncGenerator[Calls]:
    made = Calls(server.url, deadline_seconds=deadline_seconds)
    try:
        yield made
    finally:
        await made.close()


async def post(out: Calls) -> Answer:
    return await out.call("POST", "/v1", headers=KEYS, body={"a": "가"})


async def test_a_call_carries_its_keys_and_comes_back_with_the_answer() -> None:
    async with partner() as server, calls(server) as out:
        assert await post(out) == Answer(200, b'{"code":"0000"}')
    (heard,) = server.heard
    assert (heard.target, heard.body) == (b"/callback/v1", '{"a":"가"}'.encode())
    assert heard.headers["Authorization"] == KEYS["Authorization"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_keys_follow_no_redirect(status: int) -> None:
    async with partner() as other:
        redirect = f"HTTP/1.1 {status} Go\r\nContent-Length: 0\r\nLocation: {other.url}\r\n\r\n".encode()
        async with partner(redirect) as server, calls(server) as out:
            assert (await post(out)).status == status
    assert other.connections == 0


async def test_keys_pass_through_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with partner() as proxy, partner() as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with calls(server) as out:
            assert (await post(out)).status == 200
    assert (proxy.connections, server.connections) == (0, 1)


async def test_cookies_are_not_kept() -> None:
    sets_one = ACCEPTED.replace(b"OK\r\n", b"OK\r\nSet-Cookie: session=1; Path=/\r\n")
    async with partner(sets_one) as server:
        out = Calls(
            f"http://localhost:{server.port}", deadline_seconds=5.0
        )  # an address gets no cookies anyway
        for _ in range(2):
            await post(out)
        await out.close()
    assert [heard.headers.get("Cookie") for heard in server.heard] == [None, None]


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "why", "deadline_seconds"),
    [
        (silence, "no answer in time", 0.2),
        (HEAD + b"1\r\nx\r\n", "no answer in time", 0.2),
        (flood(HEAD, b"10000\r\n" + b"x" * 0x10000 + b"\r\n"), "the answer is too large", 5.0),
        (hang_up, "ServerDisconnectedError", 5.0),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "ClientResponseError", 5.0),
    ],
    ids=["silence", "half an answer", "a flood", "hanging up", "no HTTP"],
)
async def test_what_is_no_whole_answer_is_none(
    answer: bytes | Act, why: str, deadline_seconds: float
) -> None:
    async with partner(answer) as server, calls(server, deadline_seconds) as out:
        with pytest.raises(NoAnswer) as none:
            await post(out)
    assert str(none.value) == why
    assert server.connections == 1, "nothing is sent twice by itself"


async def test_an_answer_as_large_as_allowed_is_read() -> None:
    body = b" " * MOST_BYTES
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with partner(head + body) as server, calls(server) as out:
        assert (await post(out)).body == body
