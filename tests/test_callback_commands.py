"""`cheonggu callback`: what was given up is listed, and made due again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cheonggu.billing import callbacks
from cheonggu.billing.onboarding import AccountRefused
from cheonggu.config import Settings
from cheonggu.service import Service
from cheonggu.store.audit import Operator
from cheonggu.store.callbacks import of_partner
from tests.flow import deliverer, drain, only, paid
from tests.live import receiver
from tests.test_audit import run

BY = Operator("tester", "here")
A_DAY = timedelta(hours=25).total_seconds()


async def given_up(service: Service, url: str = "http://127.0.0.1:9/callback") -> None:
    """A paid bill whose callback nobody took for a day."""
    await paid(service, callback_url=url)
    await drain(deliverer(service))
    await service.clock.advance(service.db, A_DAY)
    await drain(deliverer(service))


async def test_a_receiver_that_is_back_is_told_what_was_given_up(service: Service) -> None:
    async with receiver() as partner:
        partner.answer = lambda _: (500, "")
        await given_up(service, partner.url)
        partner.answer = lambda _: (200, '{"code":"0000"}')
        now = service.clock.now()
        assert await callbacks.resend(service.db, BY, partner_id=1, callback_no=None, now=now) == 1
        await drain(deliverer(service))
        assert [call.body["billId"] for call in partner.calls] == ["TEST0001"] * 3
    assert (await only(service, "callback"))["state"] == "DELIVERED"


@pytest.mark.parametrize("which", ["1-1", "1_1", "cb_1_1"])
async def test_one_that_fails_again_is_exhausted_again_after_one_try(
    service: Service, dsn: str, settings: Settings, which: str
) -> None:
    await given_up(service)
    assert (await only(service, "callback"))["state"] == "EXHAUSTED"
    tries: int = (await only(service, "callback"))["tries"]
    status, said = await run(dsn, settings, "callback", "resend", which)
    assert status == 0, said
    assert (await only(service, "callback"))["state"] == "PENDING"
    await drain(deliverer(service))
    row = await only(service, "callback")
    assert (row["state"], row["tries"]) == ("EXHAUSTED", tries + 1)


async def test_the_exhausted_are_listed_with_the_reason_of_the_last_try(
    service: Service, dsn: str, settings: Settings
) -> None:
    await given_up(service)
    await paid(service, bill_id="LATER")

    async def listed(*options: str) -> list[dict[str, Any]]:
        status, said = await run(dsn, settings, "callback", "list", "sandbox", "--json", *options)
        assert status == 0, said
        return json.loads(said)["callbacks"]

    (lost,) = await listed()
    assert (lost["id"], lost["billId"], lost["kind"], lost["tries"]) == ("1-1", "TEST0001", "APPROVED", 2)
    assert lost["reason"]
    assert [one["billId"] for one in await listed("--state", "pending")] == ["LATER"]
    assert await listed("--state", "DELIVERED") == []
    assert len(await of_partner(service.db, 2, "EXHAUSTED", 10)) == 0


async def test_all_that_were_given_up_are_made_due_and_no_other(service: Service) -> None:
    await given_up(service)
    await paid(service, bill_id="LATER")
    await service.db.execute("UPDATE callback SET due_at = due_at + interval '1 hour' WHERE callback_no = 2")
    now = service.clock.now()
    assert await callbacks.resend(service.db, BY, partner_id=1, callback_no=None, now=now) == 1
    due = await service.db.fetch("SELECT callback_no FROM callback WHERE due_at <= $1", now)
    assert [row["callback_no"] for row in due] == [1]
    with pytest.raises(AccountRefused, match="no exhausted callback"):
        await callbacks.resend(service.db, BY, partner_id=2, callback_no=None, now=now)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resend"], "one of the two"),
        (["resend", "1-1", "--exhausted-of", "sandbox"], "one of the two"),
        (["resend", "x"], "looks like 1-5 or cb_1_5"),
        (["resend", "2-1"], "There is no callback 2-1"),
        (["list", "sandbox", "--state", "LOST"], "PENDING, DELIVERED, EXHAUSTED"),
        (["list", "nobody"], "There is no partner"),
    ],
)
async def test_what_cannot_be_is_one_sentence(
    service: Service, dsn: str, settings: Settings, arguments: list[str], says: str
) -> None:
    await paid(service)
    status, said = await run(dsn, settings, "callback", *arguments)
    assert status == 1
    assert says in said
    assert "Traceback" not in said
