"""The payer's pages over HTTP: what a GET may do, and which POSTs reach the payment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.bill import Bill, SendType
from cheonggu.service import Service
from cheonggu.web import card_window, forms
from tests.checks import assert_books_hold
from tests.flow import created, paid
from tests.no_browser import NoBrowser, everything
from tests.serving import serving


class Payer(NoBrowser):
    """One who chooses in the card window."""

    async def token(self, bill: Bill) -> str:
        """The token of the card window as it is shown now."""
        _, window, _ = await self.get(f"/p/{bill.short_code}/card")
        (token,) = re.findall('name="token" value="([^"]+)"', window)
        return token

    async def choose(
        self, bill: Bill, outcome: str, *, query: str = "", headers: dict[str, str] | None = None, **form: str
    ) -> tuple[int, str | None]:
        """Choose an outcome in the card window, with a good token unless another is given."""
        fields = {"token": form.get("token") or await self.token(bill), "months": "0", "outcome": outcome}
        return await self.post(f"/p/{bill.short_code}/card{query}", {**fields, **form}, headers)


@pytest_asyncio.fixture
async def payer(service: Service) -> AsyncIterator[Payer]:
    async with serving(service) as site, aiohttp.ClientSession() as session:
        yield Payer(service, site, session)


async def test_no_get_changes_anything(payer: Payer) -> None:
    open_bill, paid_bill = (
        await created(payer.service, bill_id="OPEN"),
        await paid(payer.service, bill_id="PAID"),
    )
    before = await everything(payer.service)
    for bill in (open_bill, paid_bill):
        for path in ("", "?lang=en", "/card", "/card?outcome=APPROVE&months=0", "?stay=1"):
            for method in ("GET", "HEAD"):
                status, _, _ = await payer.get(f"/p/{bill.short_code}{path}", method)
                assert status in (200, 303)
    assert await everything(payer.service) == before


async def test_the_page_says_what_the_bill_says(payer: Payer) -> None:
    said = {"issuer": "한빛 대치", "product_name": "11월 <수강료>", "message": "안녕\n하세요"}
    bill = await created(payer.service, FIRST, price_won=150_000, **said)
    status, page, headers = await payer.get(f"/p/{bill.short_code}")
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    for text in ("한빛 대치", "11월 &lt;수강료&gt;", "150,000원", "15만원", "안녕\n하세요", "2999년 1월 1일"):
        assert text in page
    assert "김*연" in page
    assert "김서연" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/p/",
        "/p/unknown",
        "/p/" + "a" * 22,
        "/p/" + "a" * 22 + "/",
        "/p/" + "a" * 22 + "/card",
        "/p/%00",
        "/p/" + "%EA%B0%80" * 22,
        "/p/" + "a" * 5000,
        "/p/..%2f..%2fetc",
        "/p/a/b/c",
    ],
)
async def test_an_unknown_link_is_a_page_of_its_own(payer: Payer, path: str) -> None:
    status, page, headers = await payer.get(path)
    assert status == 404
    assert "청구서를 찾지 못했어요" in page
    assert headers["Content-Type"] == "text/html; charset=utf-8"


async def test_another_method_is_told_which_ones_there_are(payer: Payer) -> None:
    bill = await created(payer.service)
    for path, allowed in ((f"/p/{bill.short_code}", "GET, HEAD"), (f"/p/{bill.short_code}/card", "POST")):
        status, page, headers = await payer.get(path, "DELETE")
        assert status == 405
        assert allowed in headers["Allow"]
        assert "<h1>" in page


async def test_a_choice_is_paid_and_leads_back_to_the_bill(payer: Payer) -> None:
    bill = await created(payer.service)
    assert await payer.choose(bill, "APPROVE", months="3") == (303, f"/p/{bill.short_code}")
    _, page, _ = await payer.get(f"/p/{bill.short_code}")
    assert "결제했어요" in page
    assert "3개월" in page
    await assert_books_hold(payer.service.db)


async def test_a_chosen_language_is_kept_on_the_way_back(payer: Payer) -> None:
    bill = await created(payer.service)
    assert await payer.choose(bill, "CLOSE", query="?lang=en") == (303, f"/p/{bill.short_code}?lang=en")


async def test_closing_the_window_touches_nothing(payer: Payer) -> None:
    bill = await created(payer.service)
    before = await everything(payer.service)
    assert await payer.choose(bill, "CLOSE") == (303, f"/p/{bill.short_code}")
    assert await everything(payer.service) == before


async def test_a_double_click_pays_once(payer: Payer) -> None:
    bill = await created(payer.service)
    token = await payer.token(bill)
    answers = await asyncio.gather(*(payer.choose(bill, "APPROVE", token=token) for _ in range(8)))
    assert set(answers) == {(303, f"/p/{bill.short_code}")}
    assert await payer.attempts() == 1
    await assert_books_hold(payer.service.db)


async def test_a_choice_made_too_late_leads_to_the_truth(payer: Payer) -> None:
    bill = await created(payer.service)
    token = await payer.token(bill)
    await payer.choose(bill, "APPROVE", token=token)
    assert await payer.choose(bill, "DECLINE", token=token) == (303, f"/p/{bill.short_code}")
    assert await payer.attempts() == 1
    status, _, headers = await payer.get(f"/p/{bill.short_code}/card")
    assert (status, headers["Location"]) == (303, f"/p/{bill.short_code}")


REFUSED: list[tuple[dict[str, str], dict[str, str] | None, int]] = [
    ({"token": "0" * 64}, None, 403),
    ({"token": ""}, None, 403),
    ({"token": "토큰"}, None, 403),
    ({"outcome": ""}, None, 400),
    ({"outcome": "approve"}, None, 400),
    ({"outcome": "APPROVE:3"}, None, 400),
    ({"months": "1"}, None, 400),
    ({"months": "13"}, None, 400),
    ({"months": "-3"}, None, 400),
    ({"months": "３"}, None, 400),
    ({"padding": "x" * forms.BODY_LIMIT_BYTES}, None, 413),
    ({}, {"Origin": "https://evil.example"}, 403),
    ({}, {"Origin": "null"}, 403),
    ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
    ({}, {"Sec-Fetch-Site": "same-site"}, 403),
]


@pytest.mark.parametrize(("form", "headers", "status"), REFUSED)
async def test_a_form_that_is_not_ours_pays_nothing(
    payer: Payer, form: dict[str, str], headers: dict[str, str] | None, status: int
) -> None:
    bill = await created(payer.service)
    fields = {"token": await payer.token(bill), "months": "0", "outcome": "APPROVE", **form}
    assert await payer.post(f"/p/{bill.short_code}/card", fields, headers) == (status, None)
    assert await payer.attempts() == 0


async def test_a_token_of_another_bill_pays_nothing(payer: Payer) -> None:
    mine, other = await created(payer.service, bill_id="MINE"), await created(payer.service, bill_id="OTHER")
    assert (await payer.choose(mine, "APPROVE", token=await payer.token(other)))[0] == 403
    assert await payer.attempts() == 0


async def test_a_token_of_the_day_before_leads_back_to_try_again(payer: Payer) -> None:
    bill = await created(payer.service)
    stale = forms.token(payer.service.keyring.form_key, bill.short_code, card_window.PURPOSE, 0)
    assert (await payer.choose(bill, "APPROVE", token=stale))[0] == 403


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
async def test_only_urlencoded_forms_are_read(payer: Payer, kind: str) -> None:
    bill = await created(payer.service)
    status, _ = await payer.post(f"/p/{bill.short_code}/card", b"{}", {"Content-Type": kind})
    assert status == 415


async def test_a_form_from_our_own_address_is_taken(payer: Payer) -> None:
    bill = await created(payer.service)
    ours = {"Origin": payer.site, "Sec-Fetch-Site": "same-origin"}
    assert (await payer.choose(bill, "APPROVE", headers=ours))[0] == 303
    assert await payer.attempts() == 1


async def test_a_url_bills_receipt_leads_on_by_a_header(payer: Payer) -> None:
    url = "https://shop.example/thanks?a=1&b=%20'\"#end"
    bill = await paid(payer.service, send_type=SendType.URL, redirect_url=url)
    _, page, headers = await payer.get(f"/p/{bill.short_code}")
    assert headers["Refresh"] == f"3; url={url}"
    assert 'href="https://shop.example/thanks?a=1&amp;b=%20&#39;&#34;#end"' in page


async def test_our_own_files_can_be_kept(payer: Payer) -> None:
    bill = await created(payer.service)
    _, page, _ = await payer.get(f"/p/{bill.short_code}")
    addresses = re.findall('"(/static/[^"]+)"', page)
    assert len(addresses) == 3
    for address in addresses:
        status, _, headers = await payer.get(address)
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
        again, _, _ = await payer.get(address, **{"If-None-Match": headers["ETag"]})
        assert again == 304
