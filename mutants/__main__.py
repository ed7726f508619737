"""`python -m mutants`: change the domain in every small way, and see that the tests notice.

Exit 0 when each module's tests killed enough, and every survivor stands in left.txt with a reason.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
from typing import Final, NamedTuple

from mutants.changes import changes
from mutants.plan import GUARDED_BY, left, source_of, tests_of
from mutants.trial import survives, warm_up

ENOUGH: Final = 0.9
"""The share of mutants that must be killed, over all modules."""


class Found(NamedTuple):
    """What became of a module's mutants."""

    module: str
    mutants: int
    survived: int
    unknown: int
    """Of the survivors, those that left.txt does not know."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="module", help="of the domain; all when none is named")
    modules: list[str] = parser.parse_args().modules or list(GUARDED_BY)
    if unknown := set(modules) - set(GUARDED_BY):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    warm_up(sorted({test for module in modules for test in tests_of(module)}))
    _say(f"{'module':16} mutants killed survived  share")
    found = [_try(module) for module in modules]
    mutants, survived = sum(one.mutants for one in found), sum(one.survived for one in found)
    _show("together", mutants, survived)
    _say(f"in {time.monotonic() - began:.0f} s")
    sys.exit(survived > (1 - ENOUGH) * mutants or any(one.unknown for one in found))


def _try(module: str) -> Found:
    tests = tests_of(module)
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    if not survives(module, tree, None, tests):
        sys.exit(f"mutants: the tests of {module} fail without any change")
    tried = changes(tree)
    survivors = [change for change in tried if survives(module, tree, change, tests)]
    _show(module, len(tried), len(survivors))
    unknown = [change for change in survivors if (module, change.name) not in left()]
    for change in unknown:
        _say(f"    line {change.line}: {module} {change.name}")
    return Found(module, len(tried), len(survivors), len(unknown))


def _show(what: str, mutants: int, survived: int) -> None:
    share = (mutants - survived) / mutants if mutants else 1.0
    _say(f"{what:16} {mutants:7} {mutants - survived:6} {survived:8} {share:6.1%}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
