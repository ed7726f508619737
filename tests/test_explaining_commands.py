"""`cheonggu sandbox requests` and `cheonggu sandbox explain`."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256

import pytest

from cheonggu.domain.hashing import request_hash
from tests import commands
from tests.live import Live
from tests.test_sandbox_commands import run, told

BILL = ("--bill-id", "X-1", "--price", "150000")
PHONE = ("--phone", "01012345678")


async def test_the_last_requests_are_shown_with_what_is_wrong(live: Live) -> None:
    assert (await run(live, "requests")).stdout == "No request yet.\n"
    bill = live.bill()
    await live.operate("/bill", bill, Idempotency_Key="k")
    await live.operate("/bill", bill | {"hash": request_hash(bill["billId"], bill["price"])})
    await live.operate("/bill", bill, Cheonggu_Test_Code="POINT_001")
    shown = (await run(live, "requests")).stdout.splitlines()
    assert len(shown) == 5
    assert "/bill  0000 200  " in shown[0]
    assert shown[0].endswith(f"{bill['billId']} with a key")
    assert "VALIDATION_002 200" in shown[1]
    assert shown[2].startswith("    Phone left out: this operation takes three parts.")
    asked = ("sandbox", "requests", "--base-url", live.url)
    korean = (await asyncio.to_thread(commands.run, *asked, LC_ALL="ko_KR.UTF-8")).stdout.splitlines()
    assert korean[2].startswith("    phone을 빼고 두 값만 이었어요.")
    assert shown[3].endswith("wanted POINT_001")
    assert len((await told(live, "requests", "--limit", "1"))["requests"]) == 1
    assert (await told(live, "requests", "--bill-id", "NEVER"))["requests"] == []
    (entry,) = (await told(live, "requests", "--limit", "1"))["requests"]
    whole = (await run(live, "requests", entry["id"])).stdout
    assert '"productName": ' in whole
    assert "POINT_001" in whole
    assert (await run(live, "requests", "none-1")).returncode == 1


@pytest.mark.parametrize(
    ("options", "hashed", "mistakes"),
    [
        (PHONE, "X-1,010-1234-5678,150000", ["phone_hyphens"]),
        (PHONE, "X-1,150000", ["two_parts"]),
        ((*PHONE, "--for", "destroy"), "X-1,01012345678,150000", ["three_parts"]),
        (("--for", "cancel", "--reason", "r"), "X-1,150000,r", ["reason_in"]),
        ((*PHONE, "--api-key", "k"), "k,X-1,01012345678,150000", ["api_key_in"]),
        ((*PHONE, "--merchant", "m"), "X-1,01012345678,150000,m", ["merchant_in"]),
        (PHONE, "anything", []),
    ],
)
def test_a_hash_is_explained_without_a_server(
    options: tuple[str, ...], hashed: str, mistakes: list[str]
) -> None:
    arguments = (*BILL, *options, "--hash", sha256(hashed.encode()).hexdigest())
    ended = commands.run("sandbox", "explain", *arguments, "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout).get("mistakes", []) == mistakes
    shown = commands.run("sandbox", "explain", *arguments)
    assert "sha256sum" in shown.stdout


def test_a_right_hash_is_said_to_be_right() -> None:
    right = request_hash("X-1", "01012345678", "150000")
    ended = commands.run("sandbox", "explain", *BILL, *PHONE, "--hash", right.upper(), "--json")
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"right": True, "hash": right})


def test_a_create_needs_its_phone() -> None:
    ended = commands.run("sandbox", "explain", *BILL, "--hash", "x")
    assert ended.returncode == 1
    assert "--phone" in ended.stderr
