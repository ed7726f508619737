"""What `cheonggu doctor` finds of the providers: which are chosen, and whether they take the keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from cheonggu import config
from cheonggu.cli.check import Check
from cheonggu.config import Nhn, Settings, SettingWrong, Solapi, Toss

if TYPE_CHECKING:
    from cheonggu.providers import Checked

ASK_SECONDS: Final = 5.0
"""Somebody sits there and waits."""


async def of_providers(settings: Settings, *, ask: bool) -> AsyncGenerator[Check]:
    """Look at the providers; in live mode with `ask` each gets a question that changes nothing."""
    if settings.sandbox:
        yield Check("providers", "ok", "The sandbox's sender and gateway: no message leaves, no money moves.")
    else:
        try:
            config.require_providers(settings)
        except SettingWrong as error:
            yield Check("providers", "wrong", str(error))
        async for check in _chosen(settings, ask=ask):
            yield check
    if settings.unused:
        yield Check("unused settings", "note", f"Set, but of no use here: {', '.join(settings.unused)}.")


async def _chosen(settings: Settings, *, ask: bool) -> AsyncGenerator[Check]:
    from cheonggu import wiring

    if settings.gateway is not None:
        said = _of_toss(settings.gateway)
        yield await _asked(said, wiring.open_gateway(settings.gateway)) if ask else said
    if settings.sender is not None:
        said = _of_sender(settings.sender)
        yield await _asked(said, wiring.open_sender(settings.sender)) if ask else said


def _of_toss(toss: Toss) -> Check:
    where = f"Toss Payments at {toss.api_url}"
    if toss.test:
        return Check("gateway", "note", f"{where}, with test keys: no money moves.")
    return Check("gateway", "ok", f"{where}, with live keys.")


def _of_sender(sender: Solapi | Nhn) -> Check:
    match sender:
        case Solapi():
            return Check("sender", "ok", f"Solapi at {sender.api_url}, channel {sender.pf_id}.")
        case Nhn():
            return Check("sender", "ok", f"NHN Cloud at {sender.api_url}.")


async def _asked(said: Check, opened: AbstractAsyncContextManager[Checked]) -> Check:
    from cheonggu.providers import ProviderUnfit
    from cheonggu.providers.calling import NoAnswer

    try:
        async with asyncio.timeout(ASK_SECONDS), opened as provider:
            return Check(said.name, said.state, f"{said.finding} {await provider.check()}")
    except ProviderUnfit as error:
        return Check(said.name, "wrong", f"{said.finding} {error}")
    except (NoAnswer, TimeoutError) as error:
        why = str(error) or f"nothing within {ASK_SECONDS:g} s"
        todo = "Nothing is known of the keys; can this machine reach it?"
        return Check(said.name, "wrong", f"{said.finding} It gave no answer that can be read ({why}). {todo}")
