"""Everything that a running process works with, in one value. wiring.py puts it together."""

from __future__ import annotations

from dataclasses import dataclass

from cheonggu.billing.desk import Desk
from cheonggu.config import Settings
from cheonggu.domain.guard import Guard
from cheonggu.domain.guesses import Guesses
from cheonggu.providers import Gateway, Sender
from cheonggu.providers.courier import Courier
from cheonggu.providers.outbound import Outbound
from cheonggu.store.bell import Bell
from cheonggu.store.partners import Directory
from cheonggu.store.short_codes import ShortCodes


@dataclass(frozen=True)
class Service(Desk):
    """A desk, and what reaches the world outside."""

    settings: Settings
    directory: Directory
    short_codes: ShortCodes
    key_guesses: Guesses
    code_guesses: Guesses
    sender: Sender
    gateway: Gateway
    guard: Guard
    outbound: Outbound
    courier: Courier
    bell: Bell
