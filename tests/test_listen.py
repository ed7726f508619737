"""`cheonggu listen`: callbacks handed to a listener on the user's machine, and what becomes of them."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cheonggu.cli import listener
from cheonggu.cli.forward_to import ForwardTo
from cheonggu.cli.running import http_server
from cheonggu.providers.reply import Reply
from cheonggu.sandbox.remote import Remote, SandboxRefused
from cheonggu.store import listeners
from cheonggu.wiring import open_service
from tests.checks import assert_books_hold
from tests.conftest import free_port, until
from tests.live import OTHER, Live, receiver
from tests.running_dev import clean_environment
from tests.test_callback_lab import get, paid, tried, trouble

NOWHERE = "https://erp.partner.invalid/hooks/paid?token=a%2Fb&c=%ED%95%9C"
"""A host that no resolver knows."""


@asynccontextmanager
async def listening(
    live: Live, at: str, *, base_url: str | None = None, api_key: str | None = None
) -> AsyncGenerator[list[tuple[str, Reply]]]:
    """A listener that is there; what it posted, and what came of it."""
    told: list[tuple[str, Reply]] = []
    there = asyncio.Event()

    def heard(_: Mapping[str, Any], url: str, reply: Reply) -> None:
        told.append((url, reply))

    remote = Remote(base_url or live.url, api_key)
    async with listener.opened(remote, ForwardTo(at), lambda _: there.set(), heard) as made:
        task = asyncio.create_task(made.listen())
        await asyncio.wait_for(there.wait(), 30)
        try:
            yield told
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def who_listens(live: Live) -> list[str]:
    return [one["forwardTo"] for one in (await get(live, "/sandbox/listen"))["listeners"]]


@pytest.mark.parametrize(
    ("forward_to", "callback_url", "posted_to"),
    [
        ("localhost:3000/cb", "https://a.kr/x?t=a%2Fb&c=", "http://localhost:3000/cb?t=a%2Fb&c="),
        ("localhost:3000/cb", "https://a.kr/x", "http://localhost:3000/cb"),
        ("http://127.0.0.1:3000", "https://a.kr/hooks/pay?t=1", "http://127.0.0.1:3000/hooks/pay?t=1"),
        ("localhost:3000/", "https://a.kr/hooks/pay", "http://localhost:3000/"),
        ("localhost:3000?mine=1", "https://a.kr/x?t=%2f", "http://localhost:3000/x?mine=1&t=%2f"),
        ("https://[::1]:8443/cb?a#b", "https://a.kr?x#y", "https://[::1]:8443/cb?a&x"),
    ],
)
def test_a_callback_goes_to_the_users_address_with_its_own_query_string(
    forward_to: str, callback_url: str, posted_to: str
) -> None:
    assert ForwardTo(forward_to).of(callback_url) == posted_to


@pytest.mark.parametrize("text", ["", "localhost:99999/cb", "ftp://a/b", "a b", "http://me@host/"])
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="요"):
        ForwardTo(text)


async def test_a_callback_reaches_a_listener_whatever_host_it_names(live: Live) -> None:
    await live.create(billId="FAR", callbackUrl=NOWHERE)
    async with receiver() as local, listening(live, local.url) as told:
        await live.pay("FAR")
        callback = await tried(live, "FAR", 1)
    (came,) = local.calls
    (attempt,) = callback["attempts"]
    assert callback["state"] == "DELIVERED"
    assert (came.path, came.query) == ("/callback", "token=a%2Fb&c=%ED%95%9C")
    assert attempt["request"]["url"] == NOWHERE
    assert attempt["request"]["body"].encode() == came.raw
    assert attempt["request"]["headers"].items() <= came.headers.items()
    assert attempt["forwardedTo"] == told[0][0] == f"{local.url}?token=a%2Fb&c=%ED%95%9C"
    assert live.receiver.calls == []
    await assert_books_hold(live.service.db)


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [(200, '{"code":"1"}', '"1"'), (500, "oops", "HTTP 500"), (200, "x" * 65_000, "JSON이 아니")],
)
async def test_an_answer_counts_by_the_same_rules(live: Live, status: int, answer: str, word: str) -> None:
    async with receiver() as local, listening(live, local.url):
        local.answer = lambda _: (status, answer)
        await paid(live, "RULES", callbackUrl=NOWHERE)
        callback = await tried(live, "RULES", 1)
        (attempt,) = callback["attempts"]
        assert (callback["state"], attempt["status"]) == ("PENDING", status)
        assert word in attempt["reason"]
        assert attempt["answer"]["text"] == answer[:1_024]


async def test_a_receiver_that_is_not_there_is_the_reason_and_it_is_tried_again(live: Live) -> None:
    async with listening(live, f"127.0.0.1:{free_port()}/cb"):
        await paid(live, "ABSENT")
        attempt = (await tried(live, "ABSENT", 1))["attempts"][0]
        assert (attempt["status"], live.receiver.calls) == (None, [])
        assert "거부" in attempt["reason"]
        await live.advance(10)
        await tried(live, "ABSENT", 2)


async def test_two_listeners_of_one_partner_do_not_double_a_callback(live: Live) -> None:
    async with (
        receiver() as one,
        receiver() as two,
        listening(live, one.url),
        listening(live, two.url),
    ):
        assert sorted(await who_listens(live)) == sorted([one.url, two.url])
        for number in range(20):
            await paid(live, f"TWO-{number}", callbackUrl=NOWHERE)
        for number in range(20):
            assert (await tried(live, f"TWO-{number}", 1))["state"] == "DELIVERED"
        bills = [call.body["billId"] for call in one.calls + two.calls]
    assert sorted(bills) == sorted({f"TWO-{number}" for number in range(20)})


async def test_another_partners_listener_gets_nothing_of_mine(live: Live) -> None:
    async with receiver() as local, listening(live, local.url, api_key=OTHER["apiKey"]):
        await paid(live, "MINE")
        assert (await tried(live, "MINE", 1))["attempts"][0]["forwardedTo"] is None
        assert (len(live.receiver.calls), local.calls) == (1, [])


async def test_after_a_goodbye_callbacks_go_to_their_own_address_at_once(live: Live) -> None:
    async with receiver() as local, listening(live, local.url):
        pass

    async def gone() -> bool:  # its last asking, cut off on its way, may come after its goodbye
        return await who_listens(live) == []

    await until(gone)
    await paid(live, "AFTER")
    assert (await tried(live, "AFTER", 1))["state"] == "DELIVERED"
    assert len(live.receiver.calls) == 1


async def test_a_listener_that_died_is_noticed_and_its_callback_goes_to_its_own_address(live: Live) -> None:
    # It asked once, and never again.
    await listeners.stay(live.service.db, 1, "dead-listener", "http://127.0.0.1:1")
    await live.service.db.execute(
        "UPDATE sandbox_listener SET leased_until = clock_timestamp() + interval '700 ms'"
    )
    await paid(live, "DEAD")
    assert (await tried(live, "DEAD", 1))["state"] == "DELIVERED"
    assert len(live.receiver.calls) == 1


async def ask(live: Live, **fields: object) -> dict[str, Any]:
    """One asking, as a program in any language makes it."""
    status, body = await live.call("/sandbox/listen", fields)
    assert status == 200, body
    return body


async def test_a_connection_that_breaks_while_it_asks_is_noticed_at_once(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "LEASE_SECONDS", 600.0)
    name = (await ask(live))["listener"]
    there_until = "SELECT leased_until FROM sandbox_listener"
    first = await live.service.db.fetchval(there_until)
    asking = asyncio.create_task(ask(live, listener=name))

    async def asks() -> bool:
        return await live.service.db.fetchval(there_until) > first

    await until(asks)
    asking.cancel()

    async def gone() -> bool:
        return await who_listens(live) == []

    await until(gone)


async def test_a_listener_that_dies_with_a_callback_in_hand_costs_a_try(live: Live) -> None:
    name = (await ask(live, forwardTo="elsewhere"))["listener"]
    await paid(live, "HELD")
    (handed,) = (await ask(live, listener=name))["callbacks"]
    assert json.loads(handed["body"])["billId"] == handed["billId"] == "HELD"
    assert 0 < handed["secondsLeft"] <= 10
    await listeners.leave(live.service.db, 1, name)
    attempt = (await tried(live, "HELD", 1))["attempts"][0]
    assert "listen" in attempt["reason"]
    late = {"listener": name, "url": "http://x", "status": 200, "body": '{"code":"0000"}'}
    assert (await live.call(f"/sandbox/listen/{handed['id']}/answer", late))[1] == {"counts": False}
    await live.advance(10)
    assert (await tried(live, "HELD", 2))["state"] == "DELIVERED"


async def test_what_was_handed_over_and_not_received_is_handed_over_again(live: Live) -> None:
    name = (await ask(live))["listener"]
    await paid(live, "AGAIN")
    (handed,) = (await ask(live, listener=name, holding=[]))["callbacks"]
    assert (await ask(live, listener=name, holding=[]))["callbacks"][0]["id"] == handed["id"]
    answer = {"listener": name, "url": "http://x", "status": 200, "bodyBase64": "eyJjb2RlIjoiMDAwMCJ9"}
    assert (await live.call(f"/sandbox/listen/{handed['id']}/answer", answer))[1] == {"counts": True}
    assert (await tried(live, "AGAIN", 1))["state"] == "DELIVERED"
    assert (await live.call(f"/sandbox/listen/{handed['id']}/answer", answer))[1] == {"counts": False}


async def test_only_who_took_a_callback_may_answer_it(live: Live) -> None:
    mine, yours = (await ask(live))["listener"], (await ask(live))["listener"]
    await paid(live, "WHOSE")
    (handed,) = (await ask(live, listener=mine))["callbacks"]
    answer = {"url": "http://x", "status": 500}
    path = f"/sandbox/listen/{handed['id']}/answer"
    for other in ({"listener": yours}, {"listener": mine, "apiKey": OTHER["apiKey"]}):
        assert (await live.call(path, answer | other))[1] == {"counts": False}
    assert (await live.call(path, answer | {"listener": mine}))[1] == {"counts": True}
    assert (await tried(live, "WHOSE", 1))["attempts"][0]["status"] == 500


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        ("", {"listener": "short"}, "listener"),
        ("", {"listener": "x" * 8, "holding": ["x"]}, "holding"),
        ("", {"forwardTo": "x" * 3_000}, "forwardTo"),
        ("/1/answer", {"listener": "x" * 8, "url": "http://x"}, "status"),
        ("/1/answer", {"listener": "x" * 8, "url": "http://x", "status": 9}, "status"),
        ("/1/answer", {"listener": "x" * 8, "url": "http://x", "reason": "tired"}, "reason"),
        ("/1/answer", {"listener": "x" * 8, "url": "x", "status": 200, "bodyBase64": "%"}, "bodyBase64"),
    ],
)
async def test_what_a_listener_says_wrongly_is_refused_by_its_field(
    live: Live, path: str, fields: dict[str, object], word: str
) -> None:
    status, envelope = await live.call(f"/sandbox/listen{path}", fields)
    assert (status, envelope["code"]) == (400, "VALIDATION_001")
    assert envelope["message"].startswith(word)


async def test_trouble_comes_before_a_listener(live: Live) -> None:
    async with receiver() as local, listening(live, local.url):
        await live.create(billId="TROUBLED", callbackUrl=NOWHERE)
        await trouble(live, billId="TROUBLED", kind="LOST")
        await live.pay("TROUBLED")
        assert (await tried(live, "TROUBLED", 1))["attempts"][0]["trouble"] == "LOST"
        assert local.calls == []


async def test_a_listener_with_a_wrong_key_is_told_so(live: Live) -> None:
    said: list[str] = []
    async with listener.opened(
        Remote(live.url, "no-such-key"),
        ForwardTo("localhost:1"),
        said.append,
        lambda _, url, __: said.append(url),
    ) as made:
        with pytest.raises(SandboxRefused, match="PARTNER_003"):
            await made.listen()


async def test_a_listener_at_another_process_gets_it_and_outlives_that_process(live: Live, dsn: str) -> None:
    """Two API processes on one database; the one that the listener is at ends and comes back."""
    settings = live.service.settings
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"

    @asynccontextmanager
    async def second() -> AsyncGenerator[None]:
        from cheonggu.cli.process import listen as open_port

        async with open_service(settings, dsn) as service:
            server = http_server(service)
            running = asyncio.create_task(server.serve(open_port("127.0.0.1", port)))
            try:
                yield
            finally:
                server.force_exit = True
                server.stop()
                await running

    async with receiver() as local:
        async with second():
            opened = listening(live, local.url, base_url=base_url)
            await opened.__aenter__()
            await paid(live, "FIRST", callbackUrl=NOWHERE)
            assert (await tried(live, "FIRST", 1))["state"] == "DELIVERED"
        await paid(live, "MEANWHILE")
        async with second():

            async def back() -> bool:
                return await who_listens(live) == [local.url]

            await until(back)
            await paid(live, "SECOND", callbackUrl=NOWHERE)
            assert (await tried(live, "SECOND", 1))["state"] == "DELIVERED"
            await opened.__aexit__(None, None, None)


async def command(*arguments: str) -> asyncio.subprocess.Process:
    """A command of ours, as a user starts it."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cheonggu", *arguments),
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_command_prints_a_line_for_each_callback_and_ends_at_ctrl_c(live: Live) -> None:
    async with receiver() as local:
        local.answer = lambda call: (200, '{"code":"0000"}' if call.body["billId"] == "GOOD" else "OK")
        process = await command("listen", "--forward-to", local.url, "--base-url", f"{live.url}/partner")

        async def there() -> bool:
            return bool(await who_listens(live))

        await until(there)
        for bill_id in ("GOOD", "BAD"):
            await paid(live, bill_id, callbackUrl=NOWHERE)
            await tried(live, bill_id, 1)
        process.send_signal(signal.SIGINT)
        out, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert complaints.decode().splitlines()[0] == f"Listening at {live.url}, forwarding to {local.url}"
    good, bad = out.decode().splitlines()
    assert "GOOD  F  150,000 won  200  accepted" in good
    assert "BAD  F  150,000 won  200  not accepted: " in bad
    assert await who_listens(live) == []
