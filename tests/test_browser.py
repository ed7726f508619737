"""The payer's story in a real browser on a phone's screen, without JavaScript unless a test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from cheonggu.billing import destroy
from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.delivery import payment
from cheonggu.domain.bill import Bill, SendType
from cheonggu.service import Service
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, paid
from tests.serving import working

SCREENSHOTS = Path(__file__).parent / "screenshots"
PHONE = ViewportSize(width=390, height=844)
MESSAGE = "안녕하세요, 김서연 학생 어머님.\n11월 수강료를 보내드려요. 기말 대비 특강 2회가 포함되어 있어요."


@pytest_asyncio.fixture
async def page(browser: Browser, site: str) -> AsyncIterator[Page]:
    """A phone whose browser runs no script; it is put away before the site closes."""
    context = await browser.new_context(viewport=PHONE, locale="ko-KR", java_script_enabled=False)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture
async def scripted(browser: Browser, site: str) -> AsyncIterator[Page]:
    """A phone whose browser runs script; whatever it complains about fails the test."""
    context = await browser.new_context(viewport=PHONE, locale="ko-KR")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert complaints == []


async def a_bill(service: Service, **given: object) -> Bill:
    return await created(service, FIRST, price_won=345_000, message=MESSAGE, **given)


async def keep(page: Page, name: str) -> None:
    """A screenshot to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")


async def heading(page: Page, said: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(said)


async def open_window(page: Page, site: str, bill: Bill) -> None:
    await page.goto(f"{site}/p/{bill.short_code}")
    await page.get_by_role("link", name="345,000원 결제하기").click()
    await expect(page).to_have_url(f"{site}/p/{bill.short_code}/card")


async def choose(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def test_a_payer_reads_pays_and_keeps_the_receipt(page: Page, site: str, service: Service) -> None:
    bill = await a_bill(service, supply_won=313_637, tax_won=31_363)
    await page.goto(f"{site}/p/{bill.short_code}")
    await heading(page, "11월 수강료")
    await keep(page, "bill")
    await page.get_by_role("link", name="345,000원 결제하기").click()
    await page.get_by_label("할부").select_option(label="3개월")
    await keep(page, "card-window")
    await choose(page, "승인")
    await expect(page).to_have_url(f"{site}/p/{bill.short_code}")
    await heading(page, "결제했어요")
    for fact in ("3개월", "313,637원", "31,363원", "김*연"):
        await expect(page.get_by_role("definition").filter(has_text=fact)).to_be_visible()
    await page.reload()
    await heading(page, "결제했어요")
    await keep(page, "receipt")
    await assert_books_hold(service.db)


async def test_the_way_back_into_the_window_leads_to_the_receipt(
    page: Page, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await choose(page, "승인")
    await page.goto(f"{site}/p/{bill.short_code}/card")
    await heading(page, "결제했어요")


async def test_a_declined_payer_reads_why_and_pays_again(page: Page, site: str, service: Service) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await page.get_by_label("거절한다면 그 까닭").select_option(label="정지된 카드예요")
    await choose(page, "거절")
    await heading(page, "카드사가 승인하지 않았어요")
    await expect(page.get_by_text("카드사 답: 정지된 카드예요.")).to_be_visible()
    await expect(page.get_by_text("돈은 나가지 않았어요.")).to_be_visible()
    await keep(page, "refused")
    await page.get_by_role("link", name="345,000원 결제하기").click()
    await choose(page, "승인")
    await heading(page, "결제했어요")
    await assert_books_hold(service.db)


async def test_closing_the_window_leads_back_to_the_unpaid_bill(
    page: Page, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await choose(page, "창 닫기")
    await expect(page).to_have_url(f"{site}/p/{bill.short_code}")
    await heading(page, "11월 수강료")
    assert await service.db.fetchval("SELECT count(*) FROM attempt") == 0


async def test_a_charge_without_an_answer_becomes_a_receipt_by_itself(
    page: Page, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await choose(page, "시간 초과, 돈은 나감")
    await heading(page, "결제를 확인하고 있어요")
    await expect(page.get_by_text("다시 결제하지 마세요.")).to_be_visible()
    await keep(page, "checking")
    async with working(service):
        await expect(page.get_by_role("heading", level=1)).to_have_text("결제했어요", timeout=60_000)
    await assert_books_hold(service.db)


async def test_a_request_that_got_lost_turns_out_not_charged(page: Page, site: str, service: Service) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await choose(page, "시간 초과, 돈은 안 나감")
    await heading(page, "결제를 확인하고 있어요")
    await service.clock.advance(service.db, service.gateway.confirm_window_seconds + 1)
    async with working(service):
        said = page.get_by_role("heading", level=1)
        await expect(said).to_have_text("결제가 이루어지지 않았어요", timeout=60_000)
    await expect(page.get_by_text("돈은 나가지 않았어요.")).to_be_visible()
    await keep(page, "failed")


async def test_an_expired_bill_says_so_and_takes_no_payment(page: Page, site: str, service: Service) -> None:
    bill = await a_bill(service, expires_at=service.clock.now())
    await page.goto(f"{site}/p/{bill.short_code}/card")
    await expect(page).to_have_url(f"{site}/p/{bill.short_code}")
    await heading(page, "결제 기한이 지났어요")
    await expect(page.get_by_role("link", name="결제하기")).to_have_count(0)
    await keep(page, "expired")


async def test_a_bill_that_expires_in_the_open_window_is_not_paid(
    page: Page, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    await open_window(page, site, bill)
    await service.db.execute("UPDATE bill SET expires_at = $1", service.clock.now())
    await choose(page, "승인")
    await heading(page, "결제 기한이 지났어요")
    assert await service.db.fetchval("SELECT count(*) FROM attempt") == 0


async def test_a_withdrawn_bill_says_that_nothing_is_owed(page: Page, site: str, service: Service) -> None:
    bill = await a_bill(service)
    await destroy.destroy(service, await caller_of(service), bill.bill_id, 345_000, None)
    await page.goto(f"{site}/p/{bill.short_code}")
    await heading(page, "철회된 청구서예요")
    await expect(page.get_by_text("내실 돈은 없어요.")).to_be_visible()
    await keep(page, "withdrawn")


async def test_a_cancelled_payment_says_what_comes_back(page: Page, site: str, service: Service) -> None:
    bill = await paid(service, price_won=345_000)
    await payment.cancel(
        service,
        await caller_of(service),
        bill_id=bill.bill_id,
        price_won=345_000,
        reason="환불",
        idem=None,
    )
    await page.goto(f"{site}/p/{bill.short_code}")
    await heading(page, "결제가 취소됐어요")
    await expect(page.get_by_text("돌려받을 돈")).to_be_visible()
    await keep(page, "cancelled")


async def test_an_unknown_link_says_what_to_do(page: Page, site: str) -> None:
    answer = await page.goto(f"{site}/p/{'a' * 22}")
    assert answer
    assert answer.status == 404
    await heading(page, "청구서를 찾지 못했어요")
    await keep(page, "unknown")


async def test_a_url_bills_receipt_leads_on_byte_for_byte(page: Page, site: str, service: Service) -> None:
    shop = "https://shop.example/thanks?order=1&sig=%2f&q=%EA%B0%80"
    bill = await a_bill(service, send_type=SendType.URL, redirect_url=shop)
    arrived: list[tuple[str, str | None]] = []

    async def answer(route: Route) -> None:
        request = route.request
        arrived.append((request.url, await request.header_value("referer")))
        await route.fulfill(body="<h1>고마워요</h1>", content_type="text/html; charset=utf-8")

    await page.route("https://shop.example/**", answer)
    await open_window(page, site, bill)
    await choose(page, "승인")
    await heading(page, "결제했어요")
    await keep(page, "receipt-leads-on")
    await page.wait_for_url(shop, timeout=30_000)
    assert arrived == [(shop, None)]


async def test_a_reader_can_stay_on_the_receipt(page: Page, site: str, service: Service) -> None:
    bill = await paid(service, send_type=SendType.URL, redirect_url="https://shop.example/")
    await page.goto(f"{site}/p/{bill.short_code}")
    await page.get_by_role("link", name="영수증에 머물기").click()
    answer = await page.reload()
    assert answer
    assert await answer.header_value("refresh") is None
    await expect(page.get_by_role("link", name="지금 이동하기")).to_have_attribute(
        "href", "https://shop.example/"
    )


async def test_english_is_spoken_to_those_who_ask_and_kept_through_the_payment(
    browser: Browser, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    context = await browser.new_context(viewport=PHONE, locale="en-US", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site}/p/{bill.short_code}")
    await expect(page.get_by_role("link", name="Pay ₩345,000")).to_be_visible()
    await page.get_by_role("link", name="한국어").click()
    await expect(page.get_by_role("link", name="345,000원 결제하기")).to_be_visible()
    await page.get_by_role("link", name="English").click()
    await keep(page, "bill-english")
    await page.get_by_role("link", name="Pay ₩345,000").click()
    await choose(page, "Approve")
    await expect(page).to_have_url(f"{site}/p/{bill.short_code}?lang=en")
    await heading(page, "Paid")
    await context.close()


async def test_script_only_brings_the_print_button(scripted: Page, site: str, service: Service) -> None:
    bill = await paid(service)
    await scripted.add_init_script("window.print = () => document.body.dataset.printed = 'yes'")
    await scripted.goto(f"{site}/p/{bill.short_code}")
    await choose(scripted, "영수증 인쇄")
    await expect(scripted.locator("body")).to_have_attribute("data-printed", "yes")


async def test_without_script_there_is_no_print_button(page: Page, site: str, service: Service) -> None:
    bill = await paid(service)
    await page.goto(f"{site}/p/{bill.short_code}")
    await expect(page.get_by_role("button")).to_have_count(0)


LONG = {
    "issuer": "국립한국생명과학기술연구원부설 어린이재활의학전문병원 원무과",
    "product_name": "2026학년도 하반기 장기입원·집중재활 프로그램 본인부담금 및 비급여 진료비 일괄 청구" * 2,
    "price_won": 9_999_999_999,
    "message": "https://hospital.example.kr/bills/2026/11/really-long-path-without-spaces/8f3k0147" * 2,
    "bill_id": "WWWWWWWWWWWWWWWWWWWW",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_longest_bill_fits_every_screen(
    browser: Browser, site: str, service: Service, width: int, scheme: str
) -> None:
    bill = await created(service, FIRST, **LONG)
    dark = scheme == "dark"
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    page = await context.new_page()
    for path in ("", "/card"):
        await page.goto(f"{site}/p/{bill.short_code}{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        low = await page.evaluate(
            "[...document.querySelectorAll('a:not([href^=\"tel:\"]), button, select')]"
            ".filter(part => part.getBoundingClientRect().height < 44).map(part => part.textContent)"
        )
        assert low == []
        await keep(page, f"long{path.replace('/', '-')}-{width}-{scheme}")
    await context.close()


async def test_a_keyboard_reaches_everything_and_focus_stays_in_sight(
    scripted: Page, site: str, service: Service
) -> None:
    bill = await a_bill(service)
    await scripted.goto(f"{site}/p/{bill.short_code}")
    reached: list[str] = []
    for _ in range(3):
        await scripted.keyboard.press("Tab")
        reached.append(await scripted.evaluate("document.activeElement.textContent.trim()"))
        covered = await scripted.evaluate(
            "(() => { const box = document.activeElement.getBoundingClientRect();"
            " const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
            " return !document.activeElement.contains(top); })()"
        )
        assert not covered, reached
    assert reached == ["English", "02-000-0000", "345,000원 결제하기"]
    await scripted.keyboard.press("Enter")
    await expect(scripted).to_have_url(f"{site}/p/{bill.short_code}/card")
    await expect(scripted.get_by_role("group", name="카드사가 뭐라고 답할까요?")).to_be_visible()


async def test_no_other_site_can_frame_a_bill(scripted: Page, site: str, service: Service) -> None:
    bill = await a_bill(service)
    answer = await scripted.goto(f"{site}/p/{bill.short_code}")
    assert answer
    assert "frame-ancestors 'none'" in (await answer.header_value("content-security-policy") or "")
    assert await answer.header_value("x-frame-options") == "DENY"
