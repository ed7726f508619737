"""The tutorial's program, as it stands in the document: everything that the tutorial says of it is tried."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from cheonggu.scenarios import script
from tests import commands
from tests.conftest import free_port, until
from tests.live import Live

DOCS = Path(__file__).parent.parent / "docs"
TUTORIALS = (DOCS / "tutorial.md", DOCS / "tutorial.ko.md")

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(tutorial: Path) -> list[tuple[str, str]]:
    return _BLOCK.findall(tutorial.read_text(encoding="utf-8"))


def program_of(tutorial: Path) -> str:
    (program,) = (text for language, text in blocks(tutorial) if language == "python")
    return program


def test_both_languages_have_the_same_program_and_the_same_commands() -> None:
    english, korean = map(blocks, TUTORIALS)
    assert english == korean


@pytest_asyncio.fixture
async def academy(live: Live, tmp_path: Path) -> AsyncIterator[str]:
    """The program beside a running service; gives its address."""
    async for address in running(live, tmp_path, program_of(TUTORIALS[0])):
        yield address


async def running(live: Live, place: Path, program: str) -> AsyncIterator[str]:
    port = free_port()
    adapted = program.replace("http://127.0.0.1:8080", live.url).replace("PORT = 9000", f"PORT = {port}")
    assert adapted.count(live.url) == 1
    (place / "academy.py").write_text(adapted, encoding="utf-8")
    process = subprocess.Popen([sys.executable, "academy.py"], cwd=place, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    address = f"http://127.0.0.1:{port}"

    async def answers() -> bool:
        try:
            async with live.http.get(f"{address}/books/NONE") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    try:
        await until(answers)
        yield address
    finally:
        process.kill()
        process.wait()


async def books(live: Live, academy: str, bill_id: str) -> Any:
    async with live.http.get(f"{academy}/books/{bill_id}") as answer:
        return json.loads(await answer.text())


async def test_a_bill_is_sent_paid_and_booked(live: Live, academy: str) -> None:
    bill = {"billId": "NOV-1", "price": "150000", "memberName": "김서연", "phone": "01012345678"}
    async with live.http.post(f"{academy}/bills", json=bill | {"productName": "11월 수강료"}) as answer:
        assert answer.status == 200
    assert len(await live.messages("NOV-1")) == 1
    await live.pay("NOV-1")

    async def booked() -> bool:
        told = await books(live, academy, "NOV-1")
        return told == {"state": "paid", "amount": 150_000, "payments": 1}

    await until(booked)


async def play(live: Live, academy: str, *scenarios: str, wait: str = "60") -> dict[str, str]:
    """What came of each scenario."""
    ended = await asyncio.to_thread(
        commands.run,
        *("sandbox", "run", *scenarios, "--base-url", live.url, "--json"),
        *("--callback-url", f"{academy}/callback", "--create", f"{academy}/bills"),
        *("--books", f"{academy}/books/{{billId}}", "--wait", wait),
    )
    reports = json.loads(ended.stdout)["reports"]
    wrong = [one for report in reports for one in report["findings"] if one["verdict"] != "ok"]
    assert ended.returncode in (0, 1), wrong
    return {report["scenario"]: report["verdict"] for report in reports}


async def test_it_is_right_in_every_scenario(live: Live, academy: str) -> None:
    assert await play(live, academy, "all") == dict.fromkeys(script.shipped(), "ok")


async def test_without_the_two_lines_one_scenario_says_so(live: Live, tmp_path: Path) -> None:
    lines = program_of(TUTORIALS[0]).splitlines(keepends=True)
    (at,) = (number for number, line in enumerate(lines) if "is_payment_of" in line)
    assert lines[at + 1].strip() == "return False"
    async for academy in running(live, tmp_path, "".join(lines[:at] + lines[at + 2 :])):
        assert await play(live, academy, "wrong-amount", wait="2.5") == {"wrong-amount": "wrong"}


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.name)
def test_it_names_as_many_scenarios_as_there_are(tutorial: Path) -> None:
    assert len(script.shipped()) == 11
    assert re.search("eleven names|이름 열한 개", tutorial.read_text(encoding="utf-8"))
