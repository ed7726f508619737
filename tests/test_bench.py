"""The benchmark in short, which guards the figure that matters, and the small parts that it leans on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
from bench import base
from bench.accounts import HOT, check_books
from bench.backlog import Gauge, gauge
from bench.bodies import OK, Creates, Destroys, Pages, Pays, Reads, Requests, prepare
from bench.creating import Creator, figure_of, make_bills
from bench.driver import drive
from bench.effort import QUICK, TALK, URL, Shape
from bench.load import Spec
from bench.loops import moments
from bench.plans import growing_parts, plans_in
from bench.processes import Cost
from bench.results import Book, Figure, Measurement, Round, load
from bench.service import Running, cheonggu
from bench.stage import Stage, order
from bench.stage import stage as own_stage
from bench.stats import latency, percentile, ratio, spread
from bench.wire import answer_length, is_right

LEAST_TIMES_THE_BASE = {Shape(URL, 64): 4.0, Shape(TALK, 64): 4.0}
"""Guards against a sudden loss on a noisy machine; a quiet one showed 8.0 and 5.3 at least, the aim is 10."""
ROUNDS = 5
MOST_TRIES = 3
"""Somebody else may have needed the machine: what was lost is missing in each of them."""


@pytest_asyncio.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The benchmark's own, on a disk: a commit's wait for it is what many bills share."""
    async with own_stage(tmp_path_factory.mktemp("bench")) as made:
        await made.make_template(0)
        yield made


@pytest.mark.parametrize("shape", LEAST_TIMES_THE_BASE, ids=lambda shape: shape.name)
async def test_creates_are_several_times_as_fast_as_one_bill_a_transaction(
    stage: Stage, tmp_path: Path, shape: Shape
) -> None:
    least = LEAST_TIMES_THE_BASE[shape]
    async with base.plain_database(stage) as plain, stage.database("short") as dsn, gauge(dsn) as counts:
        async with cheonggu(stage, dsn) as running:
            times, tries = 0.0, 0
            while times < least and tries < MOST_TRIES:
                times = await _compare(shape, stage, plain, running, counts, tmp_path)
                tries += 1
        await check_books(dsn)
    assert times >= least


async def _compare(
    shape: Shape, stage: Stage, plain: str, running: Running, counts: Gauge, folder: Path
) -> float:
    """How many times the base: the ratio of the medians of interleaved rounds."""
    book = Book(folder / "results.json")
    creator, figure = Creator(QUICK, book, []), figure_of(shape)
    bases: list[float] = []
    for _ in range(ROUNDS):
        bases.append((await base.pgbench(stage, plain, seconds=1)).rate)
        await creator.stretch(shape, figure, running, counts)
    return ratio(book.values(figure.name), bases)


async def test_every_kind_of_request_is_answered_as_expected(stage: Stage) -> None:
    """A load whose requests the service refuses would end a benchmark only after half an hour."""
    async with stage.database("kinds") as dsn, cheonggu(stage, dsn) as running:
        await make_bills(running.port, 8, URL)
        bills = await order(
            dsn, "SELECT bill_id, short_code, price_won::text AS price FROM bill ORDER BY bill_no"
        )
        ids = [bill["bill_id"] for bill in bills]
        kinds: list[Requests] = [
            Reads(caller=HOT, bill_ids=ids, count=8),
            Pages(codes=[bill["short_code"] for bill in bills], count=8),
            Pays(bill_ids=ids[:4]),
            Destroys(caller=HOT, bills=[(bill["bill_id"], bill["price"]) for bill in bills[4:]]),
        ]
        for requests in kinds:
            await drive(Spec(port=running.port, clients=2, requests=requests), {})
        states = await order(dsn, "SELECT state, count(*) FROM bill GROUP BY state ORDER BY state")
    assert [tuple(row.values()) for row in states] == [("DESTROYED", 4), ("PAID", 4)]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100), (0.01, 1), (0.005, 1)]
)
def test_percentiles_are_values_that_were_seen(share: float, expected: float) -> None:
    assert percentile(range(1, 101), share) == expected


def test_a_percentile_of_nothing_is_zero_and_its_share_is_a_share() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([7], 0.5) == 7
    with pytest.raises(ValueError, match="share"):
        percentile([1], 0)
    with pytest.raises(ValueError, match="share"):
        percentile([1], 99)


def test_spread_and_ratio_go_by_medians() -> None:
    assert spread([3, 1, 100]) == spread([100, 3, 1])
    assert spread([3, 1, 100]).median == 3
    assert (spread([3, 1, 100]).least, spread([3, 1, 100]).most) == (1, 100)
    assert ratio([10, 10, 1000], [1, 5, 5]) == 2


def test_latency_is_told_in_milliseconds_whatever_the_order() -> None:
    told = latency([0.003, 0.001, 0.002])
    assert (told.p50_ms, told.p99_ms, told.most_ms) == (2, 3, 3)


def test_the_moments_of_an_open_loop_keep_the_rate() -> None:
    due = moments(1_000, begin=5.0, until=25.0)
    assert 18_500 < len(due) < 21_500
    assert due == sorted(due)
    assert 5 < due[0] < due[-1] < 25


def test_no_two_creates_are_the_same_and_each_is_hashed() -> None:
    requests, expected = prepare(Creates(callers=[HOT], send_type="URL", count=500))
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests]
    bills = [body["bill"] for body in bodies]
    assert len({bill["billId"] for bill in bills}) == 500
    assert expected == OK
    for bill in bills:
        hashed = ",".join((bill["billId"], bill["phone"], bill["price"]))
        assert bill["hash"] == sha256(hashed.encode()).hexdigest()
        assert len(bill["billId"]) == 20


def test_a_request_says_how_long_its_body_is() -> None:
    (request,), _ = prepare(Destroys(caller=HOT, bills=[("가", "1000")]))
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 40),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\n{", 46),
        (b"HTTP/1.1 200 OK\r\nconte", 23),
    ],
)
def test_an_answer_ends_where_its_head_says(data: bytes, length: int) -> None:
    assert answer_length(data) == length


def test_an_answer_without_a_length_is_no_answer() -> None:
    with pytest.raises(ConnectionError):
        answer_length(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n")


def test_only_0000_with_200_is_right() -> None:
    assert is_right(b'HTTP/1.1 200 OK\r\n\r\n{"code":"0000"}', OK)
    assert not is_right(b'HTTP/1.1 400 Bad\r\n\r\n{"code":"0000"}', OK)
    assert not is_right(b'HTTP/1.1 200 OK\r\n\r\n{"code":"BILL_001"}', OK)


def test_results_are_one_object_for_each_measurement_with_five_keys(tmp_path: Path) -> None:
    book = Book(tmp_path / "results.json")
    cost = Cost(cpu_seconds={"server": 0.5}, rss_mb={"server": 60.0}, pss_mb={"server": 50.0})
    for theirs, ours in ((10, 90), (11, 100), (20, 500)):
        book.add(Figure(name="base", title="b", group="g", unit="bills/s"), Round(value=theirs))
        book.add(
            Figure(name="ours", title="o", group="g", unit="bills/s", ratio_to="base"),
            Round(value=ours, cost=cost, count=1_000),
        )
    book.note(Measurement(name="machine", value=2, unit="cores"))
    book.save()
    told = json.loads((tmp_path / "results.json").read_text())
    assert [one["name"] for one in told] == ["base", "ours", "machine"]
    assert all({"name", "value", "unit", "ratio_to", "ratio"} <= one.keys() for one in told)
    assert (told[1]["value"], told[1]["ratio"], told[1]["least"], told[1]["most"]) == (100, 9.091, 90, 500)
    assert told[1]["cpu_us_each"] == {"server": 500}
    assert load(tmp_path / "results.json")[1].ratio_to == "base"


def test_a_plan_that_reads_a_whole_growing_table_is_found(tmp_path: Path) -> None:
    whole = {"Node Type": "Seq Scan", "Relation Name": "bill"}
    small = {"Node Type": "Seq Scan", "Relation Name": "partner"}
    walk = {"Node Type": "Index Scan", "Relation Name": "bill", "Index Name": "bill_pkey"}
    fine = walk | {"Index Cond": "(bill_no = 1)"}
    backlog = {"Node Type": "Index Scan", "Relation Name": "message", "Index Name": "message_due"}
    logged = {
        "Query Text": "SELECT\n 1",
        "Plan": {"Node Type": "Limit", "Plans": [whole, small, walk, fine, backlog]},
    }
    text = json.dumps(logged, indent=1).replace("\n", "\n\t")
    log = tmp_path / "log"
    log.write_text(f"… LOG:  duration: 0.01 ms  plan:\n\t{text}\n… LOG:  something else\n")
    ((query, plan),) = plans_in(log, 0)
    assert query == "SELECT 1"
    assert list(growing_parts(plan, {"bill"}, {"bill_pkey"})) == [
        "Seq Scan on bill",
        "Index Scan without a condition on bill_pkey",
    ]
