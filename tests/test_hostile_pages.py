"""Hostile texts and hostile sites, as a real browser meets them on the payer's pages."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from hostile.strings import MARK, STRINGS
from hypothesis import settings
from playwright.async_api import Browser, Page, ViewportSize

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.bill import Bill, SendType
from cheonggu.service import Service
from tests.conftest import until
from tests.flow import created, paid

TEXTS = [
    text for family in ("markup", "scripts", "templates") for text in STRINGS[family] if "\0" not in text
]
EVERY = 1 if settings().max_examples > 1_000 else 3
"""In `make hostile` each text stands in each field, else each in some."""
PHONE = ViewportSize(width=390, height=844)
MERCHANT_FIELDS = ("name", "phone", "owner_name", "registration_number", "address")


STRANGE_ELEMENTS = (
    "iframe, object, embed, base, math, style, plaintext, details:not([data-key], [id]), img:not([alt='']), "
    "meta[http-equiv], script:not([src])"
)


class Watched:
    """A page that remembers what it ran, asked for, and complained of."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    @property
    def strangers(self) -> list[str]:
        """What it asked of others than us."""
        return [url for url in self.asked if not url.startswith((self.site, "data:"))]

    async def ran(self) -> bool:
        """Whether a script of a stranger's has run."""
        return await self.page.evaluate(f"typeof window.{MARK} !== 'undefined'")


@pytest_asyncio.fixture
async def watched(browser: Browser, site: str) -> AsyncIterator[Watched]:
    context = await browser.new_context(viewport=PHONE, locale="ko-KR")
    yield Watched(await context.new_page(), site)
    await context.close()


async def told_everywhere(service: Service, number: int, *texts: str, pay: bool = False) -> Bill:
    """A bill that says texts, in turn, in every field that reaches a page, its merchant's too."""
    said = itertools.cycle(texts)
    changes = ", ".join(f"{field} = ${place}" for place, field in enumerate(MERCHANT_FIELDS, 1))
    told = [next(said)[:50] for _ in MERCHANT_FIELDS]
    await service.db.execute(f"UPDATE merchant SET {changes}", *told)  # noqa: S608 - our own column names
    make = paid if pay else created
    return await make(
        service,
        FIRST,
        bill_id=f"{texts[0][:12]}{number}",
        send_type=SendType.URL,
        issuer=next(said)[:50],
        product_name=next(said),
        payer_name=next(said),
        payer_phone=next(said)[:20],
        message=next(said),
    )


def in_the_sandbox(bill: Bill) -> list[str]:
    """Where the developer's page shows what a bill says: the phone, the bill, its callbacks, its points."""
    query = urlencode({"bill": bill.bill_id})
    return [f"/sandbox?show={show}&{query}" for show in ("bills", "callbacks", "wallet")]


@pytest.mark.parametrize("pay", [False, True], ids=["unpaid", "paid"])
async def test_no_stored_text_becomes_a_script_or_an_element(
    watched: Watched, service: Service, *, pay: bool
) -> None:
    for number in range(0, len(TEXTS), EVERY):
        texts = TEXTS[number:] + TEXTS[:number]
        bill = await told_everywhere(service, number, *texts, pay=pay)
        ours = [f"/p/{bill.short_code}{path}" for path in ("", "?lang=en", "/card")]
        for path in (*ours, *(in_the_sandbox(bill) if pay else ())):
            await watched.page.goto(f"{watched.site}{path}")
            assert not await watched.ran(), texts[:10]
            assert await watched.page.locator(STRANGE_ELEMENTS).count() == 0, texts[:10]
            assert "49049" not in await watched.page.content()
    assert watched.strangers == []
    assert watched.complaints == []


async def test_a_stored_text_reads_as_it_was_written(watched: Watched, service: Service) -> None:
    text = f"<b onclick={MARK}=1>'\"&amp;{{{{7*7}}}}</b>"
    bill = await created(service, FIRST, product_name=text)
    await watched.page.goto(f"{watched.site}/p/{bill.short_code}")
    assert await watched.page.get_by_role("heading", level=1).text_content() == text


async def test_even_a_script_on_the_page_would_not_run(watched: Watched, service: Service) -> None:
    """Should escaping fail one day, the policy stands behind it."""
    bill = await created(service)
    await watched.page.goto(f"{watched.site}/p/{bill.short_code}")
    await watched.page.evaluate(
        f"""() => {{
            const inline = document.createElement('script');
            inline.textContent = 'window.{MARK} = 1';
            const foreign = document.createElement('script');
            foreign.src = 'http://stranger.example/x.js';
            const image = document.createElement('img');
            image.setAttribute('onerror', 'window.{MARK} = 1');
            image.src = 'http://stranger.example/x.png';
            const style = document.createElement('style');
            style.textContent = 'body {{ display: none }}';
            document.body.append(inline, foreign, image, style);
        }}"""
    )

    async def complained() -> bool:
        return len(watched.complaints) >= 4

    await until(complained)
    await watched.page.wait_for_timeout(200)
    assert not await watched.ran()
    assert await watched.page.locator("main").is_visible()
    assert all("Content Security Policy" in said or "Failed to load" in said for said in watched.complaints)


class Stranger:
    """Another site, at an origin of its own, that shows what it is told to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.page = ""


@pytest_asyncio.fixture
async def stranger() -> AsyncIterator[Stranger]:
    async def show(_: web.Request) -> web.Response:
        return web.Response(text=made.page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made = Stranger(f"http://localhost:{runner.addresses[0][1]}/")
    yield made
    await runner.cleanup()


@pytest.mark.parametrize("element", ["iframe src", "object data", "embed src"])
@pytest.mark.parametrize("path", ["", "/card", "x"])
async def test_no_stranger_can_frame_a_page(
    watched: Watched, service: Service, stranger: Stranger, element: str, path: str
) -> None:
    bill = await created(service)
    address = f"{watched.site}/p/{bill.short_code}{path}"
    stranger.page = f"<{element}='{address}' width=390 height=844></{element.split()[0]}>"
    await watched.page.goto(stranger.url)
    await watched.page.wait_for_load_state("networkidle")
    for frame in watched.page.frames[1:]:
        assert not frame.url.startswith(watched.site) or await frame.locator("main").count() == 0


async def token_of(site: str, bill: Bill) -> str:
    """The token of a bill's card window, as whoever has the link can read it."""
    async with aiohttp.ClientSession() as http, http.get(f"{site}/p/{bill.short_code}/card") as answer:
        return (await answer.text()).partition('name="token" value="')[2].partition('"')[0]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
async def test_a_form_on_a_strangers_site_pays_nothing(
    watched: Watched, service: Service, stranger: Stranger, kind: str
) -> None:
    bill = await created(service)
    token = await token_of(watched.site, bill)
    stranger.page = (
        f"<form method=post enctype='{kind}' action='{watched.site}/p/{bill.short_code}/card'>"
        f"<input name=token value='{token}'><input name=months value=0><input name=outcome value=APPROVE>"
        "<button>go</button></form>"
    )
    await watched.page.goto(stranger.url)
    async with watched.page.expect_navigation() as arrived:
        await watched.page.get_by_role("button").click()
    answer = await arrived.value
    assert answer is not None
    assert answer.status == 403
    assert await service.db.fetchval("SELECT count(*) FROM attempt") == 0


async def test_a_strangers_script_can_neither_read_nor_write(
    watched: Watched, service: Service, stranger: Stranger
) -> None:
    bill = await created(service)
    await watched.page.goto(stranger.url)
    tried = await watched.page.evaluate(
        """async (site) => Promise.all([
            ['GET', '/p/CODE'], ['POST', '/p/CODE/card'], ['POST', '/bill/read'], ['OPTIONS', '/bill'],
            ['GET', '/sandbox/messages?billId=TEST0001'], ['POST', '/sandbox/pay'],
            ['POST', '/sandbox/reset'], ['GET', '/openapi.json'],
        ].map(([method, path]) => fetch(site + path.replace('CODE', 'BILL'), {
            method, body: method === 'POST' ? '{"billId": "TEST0001", "outcome": "APPROVE"}' : undefined,
        }).then((answer) => answer.text(), () => null)))""".replace("BILL", bill.short_code),
        watched.site,
    )
    assert tried == [None] * 8
    assert await service.db.fetchval("SELECT count(*) FROM attempt") == 0
    assert await service.db.fetchval("SELECT count(*) FROM bill") == 1


REDIRECTS: list[tuple[str, bool]] = [
    ("javascript:hstl=1", False),
    ("JaVaScRiPt:hstl=1//http://x.example/", False),
    (" javascript:hstl=1", False),
    ("data:text/html,<script>hstl=1</script>", False),
    ("vbscript:x", False),
    ("blob:http://x.example/1", False),
    ("file:///etc/passwd", False),
    ("//x.example/", False),
    ("/\\x.example/", False),
    ("\\\\x.example", False),
    ("https:\\\\x.example/", False),
    ("http://x.example\\@y.example/", False),
    ("http:x.example", False),
    ("http:///x.example", False),
    ("http://user@x.example/", False),
    ("http://x.example/\r\nSet-Cookie: a=b", False),
    ("http://x.example/\r\n\r\n<script>hstl=1</script>", False),
    ("http://x.example/%0d%0aSet-Cookie:%20a=b", True),
    ("http://x.example/\tx", False),
    ("http://x.example/\u2028", False),
    ("http://한국.example/", False),
    ("http://x.example/;url=javascript:hstl=1", True),
    ("http://x.example/'\"><script>hstl=1</script>", True),
    ("HTTPS://X.example/", True),
]


@pytest.mark.parametrize(("url", "taken"), REDIRECTS)
async def test_a_receipt_leads_to_a_plain_web_address_or_nowhere(
    watched: Watched, service: Service, url: str, *, taken: bool
) -> None:
    """Also when a table holds one that creation would refuse: then there is neither a header nor a link."""
    bill = await paid(service, send_type=SendType.URL, redirect_url=url)
    await watched.page.route("**/*x.example/**", lambda route: route.fulfill(body="there"))
    answer = await watched.page.goto(f"{watched.site}/p/{bill.short_code}")
    assert answer is not None
    assert (await answer.header_value("refresh") is not None) == taken
    assert await answer.header_value("set-cookie") is None
    assert not await watched.ran()
    links: list[str] = await watched.page.evaluate("[...document.links].map((link) => link.protocol)")
    assert set(links) <= {"http:", "https:", "tel:"}
    if taken:
        await watched.page.wait_for_url(lambda address: "x.example" in address.lower(), timeout=30_000)


STACKS = [
    *STRINGS["stacks"],
    *STRINGS["bidi"],
    "\u202e" * 20 + "가나다",
    "﷽" * 20,
    "𒐫" * 20,
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 20,
    "\u0301" * 200,
]


@pytest.mark.parametrize("width", [320, 1280])
async def test_no_text_stretches_a_page_or_covers_what_stands_beside_it(
    browser: Browser, site: str, service: Service, width: int
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 844}, locale="ko-KR")
    page = await context.new_page()
    for number, text in enumerate(STACKS, 1):
        bill = await told_everywhere(service, number, text[:100])
        for path in ("", "/card"):
            await page.goto(f"{site}/p/{bill.short_code}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, text[:10]
            assert await amount(page) == "10,000원"
        for path in in_the_sandbox(bill)[:1]:
            await page.goto(f"{site}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, text[:10]
    await context.close()


async def amount(page: Page) -> str:
    """The amount as an eye reads it: from left to right as the boxes of its letters stand."""
    letters: list[list[Any]] = await page.evaluate(
        """(() => {
            const text = document.querySelector('.amount > strong').firstChild, found = [];
            for (let at = 0; at < text.length; at++) {
                const range = document.createRange();
                range.setStart(text, at); range.setEnd(text, at + 1);
                found.push([range.getBoundingClientRect().x, text.data[at]]);
            }
            return found;
        })()"""
    )
    return "".join(letter for _, letter in sorted(letters))


async def test_a_strangers_text_is_clipped_at_its_own_box(watched: Watched, service: Service) -> None:
    """A pile of marks is as high as the font makes it; no box of theirs lets it out."""
    bill = await told_everywhere(service, 1, "가나다라")
    ours = [f"/p/{bill.short_code}{path}" for path in ("", "?lang=en", "/card")]
    for path in (*ours, *in_the_sandbox(bill)):
        await watched.page.goto(f"{watched.site}{path}")
        let_out: list[str] = await watched.page.evaluate(
            """[...document.querySelectorAll('body *')]
                .filter((one) => [...one.childNodes].some((part) => /가.다라/.test(part.data ?? '')))
                .map((one) => one.closest('p, b, h1, h2, small, dd, .what, .who, .to, .initial, pre'))
                .filter((box) => getComputedStyle(box).overflow !== 'clip')
                .map((one) => one.outerHTML)"""
        )
        assert let_out == []
