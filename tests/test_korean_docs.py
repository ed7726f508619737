"""A Korean page says what the English one says: the same code, tables, figures and links in each section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_docs import ROOT, Block, anchor_of, blocks, prose_of, relative, text_of

DOCS = ROOT / "docs"
SANDBOX = sorted(page for page in (DOCS / "sandbox").glob("*.md") if not page.name.endswith(".ko.md"))
ENGLISH_ONLY = {"performance", "roadmap"}
PAGES = [
    *SANDBOX,
    *sorted(
        page
        for page in DOCS.glob("*.md")
        if page.stem not in ENGLISH_ONLY and not page.name.endswith(".ko.md")
    ),
]

_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", re.ASCII)
_STATES = re.compile(r" [A-Z](, [A-Z])* ")
_FIGURE = re.compile(r"(?<![\w.,])\d[\d,.]*\d")

each_page = pytest.mark.parametrize("page", PAGES, ids=relative)


def korean_of(page: Path) -> Path:
    return page.with_name(f"{page.stem}.ko.md")


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".ko.md", ".md"))


def bodies(page: Path) -> list[str]:
    """The prose under each heading, the heading with it."""
    prose = prose_of(page)
    starts = [match.start() for match in _HEADING.finditer(prose)]
    return [prose[start:end] for start, end in zip(starts, [*starts[1:], len(prose)], strict=True)]


def place_of(page: Path, target: str) -> str:
    """Where a link leads, alike in both languages: an anchor is the number of its heading."""
    if re.match(r"[a-z]+:", target):
        return target
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    named = relative(english_of(there)).replace("-en.png", ".png")
    if not anchor:
        return named
    anchors = [anchor_of(match[2]) for match in _HEADING.finditer(prose_of(there))]
    return f"{named}#{anchors.index(anchor)}"


def codes_of(text: str) -> set[str]:
    return {" ".join(code.split()) for code in _CODE.findall(text)}


def figures_of(text: str) -> set[str]:
    """Figures of two digits or more and names in capitals, without those in code and in the heading."""
    plain = _CODE.sub("", _LINK.sub("]", text.partition("\n")[2]))
    return set(_NAME.findall(plain)) | set(_FIGURE.findall(plain))


def rows_of(text: str) -> list[tuple[int, set[str], list[str]]]:
    """Of every row of the tables how many cells it has, which code, and the cells that are states."""
    rows = [line.replace(r"\|", "").split("|") for line in text.splitlines() if line.startswith("|")]
    return [
        (len(row), codes_of("|".join(row)), [cell for cell in row if _STATES.fullmatch(cell)]) for row in rows
    ]


def lines_of(text: str, kind: str) -> int:
    return len(re.findall(rf"^{kind}", text, re.MULTILINE))


def pairs(page: Path) -> Iterator[tuple[str, str]]:
    yield from zip(bodies(page), bodies(korean_of(page)), strict=True)


def test_every_page_has_its_korean_sibling_and_no_korean_page_stands_alone() -> None:
    assert {*DOCS.rglob("*.ko.md")} == {korean_of(page) for page in PAGES}


@each_page
def test_the_siblings_lead_to_each_other_under_the_title(page: Path) -> None:
    korean = korean_of(page)
    assert text_of(page).splitlines()[2] == f"English · [한국어]({korean.name})"
    assert text_of(korean).splitlines()[2] == f"[English]({page.name}) · 한국어"


def code_blocks(page: Path) -> list[Block]:
    """The blocks of code; a diagram without its labels, which are in the page's language."""
    return [
        Block(block.language, re.sub(r": .+$", "", block.text, flags=re.MULTILINE))
        if block.language == "mermaid"
        else block
        for block in blocks(page)
    ]


@each_page
def test_the_siblings_have_the_same_code(page: Path) -> None:
    assert code_blocks(korean_of(page)) == code_blocks(page)


@each_page
def test_the_siblings_have_the_same_headings(page: Path) -> None:
    english, korean = (
        [len(match[1]) for match in _HEADING.finditer(prose_of(one))] for one in (page, korean_of(page))
    )
    assert korean == english
    assert english


@each_page
def test_the_siblings_tables_have_the_same_rows_about_the_same_code(page: Path) -> None:
    for english, korean in pairs(page):
        assert rows_of(korean) == rows_of(english)


@each_page
@pytest.mark.parametrize("kind", ["- ", r"\| ?-", r"\*\*", "!"], ids=["items", "tables", "bold", "pictures"])
def test_the_siblings_have_as_many(page: Path, kind: str) -> None:
    for english, korean in pairs(page):
        assert lines_of(korean, kind) == lines_of(english, kind), english


@each_page
def test_the_siblings_name_the_same_code_and_figures(page: Path) -> None:
    for english, korean in pairs(page):
        assert codes_of(korean) == codes_of(english)
        assert figures_of(korean) == figures_of(english), english


@each_page
def test_the_siblings_lead_to_the_same_places(page: Path) -> None:
    siblings = {page.name, korean_of(page).name}
    for english, korean in pairs(page):
        there, here = (
            {place_of(one, target) for target in _LINK.findall(text) if target not in siblings}
            for one, text in ((page, english), (korean_of(page), korean))
        )
        assert here == there, english


KOREAN = sorted([*ROOT.glob("*.ko.md"), *DOCS.rglob("*.ko.md")])


@pytest.mark.parametrize("page", KOREAN, ids=relative)
def test_a_korean_page_leads_to_korean_pages_where_there_are_any(page: Path) -> None:
    for target in _LINK.findall(prose_of(page)):
        there = (page.parent / target.partition("#")[0]).resolve()
        if there.suffix == ".md" and there != english_of(page).resolve():
            assert there.name.endswith(".ko.md") or not korean_of(there).exists(), target


@pytest.mark.parametrize("page", KOREAN, ids=relative)
def test_a_korean_page_speaks_plainly(page: Path) -> None:
    said = _CODE.sub("", prose_of(page)).replace("![", "")
    assert not re.findall(r"!|니다[.\n]|니까\?|[\U0001F300-\U0001FAFF]", said)
