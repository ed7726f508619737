"""The client as a package: what it imports, its types, what is shown of it, what is in the wheel."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, assert_type

import pytest

from cheonggu.client import AsyncClient, BillStatus, Cancelled, Client, Done, Refused, Unknown
from tests.client_sides import envelope, http
from tests.loopback import partner

PAID = http(200, envelope("0000", "성공", billId="B1", apprState="F", apprPrice="500"))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_help_shows_a_method_and_not_its_steps(kind: type[Any]) -> None:
    shown = str(inspect.signature(kind.cancel))
    assert shown == (
        "(self, bill_id: 'str', price: 'int | str', *, reason: 'str | None' = None, "
        "idempotency_key: 'str | None' = None) -> 'Outcome[Cancelled]'"
    )
    assert kind.cancel.__doc__.startswith("Give the whole payment")


async def test_methods_keep_the_types_of_their_operations() -> None:
    """What a type checker sees of them; it fails there, not here."""
    async with partner(PAID) as server:
        async with AsyncClient(server.url, api_key="k", member="m", merchant="c") as client:
            awaited = await client.read("B1")
            assert_type(awaited, Done[BillStatus] | Refused | Unknown)
        with Client(server.url, api_key="k", member="m", merchant="c") as blocking:
            outcome = await asyncio.to_thread(blocking.cancel, "B1", 500, reason="변심")
            assert_type(outcome, Done[Cancelled] | Refused | Unknown)
    assert isinstance(awaited, Done)
    assert isinstance(outcome, Done)


def test_the_distribution_is_typed_and_holds_the_client(tmp_path: Path) -> None:
    build = "import sys, flit_core.buildapi as flit; print(flit.build_wheel(sys.argv[1]))"
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=root, check=True)  # noqa: S603
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"cheonggu/py.typed", "cheonggu/client/__init__.py"} <= names


SERVER_PARTS = (
    "aiohttp",
    "asyncpg",
    "msgspec",
    "starlette",
    "typer",
    "uvicorn",
    "uvloop",
    "jinja2",
    "cryptography",
    "structlog",
    "prometheus_client",
)


def test_importing_the_client_imports_no_server() -> None:
    listing = "import sys, cheonggu.client; print('\\n'.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)  # noqa: S603
    loaded = set(ran.stdout.split())
    assert "cheonggu.client" in loaded
    assert not loaded & set(SERVER_PARTS)
    ours = {name for name in loaded if name.startswith("cheonggu.")}
    assert all(name.startswith(("cheonggu.client", "cheonggu.domain")) for name in ours)
