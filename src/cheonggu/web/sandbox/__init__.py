"""The sandbox's own endpoints: see what was sent, pay, move points and the clock. Never in live mode."""

from __future__ import annotations

from starlette.routing import BaseRoute

from cheonggu.web.sandbox import (
    armed,
    callbacks,
    clock,
    fates,
    inspection,
    listen,
    messages,
    page,
    partners,
    payments,
    probes,
    requests,
    seeds,
    trouble,
)


def routes() -> list[BaseRoute]:
    """Every endpoint of the sandbox."""
    return [
        *messages.routes(),
        *trouble.routes(),
        *probes.routes(),
        *callbacks.routes(),
        *listen.routes(),
        *payments.routes(),
        *fates.routes(),
        *clock.routes(),
        *partners.routes(),
        *seeds.routes(),
        *requests.routes(),
        *armed.routes(),
        *page.routes(),
        *inspection.routes(),
    ]
