"""`cheonggu.client` against the real service: every operation, lost answers, two books compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cheonggu.client import (
    Booked,
    Done,
    InputWrong,
    Refused,
    Retry,
    Settled,
    State,
    Todo,
    Unknown,
    Verdict,
    Why,
    normal_phone,
)
from cheonggu.domain import seoul
from tests.client_sides import BOTH, QUICK, Side, data_of
from tests.live import Live
from tests.loopback import Act, Partner, partner

both = pytest.mark.parametrize("side", BOTH, ids=lambda side: side.name)


def create(live: Live, bill_id: str, **given: Any) -> Callable[[Any], Any]:
    fields: dict[str, Any] = {
        "bill_id": bill_id,
        "price": 150000,
        "phone": "01012345678",
        "payer_name": "김서연",
        "product_name": "11월 수강료",
        "callback_url": live.receiver.url,
    }
    return lambda client: client.create(**fields | given)


@both
async def test_a_bill_goes_its_whole_way(live: Live, side: Side) -> None:
    url, last_day = live.url + "/partner", seoul.today(datetime.now(UTC)) + timedelta(days=3)
    before = await live.balance()

    new = create(live, "B-1", last_day=last_day, supply_price=136364, tax=13636)
    created = data_of(await side.ask(url, new))
    assert created.short_url.startswith(f"{live.url}/p/")
    assert (await side.ask(url, lambda c: c.resend("B-1"))).data.bill_id == "B-1"
    balance = await side.ask(url, lambda c: c.balance())
    assert (balance.data.points, await live.balance()) == (before - 110, before - 110)
    assert (await side.ask(url, lambda c: c.merchant_balance())).data == balance.data

    unpaid = (await side.ask(url, lambda c: c.read("B-1"))).data
    assert (unpaid.state, unpaid.price_won, unpaid.approval) == (State.UNPAID, 150000, None)
    too_early = await side.ask(url, lambda c: c.cancel("B-1", 150000))
    assert isinstance(too_early, Refused)
    assert (too_early.code, too_early.transient) == ("BILL_008", False)
    assert too_early.meaning == "An unpaid bill cannot be cancelled."

    assert await live.pay("B-1") == "F"
    paid = (await side.ask(url, lambda c: c.read("B-1"))).data
    assert paid.state is State.PAID
    assert abs(paid.approval.at - datetime.now(UTC)) < timedelta(minutes=1)
    cancelled = data_of(await side.ask(url, lambda c: c.cancel("B-1", "150000", reason="고객 변심")))
    assert cancelled.original_number == paid.approval.number
    assert (await side.ask(url, lambda c: c.read("B-1"))).data.state is State.CANCELLED

    await side.ask(url, create(live, "B-2", send_type="URL"))
    assert isinstance(await side.ask(url, lambda c: c.destroy("B-2", 150000)), Done)
    again = await side.ask(url, lambda c: c.destroy("B-2", 150000))
    assert again.code == "BILL_005"


@both
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"phone": "010-1234-5678"}, "phone: .*without hyphens"),
        ({"phone": "０１０12345678"}, "phone: "),
        ({"phone": "", "send_type": "URL"}, "phone: "),
        ({"price": "150,000"}, "price: .*no commas"),
        ({"price": 150000.0}, "price: .*not float"),
        ({"price": True}, "price: .*not bool"),
        ({"price": None}, "price: .*not NoneType"),
        ({"price": 0}, "price: .*1 won or more"),
        ({"price": -5}, "price: .*sign"),
        ({"price": "0150000"}, "price: .*leading zero"),
        ({"tax": "1e3"}, "tax: "),
        ({"bill_id": "B 3"}, "bill_id: .*white space"),
        ({"bill_id": "B" * 21}, "bill_id: "),
        ({"last_day": datetime(2026, 12, 31, tzinfo=UTC)}, "last_day: .*not a datetime"),
        ({"last_day": "2026-02-30"}, "last_day: "),
        ({"send_type": "SMS"}, "send_type: "),
        ({"payer_name": "\ud800"}, "text: .*UTF-8"),
        ({"idempotency_key": "a b"}, "idempotency_key: "),
    ],
)
async def test_what_cannot_be_sent_is_told_before_it_is(side: Side, given: dict[str, Any], says: str) -> None:
    fields: dict[str, Any] = {
        "bill_id": "B-3",
        "price": 150000,
        "phone": "01012345678",
        "payer_name": "김서연",
        "product_name": "수강료",
        "callback_url": "http://127.0.0.1/",
    }
    async with partner() as server:
        with pytest.raises(InputWrong, match=says):
            await side.ask(server.url, lambda client: client.create(**fields | given))
        assert server.heard == []


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("010-1234-5678", "01012345678"),
        (" 010 1234 5678", "01012345678"),
        ("010.1234.5678", "01012345678"),
        ("+82 10-1234-5678", "01012345678"),
        ("82-010-12345678", "01012345678"),
        ("011-123-4567", "0111234567"),
        ("02-123-4567", None),
        ("010-1234-567a", None),
        ("", None),
    ],
)
def test_a_phone_number_is_made_normal_when_asked(given: str, normal: str | None) -> None:
    if normal is None:
        with pytest.raises(InputWrong, match="no Korean mobile number"):
            normal_phone(given)
    else:
        assert normal_phone(given) == normal


def losing_answers(live: Live, server: Partner, lost: int) -> Act:
    """Passes requests on to the service, and loses its first answers."""
    left = lost

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        heard = server.heard[-1]
        path = heard.target.decode().removeprefix("/callback")
        names = {"Content-Type", "Idempotency-Key"} & set(heard.headers)
        kept = {name: heard.headers[name] for name in names}
        async with live.http.post(live.url + path, data=heard.body, headers=kept) as answer:
            raw = await answer.read()
        if left > 0:
            left -= 1
        else:
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (answer.status, len(raw)) + raw)
            await writer.drain()
        writer.close()

    return act


@both
async def test_a_lost_answer_bills_nobody_twice(live: Live, side: Side) -> None:
    before = await live.balance()
    async with partner(b"") as server:
        server.answers([losing_answers(live, server, 2)])
        outcome = await side.ask(server.url, create(live, "B-4"), retry=QUICK, idempotency=True)
        assert isinstance(outcome, Done), outcome
        assert len(server.heard) == 3
    assert await live.balance() == before - 55


@both
async def test_without_keys_a_lost_answer_is_settled_by_reading(live: Live, side: Side) -> None:
    async with partner(b"") as server:
        server.answers([losing_answers(live, server, 1)])
        outcome = await side.ask(server.url, create(live, "B-5"), retry=QUICK)
        assert isinstance(outcome, Unknown)
        assert (outcome.why, outcome.operation, outcome.bill_id) == (Why.LOST, "create", "B-5")
        settled: Settled = await side.ask(server.url, lambda c: c.settle(outcome.bill_id, outcome.operation))
        assert settled.verdict is Verdict.DONE
        never: Settled = await side.ask(server.url, lambda c: c.settle("B-never", "create", waits_seconds=()))
        assert never.verdict is Verdict.NOT_SEEN


@both
async def test_two_books_are_compared(live: Live, side: Side) -> None:
    for bill_id in ("open", "paid", "over", "same", "less"):
        await side.ask(live.url, create(live, bill_id, send_type="URL"))
    for bill_id in ("paid", "same", "less"):
        await live.pay(bill_id)
    assert await live.destroy("over") == "0000"
    books = [
        ("open", "D"),
        Booked("paid", State.UNPAID),
        ("over", State.UNPAID),
        ("not there", "W"),
        Booked("same", State.PAID, 150000),
        Booked("less", State.PAID, 140000),
        ("gone", "F"),
    ]
    expected = {
        "open": Todo.REPEAT_DESTROY,
        "paid": Todo.BOOK_PAYMENT,
        "over": Todo.CLOSE_BILL,
        "not there": Todo.CHECK_BILL_ID,
        "less": Todo.CHECK_AMOUNT,
        "gone": Todo.CHECK_BILL_ID,
    }
    found = await side.ask(live.url, lambda c: c.reconcile(books))
    assert {one.bill_id: one.todo for one in found} == expected
    assert [one.bill_id for one in found] == list(expected)
    whole = await side.ask(live.url, lambda c: c.reconcile(books, differences_only=False))
    assert [one.todo for one in whole].count(Todo.NOTHING) == 1

    rest = await side.ask(live.url, lambda c: c.reconcile(books, after="over"))
    assert [one.bill_id for one in rest] == ["not there", "less", "gone"]
    with pytest.raises(LookupError, match="'elsewhere'"):
        await side.ask(live.url, lambda c: c.reconcile(books, after="elsewhere"))


@both
async def test_a_read_without_an_answer_does_not_stop_the_comparison(live: Live, side: Side) -> None:
    await side.ask(live.url, create(live, "B-6", send_type="URL"))
    async with partner(b"") as server:
        server.answers([losing_answers(live, server, 1)])
        books = [("B-6", "F"), ("B-6", "F")]
        found = await side.ask(server.url, lambda c: _one_at_a_time(c, books))
    assert [one.todo for one in found] == [Todo.READ_AGAIN, Todo.REVERT_PAYMENT]
    assert isinstance(found[0].read, Unknown)
    assert found[0].theirs is None


def _one_at_a_time(client: Any, books: Any) -> Any:
    return client.reconcile(books, at_once=1) if hasattr(client, "__aenter__") else client.reconcile(books)


async def test_no_more_reads_are_under_way_than_allowed(live: Live) -> None:
    under_way = most = 0
    async with partner(b"") as server:
        told = losing_answers(live, server, 0)

        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            await told(reader, writer)
            under_way -= 1

        server.answers([counted])
        books = [(f"N-{number}", "W") for number in range(12)]
        side = BOTH[1]
        found = await side.ask(server.url, lambda c: c.reconcile(books, at_once=3), retry=Retry(()))
    assert [one.bill_id for one in found] == [bill_id for bill_id, _ in books]
    assert most == 3
