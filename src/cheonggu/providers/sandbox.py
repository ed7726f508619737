"""The sandbox's sender, gateway and courier: real providers whose outcomes follow a script.

They stand for other companies' systems: they remember in tables of their own, every call commits by itself,
and nothing else knows of their scripts (sandbox_scripts.py).
"""

from __future__ import annotations

from typing import Final

from cheonggu.providers import sandbox_scripts
from cheonggu.providers.courier import Courier
from cheonggu.providers.sandbox_gateway import SandboxGateway
from cheonggu.providers.sandbox_listen import ListenedCourier
from cheonggu.providers.sandbox_sender import SandboxSender
from cheonggu.providers.sandbox_trouble import TroubledCourier
from cheonggu.store.bell import Bell
from cheonggu.store.clock import Clock
from cheonggu.store.postgres import Connection, Database

__all__ = ["SandboxGateway", "SandboxSender", "erase_practice", "forget_partner", "sandbox_courier"]


def sandbox_courier(outbound: Courier, db: Database, clock: Clock, bell: Bell) -> Courier:
    """Callbacks meet trouble first, then whoever listens for them, then their own address."""
    return TroubledCourier(ListenedCourier(outbound, db, bell), db, clock)


async def erase_practice(conn: Connection) -> None:
    """Forget sandbox partners' messages and trouble, and every payment whose order is known no more."""
    for statement in (
        ERASE_MESSAGES,
        ERASE_REFUNDS,
        ERASE_PAYMENTS,
        ERASE_SCRIPTS,
        ERASE_TROUBLE,
        ERASE_FORWARDS,
    ):
        await conn.execute(statement)


async def forget_partner(conn: Connection, partner_id: int) -> None:
    """Forget one partner's messages and scripts, and payments whose order is known no more."""
    await conn.execute("DELETE FROM sandbox_message WHERE partner_id = $1", partner_id)
    await conn.execute("DELETE FROM sandbox_trouble WHERE partner_id = $1", partner_id)
    await conn.execute("DELETE FROM sandbox_listener WHERE partner_id = $1", partner_id)
    await conn.execute("DELETE FROM sandbox_forward WHERE partner_id = $1", partner_id)
    await sandbox_scripts.forget(conn, partner_id)
    for statement in (ERASE_REFUNDS, ERASE_PAYMENTS):
        await conn.execute(statement)


ERASE_MESSAGES: Final = """
DELETE FROM sandbox_message WHERE partner_id IN (SELECT partner_id FROM partner WHERE sandbox)
"""

ERASE_TROUBLE: Final = """
DELETE FROM sandbox_trouble WHERE partner_id IN (SELECT partner_id FROM partner WHERE sandbox)
"""

ERASE_FORWARDS: Final = """
DELETE FROM sandbox_forward WHERE partner_id IN (SELECT partner_id FROM partner WHERE sandbox)
"""

ERASE_REFUNDS: Final = """
DELETE FROM sandbox_refund r WHERE NOT EXISTS (SELECT FROM gateway_order g WHERE g.order_id = r.order_id)
"""

ERASE_PAYMENTS: Final = """
DELETE FROM sandbox_payment p WHERE NOT EXISTS (SELECT FROM gateway_order g WHERE g.order_id = p.order_id)
"""

ERASE_SCRIPTS: Final = """
DELETE FROM sandbox_script s WHERE NOT EXISTS (SELECT FROM gateway_order g WHERE g.order_id = s.subject)
"""
