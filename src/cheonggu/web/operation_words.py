"""What every operation does, in Korean and English: for the OpenAPI document and the docs page."""

from __future__ import annotations

from typing import Final

import msgspec


class OperationWords(msgspec.Struct, frozen=True, kw_only=True):
    """A title and a short description in both languages."""

    english: str
    korean: str
    english_more: str
    korean_more: str


_W = OperationWords

OPERATION_WORDS: Final[dict[str, OperationWords]] = {
    "billSend": _W(
        english="Create a bill",
        korean="청구서 보내기",
        english_more=(
            "Creates a bill and, when sendType is TALK, sends it by KakaoTalk for points. The answer "
            "comes once bill, debit and message are stored for good."
        ),
        korean_more=(
            "청구서를 만들고, sendType이 TALK이면 포인트를 써서 카카오톡으로 보내요. 청구서와 포인트와 "
            "메시지가 모두 저장된 뒤에 답해요."
        ),
    ),
    "billDestroy": _W(
        english="Destroy a bill",
        korean="청구서 파기",
        english_more=(
            "Takes an unpaid bill back: nobody can pay it any more. A message that has not left yet is "
            "withdrawn and its points come back. A paid bill is cancelled instead."
        ),
        korean_more=(
            "아직 결제하지 않은 청구서를 거둬들여요. 떠나지 않은 메시지는 보내지 않고 포인트를 "
            "돌려드려요. 이미 결제했다면 결제 취소를 써 주세요."
        ),
    ),
    "billResend": _W(
        english="Send the message again",
        korean="카카오톡 다시 보내기",
        english_more=(
            "Sends a new KakaoTalk message for the same bill and short URL. It costs the points of "
            "another message."
        ),
        korean_more="같은 청구서와 같은 주소로 메시지를 새로 보내요. 포인트를 한 번 더 써요.",
    ),
    "billRead": _W(
        english="Read a bill",
        korean="청구서 조회",
        english_more=(
            "How a bill stands. When an answer was lost, read before you repeat. Until it is paid only "
            "apiKey, billId, apprState and apprPrice are set."
        ),
        korean_more=(
            "청구서가 어떤 상태인지 알려요. 답을 받지 못했다면 다시 보내기 전에 조회해 주세요. 결제 "
            "전에는 apiKey, billId, apprState, apprPrice만 채워져요."
        ),
    ),
    "billCancel": _W(
        english="Cancel a payment",
        korean="결제 취소",
        english_more=(
            "Gives the whole amount of a paid bill back. While nobody can say yet whether the refund was "
            "made it answers BILL_007: read the bill a little later."
        ),
        korean_more=(
            "결제한 금액을 모두 돌려드려요. 환불이 되었는지 아직 알 수 없으면 BILL_007로 답해요. 조금 "
            "뒤에 조회해 주세요."
        ),
    ),
    "readRemainCount": _W(
        english="The partner's points",
        korean="파트너 포인트 조회",
        english_more="The points in the partner's own wallet. It takes apiKey alone.",
        korean_more="파트너 지갑에 남은 포인트예요. apiKey만 보내요.",
    ),
    "readMerchantRemainCount": _W(
        english="A merchant's points",
        korean="하위사업장 포인트 조회",
        english_more=(
            "The points in the wallet that pays for this merchant's messages. By contract that is its own "
            "wallet or the partner's."
        ),
        korean_more=(
            "이 하위사업장의 메시지 값을 내는 지갑에 남은 포인트예요. 계약에 따라 하위사업장의 지갑이거나 "
            "파트너의 지갑이에요."
        ),
    ),
}
