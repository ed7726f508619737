"""Callbacks as a partner's server meets them."""

from __future__ import annotations

from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import Live


async def test_a_callback_that_does_not_count_is_tried_again_with_the_reason_kept(live: Live) -> None:
    live.receiver.answer = lambda _: (
        200,
        '{"code":"1"}' if len(live.receiver.calls) < 2 else '{"code":"0000"}',
    )
    await live.create(billId="CB")
    await live.pay("CB")
    await until(lambda: live.called(1))

    async def tried(times: int) -> bool:
        return len((await live.callbacks("CB"))[0]["attempts"]) == times

    await until(lambda: tried(1))
    [callback] = await live.callbacks("CB")
    assert callback["state"] == "PENDING"
    assert callback["attempts"][0]["status"] == 200
    assert '"1"' in callback["attempts"][0]["reason"]
    await live.advance(10)
    await until(lambda: tried(2))
    [callback] = await live.callbacks("CB")
    assert callback["state"] == "DELIVERED"
    first, second = live.receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.raw == second.raw
    status, _ = await live.call(f"/sandbox/callbacks/{callback['id']}/resend", {})
    assert status == 200
    await until(lambda: live.called(3))
    await assert_books_hold(live.service.db)


async def test_a_dead_receiver_is_given_up_after_a_day(live: Live) -> None:
    live.receiver.answer = lambda _: (500, "")
    await live.create(billId="DEAD")
    await live.pay("DEAD")
    await until(lambda: live.called(1))
    await live.advance(25 * 3600)

    async def exhausted() -> bool:
        return (await live.callbacks("DEAD"))[0]["state"] == "EXHAUSTED"

    await until(exhausted)
    assert all("500" in attempt["reason"] for attempt in (await live.callbacks("DEAD"))[0]["attempts"])


async def test_a_cancel_is_told_after_the_approval_it_cancels(live: Live) -> None:
    await live.service.db.execute("UPDATE partner SET notices = true WHERE name = 'sandbox'")
    live.receiver.answer = lambda _: (500, "") if len(live.receiver.calls) < 2 else (200, '{"code":"0000"}')
    await live.create(billId="ORDER")
    await live.pay("ORDER")
    await until(lambda: live.called(1))
    assert (await live.cancel("ORDER"))["code"] == "0000"
    await live.advance(10)
    await until(lambda: live.called(3))
    assert [one.body["apprState"] for one in live.receiver.calls] == ["F", "F", "C"]
    await assert_books_hold(live.service.db)
