"""Nobody waits for somebody else's server: lanes, and claims that step from receiver to receiver."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from cheonggu.delivery.callback import LEASE_SECONDS, Deliverer
from cheonggu.delivery.lanes import MOST_KNOWN, SLOW_MS, Lanes
from cheonggu.service import Service
from cheonggu.store import outbox
from cheonggu.store.outbox import Allowance
from tests.flow import created, deliverer
from tests.loopback import ACCEPTED, partner, silence

COPY_BILLS = """
INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                  product_name, price_won, name_sealed, phone_sealed, name_index, phone_index, expires_at,
                  callback_url, short_code, sends, created_at)
SELECT partner_id, 1000000 + copy, 'COPY' || copy, member_code, merchant_code, wallet_code, 'URL', issuer,
       product_name, price_won, name_sealed, phone_sealed, name_index, phone_index, expires_at,
       callback_url, short_code, 0, created_at
FROM bill, generate_series(1, $2) copy
WHERE bill_no = $1
"""

CALL_BACK = """
INSERT INTO callback (partner_id, bill_no, kind, url, receiver, began_at, due_at)
SELECT partner_id, bill_no, 'DESTROYED', url, url, $2, $2
FROM bill, LATERAL (SELECT ($1::text[])[1 + bill_no % cardinality($1)]) u (url)
WHERE bill_no > 1000000
"""


async def _copies(service: Service, urls: list[str], each: int) -> None:
    """So many callbacks to every URL, each about a bill of its own: copies of one."""
    bill = await created(service)
    await service.db.execute(COPY_BILLS, bill.bill_no, len(urls) * each)
    await service.db.execute(CALL_BACK, urls, service.clock.now())


async def _left(service: Service, urls: list[str]) -> int:
    return await service.db.fetchval(
        "SELECT count(*) FROM callback WHERE state <> 'DELIVERED' AND url = ANY($1)", urls
    )


async def _work_until_none_left(service: Service, work: Deliverer, urls: list[str]) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while await _left(service, urls):
        if not await work.step():
            await work.hands.rest(0.05)
    return loop.time() - began


@pytest.fixture
def patience_seconds(service: Service, monkeypatch: pytest.MonkeyPatch) -> float:
    """How long a receiver is waited for: so long that whoever had to wait for one would be seen to."""
    monkeypatch.setattr(service.outbound, "_deadline_seconds", 60.0)
    return 60.0


async def test_a_receiver_that_never_answers_delays_nobody_else(
    service: Service, patience_seconds: float
) -> None:
    async with partner(silence) as dead, partner() as healthy:
        await _copies(service, [dead.url, healthy.url], 200)
        work = deliverer(service)
        assert await _work_until_none_left(service, work, [healthy.url]) < patience_seconds / 2
        assert len(healthy.heard) == 200
        assert len(dead.heard) <= 32
        await work.hands.finish(0)


class HungOnce:
    """A receiver that stops answering after so many callbacks, and answers again when it is told to."""

    def __init__(self, healthy: int) -> None:
        self._healthy = healthy
        self.well = asyncio.Event()
        self.hung = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._healthy -= 1
        if self._healthy < 0 and not self.well.is_set():
            self.hung += 1
            await silence(reader, writer)
        else:
            writer.write(ACCEPTED)


@pytest.mark.parametrize("healthy", [0, 40])
async def test_a_receiver_that_hung_once_gets_its_queue_at_full_speed_once_its_lanes_are_back(
    service: Service, healthy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cheonggu.delivery.lanes.SLOW_MS", 1_600)
    monkeypatch.setattr(service.outbound, "_deadline_seconds", 2)
    act = HungOnce(healthy)
    async with partner(act) as receiver:
        await _copies(service, [receiver.url], 200)
        work = deliverer(service)
        while not act.hung:
            await work.step()
            await work.hands.rest(0.05)
        await service.clock.advance(service.db, 10)  # in the middle of the tries that hang
        act.well.set()
        async with asyncio.timeout(30):
            assert await _work_until_none_left(service, work, [receiver.url]) < 15
        assert len(receiver.heard) == 200 + act.hung


async def test_with_a_fifth_of_the_receivers_dead_the_others_get_theirs_at_full_speed(
    service: Service, patience_seconds: float
) -> None:
    async with AsyncExitStack() as stack:
        dead = [(await stack.enter_async_context(partner(silence))).url for _ in range(6)]
        healthy = [(await stack.enter_async_context(partner())).url for _ in range(24)]
        await _copies(service, dead + healthy, 40)
        work = deliverer(service)
        assert await _work_until_none_left(service, work, healthy) < patience_seconds / 2
        assert await _left(service, dead) == len(dead) * 40
        await work.hands.finish(0)


async def test_when_lanes_are_scarce_every_receiver_still_gets_its_turn(service: Service) -> None:
    async with AsyncExitStack() as stack:
        urls = [(await stack.enter_async_context(partner())).url for _ in range(20)]
        await _copies(service, urls, 5)
        work = deliverer(service, Lanes(most=3, most_of_a_receiver=1))
        async with asyncio.timeout(60):
            await _work_until_none_left(service, work, urls)
        await work.hands.finish(5)


async def test_a_look_at_few_receivers_goes_on_where_the_last_one_ended(service: Service) -> None:
    urls = [f"http://r{number}" for number in range(7)]
    await _copies(service, urls, 2)
    after, looks = "", list[list[str]]()
    for _ in range(4):
        taken, after = await outbox.claim_callbacks(
            service.db, service.clock.now(), LEASE_SECONDS, Allowance({}, 1, 100), after, 3
        )
        looks.append([callback.receiver for callback in taken])
    assert looks == [urls[0:3], urls[3:6], urls[6:], urls[0:3]]


async def test_a_saturated_receiver_is_passed_over(service: Service) -> None:
    urls = ["http://a", "http://b", "http://c"]
    await _copies(service, urls, 3)
    taken, _ = await outbox.claim_callbacks(
        service.db,
        service.clock.now(),
        LEASE_SECONDS,
        Allowance({"http://a": 0, "http://b": 1}, 2, 100),
        "",
        10,
    )
    assert Counter(callback.receiver for callback in taken) == {"http://b": 1, "http://c": 2}


def taken_up(lanes: Lanes, names: list[str]) -> int:
    """How many lanes these receivers get when each takes whatever it may, one after the other."""
    under_way = 0
    while before := [name for name in names if lanes.allowance().of.get(name, lanes.allowance().others)]:
        for name in before:
            for _ in range(lanes.allowance().of.get(name, lanes.allowance().others)):
                lanes.enter(name)
                under_way += 1
    return under_way


def tried(lanes: Lanes, name: str, durations_ms: list[int], *, answered: bool = True) -> None:
    for duration_ms in durations_ms:
        lanes.enter(name)
        lanes.learn(name, duration_ms, answered=answered)
        lanes.leave(name)


def test_a_receiver_begins_with_a_few_lanes_and_earns_more_by_answering() -> None:
    lanes = Lanes()
    limits = [lanes.allowance().others]
    for _ in range(4):
        tried(lanes, "r", [1])
        limits.append(lanes.allowance().of["r"])
    assert limits == [4, 8, 16, 32, 32]


@pytest.mark.parametrize(
    ("durations_ms", "answered", "limit"),
    [
        ([SLOW_MS], False, 1),
        ([SLOW_MS - 1], False, 8),  # refused at once: it holds no lane
        ([SLOW_MS], True, 8),
        ([SLOW_MS] * 5, True, 32),
    ],
)
def test_only_a_long_silence_costs_a_receiver_its_lanes(
    durations_ms: list[int], limit: int, *, answered: bool
) -> None:
    lanes = Lanes()
    tried(lanes, "r", durations_ms, answered=answered)
    assert lanes.allowance().of == {"r": limit}


def test_a_receiver_that_answers_again_earns_its_lanes_back() -> None:
    lanes = Lanes()
    tried(lanes, "r", [10_000], answered=False)
    tried(lanes, "r", [1] * 5)
    assert lanes.allowance().of == {"r": 32}


def test_many_unknown_receivers_that_hang_hold_little() -> None:
    lanes = Lanes()
    assert taken_up(lanes, [f"new{number}" for number in range(60)]) == 60 * 4


def test_a_crowd_of_trusted_receivers_that_hangs_at_once_leaves_some_lanes() -> None:
    lanes = Lanes()
    names = [f"trusted{number}" for number in range(60)]
    for name in names:
        tried(lanes, name, [1] * 3)
    assert taken_up(lanes, names) < lanes.most
    assert lanes.allowance().others > 0


def test_receivers_that_were_slow_together_get_half_of_the_lanes_at_most() -> None:
    lanes = Lanes(most=64)
    names = [f"slow{number}" for number in range(64)]
    for name in names:
        tried(lanes, name, [SLOW_MS])
    assert taken_up(lanes, names) == 32
    assert lanes.allowance().others > 0


def test_a_claim_takes_half_of_what_is_free_at_most() -> None:
    lanes = Lanes(most=5)
    altogether: list[int] = []
    for number in range(6):
        altogether.append(lanes.allowance().altogether)
        lanes.enter(f"r{number}")
    assert altogether == [3, 2, 2, 1, 1, 0]


def test_only_so_many_receivers_are_remembered() -> None:
    lanes = Lanes()
    for number in range(MOST_KNOWN + 5):
        tried(lanes, f"r{number}", [1])
    remembered = lanes.allowance().of
    assert len(remembered) == MOST_KNOWN
    assert "r0" not in remembered
