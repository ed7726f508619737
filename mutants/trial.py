"""One trial: a forked process imports the changed module and runs its tests until one fails."""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import os
import resource
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import hypothesis
import pytest

from mutants.changes import Change
from mutants.plan import ROOT, source_of

CPU_SECONDS: Final = 20
"""A mutant that needs more runs in circles; its tests need a second or two."""

_OURS: Final = ("cheonggu", "tests")
_DATABASE: Final = frozenset({"postgres", "dsn", "database", "service"})
_OPTIONS: Final = (
    "-x",
    "--quiet",
    "--tb=no",
    "--noconftest",
    "--assert=plain",
    "--override-ini=addopts=",
    "-pno:cacheprovider",
    "-pno:schemathesis",
    "-pno:timeout",
    "-pno:terminalreporter",
    "-pno:logging",
    "-pno:faulthandler",
    "-pno:unraisableexception",
    "-pno:threadexception",
)


class WithoutDatabase:
    """Leaves out the tests that need one, and puts tables of cases before properties, which take longer."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Choose and order them."""
        items[:] = [item for item in items if not _DATABASE & set(getattr(item, "fixturenames", ()))]
        items.sort(key=lambda item: item.get_closest_marker("hypothesis") is not None)


class Changed:
    """Finds one module, and gives it the code of a changed tree."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._name = f"cheonggu.domain.{module}"
        self._file = source_of(module)
        self._tree = tree

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """As an import asks it."""
        if name != self._name:
            return None
        loader = _Loader(compile(self._tree, str(self._file), "exec"))
        return importlib.util.spec_from_file_location(name, self._file, loader=loader)


class _Loader(Loader):
    def __init__(self, code: CodeType) -> None:
        self._code = code

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, vars(module))  # noqa: S102 (our own source)


def warm_up(tests: Sequence[Path]) -> None:
    """Import what the tests lean on, once; each trial imports what is ours anew."""
    sys.path.insert(0, str(ROOT))
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=50,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")
    for name in _imported_by(tests):
        if name.split(".")[0] not in _OURS:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def _imported_by(tests: Sequence[Path]) -> list[str]:
    """The modules that a process has imported to collect these tests."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 99
        try:
            code = int(pytest.main([*_OPTIONS, "--collect-only", *map(str, tests)]))
            with open(writing, "w") as pipe:  # noqa: PTH123 (a descriptor)
                pipe.write("\n".join(sys.modules))
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading) as pipe:  # noqa: PTH123 (a descriptor)
        names = pipe.read().split()
    if os.waitpid(child, 0)[1]:
        sys.exit("mutants: the tests cannot be imported")
    return names


def survives(module: str, tree: ast.Module, change: Change | None, tests: Sequence[Path]) -> bool:
    """Whether every test passes on the changed module; without a change, whether they pass at all."""
    child = os.fork()
    if not child:
        _run(module, tree, change, tests)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"mutants: no tests were run for {module}")
    return status == 0


def _run(module: str, tree: ast.Module, change: Change | None, tests: Sequence[Path]) -> None:
    """In the child. It never returns."""
    code = 99
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        gc.disable()
        if change:
            change.apply()
        sys.meta_path.insert(0, Changed(module, ast.fix_missing_locations(tree)))
        code = int(pytest.main([*_OPTIONS, *map(str, tests)], plugins=[WithoutDatabase()]))
    finally:
        os._exit(code)
