"""Who takes callbacks to partners: in live mode Outbound and nobody between, in a sandbox the sandbox's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from cheonggu.providers.reply import Reply, Sent


class CallbackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it is to be posted, and whose it is."""

    partner_id: int
    bill_id: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    made_up: bool = False
    """No true callback but a probe: no trouble befalls it."""


class Courier(Protocol):
    """Posts callbacks. It never raises, and has an answer or a reason within its deadline of 10 seconds."""

    async def deliver(self, request: CallbackRequest) -> Reply:
        """Post it once, and give what came of it."""
        ...


def as_sent(request: CallbackRequest, *, forwarded_to: str | None = None) -> Sent:
    """What is kept of a request, where that is kept."""
    return Sent(
        url=request.url, headers=request.headers, body=request.body.decode(), forwarded_to=forwarded_to
    )
