"""The pages around Toss's payment window over HTTP: what they say and refuse, and that only a POST pays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio

from cheonggu.billing import destroy
from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.bill import Bill, State
from cheonggu.service import Service
from cheonggu.store.sealing import Keyring, new_secret_key
from cheonggu.web import forms
from cheonggu.web.order_ids import is_order_of, new_order_id
from cheonggu.web.toss_window import policy
from tests.checks import assert_books_hold
from tests.flow import caller_of, created, found
from tests.no_browser import Answer, NoBrowser, everything
from tests.payer_bills import tags_of
from tests.serving import serving
from tests.standins.toss import CLIENT_KEY, ORDER_ID, Toss, error
from tests.toss_sides import with_toss

WON = 150_000


class Payer(NoBrowser):
    """One who pays through Toss."""

    def __init__(self, service: Service, toss: Toss, site: str, session: aiohttp.ClientSession) -> None:
        super().__init__(service, site, session)
        self.toss = toss

    async def bill(self, **given: object) -> Bill:
        return await created(self.service, FIRST, price_won=WON, **given)

    async def order(self, bill: Bill) -> str:
        """The order of a view of the window's page."""
        _, page, _ = await self.get(f"/p/{bill.short_code}/pay")
        return data_of(page)["data-order-id"]

    async def back(self, bill: Bill, **query: str) -> Answer:
        """Back from Toss, with other parameters where some are given."""
        order_id = query.get("orderId") or await self.order(bill)
        key = query.get("paymentKey") or self.toss.authenticate(order_id, WON)
        said = {"paymentType": "NORMAL", "orderId": order_id, "paymentKey": key, "amount": str(WON), **query}
        return await self.get(f"/p/{bill.short_code}/pay/return?{urlencode(said)}")

    async def form(self, bill: Bill) -> dict[str, str]:
        """What the page that Toss leads back to would post."""
        return fields_of((await self.back(bill))[1])

    async def post_form(
        self, bill: Bill, form: dict[str, str], headers: dict[str, str] | None = None
    ) -> tuple[int, str | None]:
        return await self.post(f"/p/{bill.short_code}/pay", form, headers)

    async def state(self, bill: Bill) -> State:
        return (await found(self.service, bill.partner_id, bill.bill_id)).state


def data_of(page: str) -> dict[str, str]:
    """What the window's page gives its script."""
    (gate,) = (attrs for _, attrs in tags_of(page) if "data-gate" in attrs)
    return {name: value or "" for name, value in gate.items()}


def fields_of(page: str) -> dict[str, str]:
    return {
        attrs["name"] or "": attrs["value"] or ""
        for tag, attrs in tags_of(page)
        if tag == "input" and attrs["type"] == "hidden"
    }


@pytest_asyncio.fixture
async def payer(service: Service) -> AsyncIterator[Payer]:
    async with (
        with_toss(service) as (with_gateway, toss),
        serving(with_gateway) as site,
        aiohttp.ClientSession() as session,
    ):
        yield Payer(with_gateway, toss, site, session)


async def leads_back(answer: Answer, bill: Bill) -> bool:
    return (answer[0], answer[2].get("Location")) == (303, f"/p/{bill.short_code}")


# The page that opens the window


async def test_the_bills_button_leads_to_the_window_and_the_bill_itself_loads_nothing_of_others(
    payer: Payer,
) -> None:
    bill = await payer.bill()
    _, page, headers = await payer.get(f"/p/{bill.short_code}")
    assert f'href="/p/{bill.short_code}/pay"' in page
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "tosspayments" not in page + headers["Content-Security-Policy"]
    assert payer.toss.url not in page


async def test_the_window_is_given_the_amount_and_an_order_and_nothing_of_the_payer(payer: Payer) -> None:
    bill = await payer.bill(payer_name="김서연", payer_phone="01012345678")
    status, page, headers = await payer.get(f"/p/{bill.short_code}/pay")
    assert status == 200
    data = data_of(page)
    assert data["data-client-key"] == CLIENT_KEY
    assert data["data-amount-won"] == str(WON)
    assert data["data-order-name"] == bill.product_name
    assert data["data-success-path"] == f"/p/{bill.short_code}/pay/return"
    assert data["data-fail-path"] == f"/p/{bill.short_code}/pay/failed"
    assert ORDER_ID.fullmatch(data["data-order-id"])
    assert "150,000원" in page
    assert "<noscript>" in page
    assert not any(theirs in page for theirs in ("김", "서연", "0101234", "5678", "sk_standin"))
    assert headers["Cache-Control"] == "no-store"


async def test_the_windows_policy_lets_in_toss_and_no_inline_script(payer: Payer) -> None:
    bill = await payer.bill()
    _, page, headers = await payer.get(f"/p/{bill.short_code}/pay")
    assert headers["Content-Security-Policy"] == policy(f"{payer.toss.url}/v2/standard")
    scripts = [attrs for tag, attrs in tags_of(page) if tag == "script"]
    assert (scripts[0]["src"] or "").startswith("/static/toss_window.js?v=")
    assert scripts[1]["src"] == f"{payer.toss.url}/v2/standard"
    assert len(scripts) == 2
    assert not any(name.startswith("on") for _, attrs in tags_of(page) for name in attrs)


def test_the_policy_relaxes_what_the_sdk_needs_and_nothing_else() -> None:
    parts = policy("https://js.tosspayments.com/v2/standard").split("; ")
    said = {name: sources for name, _, sources in (part.partition(" ") for part in parts)}
    toss = "https://js.tosspayments.com https://*.tosspayments.com"
    assert said == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": f"'self' {toss}",
        "connect-src": toss,
        "frame-src": toss,
        "img-src": f"'self' {toss}",
        "form-action": f"'self' {toss}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


async def test_what_a_partner_wrote_stays_text_and_within_what_toss_takes(payer: Payer) -> None:
    bill = await payer.bill(product_name='"><script>alert(1)</script>' + "가" * 150, issuer='<b a="">')
    _, page, _ = await payer.get(f"/p/{bill.short_code}/pay")
    assert data_of(page)["data-order-name"] == bill.product_name[:100]
    assert "alert(1)</script>" not in page
    assert len([tag for tag, _ in tags_of(page) if tag == "script"]) == 2


async def test_every_view_has_an_order_of_its_own(payer: Payer) -> None:
    bill, other = await payer.bill(bill_id="MINE"), await payer.bill(bill_id="OTHER")
    orders = {await payer.order(bill) for _ in range(5)}
    assert len(orders) == 5
    key = payer.service.keyring.form_key
    assert all(is_order_of(key, bill.short_code, order) for order in orders)
    assert not any(is_order_of(key, other.short_code, order) for order in orders)


async def test_no_get_changes_anything_or_asks_toss(payer: Payer) -> None:
    bill = await payer.bill()
    order_id = await payer.order(bill)
    key = payer.toss.authenticate(order_id, WON)
    said = urlencode(
        {"orderId": order_id, "paymentKey": key, "amount": str(WON), "code": "REJECT_CARD_COMPANY"}
    )
    before = await everything(payer.service)
    for path in (
        "",
        "?lang=en",
        f"/return?{said}",
        f"/return?{said}&lang=en",
        "/return",
        f"/failed?{said}",
        "/failed",
    ):
        for method in ("GET", "HEAD"):
            status, _, _ = await payer.get(f"/p/{bill.short_code}/pay{path}", method)
            assert status in (200, 303, 403)
    assert await everything(payer.service) == before
    assert payer.toss.calls == []


async def test_a_chosen_language_is_kept_there_and_back(payer: Payer) -> None:
    bill = await payer.bill()
    _, page, _ = await payer.get(f"/p/{bill.short_code}/pay?lang=en")
    assert "Pay ₩150,000" in page
    assert data_of(page)["data-success-path"] == f"/p/{bill.short_code}/pay/return?lang=en"
    assert data_of(page)["data-fail-path"] == f"/p/{bill.short_code}/pay/failed?lang=en"
    _, back, _ = await payer.back(bill, lang="en")
    assert "Finish paying ₩150,000" in back
    answer = await payer.post(f"/p/{bill.short_code}/pay?lang=en", fields_of(back))
    assert answer == (303, f"/p/{bill.short_code}?lang=en")


# Coming back, and paying


async def test_coming_back_is_posted_and_paid_and_leads_to_the_receipt(payer: Payer) -> None:
    bill = await payer.bill()
    status, page, headers = await payer.back(bill)
    assert status == 200
    assert "아직 돈은 나가지 않았어요." in page
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert await payer.state(bill) is State.READY
    assert await payer.post_form(bill, fields_of(page)) == (303, f"/p/{bill.short_code}")
    _, receipt, _ = await payer.get(f"/p/{bill.short_code}")
    assert "결제했어요" in receipt
    assert "현대 " in receipt
    await assert_books_hold(payer.service.db)


async def test_a_form_posted_many_times_at_once_pays_once(payer: Payer) -> None:
    bill = await payer.bill()
    form = await payer.form(bill)
    answers = await asyncio.gather(*(payer.post_form(bill, form) for _ in range(8)))
    assert set(answers) == {(303, f"/p/{bill.short_code}")}
    assert await payer.post_form(bill, form) == (303, f"/p/{bill.short_code}")
    assert await payer.attempts() == 1
    assert payer.toss.asked("confirm") == 1
    assert payer.toss.charged_won(form["orderId"]) == WON
    await assert_books_hold(payer.service.db)


async def test_two_tabs_pay_once_and_the_other_is_not_charged(payer: Payer) -> None:
    bill = await payer.bill()
    first, second = await payer.form(bill), await payer.form(bill)
    assert first["orderId"] != second["orderId"]
    await asyncio.gather(payer.post_form(bill, first), payer.post_form(bill, second))
    charged = [payer.toss.charged_won(form["orderId"]) for form in (first, second)]
    assert sorted(charged) == [0, WON]
    assert await payer.state(bill) is State.PAID
    await assert_books_hold(payer.service.db)


async def test_a_declined_payer_reads_why_and_pays_in_another_view(payer: Payer) -> None:
    bill = await payer.bill()
    form = await payer.form(bill)
    payer.toss.next("confirm", error("REJECT_CARD_PAYMENT"))
    assert await payer.post_form(bill, form) == (303, f"/p/{bill.short_code}")
    _, page, _ = await payer.get(f"/p/{bill.short_code}")
    assert "카드사 답: <b>한도를 넘었거나 잔액이 모자라요.</b>" in page
    assert await payer.post_form(bill, form) == (303, f"/p/{bill.short_code}"), (
        "the same order is not tried again"
    )
    assert payer.toss.asked("confirm") == 1
    await payer.post_form(bill, await payer.form(bill))
    assert await payer.state(bill) is State.PAID
    await assert_books_hold(payer.service.db)


@pytest.mark.parametrize("code", ["UNAUTHORIZED_KEY", "NOT_FOUND_PAYMENT_SESSION", "REJECT_ACCOUNT_PAYMENT"])
async def test_what_no_card_company_said_is_not_said_to_be_its_word(payer: Payer, code: str) -> None:
    bill = await payer.bill()
    payer.toss.next("confirm", error(code))
    await payer.post_form(bill, await payer.form(bill))
    _, page, _ = await payer.get(f"/p/{bill.short_code}")
    assert "결제가 이루어지지 않았어요" in page
    assert "돈은 나가지 않았어요." in page
    assert "카드사가 승인하지" not in page
    assert "카드사 답" not in page
    assert code not in page


UNFIT: list[tuple[dict[str, str], int]] = [
    ({"orderId": "x" * 44}, 403),
    ({"orderId": "A" * 10_000}, 403),
    ({"orderId": "주문"}, 403),
    ({"orderId": "\0"}, 403),
    ({"paymentKey": "a b"}, 400),
    ({"paymentKey": "키"}, 400),
    ({"paymentKey": "k" * 201}, 400),
    ({"paymentKey": "k" * 10_000}, 400),
    ({"paymentKey": "k\r\nX: 1"}, 400),
    ({"amount": ""}, 400),
    ({"amount": "1"}, 400),
    ({"amount": "150000.0"}, 400),
    ({"amount": " 150000"}, 400),
    ({"amount": "１５００００"}, 400),
    ({"amount": "9" * 5_000}, 400),
]


@pytest.mark.parametrize(("query", "status"), UNFIT)
async def test_a_return_that_was_tampered_with_says_that_no_money_moved(
    payer: Payer, query: dict[str, str], status: int
) -> None:
    bill = await payer.bill()
    answer = await payer.back(bill, **query)
    assert answer[0] == status
    assert "이번에는 돈이 나가지 않았어요." in answer[1]
    assert "<form" not in answer[1]


async def test_a_return_without_parameters_is_a_page(payer: Payer) -> None:
    bill = await payer.bill()
    status, page, _ = await payer.get(f"/p/{bill.short_code}/pay/return")
    assert status == 403
    assert "청구서로 돌아가기" in page


async def test_the_order_of_another_bill_or_key_pays_nothing(payer: Payer) -> None:
    mine, other = await payer.bill(bill_id="MINE"), await payer.bill(bill_id="OTHER")
    strange = Keyring.parse(new_secret_key()).form_key
    for order_id in (await payer.order(other), new_order_id(strange, mine.short_code)):
        assert (await payer.back(mine, orderId=order_id))[0] == 403
        form = {**await payer.form(mine), "orderId": order_id}
        assert await payer.post_form(mine, form) == (403, None)
    assert await payer.attempts() == 0
    assert payer.toss.calls == []


async def test_every_changed_character_of_an_order_is_noticed(payer: Payer) -> None:
    bill = await payer.bill()
    key, order_id = payer.service.keyring.form_key, await payer.order(bill)
    for place, char in enumerate(order_id):
        forged = order_id[:place] + ("A" if char != "A" else "B") + order_id[place + 1 :]
        assert not is_order_of(key, bill.short_code, forged), place
    for forged in (order_id[:-1], order_id + "A", order_id + "\n", "", order_id.swapcase()):
        assert not is_order_of(key, bill.short_code, forged)


REFUSED: list[tuple[dict[str, str], dict[str, str] | None, int]] = [
    ({"token": "0" * 64}, None, 403),
    ({"token": ""}, None, 403),
    ({"token": "토큰"}, None, 403),
    ({"orderId": ""}, None, 403),
    ({"orderId": "주문"}, None, 403),
    ({"paymentKey": ""}, None, 400),
    ({"paymentKey": "k" * 201}, None, 400),
    ({"paymentKey": "k\n"}, None, 400),
    ({"paymentKey": "\0"}, None, 400),
    ({"padding": "x" * forms.BODY_LIMIT_BYTES}, None, 413),
    ({}, {"Origin": "https://evil.example"}, 403),
    ({}, {"Origin": "null"}, 403),
    ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
]


@pytest.mark.parametrize(("changed", "headers", "status"), REFUSED)
async def test_a_form_that_is_not_ours_pays_nothing(
    payer: Payer, changed: dict[str, str], headers: dict[str, str] | None, status: int
) -> None:
    bill = await payer.bill()
    form = {**await payer.form(bill), **changed}
    assert await payer.post_form(bill, form, headers) == (status, None)
    assert await payer.attempts() == 0
    assert payer.toss.calls == []


async def test_a_token_of_another_bill_or_of_a_lifetime_ago_pays_nothing(payer: Payer) -> None:
    mine, other = await payer.bill(bill_id="MINE"), await payer.bill(bill_id="OTHER")
    form, theirs = await payer.form(mine), await payer.form(other)
    assert await payer.post_form(mine, {**form, "token": theirs["token"]}) == (403, None)
    old = forms.token(payer.service.keyring.form_key, mine.short_code, "toss window", 0)
    assert await payer.post_form(mine, {**form, "token": old}) == (403, None)
    assert payer.toss.calls == []


async def test_the_key_of_another_payment_pays_neither_bill(payer: Payer) -> None:
    mine, other = await payer.bill(bill_id="MINE"), await payer.bill(bill_id="OTHER")
    form, theirs = await payer.form(mine), await payer.form(other)
    await payer.post_form(mine, {**form, "paymentKey": theirs["paymentKey"]})
    assert await payer.state(mine) is State.READY
    await payer.post_form(other, theirs)
    assert await payer.state(other) is State.PAID
    await payer.post_form(mine, {**await payer.form(mine), "paymentKey": theirs["paymentKey"]})
    assert await payer.state(mine) is State.READY
    assert payer.toss.charged_won(theirs["orderId"]) == WON
    await assert_books_hold(payer.service.db)


async def test_a_payment_authenticated_for_less_pays_nothing(payer: Payer) -> None:
    """The client key is public: whoever opens the window by hand may name any amount."""
    bill = await payer.bill()
    order_id = await payer.order(bill)
    cheap = payer.toss.authenticate(order_id, 100)
    form = {**await payer.form(bill), "orderId": order_id, "paymentKey": cheap}
    assert await payer.post_form(bill, form) == (303, f"/p/{bill.short_code}")
    assert await payer.state(bill) is State.READY
    assert payer.toss.charged_won(order_id) == 0
    await assert_books_hold(payer.service.db)


async def meanwhile_paid(payer: Payer, bill: Bill) -> str:
    await payer.post_form(bill, await payer.form(bill))
    return "결제했어요"


async def meanwhile_withdrawn(payer: Payer, bill: Bill) -> str:
    await destroy.destroy(payer.service, await caller_of(payer.service), bill.bill_id, WON, None)
    return "철회된 청구서예요"


async def meanwhile_expired(payer: Payer, bill: Bill) -> str:
    await payer.service.db.execute("UPDATE bill SET expires_at = $1", payer.service.clock.now())
    return "결제 기한이 지났어요"


@pytest.mark.parametrize("meanwhile", [meanwhile_paid, meanwhile_withdrawn, meanwhile_expired])
async def test_whatever_became_of_the_bill_meanwhile_is_told_and_nothing_is_charged(
    payer: Payer, meanwhile: Callable[[Payer, Bill], Awaitable[str]]
) -> None:
    bill = await payer.bill()
    form = await payer.form(bill)
    told = await meanwhile(payer, bill)
    calls = len(payer.toss.calls)
    assert await leads_back(await payer.get(f"/p/{bill.short_code}/pay"), bill)
    assert await leads_back(
        await payer.back(bill, orderId=form["orderId"], paymentKey=form["paymentKey"]), bill
    )
    assert await leads_back(
        await payer.get(
            f"/p/{bill.short_code}/pay/failed?code=REJECT_CARD_COMPANY&orderId={form['orderId']}"
        ),
        bill,
    )
    assert await payer.post_form(bill, form) == (303, f"/p/{bill.short_code}")
    assert told in (await payer.get(f"/p/{bill.short_code}"))[1]
    assert payer.toss.charged_won(form["orderId"]) == 0
    assert len(payer.toss.calls) == calls
    await assert_books_hold(payer.service.db)


async def test_an_authentication_that_waited_too_long_is_told_so(payer: Payer) -> None:
    bill = await payer.bill()
    form = await payer.form(bill)
    await payer.service.clock.advance(payer.service.db, 601)
    await payer.post_form(bill, form)
    _, page, _ = await payer.get(f"/p/{bill.short_code}")
    assert "인증한 뒤 10분이 지났어요." in page
    assert payer.toss.charged_won(form["orderId"]) == 0


# The window that ended without a payment


@pytest.mark.parametrize("code", ["PAY_PROCESS_CANCELED", "USER_CANCEL", ""])
async def test_a_closed_window_leads_back_without_alarm(payer: Payer, code: str) -> None:
    bill = await payer.bill()
    for order in ("", f"&orderId={await payer.order(bill)}"):
        answer = await payer.get(f"/p/{bill.short_code}/pay/failed?code={code}&message=x{order}")
        assert await leads_back(answer, bill)
    assert await payer.attempts() == 0


@pytest.mark.parametrize(
    ("code", "heading", "why"),
    [
        (
            "REJECT_CARD_COMPANY",
            "카드사가 승인하지 않았어요",
            "카드사 답: <b>까닭은 알려 주지 않았어요. 카드사에 물어보세요.</b>",
        ),
        ("INVALID_STOPPED_CARD", "카드사가 승인하지 않았어요", "카드사 답: <b>정지된 카드예요.</b>"),
        ("PAY_PROCESS_ABORTED", "결제가 이루어지지 않았어요", "돈은 나가지 않았어요."),
        ("BRAND_NEW", "결제가 이루어지지 않았어요", "돈은 나가지 않았어요."),
        ("<script>", "결제가 이루어지지 않았어요", "돈은 나가지 않았어요."),
        ("x" * 5_000, "결제가 이루어지지 않았어요", "돈은 나가지 않았어요."),
    ],
)
async def test_a_refused_authentication_is_told_on_the_bills_page_in_our_words(
    payer: Payer, code: str, heading: str, why: str
) -> None:
    bill = await payer.bill()
    message = "<script>alert(1)</script> 송금하세요: 국민 123-45"
    said = urlencode({"code": code, "message": message, "orderId": await payer.order(bill)})
    status, page, _ = await payer.get(f"/p/{bill.short_code}/pay/failed?{said}")
    assert status == 200
    assert f"<h1>{heading}</h1>" in page
    assert why in page
    assert f'href="/p/{bill.short_code}/pay"' in page
    assert "송금" not in page
    assert "alert(1)" not in page
    assert await payer.attempts() == 0


async def test_a_failure_without_an_order_of_ours_is_not_told(payer: Payer) -> None:
    bill, other = await payer.bill(bill_id="MINE"), await payer.bill(bill_id="OTHER")
    for order_id in ("", "x" * 44, await payer.order(other)):
        answer = await payer.get(
            f"/p/{bill.short_code}/pay/failed?code=REJECT_CARD_COMPANY&orderId={order_id}"
        )
        assert await leads_back(answer, bill)


# Everything else


@pytest.mark.parametrize("path", ["/pay", "/pay/return", "/pay/failed"])
async def test_an_unknown_bill_is_a_page_of_its_own(payer: Payer, path: str) -> None:
    status, page, _ = await payer.get(f"/p/{'a' * 22}{path}")
    assert status == 404
    assert "청구서를 찾지 못했어요" in page


async def test_other_methods_are_told_which_ones_there_are(payer: Payer) -> None:
    bill = await payer.bill()
    for path, allowed in (
        ("/pay", "GET, HEAD, POST"),
        ("/pay/return", "GET, HEAD"),
        ("/pay/failed", "GET, HEAD"),
    ):
        status, _, headers = await payer.get(f"/p/{bill.short_code}{path}", "DELETE")
        assert (status, headers["Allow"]) == (405, allowed)


async def test_another_gateway_has_no_such_pages(service: Service) -> None:
    async with serving(service) as site, aiohttp.ClientSession() as session:
        bill = await created(service)
        async with session.get(f"{site}/p/{bill.short_code}/pay") as answer:
            assert answer.status == 404


async def test_no_key_of_a_payment_is_logged(payer: Payer, capfd: pytest.CaptureFixture[str]) -> None:
    bill = await payer.bill()
    form = await payer.form(bill)
    payer.toss.next("confirm", error("UNAUTHORIZED_KEY"))
    await payer.post_form(bill, form)
    logged = "".join(capfd.readouterr())
    assert "toss_refuses_our_requests" in logged
    assert form["paymentKey"] not in logged
    assert not re.search(r"sk_standin|dGVzdF9za", logged)
