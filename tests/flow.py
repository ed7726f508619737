"""The way of a bill through a service, in as few words as a test can say it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from cheonggu.billing import create
from cheonggu.billing.sandbox_partners import FIRST, SandboxPartner
from cheonggu.delivery.callback import Deliverer
from cheonggu.delivery.hands import Hands
from cheonggu.delivery.lanes import Lanes
from cheonggu.delivery.payment import pay
from cheonggu.domain.bill import Bill
from cheonggu.domain.payment import Asked
from cheonggu.service import Service
from cheonggu.store import bills
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Row
from tests.makers import new_bill


class Drainable(Protocol):
    """What a worker's loop drives: a Messenger or a Deliverer."""

    hands: Hands

    async def step(self) -> int: ...


async def caller_of(service: Service, who: SandboxPartner = FIRST) -> Caller:
    """A sandbox partner as it calls the API."""
    partner = await service.directory.partner(who.api_key)
    return await service.directory.caller(partner, who.api_key, who.member, who.merchant)


async def created(service: Service, who: SandboxPartner = FIRST, **given: object) -> Bill:
    """A new bill, its message queued."""
    caller, new = await caller_of(service, who), new_bill(**given)
    await create.create(service, caller, new, None)
    return await found(service, caller.partner.partner_id, new.bill_id)


async def paid(service: Service, who: SandboxPartner = FIRST, **given: object) -> Bill:
    """A new bill that was paid at once, its callback due."""
    return await pay(service, await created(service, who, **given), "APPROVE")


@asynccontextmanager
async def nobody_asks(service: Service) -> AsyncGenerator[None]:
    """A while in which the gateway says of no payment what became of it, however long that takes."""
    ask, over = service.gateway.ask, asyncio.Event()

    async def ask_later(order_id: str) -> Asked:
        await over.wait()
        return await ask(order_id)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service.gateway, "ask", ask_later)
        yield
        over.set()


async def found(service: Service, partner_id: int, bill_id: str) -> Bill:
    """A bill as it is now."""
    bill = await bills.find(service.db, service.keyring, partner_id, bill_id)
    assert bill is not None
    return bill


def deliverer(service: Service, lanes: Lanes | None = None) -> Deliverer:
    """A worker's hand for callbacks."""
    return Deliverer(service.db, service.clock, service.keyring, service.courier, lanes)


async def drain(worker: Drainable) -> None:
    """Do all that is due now, and see it through."""
    while await worker.step():
        await worker.hands.finish(15)


async def die(worker: Drainable, turns: int) -> None:
    """Take what is due in hand, go on for so many turns of the loop, and die with the rest."""
    await worker.step()
    for _ in range(turns):
        await asyncio.sleep(0)
    await worker.hands.finish(0)


async def only(service: Service, table: str) -> Row:
    """The one row of a table."""
    (row,) = await service.db.fetch(f"SELECT * FROM {table}")  # noqa: S608
    return row


async def run_out(service: Service, table: str) -> None:
    """Let every lease of a table run out."""
    await service.db.execute(
        f"UPDATE {table} SET leased_until = clock_timestamp() - interval '1 ms'"  # noqa: S608
        " WHERE leased_until IS NOT NULL"
    )
