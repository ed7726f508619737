"""A PostgreSQL server or database on which bills could be lost is refused with a way out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cheonggu.store import embedded
from cheonggu.store.postgres import OwnConnection, ServerUnfit, check_server, connect
from tests.conftest import dsn_of


@pytest_asyncio.fixture
async def server(postgres: embedded.EmbeddedServer) -> AsyncIterator[OwnConnection]:
    connection = await connect(postgres.dsn)
    yield connection
    for name in ("unfit", "cheonggu_fit"):
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.close()


async def test_an_encoding_that_counts_no_korean_letters_is_refused_and_the_advice_makes_a_fit_database(
    postgres: embedded.EmbeddedServer, server: OwnConnection
) -> None:
    await server.execute(
        "CREATE DATABASE unfit ENCODING 'SQL_ASCII' LOCALE_PROVIDER 'libc' LOCALE 'C' TEMPLATE template0"
    )
    with pytest.raises(ServerUnfit, match="encoding is SQL_ASCII") as refused:
        await check_server(dsn_of(postgres, "unfit"))
    advice = re.search("CREATE DATABASE cheonggu .*;", str(refused.value))
    assert advice
    await server.execute(advice[0].replace("cheonggu", "cheonggu_fit"))
    await check_server(dsn_of(postgres, "cheonggu_fit"))


async def test_a_database_that_does_not_wait_for_the_disk_is_refused(
    postgres: embedded.EmbeddedServer, server: OwnConnection
) -> None:
    await server.execute("CREATE DATABASE unfit TEMPLATE template0")
    await check_server(dsn_of(postgres, "unfit"))
    await server.execute("ALTER DATABASE unfit SET synchronous_commit = local")
    with pytest.raises(ServerUnfit, match="synchronous_commit is local"):
        await check_server(dsn_of(postgres, "unfit"))


@pytest.mark.parametrize(
    ("instead_of", "given", "why"),
    [
        ("/cheonggu?", "/cheonggu_not?", 'database "cheonggu_not" does not exist'),
        ("//cheonggu@", "//somebody@", 'role "somebody" does not exist'),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_compare(
    postgres: embedded.EmbeddedServer, instead_of: str, given: str, why: str
) -> None:
    assert instead_of in postgres.dsn
    with pytest.raises(ServerUnfit, match=rf"does not let us in: .*{why}.*CHEONGGU_DATABASE_URL"):
        await check_server(postgres.dsn.replace(instead_of, given))
