"""What docs/client.md shows does what the document says."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cheonggu.client import ACCEPTED, NOT_ACCEPTED, State, Todo, Verdict, reconciling
from cheonggu.domain.webhook import sign
from tests.live import WEBHOOK_SECRET, Live
from tests.test_docs import blocks

DOCUMENT = Path(__file__).parent.parent / "docs" / "client.md"
SNIPPETS = [block.text for block in blocks(DOCUMENT, "python")]


def run_all(url: str) -> dict[str, Any]:
    """Run every snippet in one place, as a reader would paste them; the names they leave."""
    names: dict[str, Any] = {}
    for text in SNIPPETS:
        local = text.replace("http://127.0.0.1:8080", url)
        exec(compile(local, str(DOCUMENT), "exec"), names)  # noqa: S102 - what the reader would paste
    names["client"].close()
    return names


async def test_every_snippet_runs_and_says_what_it_should(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(SNIPPETS) >= 6
    names = await asyncio.to_thread(run_all, live.url)
    said = capsys.readouterr().out
    assert f"created: {live.url}/p/" in said
    assert "W 150000" in said
    assert "phone: a Korean mobile number" in said
    assert "DONE" in said
    assert "CLIENT-1 F REVERT_PAYMENT" in said
    assert "CLIENT-9 W CHECK_BILL_ID" in said
    _check_receiver(names["answer_to"])


def _check_receiver(answer_to: Callable[..., tuple[int, bytes]]) -> None:
    body = json.dumps({"billId": "B1", "apprState": "F", "apprPrice": "500"}).encode()
    now = int(time.time())
    headers = {"webhook-id": "a", "webhook-timestamp": str(now)}
    signed = headers | {"webhook-signature": sign([WEBHOOK_SECRET], "a", now, body)}
    assert answer_to(body, signed, [WEBHOOK_SECRET], 500) == (200, ACCEPTED)
    assert answer_to(body, signed, [WEBHOOK_SECRET], 501) == (409, NOT_ACCEPTED)
    assert answer_to(body, headers, [WEBHOOK_SECRET], 500) == (401, NOT_ACCEPTED)


def test_the_table_of_two_books_is_the_codes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([WFCD, ]+) \| ([WFCD, ]+|any other) \| `(\w+)` \|$", text, re.MULTILINE)
    told: dict[tuple[State, State], Todo] = {}
    for yours, theirs, todo in rows:
        for mine in yours.split(", "):
            others = set("WFCD") - {mine} if theirs == "any other" else set(theirs.split(", "))
            for other in sorted(others):
                told.setdefault((State(mine), State(other)), Todo(todo))
    assert told == reconciling.WHAT_TO_DO


def test_every_verdict_is_explained() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"| `{verdict}` |" in text for verdict in Verdict)
