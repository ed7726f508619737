"""The end of a run: faults are over, what is unknown is asked about, and all that is due gets done."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

from chaos import client
from chaos.audit import audit
from chaos.parts import Part
from chaos.record import BillRecord
from chaos.tables import load
from chaos.wire import LOST, NEVER_SENT
from chaos.world import NotInTime, World, until
from cheonggu.store.invariants import look
from cheonggu.store.postgres import Database

DRAIN_SECONDS: Final = 90.0
"""Two of the longest leases, and time to work."""
STEPS_SECONDS: Final = (70.0, 660.0, 3_700.0, 86_400.0)
"""How far the clock is moved, one after the other: every retry comes, and the last look for a charge."""
_AT_ONCE: Final = 32
_GLANCE_SECONDS: Final = 0.2
_NOT_YET: Final = {"BILL_007", "HTTP_503", LOST, NEVER_SENT}


async def settle(world: World) -> list[str]:
    """Ask about what is unknown and bring everything to its end; what did not come to it in time."""
    try:
        await world.up()
        await ask_again(world)
        async with world.database() as db:
            for seconds in STEPS_SECONDS:
                await drain(world, db)
                await world.advance(seconds)
            await drain(world, db, decided=True)
    except NotInTime as late:
        return [str(late)]
    return []


async def ask_again(world: World) -> None:
    """Read every bill of which something is unknown, and repeat what has a key.

    A bill whose refund was made against the gateway's word is cancelled once more.
    """
    open_bills = [bill for bill in world.record.bills.values() if any(one.unknown for one in bill.asked)]
    slots = asyncio.Semaphore(_AT_ONCE)

    async def about(bill: BillRecord) -> None:
        async with slots:
            await client.read(world, bill)
            for one in [one for one in bill.asked if one.unknown and one.key is not None]:
                answered = [other for other in bill.asked if other.key == one.key and not other.unknown]
                if not answered and one.what != "pay":
                    await client.ask(world, bill, one.what, one.body, 0, one.key, None)

    async def cancel_again(bill: BillRecord) -> None:
        async def answered() -> bool:
            return (await client.cancel(world, bill)).code not in _NOT_YET

        async with slots:
            await until(answered, DRAIN_SECONDS, f"an answer to the cancel of {bill.bill_id}")

    await asyncio.gather(*(about(bill) for bill in open_bills))
    await asyncio.gather(*(cancel_again(bill) for bill in world.record.bills.values() if bill.refund_made))


async def drain(world: World, db: Database, *, decided: bool = False) -> None:
    """Wait until nothing is due or in hand, or even undecided. Raises NotInTime with what is left."""
    deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while True:
        snapshot = await look(db, world.time.now(), settled=decided)
        if snapshot.drained and not snapshot.broken("settled"):
            return
        if asyncio.get_running_loop().time() > deadline:
            open_rules = [one.invariant.name for one in snapshot.verdicts if not one.holds]
            raise NotInTime(
                f"time: not drained within {DRAIN_SECONDS:g} s: {dict(snapshot.waiting)}, {open_rules}"
            )
        await asyncio.sleep(_GLANCE_SECONDS)


async def violations(world: World) -> list[str]:
    """What the invariants and the audit complain of."""
    found: list[str] = []
    async with world.database() as db:
        snapshot = await look(db, world.time.now(), settled=True)
        found += [
            f"rule: {one.invariant.name} does not hold: {len(one.rows)} rows, {dict(one.rows[0])}"
            for one in snapshot.verdicts
            if not one.holds
        ]
        calls = [call for receiver in world.receivers for call in receiver.calls]
        found += audit(world.record, calls, await load(db, world.keyring))
    return found


async def verify(part: Part) -> dict[str, Any]:
    """What `cheonggu verify --settled` says, run as an operator does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "cheonggu", "verify", "--settled", "--wait", "60", "--json"),
        env=part.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return json.loads(said)
