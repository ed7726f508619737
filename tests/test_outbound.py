"""Posts to partners: where they go, what goes out, and what comes back."""

from __future__ import annotations

import asyncio
import gzip

import aiohttp
import pytest

from cheonggu.domain.guard import Guard, parse_allow
from cheonggu.providers.connector import TRIP, ForbiddenError, GuardedConnector, Trip
from cheonggu.providers.outbound import SENTENCES, Reason
from tests.loopback import (
    ACCEPTED,
    Sockets,
    Zone,
    answered,
    hang_up,
    not_answered,
    once,
    outbound,
    partner,
    silence,
)

LIVE = Guard()
PUBLIC = "93.184.215.14"
PUBLIC_IPV6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
JSON = {"Content-Type": "application/json"}
# fmt: off
INNER = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254",
    "168.63.129.16", "198.18.0.1", "192.0.2.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "::",
    "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%lo", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    "2001:db8::1", "3fff::1", "100::1", "not an address", "",
    "0.0.0.0",  # noqa: S104 (nothing binds to it)
)
# fmt: on


async def test_a_post_comes_back_with_the_answer() -> None:
    async with partner() as server, outbound() as out:
        reply = answered(await out.post(server.url, b'{"a":1}', JSON | {"webhook-id": "evt"}))
    assert (reply.status, reply.body, reply.content_encoding) == (200, b'{"code":"0000"}', None)
    assert 0 <= reply.duration_ms < 30_000
    [request] = server.heard
    assert request.body == b'{"a":1}'
    assert request.headers == {
        "Host": f"127.0.0.1:{server.port}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": "Cheonggu",
        "Content-Type": "application/json",
        "Content-Length": "7",
        "webhook-id": "evt",
    }


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/callback?a=%2f&b=+&c=%zz",
        '/?q=|"<>{}^`[]',
        "/?%",
        "/?a=%2F%2f&a=%41&b=%EA%B2%B0",
        "/?a=b?c;d=&&=&",
        "/?url=http://user@host:1/#",
        "/a/../b//./c%2e%2e/%7Euser/~user",
        "//double//?//",
        "/?'()*!$,:;@",
        "/?token=a+b%20c%2Bd==",
    ],
)
async def test_path_and_query_go_out_byte_for_byte(target: str) -> None:
    async with partner() as server, outbound() as out:
        answered(await out.post(f"http://127.0.0.1:{server.port}{target}", b"{}", JSON))
    assert server.heard[0].target.decode() == target.partition("#")[0]


async def test_a_query_needs_no_path_and_a_fragment_stays_here() -> None:
    async with partner() as server, outbound() as out:
        answered(await out.post(f"http://127.0.0.1:{server.port}?a=%2f#top", b"{}", JSON))
    assert server.heard[0].target == b"/?a=%2f"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."])
async def test_an_odd_spelling_goes_where_it_was_judged_to_go(host: str) -> None:
    sockets = Sockets()
    async with partner() as server, outbound(sockets=sockets) as out:
        answered(await out.post(f"http://{host}:{server.port}/?a=%2f", b"{}", JSON))
    assert sockets.connects == [("127.0.0.1", server.port)]
    assert server.heard[0].headers["Host"] == f"127.0.0.1:{server.port}"
    assert server.heard[0].target == b"/?a=%2f"


async def test_a_public_name_is_reached_at_its_address_with_its_own_host_header() -> None:
    zone = Zone(erp_example=[[PUBLIC]])
    async with partner() as server:
        sockets = Sockets(detour=server.port)
        async with outbound(LIVE, zone=zone, sockets=sockets) as out:
            answered(await out.post("http://ERP.example.:8080/callback", b"{}", JSON))
    assert sockets.connects == [(PUBLIC, 8080)]
    assert server.heard[0].headers["Host"].lower().startswith("erp.example")


@pytest.mark.parametrize(
    "address",
    INNER,
)
async def test_a_name_with_an_inner_address_is_not_even_tried(address: str) -> None:
    sockets = Sockets()
    async with outbound(LIVE, zone=Zone(erp_example=[[address]]), sockets=sockets) as out:
        reply = not_answered(await out.post("http://erp.example/", b"{}", JSON))
    assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert sockets.opened == 0


@pytest.mark.parametrize(
    "answer", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], ["::1", PUBLIC, "10.0.0.1"]]
)
async def test_of_a_mixed_answer_only_the_public_address_is_tried(answer: list[str]) -> None:
    async with partner() as server:
        sockets = Sockets(detour=server.port)
        async with outbound(LIVE, zone=Zone(erp_example=[answer]), sockets=sockets) as out:
            answered(await out.post("http://erp.example/", b"{}", JSON))
    assert sockets.connects == [(PUBLIC, 80)]


async def test_a_name_that_turns_inward_between_two_posts_is_caught() -> None:
    zone = Zone(erp_example=[[PUBLIC], ["127.0.0.1"]])
    async with partner(once(ACCEPTED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))) as server:
        sockets = Sockets(detour=server.port)
        async with outbound(LIVE, zone=zone, sockets=sockets) as out:
            answered(await out.post("http://erp.example/", b"{}", JSON))
            reply = not_answered(await out.post("http://erp.example/", b"{}", JSON))
    assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert zone.asked == ["erp.example", "erp.example"]
    assert sockets.connects == [(PUBLIC, 80)]
    assert server.connections == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "http://127.1:{}/", "http://[::ffff:127.0.0.1]:{}/"])
async def test_an_inner_address_in_the_url_is_refused_at_delivery_too(url: str) -> None:
    sockets = Sockets()
    async with partner() as server, outbound(LIVE, sockets=sockets) as out:
        reply = not_answered(await out.post(url.format(server.port), b"{}", JSON))
    assert reply.reason is Reason.FORBIDDEN_ADDRESS
    assert sockets.opened == server.connections == 0


async def test_the_connector_alone_opens_no_socket_for_an_inner_address() -> None:
    sockets = Sockets()
    connector = GuardedConnector(LIVE, Zone(), sockets, None)
    TRIP.set(Trip("127.0.0.1"))
    async with partner() as server, aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.post(server.url)
    assert isinstance(raised.value.os_error, ForbiddenError)
    assert sockets.opened == 0


@pytest.mark.parametrize(
    ("allow", "delivered"),
    [
        ("erp.internal", True),
        ("127.0.0.0/8", True),
        ("erp.internal:1", False),
        ("other.internal", False),
        ("", False),
    ],
)
async def test_what_the_operator_lists_is_reached_in_live_mode(allow: str, *, delivered: bool) -> None:
    zone = Zone(erp_internal=[["127.0.0.1"]])
    async with partner() as server, outbound(Guard(parse_allow(allow)), zone=zone) as out:
        await out.post(f"http://erp.internal:{server.port}/", b"{}", JSON)
    assert [request.headers["Host"] for request in server.heard] == [
        f"erp.internal:{server.port}"
    ] * delivered


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with partner() as other:
        redirect = b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: " + other.url.encode() + b"\r\n\r\n"
        async with partner(redirect) as server, outbound() as out:
            assert answered(await out.post(server.url, b"{}", JSON)).status == 307
    assert other.connections == 0


async def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with partner() as proxy, partner() as server, outbound() as out:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answered(await out.post(server.url, b"{}", JSON))
    assert (proxy.connections, server.connections) == (0, 1)


async def test_a_compressed_body_comes_back_as_it_was_sent() -> None:
    packed = gzip.compress(b"x" * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with partner(head.encode() + packed) as server, outbound() as out:
        reply = answered(await out.post(server.url, b"{}", JSON))
    assert (reply.body, reply.content_encoding) == (packed, "gzip")


async def test_cookies_are_not_kept() -> None:
    sets_one = ACCEPTED.replace(b"OK\r\n", b"OK\r\nSet-Cookie: session=1; Path=/\r\n")
    zone, guard = Zone(erp_internal=[["127.0.0.1"]]), Guard(parse_allow("erp.internal"))
    async with partner(sets_one) as server, outbound(guard, zone=zone) as out:
        for _ in range(2):  # by name: an address gets no cookies anyway
            answered(await out.post(f"http://erp.internal:{server.port}/", b"{}", JSON))
    assert [request.headers.get("Cookie") for request in server.heard] == [None, None]


async def test_a_connection_is_kept_for_the_next_post() -> None:
    async with partner() as server, outbound() as out:
        for _ in range(3):
            answered(await out.post(server.url, b"{}", JSON))
    assert [request.connection for request in server.heard] == [1, 1, 1]


async def test_a_kept_connection_that_closes_as_we_write_is_made_anew() -> None:
    async with partner(ACCEPTED, hang_up, ACCEPTED) as server, outbound() as out:
        answered(await out.post(server.url, b"{}", JSON))
        answered(await out.post(server.url, b"{}", JSON))
    assert [request.connection for request in server.heard] == [1, 1, 2]


async def test_a_fresh_connection_that_closes_is_not_tried_again() -> None:
    async with partner(hang_up) as server, outbound() as out:
        reply = not_answered(await out.post(server.url, b"{}", JSON))
    assert reply.reason is Reason.DISCONNECTED
    assert server.connections == 1


@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_nobody_asked_for_is_not_taken_for_the_next(*, late: bool) -> None:
    unasked = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    go, gone = asyncio.Event(), asyncio.Event()

    async def twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ACCEPTED)
        if late:
            await go.wait()
        writer.write(unasked)
        gone.set()

    async with partner(twice, ACCEPTED) as server, partner() as other, outbound() as out:
        assert answered(await out.post(server.url, b"1", JSON)).body == b'{"code":"0000"}'
        go.set()
        await gone.wait()
        answered(await out.post(other.url, b"{}", JSON))  # by now the unasked bytes are read
        assert answered(await out.post(server.url, b"2", JSON)).body == b'{"code":"0000"}'
    assert [(request.connection, request.body) for request in server.heard] == [(1, b"1"), (2, b"2")]


async def test_many_posts_go_at_once_and_a_silent_partner_delays_none() -> None:
    async with partner(silence) as silent, partner() as server, outbound(deadline_seconds=5) as out:
        stuck = [asyncio.create_task(out.post(silent.url, b"{}", JSON)) for _ in range(100)]
        await silent.came.wait()
        replies = await asyncio.gather(*(out.post(server.url, b"{}", JSON) for _ in range(300)))
        assert all(answered(reply).status == 200 for reply in replies)
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_closing_answers_the_posts_under_way() -> None:
    async with partner(silence) as server, outbound() as out:
        posting = asyncio.create_task(out.post(server.url, b"{}", JSON))
        await server.came.wait()
        await out.close()
        assert not_answered(await posting).reason is Reason.CLOSED
        assert not_answered(await out.post(server.url, b"{}", JSON)).reason is Reason.CLOSED


async def test_a_cancelled_post_is_cancelled() -> None:
    async with partner(silence) as server, outbound() as out:
        posting = asyncio.create_task(out.post(server.url, b"{}", JSON))
        await server.came.wait()
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    assert len(set(SENTENCES.values())) == len(SENTENCES)
