"""Directed faults: each plan is a few seconds that a sound service comes through, and a certain bug does not.

A plan gives what it has seen itself to be wrong; the audit after it looks for the rest.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from chaos import client
from chaos.record import BillRecord
from chaos.stand_ins import make_refused_refund, script_refund
from chaos.world import World, until
from cheonggu.store.postgres import connect

Plan = Callable[[World], Awaitable[list[str]]]

WINDOW_SECONDS: Final = 12.0
"""Longer than the stand-in gateway's confirm window."""
_SOON_SECONDS: Final = 30.0
_numbers = itertools.count(1)
_WAITING: Final = """
SELECT (count(DISTINCT l.pid) >= 2)::int FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""
"""Whether two wait for a row that somebody holds."""


async def killed_at_the_callback(world: World) -> list[str]:
    """The API is killed at the moment at which it writes a callback."""
    bill = await _created(world)
    world.proxies["api-0"].lose_request(b"INSERT INTO callback", then=world.apis[0].kill)
    await client.pay(world, bill, "APPROVE")
    await _undecided_no_more(world)
    return []


async def paid_again_while_unknown(world: World) -> list[str]:
    """A charge is not known at the gateway when it is first asked; the payer tries again."""
    bill = await _created(world)
    await client.pay(world, bill, "CHARGED_LATE")
    await _asked(world)
    await client.pay(world, bill, "APPROVE")
    await world.advance(WINDOW_SECONDS)
    return []


async def destroyed_while_paying(world: World) -> list[str]:
    """Destroy comes while nobody knows what became of a payment."""
    bill = await _created(world)
    await client.pay(world, bill, "TIMEOUT_CHARGED")
    await client.destroy(world, bill)
    return []


async def frozen_beyond_its_lease(world: World) -> list[str]:
    """A worker is frozen in the middle of a callback, another takes over, and the first one wakes up."""
    first, second = world.workers
    (receiver,) = world.receivers
    receiver.decide = lambda _id, nth: ("accept", 1.0 if nth == 1 else 4.0)
    bill = await _created(world)
    second.freeze()
    await client.pay(world, bill, "APPROVE")
    await until(lambda: _calls(world, 1), _SOON_SECONDS, "a first call")
    first.freeze()
    await _order(world, "UPDATE callback SET leased_until = clock_timestamp() WHERE leased_until IS NOT NULL")
    second.wake()
    await until(lambda: _calls(world, 2), _SOON_SECONDS, "a second call")
    await asyncio.sleep(0.5)  # the answer to the first call has come by then
    held = await _callback(world)
    first.wake()
    await asyncio.sleep(1)  # for what must not happen
    now = await _callback(world)
    second_answered = len(receiver.calls) > 2
    return (
        [] if now == held or second_answered else [f"a worker that had lost its lease wrote: {held}, {now}"]
    )


async def claimed_by_two_workers_at_once(world: World) -> list[str]:
    """Two workers find the same message, and both wait for its row before they lease it."""
    for worker in world.workers:
        worker.freeze()
    await _created(world, send_type="TALK")
    holder = await connect(world.dsn, "chaos")
    try:
        async with holder.transaction():
            await holder.execute("SELECT FROM message FOR UPDATE")
            for worker in world.workers:
                worker.wake()
            await until(lambda: _count(world, _WAITING), _SOON_SECONDS, "two claims of one message")
    finally:
        holder.terminate()
    return []


async def arrived_without_an_answer(world: World) -> list[str]:
    """A message arrives, but the sender's answer gets lost."""
    await _created(world, send_type="TALK", phone="01000000002")
    return []


async def not_on_kakaotalk(world: World) -> list[str]:
    """The sender refuses a message."""
    await _created(world, send_type="TALK", phone="01000000001")
    return []


async def answer_of_a_commit_lost(world: World) -> list[str]:
    """A resend is committed, but nobody hears of it; its caller asks again under the same key."""
    bill = await _created(world, send_type="TALK")
    world.proxies["api-0"].lose_answer(b"COMMIT;")
    await client.resend(world, bill, key="one")
    await client.resend(world, bill, key="one")
    return []


async def key_used_for_another(world: World) -> list[str]:
    """One key for two requests."""
    bill = await _created(world, send_type="TALK")
    asked = await client.resend(world, bill, key="one")
    await client.other_bytes(world, bill, asked)
    return []


async def commit_lost(world: World) -> list[str]:
    """A commit never gets to the database. A destroy without a key has none of its own."""
    bill = await _created(world)
    world.proxies["api-0"].lose_request(b"COMMIT;")
    await client.destroy(world, bill, key="one")
    return []


async def answer_of_a_create_lost(world: World) -> list[str]:
    """A create is written, but the API does not hear of it."""
    bill_id = f"PLANNED-{next(_numbers)}"
    world.proxies["api-0"].lose_answer(bill_id.encode())
    await _created(world, bill_id=bill_id)
    return []


async def create_lost(world: World) -> list[str]:
    """A create never gets to the database at the first try, and then there is no database for a while."""
    bill_id = f"PLANNED-{next(_numbers)}"
    proxy = world.proxies["api-0"]
    proxy.lose_request(bill_id.encode(), then=proxy.cut)
    await _created(world, bill_id=bill_id)
    return []


async def charged_late(world: World) -> list[str]:
    """A charge shows itself after the payment was given up."""
    bill = await _created(world)
    await client.pay(world, bill, "CHARGED_LATE")
    await _asked(world)
    await world.advance(WINDOW_SECONDS)
    await _undecided_no_more(world)
    return []


async def wrong_answer_first(world: World) -> list[str]:
    """A receiver answers 200 with another code, and rightly only later."""
    world.receivers[0].decide = lambda _id, nth: ("other code" if nth == 1 else "accept", 0.0)
    bill = await _created(world)
    await client.pay(world, bill, "APPROVE")
    await until(lambda: _calls(world, 1), _SOON_SECONDS, "a first call")
    return []


async def refunded_without_an_answer(world: World) -> list[str]:
    """The gateway gives the money back, and does not say so."""
    bill = await _created(world)
    await client.pay(world, bill, "APPROVE")
    await script_refund(world, bill, "REFUND_UNKNOWN_DONE")
    await client.cancel(world, bill)
    return []


async def refused_and_made_all_the_same(world: World) -> list[str]:
    """The gateway refuses a refund and makes it all the same; then the bill is cancelled again."""
    bill = await _created(world)
    await client.pay(world, bill, "APPROVE")
    await script_refund(world, bill, "REFUND_REFUSED_CARD")
    await client.cancel(world, bill)
    await make_refused_refund(world, bill)
    asked = await client.cancel(world, bill)
    return (
        [] if asked.code == "BILL_005" else [f"answer: a cancelled bill's cancel was answered {asked.code}"]
    )


async def many_resends_at_once(world: World) -> list[str]:
    """Many messages of one partner's bills are sent again at the same moment."""
    bills = [await _created(world, send_type="TALK") for _ in range(24)]
    for _ in range(3):
        await asyncio.gather(
            *(client.resend(world, bill, api=nth % len(world.apis)) for nth, bill in enumerate(bills))
        )
    return []


async def paid_after_midnight(world: World) -> list[str]:
    """A bill's last day ends in Seoul; then its payer comes."""
    bill = await _created(world, expireDt=world.time.today())
    await world.advance(world.time.until_midnight() + 1)
    await client.pay(world, bill, "APPROVE")
    return []


async def _created(
    world: World, *, bill_id: str = "", send_type: str = "URL", phone: str = "01012345678", **more: str
) -> BillRecord:
    bill_id = bill_id or f"PLANNED-{next(_numbers)}"
    url = f"http://127.0.0.1:{world.receiver_ports[0]}/paid?bill={bill_id}"
    fields = client.new_fields(
        bill_id, phone=phone, price=15_000, callback_url=url, send_type=send_type, **more
    )
    bill = world.record.bill(world.accounts[0], fields)
    await client.create(world, bill)
    return bill


async def _asked(world: World) -> None:
    """Wait until the janitor has asked the gateway once."""
    await until(
        lambda: _count(world, "SELECT count(*) FROM attempt WHERE fence > 0"), _SOON_SECONDS, "a question"
    )
    await until(
        lambda: _count(world, "SELECT count(*) FROM attempt WHERE fence > 0 AND leased_until IS NULL"),
        _SOON_SECONDS,
        "an answer",
    )


async def _undecided_no_more(world: World) -> None:
    none_open = "SELECT (count(*) = 0)::int FROM attempt WHERE state IN ('CONFIRMING', 'UNKNOWN')"
    await until(lambda: _count(world, none_open), _SOON_SECONDS, "a decided payment")


async def _calls(world: World, many: int) -> bool:
    return sum(len(receiver.calls) for receiver in world.receivers) >= many


async def _callback(world: World) -> dict[str, Any]:
    async with world.database() as db:
        row = await db.fetchrow("SELECT state, fence, tries, leased_until IS NULL AS free FROM callback")
    assert row is not None
    return dict(row)


async def _count(world: World, statement: str) -> int:
    async with world.database() as db:
        return await db.fetchval(statement)


async def _order(world: World, statement: str) -> None:
    async with world.database() as db:
        await db.execute(statement)


PLANS: Final[dict[str, Plan]] = {
    plan.__name__.replace("_", " "): plan
    for plan in (
        killed_at_the_callback,
        paid_again_while_unknown,
        destroyed_while_paying,
        frozen_beyond_its_lease,
        claimed_by_two_workers_at_once,
        arrived_without_an_answer,
        not_on_kakaotalk,
        answer_of_a_commit_lost,
        key_used_for_another,
        commit_lost,
        answer_of_a_create_lost,
        create_lost,
        charged_late,
        wrong_answer_first,
        refunded_without_an_answer,
        refused_and_made_all_the_same,
        many_resends_at_once,
        paid_after_midnight,
    )
}
"""By the name that they are known by."""
