"""`cheonggu doctor` on providers: which are chosen, and whether they take the keys; no key is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
import pytest_asyncio

from cheonggu.cli import provider_checks
from cheonggu.config import load
from tests.conftest import free_port
from tests.live_standins import (
    BILLS,
    NHN_SECRETS,
    SOLAPI_SECRETS,
    TOSS_SECRETS,
    nhn_settings,
    solapi_settings,
    toss_settings,
)
from tests.running_dev import cheonggu
from tests.standins.nhn import NhnCloud, Trouble, nhn_cloud
from tests.standins.solapi import Mischief, Solapi, solapi
from tests.standins.toss import Toss, garbage, toss
from tests.test_config import LIVE

Settings = Mapping[str, str]
SECRETS = (*TOSS_SECRETS, *SOLAPI_SECRETS, *NHN_SECRETS)


@dataclass
class Providers:
    """The stand-ins."""

    toss: Toss
    solapi: Solapi
    nhn: NhnCloud

    def settings(self, sender: str, **more: str) -> dict[str, str]:
        """Live settings with one of the two senders."""
        chosen = solapi_settings(self.solapi) if sender == "solapi" else nhn_settings(self.nhn)
        return LIVE | toss_settings(self.toss) | chosen | more


@pytest_asyncio.fixture
async def providers() -> AsyncIterator[Providers]:
    async with toss() as gateway, solapi() as one, nhn_cloud(BILLS) as other:
        yield Providers(gateway, one, other)


async def found(settings: Settings, *, ask: bool = True) -> dict[str, tuple[str, str]]:
    """What is found of the providers, by name."""
    checks = [check async for check in provider_checks.of_providers(load(settings), ask=ask)]
    assert not [secret for secret in SECRETS if secret in str(checks)]
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: (check.state, check.finding) for check in checks}


async def test_providers_that_take_the_keys_are_told_with_what_they_say(providers: Providers) -> None:
    told = await found(providers.settings("solapi"))
    assert told.keys() == {"gateway", "sender"}
    assert told["gateway"][0] == "note"
    assert "test keys: no money moves. It takes the secret key" in told["gateway"][1]
    assert told["sender"][0] == "ok"
    assert "its balance is 1,000,000 won" in told["sender"][1]
    told = await found(providers.settings("nhn"))
    assert told["sender"][0] == "ok"
    assert "It takes the app key and the secret key" in told["sender"][1]


async def test_live_keys_are_no_note(providers: Providers) -> None:
    live = {
        "CHEONGGU_TOSS_CLIENT_KEY": "live_ck_example",
        "CHEONGGU_TOSS_SECRET_KEY": "live_sk_example",
    }
    told = await found(providers.settings("nhn", **live), ask=False)
    assert told["gateway"] == ("ok", f"Toss Payments at {providers.toss.url}, with live keys.")


async def test_nobody_is_asked_unless_told_to(providers: Providers) -> None:
    for sender in ("solapi", "nhn"):
        told = await found(providers.settings(sender), ask=False)
        assert told["sender"][0] == "ok"
    assert (providers.toss.calls, providers.nhn.heard) == ([], [])
    assert not providers.solapi.requests


@pytest.mark.parametrize(
    ("sender", "wrong", "name", "says"),
    [
        ("nhn", {"CHEONGGU_TOSS_SECRET_KEY": "test_sk_other"}, "gateway", "UNAUTHORIZED_KEY"),
        ("nhn", {"CHEONGGU_NHN_APP_KEY": "other"}, "sender", "look at CHEONGGU_NHN_APP_KEY"),
        ("nhn", {"CHEONGGU_NHN_SECRET_KEY": "other"}, "sender", "look at CHEONGGU_NHN_SECRET_KEY"),
        ("solapi", {"CHEONGGU_SOLAPI_API_KEY": "OTHER"}, "sender", "InvalidAPIKey"),
        ("solapi", {"CHEONGGU_SOLAPI_API_SECRET": "other"}, "sender", "check the API key and secret"),
    ],
)
async def test_a_key_that_is_refused_is_named_with_what_to_do(
    providers: Providers, sender: str, wrong: Settings, name: str, says: str
) -> None:
    state, finding = (await found(providers.settings(sender, **wrong)))[name]
    assert state == "wrong"
    assert says in finding


async def test_an_empty_balance_is_wrong(providers: Providers) -> None:
    providers.solapi.balance_won = 0
    state, finding = (await found(providers.settings("solapi")))["sender"]
    assert state == "wrong"
    assert "charge it" in finding


async def test_of_one_who_does_not_answer_nothing_is_known(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_checks, "ASK_SECONDS", 0.3)
    providers.toss.next("ask", garbage(status=502))
    providers.solapi.mischief["balance"].append(Mischief.SILENCE)
    told = await found(providers.settings("solapi"))
    assert told["gateway"][0] == told["sender"][0] == "wrong"
    assert "(status 502). Nothing is known of the keys" in told["gateway"][1]
    assert "(nothing within 0.3 s)" in told["sender"][1]
    providers.nhn.troubles.append(Trouble("answer", method="GET", body=b"<html>"))
    nowhere = {"CHEONGGU_TOSS_API_URL": f"http://127.0.0.1:{free_port()}"}
    told = await found(providers.settings("nhn", **nowhere))
    assert "Nothing is known of the keys" in told["gateway"][1]
    assert "Nothing is known of the keys" in told["sender"][1]


async def test_what_lacks_is_named_and_what_is_there_is_looked_at_all_the_same(providers: Providers) -> None:
    told = await found(LIVE | toss_settings(providers.toss))
    assert told["providers"][0] == "wrong"
    assert "CHEONGGU_SENDER=solapi or nhn" in told["providers"][1]
    assert told["gateway"][0] == "note"


async def test_settings_that_are_of_no_use_are_noted(providers: Providers) -> None:
    told = await found(toss_settings(providers.toss))
    assert told["providers"][0] == "ok"
    assert told["unused settings"][0] == "note"
    assert "CHEONGGU_GATEWAY, CHEONGGU_TOSS_CLIENT_KEY" in told["unused settings"][1]
    assert providers.toss.calls == []


async def test_the_command_asks_by_itself(providers: Providers) -> None:
    """The database of these settings is not there; the providers are asked before that is found out."""
    settings = providers.settings("nhn", CHEONGGU_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    ended = await asyncio.to_thread(cheonggu, "doctor", "--json", **settings)
    checks = {one["name"]: one for one in json.loads(ended.stdout)["checks"]}
    assert checks["gateway"]["state"] == "note"
    assert checks["sender"]["state"] == "ok"
    assert "It takes" in checks["sender"]["finding"]
    assert not [secret for secret in SECRETS if secret in ended.stdout + ended.stderr]
    await asyncio.to_thread(cheonggu, "doctor", "--json", "--no-ask", **settings)
    assert len(providers.nhn.heard) == 1
