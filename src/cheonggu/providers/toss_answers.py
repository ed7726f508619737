"""What Toss Payments' error codes mean for the money, and what they say to a payer.

The codes are those of the reference for API version 2022-11-16. Only a code that stands here decides
anything: one that is missing, and every 5xx, leaves the outcome unknown. So do codes that name trouble on the
way to a card company (PROVIDER_ERROR, CARD_PROCESSING_ERROR): a charge may have been made.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cheonggu.domain.payment import GATEWAYS_OWN, Declined, RefundRefused
from cheonggu.providers.calling import Answer, NoAnswer

ALREADY_CONFIRMED: Final = "ALREADY_PROCESSED_PAYMENT"
ALREADY_CANCELED: Final = frozenset({"ALREADY_CANCELED_PAYMENT", "ALREADY_REFUND_PAYMENT"})
NOT_KNOWN: Final = frozenset({"NOT_FOUND_PAYMENT", "NOT_FOUND"})
"""Of a question: there is no such payment."""

CONFIGURATION: Final = frozenset(
    {
        "FORBIDDEN_REQUEST",
        "INCORRECT_BASIC_AUTH_FORMAT",
        "INVALID_API_KEY",
        "INVALID_AUTHORIZE_AUTH",
        "INVALID_UNREGISTERED_SUBMALL",
        "NOT_FOUND_TERMINAL_ID",
        "NOT_REGISTERED_BUSINESS",
        "UNAUTHORIZED_KEY",
    }
)
"""Toss did not even look at the request: keys or the contract are wrong, and the operator has to know."""

_NOT_NOW: Final = "지금은 결제할 수 없어요. 잠시 뒤에 다시 해 보고, 그래도 안 되면 청구한 곳에 물어보세요."
_BEGIN_AGAIN: Final = "결제사가 이 결제를 받지 않았어요. 청구서에서 다시 시작해 주세요."
_NO_INSTALMENTS: Final = "이 카드로는 고른 개월 수로 나눠 낼 수 없어요. 다른 개월 수를 골라 주세요."
_OVER_LIMIT: Final = "결제할 수 있는 한도를 넘었어요."
_NO_ACCOUNT: Final = "이 계좌로는 지금 낼 수 없어요. 다른 방법으로 결제해 주세요."

BY_THE_CARD: Final = {
    "EXCEED_MAX_AMOUNT": _OVER_LIMIT,
    "EXCEED_MAX_AUTH_COUNT": "본인 확인을 너무 여러 번 틀렸어요. 카드사에 물어보세요.",
    "EXCEED_MAX_CARD_INSTALLMENT_PLAN": _NO_INSTALMENTS,
    "EXCEED_MAX_DAILY_PAYMENT_COUNT": "하루에 결제할 수 있는 횟수를 넘었어요.",
    "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT": "이번 달에 결제할 수 있는 금액을 넘었어요.",
    "EXCEED_MAX_ONE_DAY_AMOUNT": "하루에 결제할 수 있는 금액을 넘었어요.",
    "EXCEED_MAX_PAYMENT_AMOUNT": "하루에 결제할 수 있는 금액을 넘었어요.",
    "INVALID_CARD_EXPIRATION": "카드 유효기간을 다시 확인해 주세요.",
    "INVALID_CARD_INSTALLMENT_PLAN": _NO_INSTALMENTS,
    "INVALID_CARD_LOST_OR_STOLEN": "분실이나 도난으로 신고된 카드예요.",
    "INVALID_CARD_NUMBER": "카드 번호를 다시 확인해 주세요.",
    "INVALID_REJECT_CARD": "쓸 수 없는 카드예요. 카드사에 물어보세요.",
    "INVALID_STOPPED_CARD": "정지된 카드예요.",
    "NOT_ALLOWED_POINT_USE": "이 카드는 카드 포인트를 쓸 수 없어요.",
    "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT": _NO_INSTALMENTS,
    "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN": _NO_INSTALMENTS,
    "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT": "5만원이 안 되는 결제는 나눠 낼 수 없어요.",
    "REJECT_CARD_COMPANY": "까닭은 알려 주지 않았어요. 카드사에 물어보세요.",
    "REJECT_CARD_PAYMENT": "한도를 넘었거나 잔액이 모자라요.",
}
"""A card company's own refusals, in our words."""

BY_THE_GATEWAY: Final = {
    "BELOW_MINIMUM_AMOUNT": "이 방법으로 내기에는 금액이 너무 적어요.",
    "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT": "하루에 출금할 수 있는 금액을 넘었어요.",
    "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT": "한 번에 출금할 수 있는 금액을 넘었어요.",
    "FDS_ERROR": "결제사가 위험한 거래로 보고 막았어요. 결제사가 보낸 문자를 확인해 주세요.",
    "INVALID_ACCOUNT_INFO_RE_REGISTER": _NO_ACCOUNT,
    "INVALID_PASSWORD": "결제 비밀번호가 맞지 않아요.",
    "INVALID_REQUEST": _BEGIN_AGAIN,
    "NOT_AVAILABLE_BANK": "지금은 은행이 쉬는 시간이에요.",
    "NOT_AVAILABLE_PAYMENT": "지금은 결제할 수 없는 시간이에요.",
    "NOT_FOUND_PAYMENT": _BEGIN_AGAIN,
    "NOT_FOUND_PAYMENT_SESSION": "인증한 뒤 10분이 지났어요. 청구서에서 다시 시작해 주세요.",
    "REJECT_ACCOUNT_PAYMENT": "잔액이 모자라요.",
    "REJECT_TOSSPAY_INVALID_ACCOUNT": _NO_ACCOUNT,
    "RESTRICTED_TRANSFER_ACCOUNT": _NO_ACCOUNT,
    **dict.fromkeys(CONFIGURATION, _NOT_NOW),
}
"""Refusals that are no card company's: of an account, of Toss itself, or of us."""

_NOT_GIVEN_BACK: Final = {
    "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT": "CARD",
    "EXCEED_MAX_REFUND_DUE": "CARD",
    "FORBIDDEN_BANK_REFUND_REQUEST": "BANK",
    "INVALID_BANK": "BANK",
    "INVALID_REFUND_ACCOUNT_INFO": "BANK",
    "INVALID_REFUND_ACCOUNT_NUMBER": "BANK",
    "NOT_ALLOWED_PARTIAL_REFUND": "CARD",
    "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT": "CARD",
    "NOT_AVAILABLE_BANK": "MAINTENANCE",
    "NOT_CANCELABLE_AMOUNT": "CARD",
    "NOT_CANCELABLE_PAYMENT": "CARD",
    "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER": "CARD",
    "NOT_MATCHES_REFUNDABLE_AMOUNT": "CARD",
    "REFUND_REJECTED": "CARD",
}
"""Refusals of a cancel, and of which kind each is."""

_UNDECIDED_STATUSES: Final = frozenset({408, 409, 425, 429})
"""Of those below 500: the same request is under way, or may come through when it is made again."""
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,59}")


class _Error(msgspec.Struct, frozen=True):
    code: str


def error_code(answer: Answer) -> str:
    """The code of an answer that is no 200. Raises NoAnswer when it decides nothing."""
    if not 400 <= answer.status < 500 or answer.status in _UNDECIDED_STATUSES:
        raise NoAnswer(f"status {answer.status}")
    code = answer.read(_Error).code
    if _CODE.fullmatch(code) is None:
        raise NoAnswer("the answer is not what was expected")
    return code


def declined(code: str) -> Declined | None:
    """The decline that a code means, with a sentence for the payer; None when it decides nothing."""
    if code in BY_THE_CARD:
        return Declined(code, BY_THE_CARD[code])
    if code in BY_THE_GATEWAY:
        return Declined(GATEWAYS_OWN + code, BY_THE_GATEWAY[code])
    return None


def refund_refused(code: str) -> RefundRefused | None:
    """The refusal of a refund that a code means; None when it decides nothing."""
    kind = _NOT_GIVEN_BACK.get(code)
    return None if kind is None else RefundRefused(kind, code)
