"""Creates, many in one commit: as if they had come one after the other, whatever happens on the way."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cheonggu.domain.bill import SendType
from cheonggu.domain.codes import Refused
from cheonggu.domain.new_bill import NewBill
from cheonggu.store import points
from cheonggu.store.intake import Intake, joined
from cheonggu.store.partners import Caller, Merchant, Partner
from cheonggu.store.postgres import Database, DatabaseAway
from cheonggu.store.sealing import Keyring, new_secret_key
from tests.checks import assert_books_hold
from tests.makers import new_bill

COST = 55
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
_names = itertools.count(1)


@dataclass
class Bench:
    """A database with its intake, and partners made as they are needed."""

    db: Database
    dsn: str
    keyring: Keyring
    intake: Intake

    async def caller(self, balance: int, wallet_kind: str = "PARTNER") -> Caller:
        """A fresh partner with so many points."""
        partner_id: int = await self.db.fetchval(
            "INSERT INTO partner (name, wallet_kind) VALUES ($1, $2) RETURNING partner_id",
            f"partner {next(_names)}",
            wallet_kind,
        )
        await self.db.execute("INSERT INTO member VALUES ($1, 'm')", partner_id)
        await self.db.execute(
            "INSERT INTO merchant (partner_id, merchant_code, name) VALUES ($1, 'shop', '가게')", partner_id
        )
        partner = Partner(
            partner_id=partner_id,
            name="p",
            active=True,
            wallet_kind=wallet_kind,
            message_points=COST,
            key_in_callback=False,
            notices=False,
            sandbox=True,
        )
        merchant = Merchant(
            partner_id=partner_id,
            merchant_code="shop",
            name="가게",
            phone=None,
            owner_name=None,
            registration_number=None,
            address=None,
        )
        caller = Caller(partner=partner, merchant=merchant, member="m", api_key="k")
        if balance:
            await self.db.run(
                lambda conn: points.charge(
                    conn,
                    partner_id=partner_id,
                    wallet_code=caller.wallet_code,
                    points=balance,
                    note=None,
                    at=NOW,
                )
            )
        return caller

    async def balance(self, caller: Caller) -> int:
        """The points left in the caller's wallet."""
        return await self.db.run(
            lambda conn: points.balance(conn, caller.partner.partner_id, caller.wallet_code)
        )

    async def bills(self, caller: Caller) -> set[str]:
        """The bill ids that the caller's partner has in the tables."""
        sql = "SELECT bill_id FROM bill WHERE partner_id = $1"
        rows = await self.db.fetch(sql, caller.partner.partner_id)
        return {row["bill_id"] for row in rows}


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: Database, dsn: str) -> AsyncIterator[Bench]:
    keyring = Keyring.parse(new_secret_key())
    intake = Intake(database, dsn, keyring)
    yield Bench(database, dsn, keyring, intake)
    await intake.close()


@dataclass(frozen=True)
class Ask:
    """One create, as the model sees it."""

    bill_id: str
    talk: bool
    key: str | None = None
    variant: int = 0
    at: datetime = NOW

    def new(self) -> NewBill:
        return new_bill(bill_id=self.bill_id, send_type=SendType.TALK if self.talk else SendType.URL)

    def digest(self) -> bytes | None:
        if self.key is None:
            return None
        return f"{self.bill_id}{self.talk}{self.variant}".encode().ljust(32, b".")


@dataclass
class Model:
    """What one create after the other would do."""

    balance: int
    bills: set[str] = field(default_factory=set)
    keys: dict[str, tuple[bytes, str, datetime]] = field(default_factory=dict)

    def create(self, ask: Ask) -> str:
        digest = ask.digest()
        first = self.keys.get(ask.key or "")
        if digest is not None and first is not None and first[2] > ask.at - timedelta(hours=24):
            return first[1] if first[0] == digest else "IDEMPOTENCY_001"
        cost = COST if ask.talk else 0
        if ask.bill_id in self.bills:
            code = "BILL_001"
        elif cost > self.balance:
            return "POINT_001"
        else:
            self.bills.add(ask.bill_id)
            self.balance -= cost
            code = "0000"
        if ask.key is not None and digest is not None:
            self.keys[ask.key] = (digest, code, ask.at)
        return code


async def answer(bench: Bench, caller: Caller, ask: Ask) -> str:
    """The code that a create is answered with."""
    try:
        created = await bench.intake.create(caller, ask.new(), ask.at, ask.key, ask.digest())
    except Refused as refused:
        return refused.code.code
    assert created.bill_id == ask.bill_id
    return "0000"


asks = st.builds(
    Ask,
    bill_id=st.sampled_from(["A", "B", "C", "D"]),
    talk=st.booleans(),
    key=st.sampled_from([None, None, "k1", "k2"]),
    variant=st.integers(0, 1),
)
rounds = st.lists(st.tuples(st.lists(asks, min_size=1, max_size=12), st.sampled_from([0, 1, 25])), max_size=4)
against_the_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@against_the_database
@given(rounds=rounds, messages=st.sampled_from([0, 100]))
async def test_a_crowd_is_answered_as_if_each_had_come_alone(
    bench: Bench, rounds: list[tuple[list[Ask], int]], messages: int
) -> None:
    # Points are none or plenty: who shares an id or a key with someone waits for the next batch, and is
    # overtaken by those who do not, so with few points another order would be as right.
    caller = await bench.caller(messages * COST + 7)
    model = Model(messages * COST + 7)
    now = NOW
    for crowd, hours in rounds:
        now += timedelta(hours=hours)
        timed = [replace(ask, at=now) for ask in crowd]
        got = await asyncio.gather(*(answer(bench, caller, ask) for ask in timed))
        assert list(got) == [model.create(ask) for ask in timed]
        assert await bench.balance(caller) == model.balance
        assert await bench.bills(caller) == model.bills


@against_the_database
@given(talks=st.lists(st.booleans(), max_size=30), messages=st.integers(0, 12))
async def test_scarce_points_go_to_those_who_came_first(
    bench: Bench, talks: list[bool], messages: int
) -> None:
    caller = await bench.caller(messages * COST + 7)
    model = Model(messages * COST + 7)
    crowd = [Ask(f"B{number}", talk) for number, talk in enumerate(talks)]
    got = await asyncio.gather(*(answer(bench, caller, ask) for ask in crowd))
    assert list(got) == [model.create(ask) for ask in crowd]
    assert await bench.balance(caller) == model.balance


async def test_the_books_hold_after_a_crowd(bench: Bench) -> None:
    callers = [await bench.caller(5 * COST, kind) for kind in ("PARTNER", "MERCHANT", "PARTNER")]
    await asyncio.gather(
        *(answer(bench, caller, Ask(f"B{n % 9}", talk=n % 3 > 0)) for n in range(60) for caller in callers)
    )
    for caller in callers:
        assert await bench.balance(caller) >= 0
    await assert_books_hold(bench.db)


async def test_two_processes_never_take_the_same_bill_id_or_more_points_than_there_are(bench: Bench) -> None:
    caller = await bench.caller(20 * COST)
    other = replace(bench, intake=Intake(bench.db, bench.dsn, bench.keyring))
    try:
        got = await asyncio.gather(
            *(answer(desk, caller, Ask(f"B{n}", talk=True)) for n in range(40) for desk in (bench, other))
        )
    finally:
        await other.intake.close()
    assert got.count("0000") == 20
    assert len(await bench.bills(caller)) == 20
    assert await bench.balance(caller) == 0
    await assert_books_hold(bench.db)


async def test_two_processes_with_url_bills_take_each_bill_id_once(bench: Bench) -> None:
    caller = await bench.caller(0)
    other = replace(bench, intake=Intake(bench.db, bench.dsn, bench.keyring))
    try:
        got = await asyncio.gather(
            *(answer(desk, caller, Ask(f"B{n}", talk=False)) for n in range(50) for desk in (bench, other))
        )
    finally:
        await other.intake.close()
    assert sorted(set(got)) == ["0000", "BILL_001"]
    assert got.count("0000") == 50


async def test_two_processes_with_one_key_answer_alike(bench: Bench) -> None:
    caller = await bench.caller(100 * COST, "MERCHANT")
    other = replace(bench, intake=Intake(bench.db, bench.dsn, bench.keyring))
    try:
        got = await asyncio.gather(
            *(
                answer(desk, caller, Ask(f"B{n}", talk=True, key=f"key{n}"))
                for n in range(30)
                for desk in (bench, other)
            )
        )
    finally:
        await other.intake.close()
    assert set(got) == {"0000"}
    assert await bench.balance(caller) == 70 * COST


async def test_a_replay_gives_the_first_short_code(bench: Bench) -> None:
    caller = await bench.caller(COST)
    ask = Ask("B1", talk=True, key="k")
    first = await bench.intake.create(caller, ask.new(), NOW, ask.key, ask.digest())
    again = await bench.intake.create(caller, ask.new(), NOW, ask.key, ask.digest())
    assert again == first


async def test_connections_cut_again_and_again_lose_and_double_nothing(bench: Bench) -> None:
    caller = await bench.caller(1000 * COST)
    cuts = 0
    got: list[str] = []
    for start in range(0, 400, 20):
        crowd = asyncio.gather(*(create_or_unknown(bench, caller, n) for n in range(start, start + 20)))
        while not crowd.done():
            if await bench.db.fetchval(CUT_INTAKE):
                cuts += 1
                break
        got += await crowd
    assert cuts > 0, "no connection was cut: the test has shown nothing"
    bills = await bench.bills(caller)
    assert {f"B{n}" for n, code in enumerate(got) if code == "0000"} <= bills
    assert "BILL_001" not in got, "a bill of one's own was taken for somebody else's"
    assert await bench.balance(caller) == 1000 * COST - len(bills) * COST
    await assert_books_hold(bench.db)


CUT_INTAKE = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'cheonggu intake' AND datname = current_database() AND state = 'active'
"""


async def create_or_unknown(bench: Bench, caller: Caller, number: int) -> str:
    try:
        return await answer(bench, caller, Ask(f"B{number}", talk=True))
    except DatabaseAway:
        return "unknown"


async def test_an_unwritable_row_does_not_take_its_batch_with_it(bench: Bench) -> None:
    caller = await bench.caller(10 * COST)
    poison = msgspec.structs.replace(Ask("BAD", talk=True).new(), product_name="\x00")
    good = [asyncio.create_task(answer(bench, caller, Ask(f"B{n}", talk=True))) for n in range(5)]
    with pytest.raises(Exception, match="0x00"):
        await bench.intake.create(caller, poison, NOW, None, None)
    assert await asyncio.gather(*good) == ["0000"] * 5
    assert await bench.bills(caller) == {f"B{n}" for n in range(5)}


@given(st.lists(st.text(alphabet="가a\x1f", max_size=5), min_size=1, max_size=30))
def test_joined_fields_come_apart_as_they_were(fields: list[str]) -> None:
    text, separator = joined(fields)
    assert text.split(separator) == fields


NOTHING_OPTIONAL = new_bill(message=None)
EVERYTHING = new_bill(
    issuer="수학\x1f교실",
    product_name="\x1f",
    supply_won=9_000,
    tax_won=1_000,
    message="NULL \\x1f 'quoted' \x1f{}",
    redirect_url="https://shop.example/done?a=1",
)


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("send_type", list(SendType))
@pytest.mark.parametrize("new", [NOTHING_OPTIONAL, EVERYTHING], ids=["nothing optional", "everything"])
async def test_alone_or_in_a_crowd_a_bill_writes_the_same_rows(
    bench: Bench, new: NewBill, send_type: SendType, key: str | None
) -> None:
    loner, *crowd = [await bench.caller(10 * COST) for _ in range(4)]
    new = msgspec.structs.replace(new, send_type=send_type)
    digest = None if key is None else b"d" * 32

    async def create(caller: Caller) -> None:
        await bench.intake.create(caller, new, NOW, key, digest)

    await create(loner)
    await asyncio.gather(*map(create, crowd))
    rows = [await rows_of(bench, caller) for caller in (loner, *crowd)]
    assert all(others == rows[0] for others in rows[1:])
    bill = rows[0]["bill"][0]
    assert (bill["issuer"], bill["product_name"]) == (new.issuer or "가게", new.product_name)
    assert (bill["message"], bill["redirect_url"]) == (new.message, new.redirect_url)
    assert (bill["supply_won"], bill["tax_won"]) == (new.supply_won, new.tax_won)
    assert len(rows[0]["idempotency"]) == (key is not None)
    assert len(rows[0]["message"]) == len(rows[0]["ledger"]) - 1 == (send_type is SendType.TALK)
    commits = "SELECT count(DISTINCT xmin::text), count(*) FROM bill"
    assert tuple((await bench.db.fetch(commits))[0].values()) == (2, 4)
    await assert_books_hold(bench.db)


TABLES = ("bill", "short_code", "bill_history", "message", "ledger", "idempotency")
THEIR_OWN = (
    *("partner_id", "bill_no", "entry_no", "message_no", "short_code", "code"),
    *("name_sealed", "phone_sealed", "name_index", "phone_index"),
)


async def rows_of(bench: Bench, caller: Caller) -> dict[str, list[dict[str, object]]]:
    """What a partner has in the tables, less what no two bills share; seals opened."""
    partner_id = caller.partner.partner_id
    found: dict[str, list[dict[str, object]]] = {}
    for table in TABLES:
        sql = f"SELECT to_jsonb(t) - $2::text[] AS row FROM {table} t WHERE partner_id = $1"  # noqa: S608 - our own
        rows = await bench.db.fetch(sql, partner_id, THEIR_OWN)
        found[table] = [msgspec.json.decode(row["row"]) for row in rows]
    sealed = await bench.db.fetch("SELECT * FROM bill WHERE partner_id = $1", partner_id)
    for bill, row in zip(found["bill"], sealed, strict=True):
        for part in ("name", "phone"):
            opened = bench.keyring.open(row[f"{part}_sealed"], partner_id, row["bill_id"], part)
            assert row[f"{part}_index"] == bench.keyring.index(partner_id, part, opened)
            bill[part] = opened
    return found


async def test_closing_writes_what_is_in_flight(bench: Bench) -> None:
    caller = await bench.caller(51 * COST)
    assert await answer(bench, caller, Ask("FIRST", talk=True)) == "0000"
    flying = [asyncio.create_task(answer(bench, caller, Ask(f"B{n}", talk=True))) for n in range(50)]
    await asyncio.sleep(0)
    await bench.intake.close()
    assert set(await asyncio.gather(*flying)) == {"0000"}
    assert len(await bench.bills(caller)) == 51


async def test_repeated_keys_on_a_database_nobody_has_analysed_stay_quick(bench: Bench) -> None:
    caller = await bench.caller(0)
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for start in range(0, 3000, 200):
        crowd = [Ask(f"B{n}", talk=False, key=f"k{n}") for n in range(start, start + 200)]
        crowd += [Ask(f"B{n}", talk=False, key=f"k{n}") for n in range(max(0, start - 200), start)]
        began = loop.time()
        assert set(await asyncio.gather(*(answer(bench, caller, ask) for ask in crowd))) == {"0000"}
        slowest = max(slowest, loop.time() - began)
    assert slowest < 10, "a plan for empty tables reads all of them for every row"
