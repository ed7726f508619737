"""The sandbox's page as a developer uses it: in a real browser, with and without script."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from cheonggu.web.sandbox.page.place import SHOWS
from tests.live import Live

DESK = ViewportSize(width=1280, height=900)
SOON_MS = 30_000


@pytest_asyncio.fixture
async def page(browser: Browser, live: Live) -> AsyncIterator[Page]:
    """A desk's browser on the page; whatever it complains about fails the test."""
    context = await browser.new_context(viewport=DESK, locale="ko-KR")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{live.url}/sandbox")
    yield page
    await context.close()
    assert complaints == []


@pytest_asyncio.fixture
async def plain(browser: Browser, live: Live) -> AsyncIterator[Page]:
    """The page in a browser without script."""
    context = await browser.new_context(viewport=DESK, locale="ko-KR", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{live.url}/sandbox")
    yield page
    await context.close()


def phone(page: Page) -> Locator:
    return page.get_by_role("region", name="받은 메시지")


def chosen(page: Page) -> Locator:
    return page.locator('[data-region="bill"]')


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_a_first_bill_is_sent_arrives_is_paid_and_tells_its_story(page: Page, live: Live) -> None:
    await expect(page.get_by_text("실시간")).to_be_visible()
    await expect(page.get_by_text("첫 청구서를 보내 볼까요?")).to_be_visible()
    assert "/bill -H 'Content-Type: application/json'" in await page.locator("pre").inner_text()
    await press(page, "연습 청구서 보내기")
    await expect(page.get_by_text("청구서를 보냈어요.")).to_be_visible()
    button = phone(page).get_by_role("link", name="청구서 보기")
    await expect(button).to_be_visible(timeout=SOON_MS)
    await expect(chosen(page).get_by_text("메시지를 보냈어요")).to_be_visible(timeout=SOON_MS)
    assert "said" not in page.url

    async with page.expect_popup() as opened:
        await button.click()
    payer = await opened.value
    await payer.get_by_role("link", name="345,000원 결제하기").click()
    await payer.get_by_role("button", name="승인").click()
    await payer.close()

    await expect(chosen(page).locator(".chip")).to_have_text("결제됨", timeout=SOON_MS)
    for told in ("API로 청구서를 만들었어요", "결제했어요", "승인 콜백을 전달했어요"):
        await expect(chosen(page).get_by_text(told)).to_be_visible(timeout=SOON_MS)
    await expect(page.get_by_role("definition").filter(has_text="999,945")).to_be_visible()


async def test_news_take_nothing_from_the_hand(page: Page, live: Live) -> None:
    """Typed text, focus, open details and scroll stay; a new message is said once, politely."""
    await live.create(billId="FIRST")
    await expect(chosen(page)).to_be_visible(timeout=SOON_MS)
    await page.locator("#pays > summary").click()
    find = page.get_by_label("청구 번호로 찾기")
    await find.fill("FIR")
    await live.create(billId="SECOND", billIssuer="다온피트니스")
    await expect(page.get_by_role("status").filter(has_text="새 메시지: 다온피트니스")).to_have_count(
        1, timeout=SOON_MS
    )
    await expect(find).to_be_focused()
    await expect(find).to_have_value("FIR")
    assert await page.locator("#pays").evaluate("details => details.open")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bills .row")).to_have_count(1)
    await expect(chosen(page).locator("dd", has_text="FIRST")).to_be_visible()


async def test_the_lab_says_why_and_marks_the_culprit(page: Page, live: Live) -> None:
    live.receiver.answer = lambda _: (200, '{"code":0,"msg":"ok"}')
    await live.create(billId="LAB")
    await live.pay("LAB")
    await page.get_by_role("link", name="콜백", exact=True).click()
    lab = page.get_by_role("region", name="콜백 실험실")
    await expect(lab.get_by_text("code가 숫자 0이에요")).to_be_visible(timeout=SOON_MS)
    await expect(lab.locator("mark")).to_have_text("0")
    await expect(lab.locator("figure", has_text="보낸 요청")).to_contain_text('"billId": "LAB"')
    await expect(lab.get_by_text("다음 시도")).to_be_visible()

    live.receiver.answer = lambda _: (500, "<b>no</b>")
    await lab.get_by_text("시계 움직이기").click()
    await page.get_by_role("button", name="다음 콜백 시도 직후").click()
    await expect(page.get_by_text("시계를 앞으로 보냈어요.")).to_be_visible()
    await page.get_by_role("link", name="콜백", exact=True).click()
    await expect(lab.locator(".attempt > summary").first).to_contain_text("2번째 시도", timeout=SOON_MS)
    await expect(lab.locator("figcaption mark").first).to_have_text("500")

    live.receiver.answer = lambda _: (200, '{"code":"0000"}')
    await press(page, "지금 다시 보내기")
    await expect(lab.locator("h3 .chip")).to_have_text("전달됨", timeout=SOON_MS)
    await expect(lab.locator(".attempt > summary").first).to_contain_text("3번째 시도")


async def test_everything_is_done_without_script(plain: Page, live: Live) -> None:
    await plain.get_by_role("link", name="내용을 바꿔서 보내기").click()
    phone_field = plain.get_by_role("textbox", name="휴대폰")
    await phone_field.fill("010-1234-5678")
    await plain.get_by_label("청구 번호").fill("PLAIN")
    await press(plain, "보내기")
    await expect(phone_field).to_have_attribute("aria-invalid", "true")
    await expect(phone_field).to_have_value("010-1234-5678")
    assert "하이픈" in await plain.locator("#e-phone").inner_text()
    await phone_field.fill("01012345678")
    await press(plain, "보내기")
    await expect(plain.get_by_text("청구서를 보냈어요.")).to_be_visible()

    await plain.locator("#pays > summary").click()
    await plain.get_by_role("button", name="거절").click()
    await expect(chosen(plain).locator(".chip")).to_have_text("거절")
    await plain.locator("#pays > summary").click()
    await plain.get_by_role("button", name="승인", exact=False).first.click()
    await expect(chosen(plain).locator(".chip")).to_have_text("결제됨")
    await plain.locator("#refund > summary").click()
    await press(plain, "결제 취소하기")
    await expect(chosen(plain).locator(".chip")).to_have_text("취소됨")
    assert (await live.read("PLAIN"))["apprState"] == "C"

    await plain.goto(f"{live.url}/sandbox?show=callbacks&bill=PLAIN")
    await plain.locator("#probe > summary").click()
    await plain.get_by_role("button", name="다른 금액").click()
    await expect(plain.locator("#probe")).to_contain_text("연습용 수신 주소는 무엇이든 받아요")
    await plain.get_by_role("link", name="English", exact=True).click()
    await expect(plain.get_by_text("Callback lab")).to_be_visible()
    await plain.get_by_role("link", name="한국어", exact=True).click()

    await plain.get_by_role("link", name="포인트", exact=True).click()
    await press(plain, "54 P로")
    await expect(plain.get_by_text("잔액을 정했어요.")).to_be_visible()
    assert await live.balance() == 54
    await plain.get_by_role("link", name="연습 청구서 보내기").click()
    await press(plain, "보내기")
    await expect(plain.get_by_role("alert")).to_contain_text("POINT_001")

    await plain.get_by_role("link", name="시계", exact=True).click()
    await plain.get_by_role("button", name="서울 자정").click()
    await expect(plain.get_by_text("앞서요")).to_be_visible()
    await plain.get_by_text("처음부터 다시").click()
    await press(plain, "모두 지우기")
    await expect(plain.get_by_text("연습 데이터를 모두 지웠어요.")).to_be_visible()
    assert (await live.balance(), live.service.clock.moved) == (1_000_000, False)


async def test_a_keyboard_goes_through_it_all(page: Page, live: Live) -> None:
    await live.create(billId="KEYS")
    await expect(chosen(page)).to_be_visible(timeout=SOON_MS)
    await expect(phone(page).get_by_role("link", name="청구서 보기")).to_be_visible(timeout=SOON_MS)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="본문으로 건너뛰기")).to_be_focused()
    reached: list[str] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
        assert await page.evaluate(
            "(() => { const box = document.activeElement.getBoundingClientRect();"
            " return box.width > 0 && getComputedStyle(document.activeElement).outlineStyle !== 'none'; })()"
        ), reached
        if reached[-1] == "결제해 보기":
            break
    for name in ("연습 청구서 보내기", "콜백", "청구서 보기", "찾기", "파기하기"):
        assert name in reached
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(chosen(page).locator(".chip")).to_have_text("결제됨", timeout=SOON_MS)


LONG = {
    "productName": "2026학년도 하반기 장기입원·집중재활 프로그램 본인부담금" * 2,
    "price": "9999999999",
    "memberName": "W" * 60,
    "billId": "WWWWWWWWWWWWWWWWWWWW",
    "message": "https://hospital.example.kr/bills/2026/11/really-long-path-without-spaces/8f3k0147",
}


@pytest.mark.parametrize(("width", "locale", "scheme"), [(320, "en-US", "dark"), (390, "ko-KR", "light")])
async def test_it_fits_a_narrow_screen_and_everything_has_a_name(
    browser: Browser, live: Live, width: int, locale: str, scheme: str
) -> None:
    live.receiver.answer = lambda _: (200, "x" * 500)
    await live.create(**LONG)
    await live.pay(LONG["billId"])
    dark = scheme == "dark"
    context = await browser.new_context(
        viewport={"width": width, "height": 700}, locale=locale, color_scheme="dark" if dark else "light"
    )
    page = await context.new_page()
    for show in ("", *SHOWS, f"bills&bill={LONG['billId']}"):
        await page.goto(f"{live.url}/sandbox?show={show}")
        await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, show
        assert await page.evaluate(SMALL) == [], show
        assert await page.evaluate(NAMELESS) == [], show
        assert await page.locator("h1").count() == 1
        one_view = await page.locator(".phone-side").is_visible()
        assert one_view is (show == "")
    await context.close()


SMALL = """
[...document.querySelectorAll('button, .button, input:not([type=hidden]), select, summary, .tabs a, .row')]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)
"""
NAMELESS = """
[...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, [role=region]')]
  .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length))
  .map((one) => one.outerHTML)
"""


async def test_it_speaks_english_to_those_who_ask(page: Page, live: Live) -> None:
    await live.create(billId="ENGLISH")
    await page.get_by_role("link", name="English", exact=True).click()
    await expect(page.get_by_role("heading", name="Sandbox", exact=True)).to_be_visible()
    for link in ("Callbacks", "Points", "Clock", "Bills"):
        await page.get_by_role("link", name=link, exact=True).click()
        assert "lang=en" in page.url
    ours: list[str] = await page.evaluate(
        """(() => {
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
            while (walk.nextNode()) {
                const text = walk.currentNode, said = text.parentElement.closest('[lang]').lang;
                if (/[가-힣]/.test(text.data) && said !== 'ko') found.push(text.data);
            }
            return found;
        })()"""
    )
    assert ours == []


async def test_a_refused_request_appears_with_its_explanation(page: Page, live: Live) -> None:
    await page.get_by_role("link", name="요청", exact=True).click()
    await expect(page.get_by_text("아직 요청이 없어요.")).to_be_visible()
    two_parts = "c24aa51aa22c626d25b1efac23211c2c05fe1d0c3495db31389887760fa607f4"
    await live.operate("/bill", live.bill(billId="TEST0001", price="10000", hash=two_parts))
    entry = page.locator(".attempt", has_text="TEST0001")
    await expect(entry.locator("summary .chip").first).to_have_text("VALIDATION_002", timeout=SOON_MS)
    await entry.locator("summary").first.click()
    await expect(entry.get_by_text("TEST0001,01012345678,10000", exact=True)).to_be_visible()
    await expect(entry.locator("figure", has_text="보낸 요청")).to_contain_text(two_parts)
