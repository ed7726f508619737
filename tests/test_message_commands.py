"""`cheonggu message list`: what became of a partner's messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
import pytest_asyncio

from cheonggu.billing import resend
from cheonggu.billing.erasure import Eraser
from cheonggu.billing.sandbox_partners import OTHER
from cheonggu.config import Settings
from cheonggu.delivery.message import Messenger
from cheonggu.domain.seoul import SEOUL
from cheonggu.service import Service
from cheonggu.store import message_list
from cheonggu.store.audit import Operator
from tests.flow import caller_of, created, drain, paid
from tests.operating import Run, operator, page_by_page, told


@pytest_asyncio.fixture
async def run(service: Service, dsn: str, settings: Settings) -> Run:
    return operator(dsn, settings)


async def send(service: Service) -> None:
    await drain(
        Messenger(service.db, service.clock, service.keyring, service.sender, service.settings.public_url)
    )


async def sent_again(service: Service, bill_id: str) -> None:
    await resend.resend(service, await caller_of(service), bill_id, None)


async def test_a_message_tells_what_became_of_it_and_masks_whom_it_went_to(
    service: Service, run: Run
) -> None:
    await created(service, bill_id="SENT")
    await created(service, bill_id="REFUSED", payer_phone="01000000001")
    await created(service, bill_id="LOST", payer_phone="01000000003")
    await send(service)
    await paid(service, bill_id="PAID")
    await created(service, OTHER, bill_id="OTHERS")
    said = (await told(run, "message", "list", "sandbox"))["messages"]
    withdrawn, lost, refused, sent = said
    assert [one["billId"] for one in said] == ["PAID", "LOST", "REFUSED", "SENT"]
    assert (sent["kind"], sent["state"], sent["to"]) == ("SEND", "SENT", "010-****-5678")
    reference: str = await service.db.fetchval("SELECT reference FROM message WHERE state = 'SENT'")
    assert sent["reference"] == reference
    assert sent["mark"].startswith(f"{sent['id']}-")
    assert sent["created"] <= sent["handed"] <= sent["settled"]
    assert sent["next"] is None
    assert (refused["state"], refused["code"]) == ("FAILED", "3019")
    assert refused["reason"]
    assert lost["state"] == "UNKNOWN"
    assert lost["next"] > lost["handed"]
    assert (withdrawn["state"], withdrawn["handed"]) == ("WITHDRAWN", None)
    shown = (await run("message", "list", "sandbox")).stdout
    assert "010-****-5678" in shown
    assert "01012345678" not in shown


@pytest.mark.parametrize("look", [1, 2, message_list.LOOK])
async def test_the_messages_of_a_bill_are_those_that_were_sent_again_too(
    service: Service, run: Run, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    monkeypatch.setattr(message_list, "LOOK", look)
    await created(service, bill_id="B1")
    await created(service, bill_id="B2")
    await sent_again(service, "B1")
    said = (await told(run, "message", "list", "sandbox", "--bill", "B1"))["messages"]
    assert [(one["billId"], one["kind"]) for one in said] == [("B1", "RESEND"), ("B1", "SEND")]
    pages = await page_by_page(run, "messages", "id", "message", "list", "sandbox", "--limit", "1")
    assert len(pages) == 3
    assert len({page[0] for page in pages}) == 3


async def test_a_list_is_narrowed_by_state_and_time(service: Service, run: Run) -> None:
    await created(service, bill_id="OLD")
    await send(service)
    await service.clock.advance(service.db, timedelta(days=2).total_seconds())
    await created(service, bill_id="NEW")

    async def listed(*options: str) -> list[str]:
        return [row["billId"] for row in (await told(run, "message", "list", "1", *options))["messages"]]

    yesterday = f"{service.clock.now().astimezone(SEOUL) - timedelta(days=1):%Y-%m-%d}"
    assert await listed("--state", "queued") == ["NEW"]
    assert await listed("--state", "SENT") == ["OLD"]
    assert await listed("--since", yesterday) == ["NEW"]
    assert await listed("--until", yesterday) == ["OLD"]


async def test_whom_it_went_to_is_gone_once_the_payer_was_erased(service: Service, run: Run) -> None:
    await paid(service, send_type="TALK")
    await service.db.execute("UPDATE callback SET state = 'DELIVERED', due_at = NULL")
    eraser = Eraser(service.db, Operator("a", "b"), service.clock.now() + timedelta(days=2))
    assert (await eraser.erase_old(1)).bills == 1
    (message,) = (await told(run, "message", "list", "sandbox"))["messages"]
    assert message["to"] == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "sandbox", "--state", "LOST"], "QUEUED, SENDING"),
        (["list", "sandbox", "--bill", "NONE"], "has no bill 'NONE'"),
        (["list", "sandbox", "--after", "x"], "looks like m1-5-1"),
    ],
)
async def test_what_cannot_be_is_one_sentence(
    service: Service, run: Run, arguments: list[str], says: str
) -> None:
    ended = await run("message", *arguments)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
