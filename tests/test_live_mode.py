"""Nothing of the sandbox in live mode, which has a gateway and a sender of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from starlette.routing import Route

from cheonggu import wiring
from cheonggu.billing import onboarding
from cheonggu.config import Settings, SettingWrong, load
from cheonggu.delivery.payment import pay
from cheonggu.service import Service
from cheonggu.store import bills, ids, listeners, trouble
from cheonggu.store.audit import Operator
from cheonggu.web import card_window, sandbox
from cheonggu.web.app import build_app, open_partner_api
from cheonggu.web.order_ids import new_order_id
from cheonggu.web.partner_api import PartnerApi
from cheonggu.web.sandbox.test_codes import TEST_CODES
from tests.conftest import until
from tests.live import Live, receiver
from tests.live_standins import nhn_settings, solapi_settings, toss_settings
from tests.serving import serving, working
from tests.standins.nhn import nhn_cloud
from tests.standins.solapi import Solapi, solapi
from tests.standins.toss import Toss, toss

BY = Operator("kim", "here")


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Toss]:
    async with toss() as made:
        yield made


@pytest_asyncio.fixture
async def sender() -> AsyncIterator[Solapi]:
    async with solapi(Solapi(at_once=True)) as made:
        yield made


@pytest.fixture
def live(settings: Settings, dsn: str, gateway: Toss, sender: Solapi) -> Settings:
    """Live settings on the test's own database."""
    return load(
        {
            "CHEONGGU_MODE": "live",
            "CHEONGGU_DATABASE_URL": dsn,
            "CHEONGGU_SECRET_KEY": settings.secret_key or "",
            "CHEONGGU_PORT": str(settings.port),
            "CHEONGGU_CALLBACK_ALLOW": "127.0.0.1",
            **toss_settings(gateway),
            **solapi_settings(sender),
        }
    )


@pytest_asyncio.fixture
async def in_live_mode(settings: Settings, live: Settings, dsn: str) -> AsyncIterator[Service]:
    """A service wired for live mode on a database in which a sandbox has left its wishes."""
    async with wiring.open_service(settings, dsn) as before:
        await before.db.run(lambda conn: ids.begin_anew(conn, "guessable"))
    async with wiring.open_service(live, dsn) as service:
        yield service


async def test_live_mode_has_the_chosen_providers_and_the_sandbox_its_own_whatever_is_chosen(
    in_live_mode: Service, settings: Settings, gateway: Toss, dsn: str
) -> None:
    assert (in_live_mode.gateway.name, in_live_mode.sender.name) == ("toss", "solapi")
    async with nhn_cloud("https://bills.example.com") as cloud:
        chosen = {
            "CHEONGGU_DATABASE_URL": dsn,
            "CHEONGGU_SECRET_KEY": settings.secret_key or "",
            **toss_settings(gateway),
            **nhn_settings(cloud),
        }
        async with wiring.open_service(load(chosen | {"CHEONGGU_MODE": "live"}), dsn) as service:
            assert service.sender.name == "nhn"
        async with wiring.open_service(load(chosen), dsn) as service:
            assert (service.gateway.name, service.sender.name) == ("sandbox", "sandbox")


@pytest.mark.parametrize("missing", ["gateway", "sender"])
async def test_live_mode_is_never_wired_without_both(live: Settings, dsn: str, missing: str) -> None:
    with pytest.raises(SettingWrong, match="cannot start without"):
        async with wiring.open_service(replace(live, **{missing: None}), dsn):
            pass


def endpoints() -> list[tuple[str, str]]:
    """Every endpoint of the sandbox, as method and an address."""
    return [
        (method, route.path.replace("{", "").replace("}", ""))
        for route in (*sandbox.routes(), *card_window.routes())
        if isinstance(route, Route)
        for method in route.methods or ()
    ]


async def test_no_endpoint_of_the_sandbox_is_there(in_live_mode: Service) -> None:
    assert len(endpoints()) > 30
    async with serving(in_live_mode) as url, aiohttp.ClientSession() as http:
        for method, path in endpoints():
            async with http.request(method, url + path) as answer:
                assert answer.status == 404, (method, path)


async def test_what_serves_live_keeps_no_journal_and_takes_no_wishes(in_live_mode: Service) -> None:
    api = open_partner_api(in_live_mode)
    assert type(api) is PartnerApi
    assert vars(api).keys() == {"_service"}
    build_app(in_live_mode, api, None)
    assert in_live_mode.courier is in_live_mode.outbound
    assert not in_live_mode.ids.derived


async def test_a_bill_goes_its_way_whatever_a_sandbox_was_told(in_live_mode: Service, gateway: Toss) -> None:
    service = in_live_mode
    made = await onboarding.create_partner(
        service.db, service.keyring, BY, onboarding.NewPartner(name="real", key_in_callback=True)
    )
    shop = onboarding.NewMerchant(partner_id=made.partner_id, merchant_code="M", name="M", members=["m"])
    await onboarding.create_merchant(service.db, BY, shop)
    await trouble.lose(service.db, made.partner_id, "REAL", "LOST", 9)
    await listeners.stay(service.db, made.partner_id, "listener", "nowhere")
    async with (
        receiver() as partner,
        serving(service),
        aiohttp.ClientSession() as http,
        working(service),
    ):
        live = Live(service, http, partner)
        who = {"apiKey": made.api_key, "member": "m", "merchant": "M"}
        bill = live.bill(billId="REAL", sendType="URL")
        for code in TEST_CODES:  # each would end it otherwise; from the second on it is there already
            _, answer = await live.call("/bill", who | {"bill": bill}, Cheonggu_Test_Code=code)
            assert answer["code"] == ("0000" if code == TEST_CODES[0] else "BILL_001")
        found = await bills.find(service.db, service.keyring, made.partner_id, "REAL")
        assert found is not None
        order_id = new_order_id(service.keyring.form_key, found.short_code)
        await pay(service, found, gateway.authenticate(order_id, found.price_won), order_id=order_id)
        await until(live.called)

        async def told() -> bool:
            return await service.db.fetchval("SELECT state FROM callback") == "DELIVERED"

        await until(told)
        assert partner.calls[0].body["apiKey"] == made.api_key
        assert await service.db.fetchval("SELECT count(*) FROM callback_attempt WHERE sent IS NULL") == 1
        assert await service.db.fetchval("SELECT count(sent) FROM callback_attempt") == 0
