"""What the documents say is so: settings, codes, commands, links, hashes, and the two READMEs alike."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from typer.main import get_command

from cheonggu import config
from cheonggu.billing import sandbox_partners
from cheonggu.cli.app import app
from cheonggu.domain.codes import CODES, Code
from cheonggu.domain.hashing import request_hash
from cheonggu.domain.webhook import sign
from cheonggu.web.operations import OPERATIONS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
API = ROOT / "docs" / "api.md"
APIS = (API, ROOT / "docs" / "api.ko.md")
OPERATING = ROOT / "docs" / "operating.md"
SANDBOX = sorted((ROOT / "docs" / "sandbox").glob("*.md"))
IN_THE_SANDBOX = ("cheonggu sandbox ", "cheonggu listen", "cheonggu conform")
READMES = (ROOT / "README.md", ROOT / "README.ko.md")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_HASHED = re.compile(r"printf '%s' '([^']+)' \| sha256sum")


@dataclass(frozen=True)
class Block:
    """A block of code in a document."""

    language: str
    text: str


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def blocks(document: Path, language: str | None = None) -> list[Block]:
    found = [Block(match[1], match[2]) for match in _FENCE.finditer(text_of(document))]
    return [block for block in found if language in (None, block.language)]


def prose_of(document: Path) -> str:
    return _FENCE.sub("", text_of(document))


def anchors_of(document: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    return {anchor_of(heading) for heading in _HEADING.findall(prose_of(document))}


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands_of(block: Block) -> list[str]:
    """The lines of a block without its comments, which are in the document's language."""
    lines = (re.sub(r"(^|\s)# .*$", "", line).rstrip() for line in block.text.splitlines())
    return [line for line in lines if line]


def cli_commands() -> Iterator[str]:
    """Every command of the command line, as one types it."""

    def below(command: Any, words: str) -> Iterator[str]:
        inner = cast("dict[str, Any]", getattr(command, "commands", {}))
        if not inner or getattr(command, "invoke_without_command", False):
            yield words
        for name, one in inner.items():
            if not one.hidden:
                yield from below(one, f"{words} {name}")

    assert isinstance(app, typer.Typer)
    yield from below(get_command(app), "cheonggu")


def relative(document: Path) -> str:
    return str(document.relative_to(ROOT))


def test_every_setting_is_documented_and_no_other() -> None:
    known = {config.CONFIG_NAME, *(config.PREFIX + name.upper() for name in config.NAMES)}
    rows = set(re.findall(r"^\| `(CHEONGGU_[A-Z_]+)` \|", text_of(OPERATING), re.MULTILINE))
    assert rows == known


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_a_document_names_no_unknown_setting(document: Path) -> None:
    known = {config.CONFIG_NAME, *(config.PREFIX + name.upper() for name in config.NAMES)}
    named = set(re.findall(r"CHEONGGU_[A-Z_]*[A-Z]", text_of(document)))
    assert named <= known


@pytest.mark.parametrize(
    ("setting", "default"),
    [
        ("CHEONGGU_MODE", config.Settings().mode.value),
        ("CHEONGGU_HOST", config.Settings().host),
        ("CHEONGGU_PORT", str(config.Settings().port)),
        ("CHEONGGU_DATA_DIR", str(config.Settings().data_dir)),
        ("CHEONGGU_SANDBOX_ALLOW", config.LOOPBACK),
        ("CHEONGGU_GUESSES_PER_MINUTE", str(config.Settings().guesses_per_minute)),
    ],
)
def test_a_documented_default_is_the_real_one(setting: str, default: str) -> None:
    assert f"| `{setting}` | `{default}` |" in text_of(OPERATING)


@pytest.mark.parametrize("api", APIS, ids=relative)
@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_every_code_stands_in_the_table_with_status_message_and_mark(code: Code, api: Path) -> None:
    rows = [line for line in text_of(api).splitlines() if line.startswith(f"| `{code.code}` |")]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[1:3] == [str(code.http_status), f"`{code.message}`"]
    assert cells[-1] == code.mark


def test_the_table_holds_no_other_code() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| \d{3} \|", text_of(API), re.MULTILINE)
    assert rows == list(CODES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_a_document_names_no_unknown_code(document: Path) -> None:
    code = re.compile(r"\b(?:BILL|PARTNER|POINT|PAYMENT|VALIDATION|LIMIT)_\d{3}\b", re.ASCII)
    named = set(code.findall(text_of(document)))
    assert named <= set(CODES)


@pytest.mark.parametrize("path", [operation.path for operation in OPERATIONS])
def test_every_operation_is_documented(path: str) -> None:
    heads = [heading for heading in _HEADING.findall(text_of(API)) if f"`{path}`" in heading]
    assert len(heads) == 1
    assert all(f"`{path}`" in text_of(readme) for readme in READMES)


def test_every_field_of_a_request_is_documented() -> None:
    fields = {name for operation in OPERATIONS for name in _fields(operation.request)}
    undocumented = {name for name in fields if not re.search(rf"\b{name}\b", text_of(API))}
    assert not undocumented


def _fields(struct: type[Any]) -> set[str]:
    from msgspec import inspect

    found: set[str] = set()
    for field in cast("Any", inspect.type_info(struct)).fields:
        found.add(field.name)
        for inner in getattr(field.type, "types", ()):
            if isinstance(inner, inspect.StructType):
                found |= _fields(inner.cls)
    return found


@pytest.mark.parametrize("command", list(cli_commands()))
def test_every_command_is_documented(command: str) -> None:
    places = SANDBOX if command.startswith(IN_THE_SANDBOX) else [OPERATING]
    assert any(re.search(rf"{command}(?![\w-])", text_of(place)) for place in places)


def test_every_command_in_a_code_block_exists() -> None:
    known = set(cli_commands())
    for document in DOCUMENTS:
        for block in blocks(document, "sh"):
            for words in re.findall(r"(?:^|[ (/])(cheonggu(?: [a-z-]+)+)", block.text, re.MULTILINE):
                begun = {" ".join(words.split()[:count]) for count in (2, 3, 4)}
                assert known & begun, f"{relative(document)}: {words}"


def links() -> list[tuple[Path, str]]:
    return [
        (document, target)
        for document in DOCUMENTS
        for target in _LINK.findall(prose_of(document))
        if not re.match(r"[a-z]+:", target)
    ]


@pytest.mark.parametrize(("document", "target"), links(), ids=lambda part: str(part).rpartition("/")[2])
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    there = (document.parent / path).resolve() if path else document
    assert there.exists()
    assert not anchor or anchor in anchors_of(there)


def test_the_readmes_lead_to_each_other_at_the_top() -> None:
    for readme, other in (READMES, READMES[::-1]):
        assert f"]({other.name})" in "".join(text_of(readme).splitlines()[:5])


def test_the_readmes_have_the_same_sections_and_the_same_commands() -> None:
    english, korean = (text_of(readme) for readme in READMES)
    sections = [len(re.findall(r"^## ", text, re.MULTILINE)) for text in (english, korean)]
    assert sections[0] == sections[1] > 0
    assert english.count("\n|") == korean.count("\n|")
    assert english.count("\n- ") == korean.count("\n- ")
    shown = [[(block.language, commands_of(block)) for block in blocks(readme)] for readme in READMES]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("readme", READMES, ids=relative)
def test_the_first_bills_hash_is_right_and_its_caller_is_the_sandboxs(readme: Path) -> None:
    (curl,) = [block.text for block in blocks(readme, "sh") if "/bill -H" in block.text]
    request = json.loads(curl[curl.index("'{") + 1 : curl.rindex("'")])
    bill, sandbox = request["bill"], sandbox_partners.FIRST
    assert bill["hash"] == request_hash(bill["billId"], bill["phone"], bill["price"])
    assert (request["apiKey"], request["member"], request["merchant"]) == (
        sandbox.api_key,
        sandbox.member,
        sandbox.merchant,
    )
    (hashed,) = _HASHED.findall(text_of(readme))
    assert sha256(hashed.encode()).hexdigest() == bill["hash"]


def test_the_apis_example_hashes_are_right() -> None:
    hashed = _HASHED.findall(text_of(API))
    assert len(hashed) == 2
    assert all(f"`{sha256(parts.encode()).hexdigest()}`" in text_of(API) for parts in hashed)


SECRET = "whsec_" + base64.b64encode(b"0123456789" * 3).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"abcdefghij" * 3).decode()
BODY = '{"billId": "청구-1"}'.encode()


@pytest.mark.parametrize(
    ("changed", "genuine"),
    [
        ({}, True),
        ({"secret": OLD_SECRET}, True),
        ({"secret": "whsec_" + base64.b64encode(b"x" * 30).decode()}, False),
        ({"body": BODY + b" "}, False),
        ({"webhook-id": "cb_1_2"}, False),
        ({"webhook-id": None}, False),
        ({"webhook-timestamp": str(int(time.time()) - 60)}, False),
        ({"webhook-timestamp": "now"}, False),
        ({"webhook-signature": "v1,AAAA"}, False),
        ({"webhook-signature": None}, False),
        ({"signed_at": int(time.time()) - 400}, False),
    ],
    ids=str,
)
def test_the_shown_verification_takes_what_we_sign_and_nothing_else(
    changed: dict[str, Any], *, genuine: bool
) -> None:
    timestamp: int = changed.get("signed_at", int(time.time()))
    headers: dict[str, Any] = {
        "webhook-id": "cb_1_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign([SECRET, OLD_SECRET], "cb_1_1", timestamp, BODY),
    }
    headers |= {name: value for name, value in changed.items() if name in headers}
    given = {name: value for name, value in headers.items() if value is not None}
    assert _shown_check()(changed.get("secret", SECRET), given, changed.get("body", BODY)) is genuine


def _shown_check() -> Callable[[str, dict[str, str], bytes], bool]:
    (block,) = [block for block in blocks(API, "python") if "def is_genuine" in block.text]
    names: dict[str, Any] = {}
    exec(compile(block.text, str(API), "exec"), names)  # noqa: S102 - what the reader would paste
    return names["is_genuine"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_json_in_a_document_is_json(document: Path) -> None:
    for block in blocks(document, "json"):
        json.loads(block.text)


def test_the_changelog_says_everything_once() -> None:
    items = [" ".join(item.split()) for item in re.split(r"\n(?=- )", text_of(ROOT / "CHANGELOG.md"))[1:]]
    assert sorted(items) == sorted(set(items))
