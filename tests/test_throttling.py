"""Wrong apiKeys and short codes over HTTP: slowed above the limit, while right ones never are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from cheonggu.billing.onboarding import NewPartner, create_partner
from cheonggu.config import Settings
from cheonggu.service import Service
from cheonggu.store.audit import Operator
from cheonggu.store.partners import key_hash
from cheonggu.store.postgres import Database, DatabaseAway
from cheonggu.store.short_codes import ShortCodes
from tests.conftest import until
from tests.flow import created
from tests.live import API_KEY, OTHER, Live, envelope_of, receiver
from tests.serving import serving

BY = Operator("tester", "here")
LIMIT = 30
SLOWED = (429, "LIMIT_001")
UNKNOWN = (200, "PARTNER_003")
KNOWN = (200, "0000")


async def ask(live: Live, api_key: str, path: str = "/read/remain_count", **headers: str) -> tuple[int, str]:
    status, envelope = await live.call(path, {"apiKey": api_key}, **headers)
    assert envelope["data"] is None or envelope["code"] == "0000"
    return status, envelope["code"]


async def guess_keys(live: Live, times: int = LIMIT) -> list[tuple[int, str]]:
    return [await ask(live, f"guess-{number}") for number in range(times)]


async def page(live: Live, code: str, method: str = "GET", below: str = "") -> int:
    async with live.http.request(method, f"{live.url}/p/{code}{below}") as answer:
        return answer.status


async def guess_codes(live: Live, times: int = LIMIT) -> list[int]:
    return [await page(live, f"guess{number:017}") for number in range(times)]


async def test_thirty_wrong_keys_are_told_so_and_the_next_has_to_wait(live: Live) -> None:
    assert await guess_keys(live) == [UNKNOWN] * LIMIT
    async with live.http.post(live.url + "/read/remain_count", json={"apiKey": "guess"}) as answer:
        envelope = await answer.json()
        assert (answer.status, envelope["code"], envelope["data"]) == (*SLOWED, None)
        assert answer.headers["Retry-After"] == "60"
    assert await ask(live, "guess-31") == SLOWED


@pytest.mark.parametrize("path", ["/bill", "/partner/bill/read", "/read/merchant/remain_count"])
async def test_every_operation_counts_in_one_budget(live: Live, path: str) -> None:
    await guess_keys(live)
    assert await ask(live, "guess-31", path) == SLOWED


async def test_a_request_that_goes_the_servers_own_way_is_counted_too(live: Live) -> None:
    assert [await ask(live, f"g{n}", expect="100-continue") for n in range(LIMIT)] == [UNKNOWN] * LIMIT
    assert await ask(live, "g31", expect="100-continue") == SLOWED
    assert await ask(live, "g32") == SLOWED


async def test_right_keys_are_taken_from_an_address_that_guesses(live: Live) -> None:
    await guess_keys(live, LIMIT + 5)
    assert (await live.operate("/bill", live.bill(billId="STILL")))["code"] == "0000"
    assert await ask(live, OTHER["apiKey"]) == KNOWN  # not remembered until now
    live.service.directory.forget()
    assert await ask(live, API_KEY) == KNOWN
    assert await ask(live, "guess") == SLOWED


async def test_a_key_made_while_an_address_guesses_is_taken_at_once(live: Live) -> None:
    await guess_keys(live, LIMIT + 5)
    service = live.service
    made = await create_partner(service.db, service.keyring, BY, NewPartner(name="한빛"))

    async def known() -> bool:
        return await ask(live, made.api_key) == KNOWN

    await until(known)  # the time that news take from one process to another


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"member": "nobody"}, "PARTNER_003"),
        ({"merchant": "nowhere"}, "PARTNER_003"),
        ({"apiKey": ""}, "PARTNER_002"),
        ({"apiKey": "x" * 33}, "PARTNER_002"),
        ({"bill": {"billId": "nothing"}}, "BILL_003"),
    ],
)
async def test_what_is_no_guess_at_a_key_does_not_count(
    live: Live, change: dict[str, Any], code: str
) -> None:
    request = envelope_of({"billId": "B"}) | change
    for _ in range(LIMIT + 5):
        assert (await live.call("/bill/read", request))[1]["code"] == code
    assert await ask(live, "guess") == UNKNOWN


async def test_a_suspended_partner_is_told_so_and_not_counted(live: Live) -> None:
    await live.service.db.execute("UPDATE partner SET status = 'SUSPENDED' WHERE name = 'sandbox'")
    live.service.directory.forget()
    await guess_keys(live, LIMIT + 1)
    for _ in range(2):
        assert await ask(live, API_KEY) == (200, "PARTNER_006")


async def test_guesses_made_at_once_are_counted_each(live: Live) -> None:
    answers = await asyncio.gather(*(ask(live, f"guess-{number}") for number in range(90)))
    assert sorted(answers) == [UNKNOWN] * LIMIT + [SLOWED] * 60


async def test_the_answer_is_the_same_whatever_is_wrong(live: Live) -> None:
    async def raw(**change: str) -> bytes:
        request = envelope_of({"billId": "B"}) | change
        async with live.http.post(live.url + "/bill/read", json=request) as answer:
            return await answer.read()

    near = API_KEY[:-1] + "0"
    answers = {await raw(apiKey=near), await raw(apiKey="x"), await raw(member="x"), await raw(merchant="x")}
    assert len(answers) == 1


class Asked:
    """Counts the statements that reach the database's pool."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        for name in ("_call", "_once"):
            monkeypatch.setattr(Database, name, self._counting(getattr(Database, name)))

    def _counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(*given: Any, **named: Any) -> Any:
            self.times += 1
            return await real(*given, **named)

        return counted


@pytest_asyncio.fixture
async def quiet(service: Service) -> AsyncIterator[Live]:
    """The service over HTTP without a worker, which would ask the database by itself."""
    async with receiver() as partner, serving(service), aiohttp.ClientSession() as http:
        yield Live(service, http, partner)


async def test_keys_above_the_limit_ask_the_database_one_thing_in_all(
    quiet: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guess_keys(quiet)
    asked = Asked(monkeypatch)
    answers = await asyncio.gather(*(ask(quiet, f"more-{number}") for number in range(200)))
    assert set(answers) == {SLOWED}
    assert asked.times == 1  # for all keys there are, and not again until one changes
    assert await ask(quiet, "guess") == SLOWED
    assert asked.times == 1


async def test_codes_above_the_limit_are_asked_for_together(
    quiet: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guess_codes(quiet)
    asked = Asked(monkeypatch)
    statuses = await asyncio.gather(*(page(quiet, f"more{number:018}") for number in range(200)))
    assert set(statuses) == {429}
    assert 1 <= asked.times < 100


async def test_while_changes_are_not_heard_keys_are_asked_for_anew(service: Service) -> None:
    directory = service.directory
    directory.listening(heard=False)
    assert not await directory.may_know("guess")
    made = await create_partner(service.db, service.keyring, BY, NewPartner(name="한빛"))
    assert await directory.may_know(made.api_key)
    assert await directory.may_know(API_KEY)


async def test_many_keys_are_told_from_those_that_are_none(service: Service) -> None:
    keys = [f"key-{number}" for number in range(500)]
    await service.db.execute(
        "INSERT INTO api_key (key_hash, partner_id) SELECT unnest($1::bytea[]), min(partner_id) FROM partner",
        [key_hash(key) for key in keys],
    )
    service.directory.forget()
    assert all([await service.directory.may_know(key) for key in keys])
    assert not any([await service.directory.may_know(f"other-{number}") for number in range(500)])


async def test_thirty_wrong_codes_are_told_so_and_the_next_has_to_wait(live: Live) -> None:
    bill = await created(live.service)
    assert await guess_codes(live) == [404] * LIMIT
    async with live.http.get(f"{live.url}/p/{'a' * 22}") as answer:
        told = await answer.text()
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        assert "잠시 뒤에 다시 열어 주세요" in told
        assert "no-store" in answer.headers["Cache-Control"]
    for code, method, below in (
        ("short", "GET", ""),
        ("b" * 22, "HEAD", ""),
        ("c" * 22, "GET", "/card"),
        ("d" * 22, "GET", "?lang=en"),
    ):
        assert await page(live, code, method, below) == 429
    for below in ("", "/card"):
        assert await page(live, bill.short_code, below=below) == 200


async def test_a_choice_for_a_bill_that_is_none_is_a_guess(live: Live) -> None:
    async def choose(number: int) -> int:
        async with live.http.post(f"{live.url}/p/{number:022}/card", data={"token": "x"}) as answer:
            return answer.status

    assert [await choose(number) for number in range(LIMIT + 1)] == [404] * LIMIT + [429]


async def test_keys_and_codes_are_counted_apart(live: Live) -> None:
    await guess_keys(live, LIMIT + 1)
    assert await page(live, "a" * 22) == 404
    await guess_codes(live, LIMIT + 1)
    assert await page(live, "a" * 22) == 429


async def test_the_sandboxs_endpoints_take_a_right_key_and_count_a_wrong_one(live: Live) -> None:
    async def pay(api_key: str) -> str:
        _, body = await live.call("/sandbox/pay", {"apiKey": api_key, "billId": "B", "outcome": "APPROVE"})
        return body["code"]

    assert [await pay("guess") for _ in range(LIMIT + 1)] == ["PARTNER_003"] * LIMIT + ["LIMIT_001"]
    assert await pay(API_KEY) == "BILL_003"
    assert await live.messages("B") == []


async def test_what_is_slowed_is_counted_for_operators(live: Live) -> None:
    def slowed(kind: str) -> float:
        return REGISTRY.get_sample_value("cheonggu_throttled_guesses_total", {"kind": kind}) or 0

    before = slowed("api_key"), slowed("short_code")
    await guess_keys(live, LIMIT + 2)
    await guess_codes(live, LIMIT + 3)
    assert (slowed("api_key"), slowed("short_code")) == (before[0] + 2, before[1] + 3)


class TestBehindAProxy:
    """With CHEONGGU_TRUSTED_PROXIES each client of the proxy has guesses of its own."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """The same, with loopback as a proxy."""
        return replace(settings, trusted_proxies=(ip_network("127.0.0.0/8"),))

    async def test_one_clients_guesses_are_not_anothers(self, live: Live) -> None:
        for number in range(LIMIT):
            assert await ask(live, f"guess-{number}", X_Forwarded_For=f"9.9.9.{number}, 1.1.1.1") == UNKNOWN
        assert await ask(live, "guess", X_Forwarded_For="1.1.1.1") == SLOWED
        assert await ask(live, "guess", X_Forwarded_For="1.1.1.2") == UNKNOWN
        assert await ask(live, API_KEY, X_Forwarded_For="1.1.1.1") == KNOWN


async def test_without_trusted_proxies_a_header_frees_nobody(live: Live) -> None:
    for number in range(LIMIT):
        assert await ask(live, "guess", X_Forwarded_For=f"1.1.1.{number}") == UNKNOWN
    assert await ask(live, "guess", X_Forwarded_For="1.1.1.99") == SLOWED


class TestWithoutALimit:
    """With CHEONGGU_GUESSES_PER_MINUTE=0."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """The same, without a limit."""
        return replace(settings, guesses_per_minute=0)

    async def test_nobody_is_slowed(self, live: Live) -> None:
        assert await guess_keys(live, LIMIT + 5) == [UNKNOWN] * (LIMIT + 5)
        assert await guess_codes(live, LIMIT + 5) == [404] * (LIMIT + 5)


async def test_codes_asked_for_together_get_each_their_answer(service: Service) -> None:
    bill = await created(service)
    codes = ShortCodes(service.db)
    wanted = [bill.short_code, "a" * 22, bill.short_code, "", "b" * 22]
    assert await asyncio.gather(*map(codes.exists, wanted)) == [True, False, True, False, False]
    assert await codes.exists(bill.short_code)


async def test_one_who_goes_away_takes_nobody_along(service: Service) -> None:
    bill = await created(service)
    codes = ShortCodes(service.db)
    asking = [asyncio.create_task(codes.exists(bill.short_code)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [True, True]


async def test_a_database_that_is_away_is_told_to_everybody_who_asked(service: Service) -> None:
    codes = ShortCodes(service.db)
    await service.db.close()
    answers = await asyncio.gather(codes.exists("a"), codes.exists("b"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseAway, DatabaseAway]
