"""What `cheonggu doctor` finds of one thing."""

from __future__ import annotations

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `state` is ok, note (worth knowing) or wrong (the service will not work)."""

    name: str
    state: str
    finding: str
