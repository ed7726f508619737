"""Rules that matter about the code itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "cheonggu"

MAY_IMPORT = {
    "domain": {"domain"},
    "store": {"store", "domain"},
    "billing": {"billing", "store", "domain"},
    "providers": {"providers", "domain"},
    "delivery": {"delivery", "billing", "providers", "store", "domain", "service"},
    "web": {"web", "delivery", "billing", "store", "domain", "service", "config", "providers"},
    "cli": None,
    "config": {"domain"},
    "logs": set[str](),
    "service": {"billing", "providers", "store", "config", "domain"},
    "wiring": None,
}
"""Which rooms a room may import from; None: any."""

SANDBOX_MAY_ALSO = {"store"}
"""The sandbox's providers keep tables of their own."""


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def rooms_imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            targets = [node.module]
            if node.module == "cheonggu":
                targets = [f"cheonggu.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            continue
        names |= {target.split(".")[1] for target in targets if target.startswith("cheonggu.")}
    return names


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_go_one_way(file: Path) -> None:
    place = file.relative_to(SOURCE)
    room = place.parts[0].removesuffix(".py")
    if room in {"__init__", "__main__"}:
        return
    allowed = MAY_IMPORT[room]
    if allowed is None:
        return
    if place.parts[0] == "providers" and "sandbox" in place.stem:
        allowed = allowed | SANDBOX_MAY_ALSO
    assert rooms_imported(file) <= allowed


def test_only_the_wiring_chooses_providers() -> None:
    choosers = {
        str(file.relative_to(SOURCE))
        for file in modules()
        if re.search(r"\bSandbox(Sender|Gateway)\(", file.read_text(encoding="utf-8"))
    }
    assert choosers == {"wiring.py"}


def test_the_domain_does_no_io_and_reads_no_clock() -> None:
    forbidden = re.compile(
        r"^(import|from) (asyncio|socket|os|time|asyncpg|aiohttp|starlette|random|secrets)\b"
        r"|datetime\.now\(|date\.today\(|open\(",
        re.MULTILINE,
    )
    for file in (SOURCE / "domain").glob("*.py"):
        assert not forbidden.search(file.read_text(encoding="utf-8")), file.name


def test_files_stay_readable() -> None:
    too_long = [
        f"{file.relative_to(SOURCE)}: {lines}"
        for file in modules()
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert not too_long


def test_nothing_is_left_for_later_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for file in modules():
        assert not marks.search(file.read_text(encoding="utf-8")), file.name
