"""The words of the 알림톡: a template as it is registered with KakaoTalk, filled in from a bill.

Informational and polite: KakaoTalk turns down templates that advertise or urge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from cheonggu.domain.message import Button
from cheonggu.domain.seoul import last_day_before
from cheonggu.domain.won import with_commas

TEXT_LIMIT: Final = 1_000
"""D: a longer text, variables filled in, is refused by KakaoTalk; so creating such a bill is refused (O)."""

BUTTON_NAME: Final = "청구서 보기"

TEMPLATE: Final = """\
[#{issuer}] 청구서가 도착했어요.

#{payerName}님께 #{issuer}에서 보낸 청구서예요.

■ 청구 내용: #{productName}
■ 금액: #{price}원
■ 유효기간: #{expiry}까지

자세한 내용은 아래 버튼을 눌러 확인해 주세요."""

TEMPLATE_WITH_MESSAGE: Final = TEMPLATE.replace("\n\n자세한", "\n\n보낸 분의 말\n#{message}\n\n자세한")
"""KakaoTalk's templates have no optional parts, so a bill with a message has a template of its own."""

_VARIABLE = re.compile(r"#\{(\w+)\}")


class Template(StrEnum):
    """Which of the registered templates a message is filled in from."""

    BILL = "BILL"
    BILL_WITH_MESSAGE = "BILL_WITH_MESSAGE"


TEMPLATES: Final[Mapping[Template, str]] = {
    Template.BILL: TEMPLATE,
    Template.BILL_WITH_MESSAGE: TEMPLATE_WITH_MESSAGE,
}

_READY: Final = {
    template: _VARIABLE.sub(r"%(\1)s", text.replace("%", "%%")) for template, text in TEMPLATES.items()
}
"""As Python fills them in, in one pass: a partner's text that looks like a variable stays as it is."""


class Told(Protocol):
    """What a message tells of a bill, stored or new, beside who issues and who pays it."""

    @property
    def product_name(self) -> str: ...
    @property
    def price_won(self) -> int: ...
    @property
    def message(self) -> str | None: ...
    @property
    def expires_at(self) -> datetime: ...


class ToldToPayer(Told, Protocol):
    """The same with the payer's name."""

    @property
    def payer_name(self) -> str: ...


class ToldWithLink(Told, Protocol):
    """The same of a stored bill, which has an issuer and a short code of its own."""

    @property
    def issuer(self) -> str: ...
    @property
    def short_code(self) -> str: ...


class Whole(ToldToPayer, ToldWithLink, Protocol):
    """All that a stored bill tells."""


class Written(msgspec.Struct, frozen=True):
    """A filled-in 알림톡, for senders that take the words and for those that fill in the template.

    `variables` has what the text and the button's URL hold, each under its name without `#{}`.
    """

    template: Template
    variables: Mapping[str, str]
    text: str
    buttons: tuple[Button, ...]


def text_length(new_bill: ToldToPayer, issuer: str) -> int:
    """How many characters a new bill's 알림톡 would have; over TEXT_LIMIT it cannot be sent."""
    template, variables = _filled(new_bill, issuer, new_bill.payer_name)
    return len(_READY[template] % variables)


def render(bill: Whole, public_url: str) -> Written:
    """A bill's 알림톡."""
    return write(bill, bill.payer_name, public_url)


def write(bill: ToldWithLink, payer_name: str, public_url: str) -> Written:
    """The same where the payer's name is not part of the bill at hand."""
    template, variables = _filled(bill, bill.issuer, payer_name)
    variables["code"] = bill.short_code
    text = _READY[template] % variables
    return Written(template, variables, text, (Button(BUTTON_NAME, f"{public_url}/p/{bill.short_code}"),))


def variables_of(text: str) -> tuple[str, ...]:
    """The names of the variables in a template or a URL, each once, as they come."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def button_url(public_url: str) -> str:
    """The button's URL as it is registered with the templates."""
    return f"{public_url}/p/#{{code}}"


def _filled(bill: Told, issuer: str, payer_name: str) -> tuple[Template, dict[str, str]]:
    variables = {
        "issuer": issuer,
        "payerName": payer_name,
        "productName": bill.product_name,
        "price": with_commas(bill.price_won),
        "expiry": _last_day(bill.expires_at),
    }
    if not bill.message:
        return Template.BILL, variables
    variables["message"] = bill.message
    return Template.BILL_WITH_MESSAGE, variables


@lru_cache(maxsize=256)  # nearly all bills end on one of a few days
def _last_day(expires_at: datetime) -> str:
    return last_day_before(expires_at).isoformat()
