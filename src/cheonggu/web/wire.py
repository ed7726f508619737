"""What travels: the body of every request and the data of every answer, with their limits.

Field names are the wire's own. `least` and `most` are enforced as a body is read. A rule that joins two
fields, or needs more than the text itself, lives in `domain.new_bill` and is only told here (`schema`).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from cheonggu.domain.new_bill import BILL_ID_MAX, ISSUER_MAX, PAYER_NAME_MAX, PHONE_MAX, PRODUCT_NAME_MAX
from cheonggu.domain.url import MAX_CHARACTERS
from cheonggu.domain.won import MAX_DIGITS
from cheonggu.web.field_words import FIELD_WORDS

API_KEY_MAX: Final = 32
CODE_MAX: Final = 60
"""Of a member's or a merchant's code."""
CANCEL_REASON_MAX: Final = 20

KOREAN: Final = "korean"
MARKS: Final = "marks"
"""Where a field's rules come from."""
INTEGER_TOO: Final = "integer too"
"""Marks a text of digits that may also come as a JSON integer; it is then read as its decimal text (O)."""


def _field(
    words: str,
    *,
    least: int | None = None,
    most: int | None = None,
    schema: dict[str, Any] | None = None,
    integer_too: bool = False,
) -> Meta:
    said = FIELD_WORDS[words]
    return Meta(
        title=said.term,
        description=said.english,
        examples=None if said.example is None else [said.example],
        min_length=least,
        max_length=most,
        extra_json_schema=schema,
        extra={KOREAN: said.korean, MARKS: said.marks, INTEGER_TOO: integer_too},
    )


_MORE_DIGITS: Final = f"[1-9][0-9]{{0,{MAX_DIGITS - 1}}}"
_PRICE: Final = {"maxLength": MAX_DIGITS, "pattern": f"^{_MORE_DIGITS}$"}
_PART: Final = {"maxLength": MAX_DIGITS, "pattern": f"^(0|{_MORE_DIGITS})?$"}
_DAY: Final = {"pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
_GIVEN: Final = {"pattern": r"[\s\S]"}
"""At least one character, where the vendor's document says a least length of 0 and refuses that."""
_URL: Final = {"maxLength": MAX_CHARACTERS, "pattern": "^[!-~]*$"}

ApiKey = Annotated[str, _field("apiKey", least=0, most=API_KEY_MAX, schema=_GIVEN)]
Member = Annotated[str, _field("member", least=0, most=CODE_MAX)]
Merchant = Annotated[str, _field("merchant", least=0, most=CODE_MAX)]
BillId = Annotated[str, _field("billId", least=1, most=BILL_ID_MAX)]
Price = Annotated[str, _field("price", least=1, schema=_PRICE, integer_too=True)]
Hash = Annotated[str, _field("hash2", least=1)]


class CreateBillInfo(Struct, kw_only=True):
    """The bill to create."""

    billId: BillId
    sendType: Annotated[Literal["TALK", "URL"], _field("sendType", schema={"type": "string"})]
    billIssuer: Annotated[str, _field("billIssuer", least=0, most=ISSUER_MAX)] | UnsetType = UNSET
    productName: Annotated[str, _field("productName", least=1, most=PRODUCT_NAME_MAX)]
    price: Price
    supplyPrice: Annotated[str, _field("supplyPrice", schema=_PART, integer_too=True)] | UnsetType = UNSET
    tax: Annotated[str, _field("tax", schema=_PART, integer_too=True)] | UnsetType = UNSET
    memberName: Annotated[str, _field("memberName", least=1, most=PAYER_NAME_MAX)]
    phone: Annotated[str, _field("phone", least=1, schema={"maxLength": PHONE_MAX})]
    message: Annotated[str, _field("message")] | UnsetType = UNSET
    expireDt: Annotated[str, _field("expireDt", schema=_DAY)] | UnsetType = UNSET
    hash: Annotated[str, _field("hash3", least=1)]
    callbackUrl: Annotated[str, _field("callbackUrl", least=1, schema=_URL)]
    pageRedirectUrl: Annotated[str, _field("pageRedirectUrl", schema=_URL)] | UnsetType = UNSET


class DestroyBillInfo(Struct):
    """The bill to destroy. A phone in it is ignored."""

    billId: BillId
    price: Price
    hash: Hash


class ResendBillInfo(Struct):
    """The bill whose message is to be sent again."""

    billId: BillId


class ReadBillInfo(Struct):
    """The bill to read."""

    billId: BillId


class CancelBillInfo(Struct):
    """The paid bill whose whole amount is to be given back."""

    billId: BillId
    price: Price
    hash: Hash
    cancelReason: Annotated[str, _field("cancelReason", most=CANCEL_REASON_MAX)] | UnsetType = UNSET


class Identity(Struct):
    """Who calls; at the head of every request but one."""

    apiKey: ApiKey
    member: Member
    merchant: Merchant


class BillRequest(Identity):
    """Create a bill."""

    bill: CreateBillInfo | UnsetType = UNSET


class BillDestroyRequest(Identity):
    """Destroy a bill."""

    bill: DestroyBillInfo | UnsetType = UNSET


class BillResendRequest(Identity):
    """Send a bill's message again."""

    bill: ResendBillInfo | UnsetType = UNSET


class BillReadRequest(Identity):
    """Read a bill."""

    bill: ReadBillInfo | UnsetType = UNSET


class BillCancelRequest(Identity):
    """Cancel a paid bill."""

    bill: CancelBillInfo | UnsetType = UNSET


class MerchantRemainCountRequest(Identity):
    """Ask for the points of the wallet that pays for a merchant's messages."""


class RemainCountRequest(Struct):
    """Ask for the points of the partner's own wallet."""

    apiKey: ApiKey


ANY_REQUEST: Final = (Identity, RemainCountRequest)
"""What every request is one of; both begin with an apiKey."""


class BillResponse(Struct):
    """The bill was created, and sent when TALK."""

    apiKey: ApiKey
    member: Member
    merchant: Merchant
    billId: Annotated[str, _field("billId")] | UnsetType = UNSET
    hash: Annotated[str, _field("sentHash")] | UnsetType = UNSET
    shortUrl: Annotated[str, _field("shortUrl")] | UnsetType = UNSET


class BillDestroyResponse(Struct):
    """The bill was destroyed."""

    apiKey: Annotated[str, _field("apiKey")] | UnsetType = UNSET
    billId: Annotated[str, _field("billId")] | UnsetType = UNSET


class BillResendResponse(Struct):
    """A new message was queued."""

    apiKey: Annotated[str, _field("apiKey")] | UnsetType = UNSET
    billId: Annotated[str, _field("billId")] | UnsetType = UNSET


class BillReadResponse(Struct):
    """How the bill stands. Before approval only apiKey, billId, apprState and apprPrice are set."""

    apiKey: Annotated[str, _field("apiKey")]
    billId: Annotated[str, _field("billId")]
    apprState: Annotated[Literal["W", "F", "C", "D"], _field("apprState", schema={"type": "string"})]
    apprPrice: Annotated[str, _field("apprPrice")]
    apprPayType: Annotated[str | None, _field("apprPayType")]
    apprCardType: Annotated[str | None, _field("apprCardType")]
    apprDt: Annotated[str | None, _field("apprDt")]
    apprOriginDt: Annotated[str | None, _field("apprOriginDt")]
    apprIssuer: Annotated[str | None, _field("apprIssuer")]
    apprIssuerCd: Annotated[str | None, _field("apprIssuerCd")]
    apprIssuerNum: Annotated[str | None, _field("apprIssuerNum")]
    apprAcquirerCd: Annotated[str | None, _field("apprAcquirerCd")]
    apprAcquirerNm: Annotated[str | None, _field("apprAcquirerNm")]
    apprNum: Annotated[str | None, _field("apprNum")]
    apprOriginNum: Annotated[str | None, _field("apprOriginNum")]
    apprResCd: Annotated[str | None, _field("apprResCd")]
    apprMonthly: Annotated[str | None, _field("apprMonthly")]
    apprCashNum: Annotated[str | None, _field("apprCashNum")]
    apprCashTrader: Annotated[str | None, _field("apprCashTrader")]
    apprCashIssuanceNumber: Annotated[str | None, _field("apprCashIssuanceNumber")]


class BillCancelResponse(Struct):
    """The money goes back. apprNum is the cancellation's number, apprOriginNum the payment's."""

    apiKey: ApiKey
    member: Member
    merchant: Merchant
    billId: Annotated[str, _field("billId")]
    hash: Annotated[str, _field("hash2")]
    apprNum: Annotated[str | None, _field("cancelNum")]
    apprOriginNum: Annotated[str | None, _field("apprOriginNum")]
    apprCancelDt: Annotated[str | None, _field("apprCancelDt")]


class RemainCountResponse(Struct):
    """The points that are left."""

    balance: Annotated[int, _field("balance")]
    chargeUrl: Annotated[str, _field("chargeUrl")]
