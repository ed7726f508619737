"""Bodies that do not end, on uvicorn's own way: one answer each, in order, and no failure in the log."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest
from structlog.testing import capture_logs

from cheonggu.store.postgres import connect
from cheonggu.web import protocol
from tests.conftest import until
from tests.live import API_KEY, Live

BEGUN = {
    "chunked": b"POST /bill HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    "expecting": b"POST /bill HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n{",
    "old": b"POST /bill HTTP/1.0\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    "escaped": b"POST /%62ill HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    "sandbox": b"POST /sandbox/pay HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    "form": b"POST /p/none/card HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na=",
}


async def sent(live: Live, raw: bytes, *, ending: bool = False) -> bytes:
    """What comes back until the server closes; or, `ending`, nothing, as we go away at once."""
    reader, writer = await asyncio.open_connection(live.service.settings.host, live.service.settings.port)
    writer.write(raw)
    await writer.drain()
    try:
        return b"" if ending else await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        await writer.wait_closed()


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the standard library's logs tell of errors."""
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def no_request_is_left() -> bool:
    """Whether the server has done with all; what a task left behind is told once the task is collected."""
    gc.collect()
    return not any("run_asgi" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_each_gets_its_408_and_the_log_tells_of_no_failure(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.1)
    with capture_logs() as logs:
        got = await asyncio.gather(*[sent(live, raw) for raw in BEGUN.values()])
        await until(no_request_is_left)
    answers = [one.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n") for one in got]
    assert [one[9:12] for one in answers] == [b"408"] * len(BEGUN)
    assert [one.count(b"HTTP/1.1 ") for one in answers] == [1] * len(BEGUN)
    assert (failures(caplog), logs) == ([], [])


async def test_a_client_that_goes_away_in_the_middle_of_one_is_no_failure(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        await asyncio.gather(*[sent(live, raw, ending=True) for raw in BEGUN.values()])
        await until(no_request_is_left)
    assert (failures(caplog), logs) == ([], [])


async def test_the_answer_that_is_due_comes_before_it(
    live: Live, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.1)
    balance = json.dumps({"apiKey": API_KEY}).encode()
    ahead = b"POST /read/remain_count HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(balance)
    locker = await connect(dsn)
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE wallet IN ACCESS EXCLUSIVE MODE")
            answered = asyncio.create_task(sent(live, ahead + balance + BEGUN["chunked"]))
            await asyncio.wait({answered}, timeout=0.5)  # several times as long as a body may take
        got = await answered
    finally:
        await locker.close()
    assert [answer[:3] for answer in got.split(b"HTTP/1.1 ")[1:]] == [b"200", b"408"]
