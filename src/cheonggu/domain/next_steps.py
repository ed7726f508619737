"""What to do after a refusal, by its code: one table for every place that tells it."""

from __future__ import annotations

from typing import Final

Said = tuple[str, str]
"""The same in English, which is ASCII, and in Korean."""

NEXT_STEPS: Final[dict[str, Said]] = {
    "PARTNER_002": (
        "Send apiKey as a string of 1 to 32 characters at the top of the body.",
        "본문 맨 위에 apiKey를 1~32자의 문자열로 넣어 주세요.",
    ),
    "PARTNER_003": (
        "Compare apiKey, member and merchant with what GET /sandbox/partners shows.",
        "apiKey, member, merchant를 GET /sandbox/partners의 값과 비교해 주세요.",
    ),
    "PARTNER_004": (
        "Use a merchant that is mapped to this member.",
        "이 member와 연동된 merchant를 써 주세요.",
    ),
    "PARTNER_006": (
        "Make the partner active again; until then it can do nothing.",
        "파트너를 다시 활성화해 주세요. 그때까지는 아무것도 할 수 없어요.",
    ),
    "VALIDATION_001": ("Mend the field and send it again.", "그 필드를 고쳐서 다시 보내 주세요."),
    "VALIDATION_002": (
        "Hash exactly the values that you send.",
        "보내는 값 그대로 해시해 주세요.",
    ),
    "BILL_001": (
        "Read the bill: it may be yours from a lost answer. A new bill needs a new billId.",
        "먼저 조회해 주세요. 답을 잃은 요청이 만들었을 수 있어요. 새 청구서에는 새 billId를 써 주세요.",
    ),
    "BILL_003": (
        "Check billId and apiKey; a reset of the sandbox removes bills, too.",
        "billId와 apiKey를 확인해 주세요. 샌드박스를 초기화하면 청구서도 없어져요.",
    ),
    "BILL_004": ("Cancel it with /bill/cancel instead.", "파기 대신 /bill/cancel로 취소해 주세요."),
    "BILL_005": ("Nothing is left to do: read it to see.", "더 할 일이 없어요. 조회해서 확인해 주세요."),
    "BILL_006": (
        "Read the bill; only a TALK bill that is unpaid and not expired can be sent again.",
        "조회해 주세요. 결제 전이고 기한이 남은 TALK 청구서만 다시 보낼 수 있어요.",
    ),
    "BILL_007": (
        "Read the bill a little later, then decide.",
        "조금 뒤에 조회한 다음에 정해 주세요.",
    ),
    "BILL_008": ("Destroy it with /bill/destroy instead.", "취소 대신 /bill/destroy로 파기해 주세요."),
    "BILL_009": ("Send the price that the bill was made with.", "청구서를 만들 때의 금액을 보내 주세요."),
    "POINT_001": (
        "Charge points; in the sandbox POST /sandbox/points sets them.",
        "포인트를 채워 주세요. 샌드박스에서는 POST /sandbox/points로 정할 수 있어요.",
    ),
    "PAYMENT_001": (
        "The bill stays paid: settle it with the payer in another way.",
        "청구서는 결제된 채로 있어요. 다른 방법으로 돌려드려야 해요.",
    ),
    "PAYMENT_002": (
        "The bill stays paid: settle it with the payer in another way.",
        "청구서는 결제된 채로 있어요. 다른 방법으로 돌려드려야 해요.",
    ),
    "MAINTAINED_METHOD": ("Send the same request again later.", "나중에 같은 요청을 다시 보내 주세요."),
    "IDEMPOTENCY_001": (
        "Use a new key for a new request, and the same bytes to repeat one.",
        "새 요청에는 새 키를 쓰고, 다시 보낼 때는 본문을 한 글자도 바꾸지 말아 주세요.",
    ),
    "LIMIT_001": (
        "Mend the apiKey; a right one is taken at once.",
        "apiKey를 고쳐 주세요. 올바른 키는 바로 처리돼요.",
    ),
    "HTTP_403": ("Ask from this machine.", "이 컴퓨터에서 요청해 주세요."),
    "HTTP_404": ("See /docs for the paths.", "/docs에서 주소를 확인해 주세요."),
    "HTTP_405": ("Use POST.", "POST로 보내 주세요."),
    "HTTP_413": ("Send less than 64 KiB.", "64 KiB보다 작게 보내 주세요."),
    "HTTP_415": (
        "Send Content-Type: application/json.",
        "Content-Type: application/json으로 보내 주세요.",
    ),
    "HTTP_503": (
        "Read before you repeat, or repeat with the same Idempotency-Key.",
        "다시 보내기 전에 조회하거나, 같은 Idempotency-Key로 다시 보내 주세요.",
    ),
    "ERROR": (
        "Look into the log of the server; read before you repeat.",
        "서버의 로그를 확인하고, 다시 보내기 전에 조회해 주세요.",
    ),
}
"""By code, for every refusal."""
