"""Hostile input and hostile neighbours, in short: `make hostile` sends all of it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator

import pytest
from hostile import canaries, crowds, judging, neighbours
from hostile.__main__ import MOST_GROWTH_MB, unsound_lines
from hostile.corpus import OPERATIONS, everything, sound
from hostile.forbidden import try_everything
from hostile.hosts import spellings
from hostile.judging import Answer, faults
from hostile.receivers import HELL
from hostile.requests import Kind, Shot, as_json, posted
from hostile.sending import fire
from hostile.service import HOST, Target, target
from hostile.streams import streams
from hostile.strings import every_string

from cheonggu.delivery.callback import DEADLINE_SECONDS

EVERY = 9


@pytest.fixture(scope="module")
def at() -> Iterator[Target]:
    """One service for all of these."""
    with target() as made:
        yield made


@pytest.fixture
def longest_seconds(monkeypatch: pytest.MonkeyPatch) -> float:
    """Half of what a slow client or a receiver that hangs is waited for: nobody else has to wait for them.

    `make hostile` wants answers and callbacks much sooner, on a quiet machine.
    """
    monkeypatch.setattr(judging, "SLOWEST_SECONDS", DEADLINE_SECONDS / 2)
    return DEADLINE_SECONDS / 2


@pytest.mark.usefixtures("longest_seconds")
async def test_hostile_requests_are_answered_and_do_no_harm(at: Target) -> None:
    before = at.memory()
    tallies = await fire(HOST, at.port, itertools.chain(everything(at.code, every=EVERY), streams()))
    assert [fault for tally in tallies.values() for fault in tally.kept] == []
    assert sum(tally.shots for tally in tallies.values()) > 2_000
    assert all(megabytes - before[part] < MOST_GROWTH_MB for part, megabytes in at.memory().items())


@pytest.mark.parametrize("path", OPERATIONS)
async def test_what_the_corpus_calls_sound_is_sound(at: Target, path: str) -> None:
    got = at.dev.post(path, sound(path))
    assert got["code"] in {"0000", "BILL_006", "BILL_009"}


@pytest.mark.usefixtures("longest_seconds")
async def test_no_log_line_and_no_refusal_tells_who_somebody_is(at: Target) -> None:
    shots = list(canaries.sent_everywhere(at.code, f"{at.dev.url}/sandbox/receiver"))
    tallies = await fire(HOST, at.port, shots)
    assert tallies["canaries"].kept == []
    assert canaries.leaks(at.log()) == []
    assert unsound_lines(at.dev.complaints) == []


async def test_crowds_are_thrown_out_and_others_do_not_wait_for_them(
    at: Target, longest_seconds: float
) -> None:
    seen = await asyncio.gather(*(crowds.meet(HOST, at.port, crowd, 25, 30) for crowd in crowds.CROWDS))
    assert max(one.slowest_seconds for one in seen) < longest_seconds
    assert await crowds.flood(HOST, at.port) > 0
    assert await crowds.ask(HOST, at.port) < longest_seconds


async def test_receivers_from_hell_delay_nobody_elses_callbacks(at: Target, longest_seconds: float) -> None:
    seen = await neighbours.measured(at, healthy=30, each=2)
    assert seen.p99(seen.in_company) < longest_seconds, seen.told
    assert not seen.trapped
    assert len(seen.hostile) == len(HELL) + 2


async def test_no_way_leads_inside() -> None:
    seen = await try_everything()
    assert seen.forbidden == []
    assert seen.connects, "no connection at all proves nothing"
    assert len(set(spellings("10.0.0.1"))) > 60


ENVELOPE = json.dumps({"code": "VALIDATION_001", "message": "x", "data": None}).encode()
JSON = {"content-type": "application/json", "x-content-type-options": "nosniff"}
PAGE = {
    "content-type": "text/html; charset=utf-8",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
FAULTY: list[tuple[Kind, list[Answer], float, str]] = [
    (Kind.API, [Answer(500, JSON, ENVELOPE)], 0, "5xx"),
    (Kind.API, [Answer(400, JSON, b"{}")], 0, "envelope: keys"),
    (Kind.API, [Answer(400, JSON, b"{")], 0, "envelope: no JSON"),
    (Kind.API, [Answer(400, PAGE, b"<p>")], 0, "envelope: text/html"),
    (Kind.API, [Answer(403, JSON, ENVELOPE)], 0, "envelope: VALIDATION_001 with 403"),
    (Kind.API, [Answer(400, JSON, ENVELOPE.replace(b"VALIDATION_001", b"X"))], 0, "envelope: unknown"),
    (Kind.API, [Answer(400, JSON, ENVELOPE.replace(b"null", b"{}"))], 0, "envelope: data"),
    (Kind.API, [Answer(400, JSON, ENVELOPE.replace(b'"x"', b'"Traceback"'))], 0, "body: a trace"),
    (Kind.API, [Answer(400, {**JSON, "x-injected": "1"}, ENVELOPE)], 0, "header: injected"),
    (Kind.API, [Answer(400, {"content-type": "application/json"}, ENVELOPE)], 0, "header: sniffing"),
    (Kind.API, [Answer(400, JSON, ENVELOPE)] * 2, 0, "answers: 2"),
    (Kind.API, [Answer(400, JSON, ENVELOPE)], 2.5, "slow"),
    (Kind.API, [Answer(400, JSON, ENVELOPE.replace(b'"x"', b'"01098712347"'))], 0, "leak"),
    (Kind.API, [Answer(200, JSON, ENVELOPE.replace(b'"x"', b'"canary-key-0f9d8c7b6a5e"'))], 0, "leak"),
    (Kind.API, [], 0, "no answer"),
    (Kind.PAGE, [Answer(200, PAGE, b"<h1><script>hstl=1</script>")], 0, "page: markup"),
    (Kind.PAGE, [Answer(200, PAGE, b"<img src=x onerror=hstl=1>")], 0, "page: markup"),
    (Kind.PAGE, [Answer(200, PAGE | {"x-frame-options": ""}, b"")], 0, "page: may be framed"),
    (Kind.PAGE, [Answer(200, PAGE | {"content-security-policy": ""}, b"")], 0, "page: no policy"),
]


@pytest.mark.parametrize(("kind", "answers", "seconds", "fault"), FAULTY)
def test_harm_would_be_seen(kind: Kind, answers: list[Answer], seconds: float, fault: str) -> None:
    shot = Shot(family="", told="", kind=kind, raw=b"")
    found = list(faults(shot, answers, seconds))
    assert any(one.startswith(fault) for one in found), found


def test_a_leak_would_be_seen() -> None:
    for canary in canaries.CANARIES:
        assert canaries.leaks(f'{{"event": "x", "who": "{canary}"}}') == [canary]
        assert canaries.leaks(json.dumps({"who": canary})) == [canary]
    assert unsound_lines(['{"event": "x"}\n', "cheonggu dev: Stopping.\n"]) == []
    assert len(unsound_lines(["forged\n", '{"a": "\x1b[2J"}\n', '{"a": 1} {"b": 2}\n'])) == 3


def test_every_text_can_travel() -> None:
    for _, text in every_string():
        assert json.loads(as_json({"x": text}))["x"] == text
    assert posted("/bill", b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")
