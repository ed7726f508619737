"""A bill as a partner asks for it: the rules that each field must keep, and the few that join two.

A rule that is broken raises VALIDATION_001 with a sentence that names the field and the rule. Of several
broken ones the first in the order of the wire's fields is told.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from unicodedata import category

import msgspec

from cheonggu.domain import seoul, won
from cheonggu.domain.alimtalk import TEXT_LIMIT, text_length
from cheonggu.domain.bill import SendType
from cheonggu.domain.codes import invalid
from cheonggu.domain.guard import Guard
from cheonggu.domain.url import parse_target

BILL_ID_MAX: Final = 20
ISSUER_MAX: Final = 50
PRODUCT_NAME_MAX: Final = 200
"""O: a line of the bill, not an essay."""
PAYER_NAME_MAX: Final = 100
"""O: longer than any name that a register holds."""
PHONE_MAX: Final = 20
"""O: for URL bills, where the number is only kept; with a country code and separators."""
SHORT_MESSAGE: Final = 300
"""With a message up to this long the 알림톡 fits, whatever else is in it; a test renders the longest."""

_KINDS: Final = {kind.value: kind for kind in SendType}
_MOBILE: Final = re.compile(r"01[016789][0-9]{7,8}")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode's control and format characters and its white space: two ids must not look the same."""


class NewBill(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that keeps every rule and is not written yet. `issuer` is None for the merchant's name."""

    bill_id: str
    send_type: SendType
    issuer: str | None
    product_name: str
    payer_name: str
    payer_phone: str
    price_won: int
    supply_won: int | None
    tax_won: int | None
    message: str | None
    expires_at: datetime
    callback_url: str
    redirect_url: str | None


def new_bill(
    *,
    bill_id: str,
    send_type: str,
    issuer: str | None,
    product_name: str,
    price: str,
    supply: str | None,
    tax: str | None,
    payer_name: str,
    payer_phone: str,
    message: str | None,
    expire_day: str | None,
    callback_url: str,
    redirect_url: str | None,
    merchant_name: str,
    now: datetime,
    guard: Guard,
) -> NewBill:
    """The bill that these texts of the wire describe, or Refused with VALIDATION_001.

    `now` is business time. `guard` judges an address in callbackUrl; names are judged when they are called.
    For a TALK bill `redirect_url` is dropped unread (S).
    """
    kind = send_type_of(send_type)
    _check_bill_id(bill_id)
    _check_length("billIssuer", issuer or "", 0, ISSUER_MAX)
    _check_length("productName", product_name, 1, PRODUCT_NAME_MAX)
    price_won = price_of(price)
    supply_won, tax_won = _parts_of(price_won, supply, tax)
    _check_length("memberName", payer_name, 1, PAYER_NAME_MAX)
    _check_phone(kind, payer_phone)
    expires_at = _expiry(expire_day, now)
    if reason := guard.literal_reason(callback_url):
        raise invalid("bill.callbackUrl", f"{reason}.")
    bill = NewBill(
        bill_id=bill_id,
        send_type=kind,
        issuer=issuer or None,
        product_name=product_name,
        payer_name=payer_name,
        payer_phone=payer_phone,
        price_won=price_won,
        supply_won=supply_won,
        tax_won=tax_won,
        message=message or None,
        expires_at=expires_at,
        callback_url=callback_url,
        redirect_url=_redirect(redirect_url) if kind is SendType.URL else None,
    )
    _check_text(bill, merchant_name)
    return bill


def send_type_of(text: str) -> SendType:
    """TALK or URL."""
    kind = _KINDS.get(text)
    if kind is None:
        raise invalid("bill.sendType", "TALK, URL 중 하나여야 합니다.")
    return kind


def price_of(text: str) -> int:
    """The price of a bill: as `won.parse`, and at least 1 won (O)."""
    price_won = _amount("price", text)
    if price_won < 1:
        raise invalid("bill.price", "1원 이상이어야 합니다.")
    return price_won


def _amount(field: str, text: str) -> int:
    amount_won = won.parse(text)
    if amount_won is None:
        raise invalid(f"bill.{field}", f"1~{won.MAX_DIGITS}자리 숫자(0-9)여야 하고 0으로 시작할 수 없습니다.")
    return amount_won


def _parts_of(price_won: int, supply: str | None, tax: str | None) -> tuple[int | None, int | None]:
    """supplyPrice and tax; when both are given they add up to the price (O)."""
    supply_won = _amount("supplyPrice", supply) if supply else None
    tax_won = _amount("tax", tax) if tax else None
    if supply_won is not None and tax_won is not None and supply_won + tax_won != price_won:
        raise invalid("bill.supplyPrice", "tax와 더한 값이 price와 같아야 합니다.")
    return supply_won, tax_won


def _check_bill_id(bill_id: str) -> None:
    _check_length("billId", bill_id, 1, BILL_ID_MAX)
    plain = bill_id.isprintable() and " " not in bill_id
    if not plain and any(category(letter) in _HIDDEN for letter in bill_id):
        raise invalid("bill.billId", "공백이나 제어 문자를 쓸 수 없습니다.")


def _check_length(field: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise invalid(f"bill.{field}", length_rule(least, most))


def length_rule(least: int | None, most: int | None) -> str:
    """How a limit of characters is told."""
    if most is None:
        return f"{least}자 이상이어야 합니다."
    return f"{least}~{most}자여야 합니다." if least else f"{most}자 이하여야 합니다."


def _check_phone(kind: SendType, phone: str) -> None:
    if kind is SendType.URL:
        _check_length("phone", phone, 1, PHONE_MAX)
    elif not _MOBILE.fullmatch(phone):
        raise invalid("bill.phone", "휴대폰 번호 형식이 올바르지 않습니다. 하이픈 없이 숫자만 써 주세요.")


def _expiry(expire_day: str | None, now: datetime) -> datetime:
    """The midnight in Seoul that ends the last day on which the bill can be paid (D, O)."""
    today = seoul.today(now)
    return seoul.end_of(_last_day(expire_day, today)) if expire_day else _usual_expiry(today)


@lru_cache(maxsize=2)  # of one day, or of two at midnight
def _usual_expiry(today: date) -> datetime:
    return seoul.end_of(today + timedelta(days=seoul.DEFAULT_LIFE_DAYS))


def _last_day(expire_day: str, today: date) -> date:
    last_day = seoul.parse_day(expire_day)
    if last_day is None:
        raise invalid("bill.expireDt", "YYYY-MM-DD 형식의 날짜여야 합니다.")
    if last_day < today:
        raise invalid("bill.expireDt", "이미 지난 날짜입니다. 오늘이나 그 뒤여야 합니다.")
    if last_day > seoul.LAST_DAY:
        raise invalid("bill.expireDt", f"{seoul.LAST_DAY}까지여야 합니다.")
    return last_day


def _redirect(url: str | None) -> str | None:
    """The payer's own browser goes there, so only the syntax is judged."""
    if not url:
        return None
    try:
        parse_target(url)
    except ValueError as error:
        raise invalid("bill.pageRedirectUrl", f"{error}.") from None
    return url


def _check_text(bill: NewBill, merchant_name: str) -> None:
    """The 알림톡 must fit. Only a long message can make it too long, so most bills need no rendering."""
    if bill.message is None or len(bill.message) <= SHORT_MESSAGE:
        return
    over = text_length(bill, bill.issuer or merchant_name) - TEXT_LIMIT
    if over > 0:
        raise invalid(
            "bill.message", f"알림톡 전체가 {TEXT_LIMIT:,}자 이하여야 합니다. {over:,}자를 줄여 주세요."
        )
