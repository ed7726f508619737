"""What every answer of the whole run was like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cheonggu.conform.check import Section
from cheonggu.conform.probe import Probe
from cheonggu.conform.wire import Answer

SECTION: Final = Section("envelope")

_TRACES: Final = (
    b"Traceback (most recent call last)",
    b"\tat ",
    rb"\tat ",
    b"Exception in thread",
    b"Stack trace:",
)


def _every(probe: Probe, holds: Callable[[Answer], bool], expected: str) -> None:
    probe.read(probe.new_id())
    answers = [exchange.answer for exchange in probe.wire.record if exchange.api and exchange.answer]
    wrong = [answer for answer in answers if not holds(answer)]
    probe.holds(not wrong, expected, f"{len(wrong)} of {len(answers)} answers are not so")


@SECTION.check(
    "fields", "S", "Every answer is {code, message, data}.", "모든 응답은 {code, message, data}예요."
)
def fields(probe: Probe) -> None:
    names = {"code", "message", "data"}
    _every(probe, lambda answer: names <= set(answer.envelope or {}), "code, message and data")


@SECTION.check("texts", "S", "code and message are texts.", "code와 message는 문자열이에요.")
def texts(probe: Probe) -> None:
    def are_texts(answer: Answer) -> bool:
        envelope = answer.envelope or {}
        return all(isinstance(envelope.get(name), str) for name in ("code", "message"))

    _every(probe, are_texts, "texts")


@SECTION.check("null-on-failure", "M", "data is null on failure.", "실패하면 data는 null이에요.")
def null_on_failure(probe: Probe) -> None:
    _every(
        probe,
        lambda answer: answer.done or (answer.envelope or {}).get("data", ...) is None,
        "data is null on failure",
    )


@SECTION.check(
    "content-type", "S", "Every answer is application/json.", "모든 응답은 application/json이에요."
)
def content_type(probe: Probe) -> None:
    _every(
        probe,
        lambda answer: answer.headers.get("content-type", "").startswith("application/json"),
        "Content-Type application/json",
    )


@SECTION.check("no-stack-trace", "O", "No answer is a stack trace.", "어떤 응답에도 스택 트레이스가 없어요.")
def no_stack_trace(probe: Probe) -> None:
    _every(probe, lambda answer: not any(trace in answer.body for trace in _TRACES), "no stack trace")
