"""Paying through Toss in a real browser on a phone's screen, against a stand-in for Toss's window and API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.bill import Bill
from cheonggu.service import Service
from tests.checks import assert_books_hold
from tests.flow import created
from tests.serving import serving, working
from tests.standins.toss import ANSWER_LOST, Toss
from tests.test_browser import LONG, PHONE, heading, keep
from tests.toss_sides import HASTY_SECONDS, with_toss

WON = 345_000
PAY = "345,000원 결제하기"


@dataclass
class Stage:
    """A service with Toss, and where both are."""

    service: Service
    toss: Toss
    site: str

    async def bill(self) -> Bill:
        return await created(self.service, FIRST, price_won=WON)

    def path(self, bill: Bill, below: str = "") -> str:
        return f"{self.site}/p/{bill.short_code}{below}"

    async def attempts(self) -> int:
        return await self.service.db.fetchval("SELECT count(*) FROM attempt")

    def charged_won(self) -> int:
        return sum(sum(won) for won in self.toss.charges.values())


@pytest_asyncio.fixture
async def stage(service: Service) -> AsyncIterator[Stage]:
    async with with_toss(service) as (with_gateway, toss), serving(with_gateway) as site:
        yield Stage(with_gateway, toss, site)


@pytest_asyncio.fixture
async def context(browser: Browser, stage: Stage) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport=PHONE, locale="ko-KR")
    yield context
    await context.close()


@pytest_asyncio.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A phone; whatever its browser complains about, the pages' policy first of all, fails the test."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


async def open_window(page: Page, stage: Stage, bill: Bill) -> None:
    """From the bill into Toss's window, which opens by itself."""
    await page.goto(stage.path(bill))
    await page.get_by_role("link", name=PAY).click()
    await heading(page, "토스 대역")
    assert page.url.startswith(stage.toss.url)


async def choose(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_a_payer_pays_through_the_window_and_keeps_the_receipt(page: Page, stage: Stage) -> None:
    bill = await stage.bill()
    await open_window(page, stage, bill)
    await choose(page, "인증하기")
    await heading(page, "결제했어요")
    await expect(page).to_have_url(stage.path(bill))
    for fact in ("현대", "00000000", "일시불"):
        await expect(page.get_by_role("definition").filter(has_text=fact)).to_be_visible()
    await keep(page, "toss-receipt")
    await page.reload()
    await heading(page, "결제했어요")
    assert stage.charged_won() == WON
    await assert_books_hold(stage.service.db, settled=True)


async def test_the_browsers_way_back_after_paying_leads_to_the_receipt_and_pays_nothing(
    page: Page, stage: Stage
) -> None:
    bill = await stage.bill()
    await open_window(page, stage, bill)
    returns: list[str] = []
    page.on("request", lambda sent: returns.append(sent.url) if "/pay/return" in sent.url else None)
    await choose(page, "인증하기")
    await heading(page, "결제했어요")
    await page.goto(returns[0])
    await heading(page, "결제했어요")
    await page.go_back()
    await page.goto(stage.path(bill, "/pay"))
    await heading(page, "결제했어요")
    assert stage.charged_won() == WON
    assert stage.toss.asked("confirm") == 1
    await assert_books_hold(stage.service.db, settled=True)


async def test_a_declined_payer_reads_why_and_pays_again(page: Page, stage: Stage) -> None:
    bill = await stage.bill()
    await open_window(page, stage, bill)
    await choose(page, "거절")
    await heading(page, "카드사가 승인하지 않았어요")
    await expect(page.get_by_text("돈은 나가지 않았어요.")).to_be_visible()
    assert await stage.attempts() == 0
    await page.get_by_role("link", name=PAY).click()
    await choose(page, "인증하고 승인 거절")
    await expect(page.get_by_text("카드사 답: 한도를 넘었거나 잔액이 모자라요.")).to_be_visible()
    await expect(page).to_have_url(stage.path(bill))
    assert await stage.attempts() == 1
    await page.get_by_role("link", name=PAY).click()
    await choose(page, "인증하기")
    await heading(page, "결제했어요")
    assert stage.charged_won() == WON
    await assert_books_hold(stage.service.db, settled=True)


async def test_closing_the_window_leads_back_to_the_unpaid_bill(page: Page, stage: Stage) -> None:
    bill = await stage.bill()
    await open_window(page, stage, bill)
    await choose(page, "닫기")
    await expect(page).to_have_url(stage.path(bill))
    await heading(page, "11월 수강료")
    assert await stage.attempts() == 0


async def test_the_browsers_way_back_out_of_the_window_is_not_led_in_again(page: Page, stage: Stage) -> None:
    bill = await stage.bill()
    await open_window(page, stage, bill)
    first = page.url
    await page.go_back()
    await expect(page).to_have_url(stage.path(bill, "/pay"))
    await expect(page.get_by_role("button", name=PAY)).to_be_visible()
    await keep(page, "toss-window")
    await choose(page, PAY)
    await heading(page, "토스 대역")
    assert page.url != first, "each opening has an order of its own"
    await choose(page, "인증하기")
    await heading(page, "결제했어요")
    await assert_books_hold(stage.service.db, settled=True)


async def test_two_tabs_pay_once(context: BrowserContext, stage: Stage) -> None:
    bill = await stage.bill()
    first, second = await context.new_page(), await context.new_page()
    for page in (first, second):
        await open_window(page, stage, bill)
    for page in (first, second):
        await choose(page, "인증하기")
        await heading(page, "결제했어요")
    assert stage.charged_won() == WON
    assert await stage.attempts() == 1
    await assert_books_hold(stage.service.db, settled=True)


async def test_a_charge_without_an_answer_becomes_a_receipt_by_itself(
    browser: Browser, service: Service
) -> None:
    async with (
        with_toss(service, deadline_seconds=HASTY_SECONDS) as (with_gateway, toss),
        serving(with_gateway) as site,
        working(with_gateway),
    ):
        stage = Stage(with_gateway, toss, site)
        context = await browser.new_context(viewport=PHONE, locale="ko-KR")
        page = await context.new_page()
        bill = await stage.bill()
        await open_window(page, stage, bill)
        toss.next("confirm", ANSWER_LOST)
        await choose(page, "인증하기")
        await heading(page, "결제를 확인하고 있어요")
        await expect(page.get_by_role("heading", level=1)).to_have_text("결제했어요", timeout=20_000)
        assert stage.charged_won() == WON
        await context.close()
    await assert_books_hold(service.db)


async def test_without_script_the_page_says_what_is_needed_and_the_return_has_a_button(
    browser: Browser, stage: Stage
) -> None:
    context = await browser.new_context(viewport=PHONE, locale="ko-KR", java_script_enabled=False)
    page = await context.new_page()
    bill = await stage.bill()
    await page.goto(stage.path(bill, "/pay"))
    await expect(page.get_by_role("button")).to_have_count(0)
    await keep(page, "toss-no-script")
    order_id = await page.locator("[data-gate]").get_attribute("data-order-id")
    assert order_id
    key = stage.toss.authenticate(order_id, WON)
    await page.goto(
        stage.path(bill, f"/pay/return?paymentType=NORMAL&orderId={order_id}&paymentKey={key}&amount={WON}")
    )
    await heading(page, "결제를 마치고 있어요")
    await keep(page, "toss-return")
    await choose(page, "345,000원 결제 마치기")
    await heading(page, "결제했어요")
    await context.close()


async def test_a_window_that_cannot_open_says_so_and_is_tried_again(
    context: BrowserContext, stage: Stage
) -> None:
    page = await context.new_page()
    bill = await stage.bill()

    async def away(route: Route) -> None:
        await route.abort()

    await page.route(f"{stage.toss.url}/v2/standard", away)
    await page.goto(stage.path(bill, "/pay"))
    await expect(page.get_by_text("결제 창을 열지 못했어요")).to_be_visible()
    await keep(page, "toss-trouble")
    await page.unroute(f"{stage.toss.url}/v2/standard")
    await choose(page, PAY)
    await heading(page, "토스 대역")


@pytest.mark.parametrize("code", ["USER_CANCEL", "PAY_PROCESS_CANCELED"])
async def test_a_window_that_closes_without_leaving_the_page_leads_back_to_the_bill(
    page: Page, stage: Stage, code: str
) -> None:
    bill = await stage.bill()
    script = (
        "window.TossPayments = () => ({payment: () => ({requestPayment: async () => {throw {code: '%s'}}})})"
    )

    async def closing(route: Route) -> None:
        await route.fulfill(body=script % code, content_type="text/javascript")

    await page.route(f"{stage.toss.url}/v2/standard", closing)
    await page.goto(stage.path(bill, "/pay"))
    await expect(page).to_have_url(stage.path(bill))
    await heading(page, "11월 수강료")


async def test_who_waits_for_the_companys_script_reads_that_the_window_is_opening(
    context: BrowserContext, stage: Stage
) -> None:
    page = await context.new_page()
    bill = await stage.bill()
    there = asyncio.Event()

    async def slow(route: Route) -> None:
        await there.wait()
        await route.continue_()

    await page.route(f"{stage.toss.url}/v2/standard", slow)
    await page.goto(stage.path(bill, "/pay"), wait_until="commit")
    await expect(page.get_by_text("결제사의 결제 창을 열고 있어요.")).to_be_visible()
    await expect(page.get_by_role("button", name=PAY)).to_be_visible()
    there.set()
    await heading(page, "토스 대역")


async def test_english_is_kept_there_and_back(browser: Browser, stage: Stage) -> None:
    context = await browser.new_context(viewport=PHONE, locale="ko-KR")
    page = await context.new_page()
    bill = await stage.bill()
    await page.goto(stage.path(bill, "?lang=en"))
    await page.get_by_role("link", name="Pay ₩345,000").click()
    await choose(page, "거절")
    await heading(page, "The card company didn’t approve it")
    await expect(
        page.get_by_text("Their answer: No reason given. Please ask the card company.")
    ).to_be_visible()
    await keep(page, "toss-refused-english")
    await page.get_by_role("link", name="Pay ₩345,000").click()
    await choose(page, "인증하기")
    await heading(page, "Paid")
    await expect(page).to_have_url(stage.path(bill, "?lang=en"))
    await context.close()


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
)
async def test_the_longest_bill_fits_every_screen(
    browser: Browser, stage: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    bill = await created(stage.service, FIRST, **LONG)
    context = await browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await context.new_page()
    await page.route(f"{stage.toss.url}/v2/standard", lambda route: route.abort())
    await page.goto(stage.path(bill, "/pay"))
    await expect(page.get_by_role("button")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    low = await page.evaluate(
        "[...document.querySelectorAll('a, button')]"
        ".filter(part => part.getBoundingClientRect().height < 44).map(part => part.textContent)"
    )
    assert low == []
    await keep(page, f"toss-long-{width}-{scheme}")
    await context.close()
