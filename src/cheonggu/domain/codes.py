"""Every answer code, once: what it says, with which HTTP status, when, and where the rule comes from.

Marks: S the source document, D the vendor's public documentation, M measured by integrators,
C assumed by integrators' code, O our own decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One answer code. `lasting` says whether a retry with the same idempotency key gets it replayed."""

    code: str
    http_status: int
    message: str
    meaning: str
    mark: str
    lasting: bool = False


class Refused(Exception):
    """An operation was refused, and nothing was changed.

    `message` defaults to the code's own text, and `lasting` to what is usual for the code.
    """

    def __init__(self, code: Code, message: str | None = None, *, lasting: bool | None = None) -> None:
        super().__init__(message or code.message)
        self.code = code
        self.message = message or code.message
        self.lasting = code.lasting if lasting is None else lasting


def invalid(field: str, rule: str) -> Refused:
    """VALIDATION_001 for one field: names it and the rule that it breaks."""
    return Refused(VALIDATION_001, f"{field}: {rule}")


OK: Final = Code("0000", 200, "성공하였습니다.", "The operation succeeded.", "D", lasting=True)
PARTNER_002: Final = Code(
    "PARTNER_002",
    400,
    "apiKey 정보를 확인할 수 없습니다.",
    "apiKey is absent, not a string, empty, or longer than 32 characters.",
    "D",
)
PARTNER_003: Final = Code(
    "PARTNER_003", 200, "정상적인 파트너가 아닙니다.", "apiKey, member or merchant is unknown.", "D"
)
PARTNER_004: Final = Code(
    "PARTNER_004",
    200,
    "찾을 수 없는 하위사업장 연동 정보입니다.",
    "member and merchant both exist but are not mapped to each other.",
    "D",
)
PARTNER_006: Final = Code(
    "PARTNER_006", 200, "적용중인 파트너 계약이 없습니다.", "The partner is suspended.", "D"
)
VALIDATION_001: Final = Code(
    "VALIDATION_001",
    400,
    "요청 값이 올바르지 않습니다.",
    "A parameter is missing or ill-formed, or the body is not JSON. The message names field and rule.",
    "O",
)
VALIDATION_002: Final = Code(
    "VALIDATION_002", 200, "해싱값을 확인하시기 바랍니다", "The hash does not match the request.", "M"
)
BILL_001: Final = Code(
    "BILL_001", 200, "이미 사용된 청구서 ID입니다.", "The billId was used before.", "C", lasting=True
)
BILL_003: Final = Code(
    "BILL_003",
    200,
    "청구서를 찾을 수 없습니다.",
    "No such bill of this partner's. Another partner's bill looks the same.",
    "M",
    lasting=True,
)
BILL_004: Final = Code(
    "BILL_004", 200, "이미 결제된 청구서입니다.", "A paid bill cannot be destroyed.", "O", lasting=True
)
BILL_005: Final = Code(
    "BILL_005",
    200,
    "이미 취소되었거나 파기된 청구서입니다.",
    "The bill is cancelled or destroyed already.",
    "O",
    lasting=True,
)
BILL_006: Final = Code(
    "BILL_006",
    200,
    "발송할 수 있는 상태가 아닙니다.",
    "Only a TALK bill that can still be paid can be sent again.",
    "C",
    lasting=True,
)
BILL_007: Final = Code(
    "BILL_007",
    200,
    "결제가 진행 중인 청구서입니다.",
    "A payment or a refund is undecided. Try again shortly.",
    "O",
)
BILL_008: Final = Code(
    "BILL_008", 200, "결제되지 않은 청구서입니다.", "An unpaid bill cannot be cancelled.", "O", lasting=True
)
BILL_009: Final = Code(
    "BILL_009", 200, "결제 금액이 일치하지 않습니다.", "price differs from the bill's.", "O", lasting=True
)
POINT_001: Final = Code(
    "POINT_001",
    200,
    "쌤포인트가 부족합니다.",
    "The wallet cannot pay for the message. Nothing is written.",
    "C",
)
PAYMENT_001: Final = Code(
    "PAYMENT_001",
    200,
    "카드 결제를 취소할 수 없습니다.",
    "The card company refused the refund.",
    "C",
    lasting=True,
)
PAYMENT_002: Final = Code(
    "PAYMENT_002", 200, "은행 결제를 취소할 수 없습니다.", "The bank refused the refund.", "C", lasting=True
)
MAINTAINED_METHOD: Final = Code(
    "MAINTAINED_METHOD", 200, "점검 중입니다.", "The payment gateway is under maintenance.", "C"
)
IDEMPOTENCY_001: Final = Code(
    "IDEMPOTENCY_001",
    409,
    "같은 Idempotency-Key로 다른 요청을 보냈습니다.",
    "The idempotency key was used for another request within 24 hours.",
    "O",
)
LIMIT_001: Final = Code(
    "LIMIT_001",
    429,
    "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
    "Too many wrong apiKeys came from this address. A right one is still taken.",
    "O",
)
HTTP_403: Final = Code(
    "HTTP_403",
    403,
    "이 주소에서는 쓸 수 없습니다.",
    "The sandbox's endpoints answer only to this machine and to CHEONGGU_SANDBOX_ALLOW.",
    "O",
)
HTTP_404: Final = Code(
    "HTTP_404",
    404,
    "없는 주소입니다. /docs에서 주소를 확인해 주세요.",
    "No operation has this path. /docs lists them.",
    "O",
)
HTTP_405: Final = Code(
    "HTTP_405", 405, "POST로 요청해 주세요.", "Every operation is a POST, reads included.", "O"
)
HTTP_413: Final = Code(
    "HTTP_413", 413, "본문이 너무 큽니다. 64 KiB까지 보낼 수 있습니다.", "The body is over 64 KiB.", "O"
)
HTTP_415: Final = Code(
    "HTTP_415",
    415,
    "Content-Type은 application/json이어야 합니다.",
    "The Content-Type is given and is not JSON.",
    "O",
)
HTTP_503: Final = Code(
    "HTTP_503",
    503,
    "잠시 후 조회로 확인해 주세요.",
    "The database is away and the outcome is unknown: read before repeating.",
    "O",
)
ERROR: Final = Code(
    "ERROR", 500, "처리 중 오류가 발생하였습니다.", "An unclassified failure of the server.", "D"
)

CODES: Final[dict[str, Code]] = {
    entry.code: entry for entry in list(globals().values()) if isinstance(entry, Code)
}
