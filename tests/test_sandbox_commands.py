"""`cheonggu sandbox …` against a running sandbox."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cheonggu.cli.sandbox.clock import seconds_of
from tests import commands
from tests.commands import Ended
from tests.conftest import free_port, until
from tests.live import OTHER, Live


async def run(live: Live, *arguments: str) -> Ended:
    """Run `cheonggu sandbox …`; the service answers on this loop meanwhile."""
    return await asyncio.to_thread(commands.run, "sandbox", *arguments, BILL_BASE_URL=f"{live.url}/partner")


async def told(live: Live, *arguments: str) -> Any:
    """What a command prints as JSON."""
    ended = await run(live, *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


async def test_a_message_is_shown_with_its_text_and_its_button(live: Live) -> None:
    assert "No message yet." in (await run(live, "messages")).stdout
    data = await live.create(billId="SHOWN", message="잘 부탁드려요")

    async def sent() -> bool:
        return (await told(live, "messages", "SHOWN"))["messages"][0]["state"] == "SENT"

    await until(sent)
    shown = (await run(live, "messages", "SHOWN")).stdout
    for part in ("SHOWN  SEND  SENT  to 01012345678", "잘 부탁드려요", data["shortUrl"]):
        assert part in shown


async def test_a_bill_is_paid_with_the_outcome_of_choice(live: Live) -> None:
    await live.create(billId="CHOSEN")
    declined = await told(live, "pay", "CHOSEN", "decline")
    assert (declined["state"], declined["declined"]["code"]) == ("W", "REJECT_CARD_COMPANY")
    assert await told(live, "pay", "CHOSEN") == {"state": "F"}


async def test_points_are_of_the_partner_whose_key_is_given(live: Live) -> None:
    assert await told(live, "points", "54", "--api-key", OTHER["apiKey"]) == {"balance": 54}
    assert await live.balance() == 1_000_000
    assert await told(live, "points", "54") == {"balance": 54}
    assert await live.balance() == 54


async def test_the_clock_is_moved_and_reset_moves_it_back(live: Live) -> None:
    before = live.service.clock.now()
    await told(live, "clock", "1d")
    assert (live.service.clock.now() - before).total_seconds() > 86_000
    assert await told(live, "reset") == {"reset": True}
    assert (live.service.clock.now() - before).total_seconds() < 60


@pytest.mark.parametrize(
    ("span", "seconds"), [("0", 0), ("90", 90), ("10s", 10), ("1.5m", 90), ("2h", 7_200), ("1d", 86_400)]
)
def test_a_span_of_time_is_read(span: str, seconds: float) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("clock", "soon"), "write it as in 10s"),
        (("clock", "-5"), "No such option"),
        (("clock", "400d"), "VALIDATION_001: advanceSeconds"),
        (("pay", "NOBODY"), "BILL_003"),
        (("pay", "NOBODY", "MAYBE"), "VALIDATION_001: outcome"),
        (("points", "--", "-1"), "VALIDATION_001: balance"),
    ],
)
async def test_what_cannot_be_done_is_told_in_a_sentence(
    live: Live, arguments: tuple[str, ...], says: str
) -> None:
    ended = await run(live, *arguments)
    assert ended.returncode == 1
    assert says in ended.stderr


@pytest.mark.parametrize("arguments", [("messages",), ("reset",)])
def test_without_a_server_it_says_how_to_start_one(arguments: tuple[str, ...]) -> None:
    ended = commands.run("sandbox", *arguments, "--base-url", f"http://127.0.0.1:{free_port()}")
    assert ended.returncode == 1
    assert "cheonggu dev" in ended.stderr
