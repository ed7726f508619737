"""Two servers' reports side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cheonggu.conform.report import FORMAT, NoReport, in_both, read, unlike


def a_check(name: str, outcome: str = "ok", code: str = "0000", **given: Any) -> dict[str, Any]:
    answer = {"status": 200, "headers": {}, "body": {"code": code, "message": "말", "data": None}}
    return {
        "id": name,
        "mark": "S",
        "english": "It is so.",
        "korean": "그래요.",
        "outcome": outcome,
        "reason": None,
        "differences": [],
        "exchanges": [{"direction": "sent", "answer": answer}],
    } | given


def a_report(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "server": "http://a", "at": "2026-11-26T00:00:00+00:00", "checks": list(checks)}


def test_alike_servers_differ_nowhere() -> None:
    assert unlike(a_report(a_check("a"), a_check("b")), a_report(a_check("b"), a_check("a"))) == []


def test_another_outcome_and_another_code_are_differences() -> None:
    missing = [{"mark": "S", "expected": "refused", "answered": "HTTP 200"}]
    first = a_report(a_check("a"), a_check("b"), a_check("c"), a_check("d"))
    second = a_report(
        a_check("a"),
        a_check("b", "differs", differences=missing),
        a_check("c", code="BILL_003"),
        a_check("d", exchanges=[]),
    )
    found = unlike(first, second)
    assert [(one.id, one.second) for one in found] == [
        ("b", "differs; refused → HTTP 200; HTTP 200 0000"),
        ("c", "ok; HTTP 200 BILL_003"),
        ("d", "ok"),
    ]


def test_other_words_are_a_difference_only_when_they_shall() -> None:
    answer = {"status": 200, "headers": {}, "body": {"code": "0000", "message": "다른 말", "data": None}}
    other = a_check("a", exchanges=[{"direction": "sent", "answer": answer}])
    assert unlike(a_report(a_check("a")), a_report(other)) == []
    (found,) = unlike(a_report(a_check("a")), a_report(other), messages=True)
    assert (found.first, found.second) == ("ok; HTTP 200 0000 말", "ok; HTTP 200 0000 다른 말")


def test_what_only_one_of_them_tried_is_no_difference() -> None:
    first, second = a_report(a_check("a"), a_check("b")), a_report(a_check("a", "not tried"))
    assert (unlike(first, second), in_both(first, second)) == ([], 0)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "another"}'])
def test_a_file_that_is_no_report_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(NoReport, match=r"a\.json"):
        read(file)
    with pytest.raises(NoReport, match="cannot be read"):
        read(tmp_path / "none.json")


def test_a_report_that_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(a_report(a_check("a"))))
    assert read(file)["checks"][0]["id"] == "a"
