"""Seeds: a sandbox in the state that was written down, at every run, with the same ids if that is wanted."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from cheonggu.billing import onboarding
from cheonggu.cli.app import app
from cheonggu.sandbox import seed_file
from cheonggu.sandbox.remote import SandboxRefused
from cheonggu.store.audit import Operator
from cheonggu.store.ids import Ids
from tests.checks import assert_books_hold
from tests.conftest import until
from tests.live import Live
from tests.running_dev import Dev, cheonggu
from tests.test_docs import ROOT, blocks

(EXAMPLE,) = [block.text for block in blocks(ROOT / "docs" / "sandbox" / "seeds.md", "toml")]


async def sow(live: Live, **seed: object) -> dict[str, Any]:
    status, answered = await live.call("/sandbox/seed", seed)
    assert status == 200, answered
    return answered


def example(tmp_path: Path) -> Path:
    file = tmp_path / "demo.toml"
    file.write_text(EXAMPLE)
    return file


async def state_of(live: Live) -> dict[str, Any]:
    """What the example leaves behind, without times."""
    bills = await live.service.db.fetch(
        "SELECT p.name, b.bill_id, b.state, b.short_code, b.callback_url,"
        " (SELECT array_agg(m.state ORDER BY send_number) FROM message m"
        "  WHERE (m.partner_id, m.bill_no) = (b.partner_id, b.bill_no)) AS messages,"
        " (SELECT array_agg(concat_ws(' ', a.order_id, a.state, a.approval->>'approval_number')"
        "                   ORDER BY a.attempt_no) FROM attempt a"
        "  WHERE (a.partner_id, a.bill_no) = (b.partner_id, b.bill_no)) AS attempts,"
        " (SELECT array_agg(concat_ws(' ', r.refund_id, r.state, r.refund_number) ORDER BY r.refund_no)"
        "  FROM refund r"
        "  WHERE (r.partner_id, r.bill_no) = (b.partner_id, b.bill_no)) AS refunds,"
        " (SELECT array_agg(c.callback_no) FROM callback c"
        "  WHERE (c.partner_id, c.bill_no) = (b.partner_id, b.bill_no)) AS callbacks"
        " FROM bill b JOIN partner p USING (partner_id) ORDER BY p.partner_id, b.bill_id"
    )
    return {f"{row['name']} {row['bill_id']}": dict(row) for row in bills}


async def test_the_documents_example_comes_about(live: Live, tmp_path: Path) -> None:
    made = await sow(live, **seed_file.read(example(tmp_path)), reset=True)
    found = await state_of(live)
    assert {name.split()[1]: one["state"] for name, one in found.items() if name.startswith("sandbox")} == {
        "NOV-001": "READY",
        "NOV-002": "PAID",
        "NOV-003": "PAID",
        "NOV-004": "CANCELED",
        "NOV-005": "PAID",
        "NOV-006": "DESTROYED",
        "NOV-007": "READY",
        "NOV-008": "READY",
        "OCT-001": "READY",
    }
    sent = [one["messages"] for name, one in found.items() if name.startswith("sandbox ")]
    assert sent.count(["SENT"]) == 8
    assert found["sandbox NOV-008"]["messages"] == ["FAILED"]
    assert found["hanbit NOV-001"]["callback_url"] == "http://127.0.0.1:3000/callback"
    assert (await live.read("NOV-002"))["apprMonthly"] == "3"
    assert (await live.operate("/bill/resend", {"billId": "OCT-001"}))["code"] == "BILL_006"
    assert await live.balance() == 120
    assert made["partners"][0]["apiKey"] == "hanbit-practice-key"
    assert [one["shortUrl"] for one in made["bills"] if one["billId"] == "NOV-002"] == [
        f"{live.url}/p/{found['sandbox NOV-002']['short_code']}"
    ]
    await assert_books_hold(live.service.db)


async def test_the_same_seed_gives_the_same_ids_again(live: Live, tmp_path: Path) -> None:
    seed = seed_file.read(example(tmp_path)) | {"reset": True}
    await live.create()
    await sow(live, **seed)
    first = await state_of(live)
    await live.pay("NOV-001")
    await sow(live, **seed)
    assert await state_of(live) == first
    numbers = [number for row in first.values() for number in cast("list[int]", row["callbacks"] or [])]
    assert numbers == [1, 2, 3, 4]
    await sow(live, **seed | {"deterministic": "another text"})
    other = await state_of(live)
    assert {row["short_code"] for row in other.values()}.isdisjoint(
        row["short_code"] for row in first.values()
    )


async def test_a_reset_decides_on_ids_and_the_next_one_makes_them_random_again(live: Live) -> None:
    codes: list[str] = []
    for asked in ({"deterministic": "x"}, {"deterministic": "x"}, {}, {}):
        assert (await live.call("/sandbox/reset", asked))[0] == 200
        codes.append((await live.create(billId="SAME"))["shortUrl"])
        await live.pay("SAME")
        await until(lambda: live.called(len(codes)))
        assert await live.destroy("SAME") == "BILL_004"
    assert codes[0] == codes[1]
    assert len(set(codes)) == 3
    ids = [call.headers["webhook-id"] for call in live.receiver.calls]
    assert ids[0] == ids[1] == "cb_1_1"
    await assert_books_hold(live.service.db)


async def test_another_try_to_pay_has_another_order_id(live: Live) -> None:
    await live.call("/sandbox/reset", {"deterministic": "x"})
    await live.create(billId="TRIES")
    for outcome in ("DECLINE", "DECLINE", "APPROVE"):
        await live.pay("TRIES", outcome)
    assert await live.service.db.fetchval("SELECT count(DISTINCT order_id) FROM attempt") == 3


async def test_where_others_have_partners_ids_stay_random(live: Live) -> None:
    service = live.service
    await onboarding.create_partner(
        service.db, service.keyring, Operator("tester", "here"), onboarding.NewPartner(name="real")
    )
    await live.create(billId="STAYS")
    status, refused = await live.call("/sandbox/reset", {"deterministic": "x"})
    assert (status, refused["message"].partition(":")[0]) == (400, "deterministic")
    assert (await live.read("STAYS"))["apprState"] == "W"


async def test_live_mode_derives_no_ids_whatever_the_database_says(live: Live) -> None:
    await live.call("/sandbox/reset", {"deterministic": "x"})
    assert live.service.ids.derived
    ids = Ids()
    await ids.refresh(live.service.db)
    assert not ids.derived
    assert ids.short_code(1, "B") != ids.short_code(1, "B")
    assert len(ids.short_code(1, "B")) == len(live.service.ids.short_code(1, "B")) == 22


async def test_a_seed_adds_to_what_is_there_unless_it_resets(live: Live) -> None:
    await live.create(billId="BEFORE")
    await sow(live, bills=[{"billId": "AFTER", "state": "PAID"}])
    assert (await live.read("BEFORE"))["apprState"] == "W"
    assert (await live.read("AFTER"))["apprState"] == "F"
    await sow(live, reset=True, bills=[{"billId": "AFTER"}])
    assert (await live.operate("/bill/read", {"billId": "BEFORE"}))["code"] == "BILL_003"


async def test_an_unknown_payment_is_under_way(live: Live) -> None:
    await sow(live, bills=[{"billId": "U", "state": "PAYMENT_UNKNOWN"}])
    assert await live.destroy("U") == "BILL_007"


@pytest.mark.parametrize(
    ("seed", "says"),
    [
        ({"bill": []}, "bill: 모르는"),
        ({"bills": {}}, "bills: "),
        ({"bills": [{"billId": "A"}, {"billId": "B", "stat": "PAID"}]}, "bills[1]: stat: 모르는"),
        ({"bills": [{"state": "PAID"}]}, "bills[0]: billId: "),
        ({"bills": [{"billId": "A", "state": "LOST"}]}, "bills[0]: state: UNPAID"),
        ({"bills": [{"billId": "A"}, {"billId": "A"}]}, "bills[1] A: billId: "),
        ({"bills": [{"billId": "A", "months": 3}]}, "bills[0] A: state: "),
        ({"bills": [{"billId": "A", "state": "PAID", "months": 99}]}, "bills[0] A: months: "),
        ({"bills": [{"billId": "A", "state": "DECLINED", "declineCode": "X"}]}, "bills[0] A: code: "),
        ({"bills": [{"billId": "A", "state": "EXPIRED", "expireDt": "2999-12-31"}]}, "bills[0] A: expireDt"),
        ({"bills": [{"billId": "A", "partner": "nobody"}]}, "bills[0] A: partner: "),
        ({"bills": [{"billId": "A", "price": "1,000"}]}, "bills[0] A: bill.price: "),
        ({"bills": [{"billId": "A", "phone": "010-1234-5678"}]}, "bills[0] A: bill.phone: "),
        ({"partners": [{"member": "m"}]}, "partners[0]: name: "),
        ({"partners": [{"name": "sandbox"}]}, "partners[0] sandbox: name: "),
        ({"points": [{"balance": -1}]}, "points[0]: balance: "),
        ({"points": [{"balance": 1, "merchant": "m"}]}, "points[0]: merchant: "),
        ({"clock": {"advanceSeconds": -1}}, "clock: advanceSeconds: "),
        ({"clock": 60}, "clock: "),
        ({"deterministic": "x"}, "deterministic: "),
    ],
)
async def test_an_entry_that_cannot_be_is_named(live: Live, seed: dict[str, Any], says: str) -> None:
    status, refused = await live.call("/sandbox/seed", seed)
    assert (status, refused["code"]) == (400, "VALIDATION_001")
    assert refused["message"].startswith(says)
    assert await live.service.db.fetchval("SELECT count(*) FROM bill") == 0


async def test_points_that_do_not_suffice_are_told_of_their_bill(live: Live) -> None:
    seed = {
        "partners": [{"name": "poor", "points": 60}],
        "bills": [{"partner": "poor", "billId": "ONE"}, {"partner": "poor", "billId": "TWO"}],
    }
    _, refused = await live.call("/sandbox/seed", seed)
    assert (refused["code"], refused["message"].partition(":")[0]) == ("POINT_001", "bills[1] TWO")


async def test_the_command_line_sows_a_file(live: Live, tmp_path: Path) -> None:
    runner = CliRunner(env={"BILL_BASE_URL": live.url})
    arguments = ["sandbox", "seed", str(example(tmp_path)), "--reset"]
    for _ in range(2):
        told = await asyncio.to_thread(runner.invoke, app, [*arguments, "--json"])
        assert told.exit_code == 0, told.exception
        (line,) = [line for line in told.stdout.splitlines() if line.startswith('{"partners')]
        assert len(json.loads(line)["bills"]) == 10
    shown = await asyncio.to_thread(runner.invoke, app, ["sandbox", "reset", "--deterministic", "x"])
    assert shown.exit_code == 0


@pytest.mark.parametrize(
    ("name", "text"), [("a.toml", "bills = ["), ("a.json", "[]"), ("a.json", "{"), ("absent.toml", None)]
)
def test_a_file_that_is_no_seed_is_refused_by_its_name(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SandboxRefused, match=name):
        seed_file.read(tmp_path / name)


def test_dev_starts_over_with_its_seed(tmp_path: Path) -> None:
    one = Dev(None, 0, "--seed", str(example(tmp_path))).wait_until_ready()
    try:
        paid = one.get("/sandbox/callbacks?billId=NOV-002")["callbacks"]
        assert [callback["id"] for callback in paid] == ["1-1"]
        assert "1 partners and 10 bills of the seed" in "".join(one.complaints)
    finally:
        one.send(signal.SIGTERM)
        one.ended()


def test_dev_does_not_start_with_a_seed_that_it_cannot_read(tmp_path: Path) -> None:
    ended = cheonggu("dev", "--temporary", "--seed", str(tmp_path / "absent.toml"))
    assert (ended.returncode, "absent.toml cannot be read" in ended.stderr) == (1, True)
