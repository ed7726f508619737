"""Why a payment failed, for a payer who reads English: gateways tell it in sentences of ours, in Korean."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup, escape

from cheonggu.web.words import Language

_BEGIN_AGAIN: Final = "Please begin again from the bill."
_ASK_THE_CARD: Final = "Please ask the card company."

ENGLISH: Final[dict[str, str]] = {
    # By a card company
    "결제할 수 있는 한도를 넘었어요.": "It is over the limit.",
    "본인 확인을 너무 여러 번 틀렸어요. 카드사에 물어보세요.": (
        f"Too many failed identity checks. {_ASK_THE_CARD}"
    ),
    "이 카드로는 고른 개월 수로 나눠 낼 수 없어요. 다른 개월 수를 골라 주세요.": (
        "This card can’t be paid off over that many months. Please choose another number."
    ),
    "하루에 결제할 수 있는 횟수를 넘었어요.": "It is over the number of payments for one day.",
    "이번 달에 결제할 수 있는 금액을 넘었어요.": "It is over this month’s limit.",
    "하루에 결제할 수 있는 금액을 넘었어요.": "It is over the limit for one day.",
    "카드 유효기간을 다시 확인해 주세요.": "Please check the card’s expiry date.",
    "분실이나 도난으로 신고된 카드예요.": "This card was reported lost or stolen.",
    "카드 번호를 다시 확인해 주세요.": "Please check the card number.",
    "쓸 수 없는 카드예요. 카드사에 물어보세요.": f"This card can’t be used. {_ASK_THE_CARD}",
    "정지된 카드예요.": "This card is suspended.",
    "이 카드는 카드 포인트를 쓸 수 없어요.": "This card’s points can’t be used.",
    "5만원이 안 되는 결제는 나눠 낼 수 없어요.": "Payments below ₩50,000 can’t be made in instalments.",
    "까닭은 알려 주지 않았어요. 카드사에 물어보세요.": f"No reason given. {_ASK_THE_CARD}",
    "한도를 넘었거나 잔액이 모자라요.": "Over the limit, or not enough money in the account.",
    "카드사가 승인하지 않았어요.": "The card company didn’t approve it.",
    "카드 한도를 넘었어요.": "It is over the card’s limit.",
    "카드 유효기간이 지났어요.": "The card has expired.",
    # By the gateway
    "이 방법으로 내기에는 금액이 너무 적어요.": "The amount is too small for this way of paying.",
    "하루에 출금할 수 있는 금액을 넘었어요.": "It is over the account’s limit for one day.",
    "한 번에 출금할 수 있는 금액을 넘었어요.": "It is over the account’s limit for one payment.",
    "결제사가 위험한 거래로 보고 막았어요. 결제사가 보낸 문자를 확인해 주세요.": (
        "The payment company blocked it as risky. Please read the text message that it sent you."
    ),
    "이 계좌로는 지금 낼 수 없어요. 다른 방법으로 결제해 주세요.": (
        "This account can’t be used now. Please pay another way."
    ),
    "결제 비밀번호가 맞지 않아요.": "The payment password is wrong.",
    "결제사가 이 결제를 받지 않았어요. 청구서에서 다시 시작해 주세요.": (
        f"The payment company didn’t take this payment. {_BEGIN_AGAIN}"
    ),
    "지금은 은행이 쉬는 시간이에요.": "The bank is closed at this hour.",
    "지금은 결제할 수 없는 시간이에요.": "Payments can’t be made at this hour.",
    "인증한 뒤 10분이 지났어요. 청구서에서 다시 시작해 주세요.": (
        f"More than 10 minutes passed after you confirmed. {_BEGIN_AGAIN}"
    ),
    "잔액이 모자라요.": "There is not enough money in the account.",
    "지금은 결제할 수 없어요. 잠시 뒤에 다시 해 보고, 그래도 안 되면 청구한 곳에 물어보세요.": (
        "Payments can’t be made now. Try again later; if it still fails, ask whoever billed you."
    ),
    "결제창이 돌려준 값을 읽을 수 없어요.": "What the payment window returned couldn’t be read.",
    "결제사가 까닭을 알려 주지 않았어요.": "The payment company gave no reason.",
    "결제를 마치기 전에 시간이 지났어요.": "Time ran out before the payment was finished.",
    "결제사에서 이 결제를 취소했어요.": "This payment was cancelled at the payment company.",
}


def told(reason: str, language: Language) -> Markup:
    """A reason in the page's language; one that is not ours as it is."""
    if language.code == "en" and reason in ENGLISH:
        return escape(ENGLISH[reason])
    return language.theirs(reason)
