"""What every field of the wire means, in Korean and English: for the OpenAPI document and the docs page."""

from __future__ import annotations

from typing import Final

import msgspec

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.hashing import request_hash

BILL_ID: Final = "TEST0001"
PHONE: Final = "01012345678"
PRICE: Final = "10000"


class FieldWords(msgspec.Struct, frozen=True):
    """The Korean term, the meaning in both languages, an example, and where a request's rules come from.

    `marks` are letters as in the table of codes: S, D, M, C, O.
    """

    term: str
    english: str
    korean: str
    example: str | int | None = None
    marks: str = ""


_W = FieldWords

FIELD_WORDS: Final[dict[str, FieldWords]] = {
    # Who calls
    "apiKey": _W(
        "파트너 연동 키",
        "The key that identifies you as a partner.",
        "파트너를 알아보는 고유한 키예요.",
        FIRST.api_key,
        marks="SD",
    ),
    "member": _W(
        "사용자 코드",
        "Your user on whose behalf you call, as registered with us.",
        "등록해 둔 파트너 사용자의 코드예요.",
        FIRST.member,
        marks="S",
    ),
    "merchant": _W(
        "하위사업장 코드",
        "The merchant that bills. It must be mapped to the member.",
        "청구하는 하위사업장의 코드예요. member와 연동되어 있어야 해요.",
        FIRST.merchant,
        marks="S",
    ),
    # The bill
    "billId": _W(
        "청구서 ID",
        "Your own id of the bill, used once and never again. No white space, no control characters.",
        "파트너가 정하는 ID예요. 한 번 쓴 값은 다시 쓸 수 없고, 공백과 제어 문자는 넣을 수 없어요.",
        BILL_ID,
        marks="SDO",
    ),
    "sendType": _W(
        "발송 방식",
        "TALK: we send a KakaoTalk message for points. URL: you get the short URL and deliver it yourself.",
        "TALK는 카카오톡으로 보내고 포인트를 써요. URL은 짧은 주소만 돌려주고, 전달은 파트너가 해요.",
        "TALK",
        marks="S",
    ),
    "billIssuer": _W(
        "청구서 발급처명",
        "Who bills, as the payer reads it. Without it, the merchant's name.",
        "고객이 보는 발급처 이름이에요. 없으면 하위사업장 이름을 써요.",
        FIRST.merchant_name,
        marks="SD",
    ),
    "productName": _W(
        "청구 사유",
        "What the money is for. Stored as it is, not encrypted.",
        "무엇에 대한 청구인지 써요. 암호화하지 않고 저장해요.",
        "11월 수강료",
        marks="SO",
    ),
    "price": _W(
        "청구 금액",
        "The whole amount in won: digits only, at least 1, no leading zero. A JSON integer is read as well.",
        "전체 금액(원)이에요. 숫자만 쓰고 1 이상이며 0으로 시작하지 않아요. JSON 정수도 받아요.",
        PRICE,
        marks="SDO",
    ),
    "supplyPrice": _W(
        "공급가액",
        "Net amount in won, written like price. Together with tax it must add up to price.",
        "price와 같은 형식이에요. tax도 보내면 둘의 합이 price와 같아야 해요.",
        "9091",
        marks="SDO",
    ),
    "tax": _W(
        "세액",
        "Tax in won, written like price. Together with supplyPrice it must add up to price.",
        "price와 같은 형식이에요. supplyPrice도 보내면 둘의 합이 price와 같아야 해요.",
        "909",
        marks="SDO",
    ),
    "memberName": _W(
        "고객명",
        "The payer's name. Encrypted when stored, masked on pages.",
        "결제할 고객의 이름이에요. 암호화해서 저장하고 화면에서는 가려요.",
        "김서연",
        marks="SO",
    ),
    "phone": _W(
        "고객 전화번호",
        "TALK: a Korean mobile number, digits only, no hyphens. URL: any text of 1 to 20 characters.",
        "TALK는 하이픈 없는 휴대폰 번호예요. URL은 20자까지 아무 값이나 돼요.",
        PHONE,
        marks="SMO",
    ),
    "message": _W(
        "안내 메시지",
        "Your words to the payer. The KakaoTalk text as a whole may have 1,000 characters. Not encrypted.",
        "고객에게 전하는 말이에요. 이 글을 넣은 알림톡 전체가 1,000자까지예요. 암호화하지 않아요.",
        "이번 달도 감사합니다.",
        marks="SO",
    ),
    "expireDt": _W(
        "유효기간",
        "The last day (in Seoul) to pay, YYYY-MM-DD, from today to 2999-12-31. Without it, 30 days.",
        "결제할 수 있는 마지막 날(서울)이에요. YYYY-MM-DD, 오늘부터 2999-12-31까지. 없으면 30일이에요.",
        "2099-12-31",
        marks="SDO",
    ),
    "hash3": _W(
        "해시",
        "SHA-256 in hex of billId,phone,price exactly as you send them.",
        "billId,phone,price를 보낸 값 그대로 이어 계산한 SHA-256이에요.",
        request_hash(BILL_ID, PHONE, PRICE),
        marks="SM",
    ),
    "hash2": _W(
        "해시",
        "SHA-256 in hex of billId,price exactly as you send them. There is no phone in it.",
        "billId,price를 보낸 값 그대로 이어 계산한 SHA-256이에요. phone은 넣지 않아요.",
        request_hash(BILL_ID, PRICE),
        marks="SM",
    ),
    "callbackUrl": _W(
        "승인 콜백 URL",
        "Where we tell you of the payment: http(s), visible ASCII. Its query is kept byte for byte.",
        "결제되면 알려 드릴 http(s) 주소예요. 공백 없는 ASCII여야 하고, 쿼리는 한 글자도 바꾸지 않아요.",
        "http://localhost:9000/callback?token=abc",
        marks="SMO",
    ),
    "pageRedirectUrl": _W(
        "결제 후 이동 URL",
        "Where the receipt leads on to: http(s), visible ASCII. For URL bills; ignored for TALK.",
        "영수증에서 이어질 http(s) 주소예요. URL 청구서에만 쓰고, TALK에서는 읽지 않아요.",
        "https://shop.example/thanks",
        marks="SO",
    ),
    "cancelReason": _W("취소 사유", "Why it is cancelled.", "취소하는 까닭이에요.", "수강 취소", marks="D"),
    # Answers
    "sentHash": _W(
        "보낸 해시", "The hash of your request.", "요청에 담긴 해시예요.", request_hash(BILL_ID, PHONE, PRICE)
    ),
    "shortUrl": _W(
        "짧은 주소",
        "The payer's page of this bill.",
        "고객이 청구서를 여는 주소예요.",
        "/p/8F3Kq2mZt1vXb7Rw0LcYdA",
    ),
    "balance": _W("잔여 포인트", "The points that are left.", "남은 포인트예요.", 1_000_000),
    "chargeUrl": _W(
        "충전 주소",
        "Where it says how points are charged.",
        "포인트를 채우는 방법이 있는 주소예요.",
        "/docs#points",
    ),
    # How a payment is told
    "apprState": _W(
        "승인 상태",
        "W unpaid, F paid, C cancelled, D destroyed.",
        "W 결제 전, F 결제됨, C 취소됨, D 파기됨.",
        "F",
    ),
    "apprPrice": _W("승인 금액", "The amount in won.", "금액(원)이에요.", PRICE),
    "apprPayType": _W("결제 수단", "How it was paid.", "결제한 수단이에요.", "CARD_VAN"),
    "apprCardType": _W("카드 종류", "What kind of card.", "카드의 종류예요.", "신용"),
    "apprDt": _W(
        "승인 일시",
        "When, in Seoul: YYYYMMDDhhmmss. After a cancel, when it was cancelled.",
        "서울 시간 YYYYMMDDhhmmss예요. 취소한 뒤에는 취소한 때예요.",
        "20261122140312",
    ),
    "apprOriginDt": _W(
        "원거래 승인 일시",
        "After a cancel, when it had been paid.",
        "취소한 뒤에, 원래 결제한 때예요.",
        "20261122140312",
    ),
    "apprIssuer": _W("카드사·은행명", "Card company or bank.", "카드사나 은행의 이름이에요.", "연습카드"),
    "apprIssuerCd": _W("발급사 코드", "Its code.", "그 코드예요.", "99"),
    "apprIssuerNum": _W(
        "카드·계좌 번호",
        "Card or account number, masked by the gateway.",
        "결제사가 가린 카드나 계좌의 번호예요.",
        "0000-00**-****-0000",
    ),
    "apprAcquirerCd": _W("매입사 코드", "The acquirer's code.", "매입사의 코드예요.", "99"),
    "apprAcquirerNm": _W("매입사명", "The acquirer.", "매입사의 이름이에요.", "연습카드"),
    "apprNum": _W(
        "승인 번호",
        "Approval number. After a cancel, the cancellation's.",
        "승인 번호예요. 취소한 뒤에는 취소의 번호예요.",
        "30014728",
    ),
    "apprOriginNum": _W(
        "원거래 승인 번호",
        "After a cancel, the payment's approval number.",
        "취소한 뒤에, 원래 결제의 승인 번호예요.",
        "30014728",
    ),
    "apprResCd": _W(
        "결제사 응답 코드", "What the gateway answered; 0000 for an approval.", "승인이면 0000이에요.", "0000"
    ),
    "apprMonthly": _W(
        "할부 개월 수", "Instalments; 0 is one payment.", "할부의 개월 수예요. 0은 일시불이에요.", "0"
    ),
    "apprCashNum": _W(
        "현금영수증 승인 번호", "Cash receipts are not issued yet.", "현금영수증은 아직 발급하지 않아요."
    ),
    "apprCashTrader": _W(
        "현금영수증 구분", "Cash receipts are not issued yet.", "현금영수증은 아직 발급하지 않아요."
    ),
    "apprCashIssuanceNumber": _W(
        "현금영수증 발급 번호", "Cash receipts are not issued yet.", "현금영수증은 아직 발급하지 않아요."
    ),
    "cancelNum": _W("취소 번호", "The cancellation's number.", "취소의 번호예요.", "30014901"),
    "apprCancelDt": _W(
        "취소 일시",
        "When it was cancelled, in Seoul: YYYYMMDDhhmmss.",
        "취소한 때예요. 서울 시간 YYYYMMDDhhmmss.",
        "20261122150000",
    ),
}
