"""Makes the pictures of the documents: `make screenshots`. A service of its own is started, used and left."""

from __future__ import annotations

import asyncio
import itertools
import signal
from pathlib import Path
from typing import Final

from aiohttp import web
from playwright.async_api import Browser, Page

from cheonggu.billing.first_bill import envelope, hashed
from cheonggu.billing.sandbox_partners import FIRST
from tests.running_dev import Dev
from tests.serving import chromium

IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
SETTLE_MS: Final = 1_500
"""For messages, callbacks and the page's news of them."""
BILLS: Final = (
    ("ACADEMY-1126-01", "김서연 보호자", "11월 수강료 · 중등 심화 A반", "345000"),
    ("CLINIC-1126-07", "이도윤", "소아청소년과 진료비", "28400"),
    ("GYM-1126-12", "박준호", "PT 20회 · 강남역점", "1320000"),
    ("ACADEMY-1126-02", "최은서 보호자", "10월 수강료", "310000"),
    ("ACADEMY-1126-03", "정민재 보호자", "11월 교재비", "55000"),
)


async def receive() -> tuple[web.AppRunner, str]:
    """A receiver with the usual mistake, then with another, then without."""
    answers = itertools.chain(['{"code":0,"msg":"ok"}', ""], itertools.repeat('{"code":"0000","msg":"성공"}'))

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=next(answers))

    app = web.Application()
    app.router.add_post("/hooks/bill", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/bill"


def use(dev: Dev, callback_url: str) -> None:
    """A morning's practice."""
    for bill_id, payer, product, price in BILLS:
        bill = {
            "billId": bill_id,
            "sendType": "TALK",
            "productName": product,
            "memberName": payer,
            "phone": "01000000147",
            "price": price,
            "callbackUrl": callback_url,
        }
        dev.post("/bill", envelope(FIRST, hashed(bill)))
    dev.post("/sandbox/pay", {"billId": "GYM-1126-12", "outcome": "DECLINE"})
    dev.post("/sandbox/pay", {"billId": "ACADEMY-1126-01", "outcome": "DECLINE"})
    dev.post("/sandbox/pay", {"billId": "ACADEMY-1126-01", "outcome": "APPROVE"})


async def settled(page: Page, address: str) -> None:
    await page.goto(address)
    await page.wait_for_timeout(SETTLE_MS)


async def take(browser: Browser, dev: Dev) -> None:
    """The pictures."""
    IMAGES.mkdir(exist_ok=True)
    desk = await browser.new_page(locale="ko-KR", viewport={"width": 1280, "height": 960})
    await settled(desk, f"{dev.url}/sandbox?show=callbacks")
    await desk.screenshot(path=IMAGES / "sandbox-callbacks.png")
    for seconds in (11, 60):
        dev.post("/sandbox/clock", {"advanceSeconds": seconds})
        await desk.wait_for_timeout(SETTLE_MS)
    await settled(desk, f"{dev.url}/sandbox?show=bills&bill=ACADEMY-1126-01&lang=en")
    await desk.screenshot(path=IMAGES / "sandbox-bills-en.png")
    await settled(desk, f"{dev.url}/sandbox?show=bills&bill=ACADEMY-1126-01")
    await desk.screenshot(path=IMAGES / "sandbox-bills.png")
    hand = await browser.new_page(locale="ko-KR", viewport={"width": 390, "height": 844}, color_scheme="dark")
    await settled(hand, f"{dev.url}/sandbox")
    await hand.screenshot(path=IMAGES / "sandbox-phone.png")


async def main() -> None:
    """Everything, and the service is gone at the end."""
    dev = Dev(None, 0).wait_until_ready()
    runner, callback_url = await receive()
    try:
        await asyncio.to_thread(use, dev, callback_url)
        async with chromium() as browser:
            await take(browser, dev)
    finally:
        await runner.cleanup()
        dev.send(signal.SIGTERM)
        await asyncio.to_thread(dev.ended)


if __name__ == "__main__":
    asyncio.run(main())
