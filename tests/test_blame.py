"""The part of an answer that a page marks."""

from __future__ import annotations

import pytest

from cheonggu.domain.blame import Marked, blame


@pytest.mark.parametrize(
    ("answer", "blamed"),
    [
        ('{"code":"1","message":"no"}', '"1"'),
        ('{ "message" : {"code":"7"}, "code" : 0 }', "0"),
        ('{"code":"0000","code":"9"}', '"9"'),
        ('\ufeff {"code":null}', "null"),
        ('{"code":{"a":[1]},"b":2}', '{"a":[1]}'),
        ('"0000"', '"0000"'),
        ("[1, 2] ", "[1, 2]"),
        ("OK\nmore", "OK"),
        ("<html>" + "x" * 100, "<html>" + "x" * 34),
        ('{"code":"1","message":"cut sho', '"1"'),
    ],
)
def test_what_is_to_blame_is_the_middle_one_of_three_parts(answer: str, blamed: str) -> None:
    marked = blame(200, answer)
    assert marked is not None
    assert marked.blamed == blamed
    assert "".join(marked) == answer


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, ""),
        (200, "  \n"),
        (200, '{"code":"0000"}'),
        (200, "{}"),
        (200, '{"ok":true}'),
        (200, '{"cod'),
        (200, "{"),
        (500, '{"code":"1"}'),
        (None, "half"),
    ],
)
def test_where_no_part_is_to_blame_none_is_marked(status: int | None, answer: str) -> None:
    assert blame(status, answer) is None


def test_an_answer_nested_without_end_is_marked_all_the_same() -> None:
    assert blame(200, "[" * 1_000) == Marked("", "[" * 40, "[" * 960)
