"""The configuration of `make mutants` fits the code, and a change that matters is noticed."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from mutants import plan
from mutants.changes import changes
from mutants.plan import DOMAIN, GUARDED_BY, ROOT, left, source_of


def test_every_module_of_the_domain_has_tests_that_guard_it() -> None:
    assert set(GUARDED_BY) == {file.stem for file in DOMAIN.glob("*.py")} - {"__init__"}
    assert all(test.is_file() for module in GUARDED_BY for test in plan.tests_of(module))


def test_every_survivor_that_may_live_is_a_mutant_and_has_a_reason() -> None:
    names = {
        (module, change.name)
        for module in GUARDED_BY
        for change in changes(ast.parse(source_of(module).read_text(encoding="utf-8")))
    }
    assert set(left()) <= names
    assert all(left().values())


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("x = a < b", ["x = a <= b"]),
        ("x = a <= b < c", ["x = a < b < c", "x = a <= b <= c"]),
        ("x = a and b", ["x = a or b"]),
        ("x = not a", ["x = a"]),
        ("x = a + 1", ["x = a - 1", "x = a + 2"]),
        ("x += y", ["pass"]),
        ("f(True)", ["pass", "f(False)"]),
        ("x = 'word'", ["x = 'XXwordXX'"]),
        ("x = 'two words'", []),
        ("x: int = y", []),
        ("x = cast('str', 'y')", ["x = cast('str', 'XXyXX')"]),
        ("Address = Four | Six", []),
        ("x = a | b", ["x = a & b"]),
        ("x = {a, b}", ["x = {b}", "x = {a}"]),
        ("if a: b = c", ["if not a: b = c"]),
        ("def f(): return a", ["def f(): return None"]),
        ("raise E", ["pass"]),
        ("@cache(maxsize=1)\nclass A(B, frozen=True): pass", []),
        ("x = a.lower()", ["x = a.upper()"]),
    ],
)
def test_these_changes_are_tried(source: str, mutants: list[str]) -> None:
    made: list[str] = []
    for number in range(len(changes(ast.parse(source)))):
        tree = ast.parse(source)
        changes(tree)[number].apply()
        made.append(ast.unparse(ast.fix_missing_locations(tree)))
    assert made == [ast.unparse(ast.parse(mutant)) for mutant in mutants]


def test_it_runs_and_kills() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mutants", "hashing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "100.0%" in ran.stdout
