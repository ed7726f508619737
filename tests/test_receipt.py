"""The receipt: what it adds up, how it is stamped and printed, and where it leads."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from cheonggu.domain.bill import SendType
from cheonggu.domain.payment import AttemptState
from cheonggu.store.bills import PayerBill
from tests.payer_bills import (
    APPROVAL,
    BY_SEEN,
    CODE,
    NOW,
    PAID,
    asking,
    attempt,
    changed,
    links,
    seen,
    shown,
    text,
    with_attempt,
)

WINDOW = f"/p/{CODE}/card"


@pytest.mark.parametrize(
    ("supply_won", "tax_won", "lines"),
    [
        (None, None, []),
        (313_637, 31_363, [("공급가액", "313,637원"), ("부가세", "31,363원"), ("합계", "345,000원")]),
        (345_000, 0, [("공급가액", "345,000원"), ("부가세", "0원"), ("합계", "345,000원")]),
        (None, 31_363, [("부가세", "31,363원"), ("합계", "345,000원")]),
    ],
)
def test_a_receipt_has_tax_lines_when_they_are_given(
    supply_won: int | None, tax_won: int | None, lines: list[tuple[str, str]]
) -> None:
    receipt = seen(changed(PAID, supply_won=supply_won, tax_won=tax_won))
    assert [(line.label, line.text) for line in receipt.tax_lines] == lines


@pytest.mark.parametrize(("months", "said"), [(0, "일시불"), (1, "일시불"), (2, "2개월"), (12, "12개월")])
def test_instalments_are_told(months: int, said: str) -> None:
    approval = msgspec.structs.replace(APPROVAL, months=months)
    payer = with_attempt(PAID, attempt(AttemptState.APPROVED, approval=approval))
    assert said in [fact.text for fact in seen(payer).facts]


def test_a_receipt_is_stamped_only_while_it_is_fresh() -> None:
    fresh, later = seen(PAID).told, seen(PAID, now=NOW + timedelta(minutes=2)).told
    assert fresh
    assert fresh.fresh
    assert later
    assert not later.fresh


@pytest.mark.parametrize("name", BY_SEEN)
def test_practice_is_said_on_every_bill_and_only_in_the_sandbox(name: str) -> None:
    assert "연습용 청구서예요." in text(shown(BY_SEEN[name]))
    assert "연습용" not in text(shown(BY_SEEN[name], practice=False))


@pytest.mark.parametrize("name", BY_SEEN)
def test_only_receipts_can_be_printed_and_only_with_script(name: str) -> None:
    page = text(shown(BY_SEEN[name]))
    printed = name in ("paid", "cancelled")
    assert ("data-print hidden" in page) is printed
    assert ("<script" in page) is printed


URL_BILL = "https://shop.example/thanks?order=1&sig='a\"b'%2F&x=%EA%B0%80#done"
PAID_BY_URL = changed(PAID, send_type=SendType.URL, redirect_url=URL_BILL)


def test_the_receipt_of_a_url_bill_leads_on_byte_for_byte() -> None:
    response = shown(PAID_BY_URL)
    assert response.headers["refresh"] == f"3; url={URL_BILL}"
    escaped = "https://shop.example/thanks?order=1&amp;sig=&#39;a&#34;b&#39;%2F&amp;x=%EA%B0%80#done"
    assert f'href="{escaped}"' in text(response)
    assert "3초 뒤에 <b>shop.example</b> 화면으로 저절로 이동해요." in text(response)


def test_a_reader_may_stay_on_the_receipt() -> None:
    assert 'href="?stay=1"' in text(shown(PAID_BY_URL))
    staying = shown(PAID_BY_URL, asking(stay="1"))
    assert "refresh" not in staying.headers
    assert "stay=1" in next(link for link in links(text(staying)) if "lang=en" in link)
    assert 'href="?lang=en&amp;stay=1"' in text(shown(PAID_BY_URL, asking(lang="en")))


@pytest.mark.parametrize(
    "payer",
    [
        changed(PAID_BY_URL, send_type=SendType.TALK),
        changed(PAID_BY_URL, redirect_url=None),
        changed(PAID_BY_URL, redirect_url="javascript:alert(1)"),
        changed(PAID_BY_URL, redirect_url="https://shop.example/\r\nSet-Cookie: a=b"),
        changed(PAID_BY_URL, redirect_url="https://shop.example/감사"),
        *(
            changed(payer, send_type=SendType.URL, redirect_url=URL_BILL)
            for name, payer in BY_SEEN.items()
            if name not in ("paid", "checking")
        ),
    ],
)
def test_nothing_else_leads_on(payer: PayerBill) -> None:
    response = shown(payer)
    assert "refresh" not in response.headers
    assert "shop.example" not in text(response)
    assert "javascript:" not in text(response)


def test_a_payment_being_checked_looks_again_by_itself() -> None:
    assert shown(BY_SEEN["checking"]).headers["refresh"] == "5"
