"""The words of the 알림톡: a template as it is registered with KakaoTalk, filled in from a bill.

Informational and polite: KakaoTalk turns down templates that advertise or urge.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol

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


_READY: Final = {
    template: _VARIABLE.sub(r"%(\1)s", template.replace("%", "%%"))
    for template in (TEMPLATE, TEMPLATE_WITH_MESSAGE)
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


def text_length(new_bill: ToldToPayer, issuer: str) -> int:
    """How many characters a new bill's 알림톡 would have; over TEXT_LIMIT it cannot be sent."""
    return len(_text(new_bill, issuer, new_bill.payer_name))


def render(bill: Whole, public_url: str) -> tuple[str, tuple[Button, ...]]:
    """The text and the buttons of a bill's 알림톡."""
    return write(bill, bill.payer_name, public_url)


def write(bill: ToldWithLink, payer_name: str, public_url: str) -> tuple[str, tuple[Button, ...]]:
    """The same where the payer's name is not part of the bill at hand."""
    return _text(bill, bill.issuer, payer_name), (Button(BUTTON_NAME, f"{public_url}/p/{bill.short_code}"),)


def _text(bill: Told, issuer: str, payer_name: str) -> str:
    template = TEMPLATE_WITH_MESSAGE if bill.message else TEMPLATE
    return _READY[template] % {
        "issuer": issuer,
        "payerName": payer_name,
        "productName": bill.product_name,
        "price": with_commas(bill.price_won),
        "expiry": _last_day(bill.expires_at),
        "message": bill.message,
    }


@lru_cache(maxsize=256)  # nearly all bills end on one of a few days
def _last_day(expires_at: datetime) -> str:
    return last_day_before(expires_at).isoformat()
