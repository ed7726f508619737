"""The 알림톡: what it says, and that its length is known before there is a bill."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest

from cheonggu.domain.alimtalk import (
    TEMPLATES,
    TEXT_LIMIT,
    Template,
    button_url,
    render,
    text_length,
    variables_of,
)
from cheonggu.domain.message import Button
from cheonggu.service import Service
from tests.flow import created
from tests.makers import new_bill

URL = "https://bills.example.com"


class Stored(msgspec.Struct, kw_only=True):
    """As much of a stored bill as a message tells."""

    issuer: str = "100% 학원"
    payer_name: str = "김서연"
    product_name: str = "11월 수강료"
    price_won: int = 10_000
    message: str | None = None
    expires_at: datetime = datetime(2998, 12, 31, 15, tzinfo=UTC)
    short_code: str = "abc"


PLAIN = """\
[100% 학원] 청구서가 도착했어요.

김서연님께 100% 학원에서 보낸 청구서예요.

■ 청구 내용: 11월 수강료
■ 금액: 10,000원
■ 유효기간: 2998-12-31까지

자세한 내용은 아래 버튼을 눌러 확인해 주세요."""


def test_the_whole_text_is_this() -> None:
    written = render(Stored(), URL)
    assert (written.text, written.buttons) == (PLAIN, (Button("청구서 보기", f"{URL}/p/abc"),))


@pytest.mark.parametrize("message", [None, "50% 할인 #{price}"])
def test_senders_that_fill_in_the_template_themselves_come_to_the_same(message: str | None) -> None:
    """The registered template with each variable in its place is the text, and so with the button's URL."""
    written = render(Stored(message=message), URL)
    filled = re.compile(r"#\{(\w+)\}")

    def fill(text: str) -> str:
        return filled.sub(lambda found: written.variables[found[1]], text)

    assert fill(TEMPLATES[written.template]) == written.text
    assert fill(button_url(URL)) == written.buttons[0].url
    assert (written.template is Template.BILL_WITH_MESSAGE) == (message is not None)
    assert set(variables_of(TEMPLATES[written.template] + button_url(URL))) == written.variables.keys()


def test_variables_are_named_once_in_their_order() -> None:
    assert variables_of("#{b} #{a} #{b} {c} #d") == ("b", "a")


def test_a_partners_message_stands_before_the_last_sentence() -> None:
    text = render(Stored(message="50% 할인 #{price}"), URL).text
    assert text == PLAIN.replace("\n\n자세한", "\n\n보낸 분의 말\n50% 할인 #{price}\n\n자세한")


@pytest.mark.parametrize(
    "said", ["한빛수학학원", "11월 수강료", "김서연", "10,000원", "2998-12-31", "■ 금액"]
)
async def test_the_text_tells_who_bills_for_what_how_much_and_until_when(service: Service, said: str) -> None:
    bill = await created(service, expires_at=datetime(2998, 12, 31, 15, tzinfo=UTC))
    text = render(bill, URL).text
    assert said in text


async def test_the_button_opens_the_short_url(service: Service) -> None:
    bill = await created(service)
    (button,) = render(bill, URL).buttons
    assert (button.name, button.url) == ("청구서 보기", f"{URL}/p/{bill.short_code}")


async def test_a_partners_message_is_framed_as_theirs_and_absent_without_one(service: Service) -> None:
    plain = render(await created(service), URL).text
    text = render(await created(service, bill_id="TEST0002", message="늦지 않게 와 주세요"), URL).text
    assert "보낸 분의 말\n늦지 않게 와 주세요\n" in text
    assert "보낸 분의 말" not in plain
    assert "#{" not in text + plain


@pytest.mark.parametrize("field", ["product_name", "payer_name", "message", "issuer"])
async def test_a_text_that_looks_like_a_variable_stays_as_it_is(service: Service, field: str) -> None:
    bill = msgspec.structs.replace(await created(service), **{field: r"#{price} \g<1>"})
    text = render(bill, URL).text
    assert r"#{price} \g<1>" in text


@pytest.mark.parametrize("message", [None, "짧은 말", "가" * 700, "줄\n바꿈\r\n😀"])
async def test_the_length_is_known_before_a_bill_is_made(service: Service, message: str | None) -> None:
    bill = await created(service, message=message)
    assert text_length(new_bill(message=message), "한빛수학학원") == len(render(bill, URL).text)


def test_the_longest_fields_leave_room_for_a_message() -> None:
    longest = new_bill(product_name="가" * 200, payer_name="가" * 100, price_won=9_999_999_999)
    assert text_length(longest, "가" * 50) <= TEXT_LIMIT - 400
