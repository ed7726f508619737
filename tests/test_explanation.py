"""Explanations and their one line, next steps for every refusal."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from cheonggu.domain import explanation
from cheonggu.domain.codes import CODES, OK, POINT_001
from cheonggu.domain.hash_steps import THREE, Sent
from cheonggu.domain.hash_words import code_lines
from cheonggu.domain.next_steps import NEXT_STEPS

KNOWN = Sent(given="", parts=THREE, bill_id="X-1", phone="01012345678", price="900")


def test_every_refusal_has_its_next_step() -> None:
    assert set(NEXT_STEPS) == set(CODES) - {OK.code}
    for english, korean in NEXT_STEPS.values():
        assert english.isascii()
        assert korean.endswith("요.")


def test_a_code_is_explained_by_its_table_and_what_is_known_besides() -> None:
    why = explanation.of_code(POINT_001, "포인트가 모자라요.", ("More.", "더."))
    assert (why.code, why.marks) == ("POINT_001", "C")
    assert why.english == f"{POINT_001.meaning} More."
    assert why.korean == "포인트가 모자라요. 더."
    assert (why.next_english, why.next_korean) == NEXT_STEPS["POINT_001"]
    assert why.line == f"{why.english} {why.next_english} [C]"
    alone = explanation.of_code(POINT_001, "포인트가 모자라요.")
    assert (alone.english, alone.korean) == (POINT_001.meaning, "포인트가 모자라요.")


def test_an_unknown_mistake_shows_what_has_to_be_hashed() -> None:
    why = explanation.of_hash(msgspec.structs.replace(KNOWN, given="0" * 64))
    assert why.english == 'The hash is not that of "X-1,01012345678,900", and no usual mistake leads to it.'
    assert (why.to_hash, why.hashed, why.mistakes) == ("X-1,01012345678,900", None, ())
    assert why.next_english == 'Hash "X-1,01012345678,900": SHA-256 in hex of billId,phone,price as UTF-8.'


def test_two_mistakes_are_told_one_after_the_other() -> None:
    given = hashlib.sha256(b"900,X-1,01012345678\n").hexdigest()
    why = explanation.of_hash(msgspec.structs.replace(KNOWN, given=given))
    assert (why.code, why.field, why.marks) == ("VALIDATION_002", "bill.hash", "SM")
    assert why.mistakes == ("order", "newline")
    told = 'The parts in another order; a line break at the end. You hashed "900,X-1,01012345678\\n".'
    assert why.english == told
    assert why.korean == (
        "값의 순서가 달라요. 끝에 줄바꿈이 붙었어요. 해시한 글은 '900,X-1,01012345678\\n'예요."
    )
    assert why.next_korean.startswith("billId,phone,price를 이은 글의")
    assert why.code_lines == code_lines(THREE)


@pytest.mark.parametrize(
    ("english", "line"),
    [
        ("a\u2013b", "a-b Next. [S M]"),
        ("a\nb\x7f", "a?b? Next. [S M]"),
        ("가", "\\uac00 Next. [S M]"),
        ("x" * 700, "x" * 597 + "..."),
        ("x" * 588, "x" * 588 + " Next. [S M]"),
    ],
)
def test_the_line_is_visible_ascii_and_short(english: str, line: str) -> None:
    why = msgspec.structs.replace(explanation.of_hash(KNOWN), english=english, next_english="Next.")
    assert why.line == line


@pytest.mark.parametrize(
    ("english", "line"),
    [
        ('You sent "010": send "011".', 'You sent "...": send "...". Next. [S M]'),
        (r'You hashed "a\"b\\".', 'You hashed "...". Next. [S M]'),
        ('A long "x...".', 'A long "...". Next. [S M]'),
        ("Nothing quoted.", "Nothing quoted. Next. [S M]"),
        ('"' + "x" * 700, '"..."'),
        ('"' + "\\" * 701, '"..."'),
    ],
)
def test_a_log_gets_no_values(english: str, line: str) -> None:
    why = msgspec.structs.replace(explanation.of_hash(KNOWN), english=english, next_english="Next.")
    assert why.line_without_values == line
