"""Once a day, erase payers from bills that have been over for as long as the operator keeps them."""

from __future__ import annotations

import socket
from typing import Final

import structlog

from cheonggu.billing.erasure import Eraser
from cheonggu.service import Service
from cheonggu.store.audit import Operator

log = structlog.get_logger()

EVERY_SECONDS: Final = 86_400.0


async def erase_old(service: Service) -> None:
    """Erase what is due by CHEONGGU_ERASE_AFTER_DAYS, if that is set. Several workers may do so at once."""
    days = service.settings.erase_after_days
    if days is None:
        return
    by = Operator("cheonggu worker", socket.gethostname())
    erased = await Eraser(service.db, by, service.clock.now()).erase_old(days)
    if erased.bills:
        log.info("payers_erased", bills=erased.bills, older_than_days=days)
