"""Rules that matter about the code itself."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from cheonggu.store import payments
from cheonggu.store.postgres import connect

SOURCE = Path(__file__).parent.parent / "src" / "cheonggu"

MAY_IMPORT = {
    "client": {"client", "domain"},
    "domain": {"domain"},
    "store": {"store", "domain"},
    "billing": {"billing", "store", "domain"},
    "providers": {"providers", "domain"},
    "delivery": {"delivery", "billing", "providers", "store", "domain", "service"},
    "web": {"web", "delivery", "billing", "store", "domain", "service", "config", "providers"},
    "sandbox": {"sandbox", "domain"},
    "scenarios": {"scenarios", "sandbox", "client", "domain"},
    "testing": {"testing", "client", "sandbox", "domain"},
    "pytest_plugin": {"testing"},
    "conform": {"conform", "domain"},
    "cli": None,
    "config": {"config", "domain"},
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
        if re.search(
            r"\b((Sandbox|Solapi|Nhn)Sender|(Sandbox|Toss)Gateway)\((?!Protocol)",
            file.read_text(encoding="utf-8"),
        )
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


def test_whoever_is_stopped_while_waiting_stops() -> None:
    """Before Python 3.12 wait_for loses a cancel that comes together with what it waited for."""
    assert not [file.name for file in modules() if "asyncio.wait_for(" in file.read_text(encoding="utf-8")]


def test_nothing_is_left_for_later_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for file in modules():
        assert not marks.search(file.read_text(encoding="utf-8")), file.name


STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\b")
NAMES_ITS_PARTNER = re.compile(
    r"partner_id = (\$|ANY)|\(partner_id, bill_no\) >|unnest\(|INSERT INTO \w+( AS \w+)? \(partner_id"
)
OF_A_PARTNER = re.compile(
    r"\b(FROM|JOIN|UPDATE|INTO)\s+(bill|message|callback|callback_attempt|attempt|attempt_history|bill_history"
    r"|refund|ledger|wallet|idempotency|merchant|member|merchant_member|webhook_secret)\b"
)
SPANNING = {
    "store/accounts.py": 2,  # the list of partners; any one seal, to see whether the key fits
    "store/bills.py": 1,  # the payer's page, as its short code gives the partner
    "store/invariants.py": 1,  # what waits, over everything
    "store/payment_list.py": 1,  # late charges, by an index of their own
    "store/payments.py": 2,  # candidates: attempts and refunds to ask about
    "store/practice.py": 4,  # a sandbox's reset: are there others' rows, late ones, or any in hand
    "store/reseal.py": 1,  # under which keys an installation is sealed
    "store/workers.py": 2,  # the backlog; keys too old to be replayed
}
"""How many statements of a file go over all partners. Claims are candidates, then a guarded update."""


CLAIMS = {
    f"store/payments.py:{name} {table}": sql
    for name, made in (("candidates", payments.CANDIDATES), ("claim", payments.CLAIM))
    for table, sql in made.items()
}
"""Statements that are made for several tables."""


def statements() -> dict[str, str]:
    """Every whole SQL statement in the code, by where it stands: `store/points.py:_DEBIT`."""
    found: dict[str, str] = {}
    for file in modules():
        place = file.relative_to(SOURCE)
        if place.parts[0] not in {"store", "providers"} or "embedded" in place.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside_f = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        named = {
            id(node.value): node.target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in inside_f:
                continue
            whole = STATEMENT.match(node.value) and "{" not in node.value
            if whole and len(node.value.split()) > 2:
                name = named.get(id(node), f"{node.value.strip()[:40]}")
                found[f"{place}:{name}"] = node.value
    return found


def test_the_statements_that_span_partners_are_few_and_known() -> None:
    spanning = Counter(
        where.split(":")[0]
        for where, sql in (statements() | CLAIMS).items()
        if OF_A_PARTNER.search(sql) and not NAMES_ITS_PARTNER.search(sql)
    )
    assert spanning == SPANNING


async def test_every_statement_can_be_prepared(dsn: str) -> None:
    connection = await connect(dsn)
    try:
        assert len(statements()) > 50
        for where, sql in (statements() | CLAIMS).items():
            try:
                await connection.execute(f"PREPARE one AS {sql}")
                await connection.execute("DEALLOCATE one")
            except Exception as error:  # noqa: BLE001 - whatever it is, the statement's place is to be told
                pytest.fail(f"{where}: {error}")
    finally:
        await connection.close()
