"""`cheonggu conform` as one types it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from cheonggu.cli import main
from tests.conform_proxy import Answer, Forward, Request, proxy
from tests.live import API_KEY, Live

ELSEWHERE = ("--base-url", "https://api.example", "--api-key", "k", "--member", "m", "--merchant", "s")


@dataclass
class Ended:
    """How a command ended."""

    returncode: int | str
    stdout: str
    stderr: str


def _run(*arguments: str) -> Ended:
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("BILL_", "CHEONGGU_"))}
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, clean, clear=True),
        patch.object(sys, "argv", ["cheonggu", "conform", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return Ended(ended.value.code or 0, out.getvalue(), err.getvalue())


async def conform(*arguments: str) -> Ended:
    """The command in a thread, while the service runs in this one."""
    return await asyncio.to_thread(_run, *arguments)


def _takes_price_zero(request: Request, forward: Forward) -> Answer:
    """Wrong in one thing that is our own decision, and in one that is the vendor's."""
    if request.of("/bill") and request.bill.get("price") == "0":
        return forward(request.with_bill(price="0x"))
    answer = forward(request)
    return answer.with_data(apprPrice=1000) if request.of("/bill/read") else answer


async def test_a_run_and_a_diff_of_two_servers(live: Live, tmp_path: Path) -> None:
    ours, theirs = str(tmp_path / "ours.json"), str(tmp_path / "theirs.json")
    only = ("--only", "read", "--only", "fields.price", "--pay")
    ended = await conform("--base-url", live.url, *only, "--report", ours)
    assert ended.returncode == 0
    assert "read         13 ok" in ended.stdout
    assert "every bill that was made is destroyed or cancelled" in ended.stdout
    with proxy(live.url) as server:
        server.mutation = _takes_price_zero
        ended = await conform("--base-url", server.url, *only, "--report", theirs, "--korean")
    assert ended.returncode == 1
    assert "✗  read.fields (M)  응답에 모든 필드가 있고" in ended.stdout
    assert "M: expected texts or null; answered: others in apprPrice" in ended.stdout
    assert API_KEY not in ended.stdout
    ended = await conform("diff", ours, theirs)
    assert ended.returncode == 1
    assert "  read.fields (M)  The answer has every field" in ended.stdout
    assert "came out differently" in ended.stdout
    found = json.loads((await conform("diff", ours, theirs, "--json")).stdout)
    assert {"id", "mark", "first", "second"} <= found[0].keys()
    assert "read.fields" in [one["id"] for one in found]


async def test_our_own_decisions_count_only_when_they_shall(live: Live) -> None:
    def no_partner_prefix(request: Request, forward: Forward) -> Answer:
        if request.path.startswith("/partner"):
            return forward(request.with_tree({}))
        return forward(request)

    with proxy(live.url) as server:
        server.mutation = no_partner_prefix
        arguments = ("--base-url", server.url, "--only", "transport.partner-prefix")
        mild, strict = await conform(*arguments), await conform(*arguments, "--strict")
    assert (mild.returncode, strict.returncode) == (0, 1)
    assert "○  transport.partner-prefix (O)" in mild.stdout


async def test_a_run_that_could_try_nothing_ends_with_2(live: Live) -> None:
    ended = await conform("--base-url", live.url, "--only", "talk")
    assert ended.returncode == 2
    assert "9 not tried" in ended.stdout


async def test_a_refused_key_ends_it_with_2(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    who = ("--api-key", "nobodys-key", "--member", "m", "--merchant", "s")
    ended = await conform("--base-url", live.url, "--report", str(file), *who)
    assert ended.returncode == 2
    assert "stopped before the end. The apiKey, member or merchant was refused" in ended.stderr
    assert "was refused" in json.loads(file.read_text(encoding="utf-8"))["stopped"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--list", "--only", "page"], 0, "O  page.open"),
        (["--list", "--only", "page", "--korean"], 0, "링크를 열면"),
        (["--only", "no-such-check"], 2, "--list shows them all"),
        (["--base-url", "https://api.example"], 2, "--api-key is needed"),
        (["--base-url", "api.example"], 2, "is no base URL"),
        (["--callback-listen", "9000"], 2, "--callback-listen is HOST:PORT"),
        (["--second-api-key", "x"], 2, "go together"),
        (["--talk", "me"], 2, "--talk is a phone number, not 'me'"),
        ([*ELSEWHERE, "--callback-listen", "127.0.0.1:0"], 2, "how does the server reach it?"),
        (["diff", "/no/such.json", "/no/such.json"], 2, "/no/such.json cannot be read"),
    ],
    ids=str,
)
def test_what_needs_no_server_is_told_without_one(arguments: list[str], status: int, said: str) -> None:
    ended = _run(*arguments)
    assert ended.returncode == status
    assert said in ended.stdout + ended.stderr
