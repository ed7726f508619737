"""What is no more than a matter of course leaves no error in PostgreSQL's own log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from cheonggu.domain.message import Sending
from cheonggu.providers import Alimtalk
from cheonggu.providers.sandbox_sender import SandboxSender
from cheonggu.store.postgres import connect
from tests.conftest import until
from tests.live import Live


@pytest_asyncio.fixture
async def dsn(dsn: str) -> AsyncIterator[str]:
    """A database whose statements' errors are logged, as most servers do."""
    connection = await connect(dsn)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET log_min_messages = 'error'")
    await connection.close()
    yield dsn


async def errors(live: Live) -> list[str]:
    log = Path(await live.service.db.fetchval("SHOW data_directory")).parent / "postgres.log"
    return [line for line in log.read_text().splitlines() if "ERROR:" in line]


async def test_a_message_that_is_sent_again_under_its_id_is_no_error(live: Live) -> None:
    before = await errors(live)
    for bill_id in ("LOST", "OTHER"):
        decided = {"outcome": "UNKNOWN_NEVER_HAD", "billId": bill_id}
        assert (await live.call("/sandbox/message-outcome", decided))[0] == 200
        await live.create(billId=bill_id)

        async def is_sent(bill_id: str = bill_id) -> bool:
            await live.advance(10)
            return [one["state"] for one in await live.messages(bill_id)] == ["SENT"]

        await until(is_sent)
    assert await live.service.db.fetchval("SELECT sum(tries) FROM sandbox_message") == 4
    assert await errors(live) == before


async def test_an_error_would_have_been_told(live: Live) -> None:
    before = await errors(live)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await live.service.db.execute("SELECT 1 / 0")
    assert len(await errors(live)) == len(before) + 1


async def test_only_what_was_never_handed_over_is_called_fresh(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[bool] = []

    async def spied(sender: SandboxSender, messages: Sequence[Alimtalk]) -> Sequence[Sending]:
        handed.extend(message.fresh for message in messages)
        return await send(sender, messages)

    send = SandboxSender.send
    monkeypatch.setattr(SandboxSender, "send", spied)
    await live.create(phone="01000000003")  # the first is lost on its way

    async def is_sent() -> bool:
        await live.advance(10)
        return len(handed) == 2

    await until(is_sent)
    assert handed == [True, False]
