"""How a bill's approval is told on the wire: the same fields in /bill/read and in the callback (D, M)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cheonggu.domain.payment import Approval
from cheonggu.domain.seoul import wire_moment

APPROVED_RESULT: Final = "0000"
"""C: integrators read apprResCd as the gateway's answer code; an approval's says that all went well."""

NAMES: Final = (
    "billId",
    "apprState",
    "apprPrice",
    "apprPayType",
    "apprCardType",
    "apprDt",
    "apprOriginDt",
    "apprIssuer",
    "apprIssuerCd",
    "apprIssuerNum",
    "apprAcquirerCd",
    "apprAcquirerNm",
    "apprNum",
    "apprOriginNum",
    "apprResCd",
    "apprMonthly",
    "apprCashNum",
    "apprCashTrader",
    "apprCashIssuanceNumber",
)
"""Every field, in the order in which it is written."""


def approval_fields(
    bill_id: str,
    wire_state: str,
    price_won: int,
    approval: Approval | None,
    refund_number: str | None,
    refunded_at: datetime | None,
) -> dict[str, str | None]:
    """Every name of NAMES, in that order; what is not known is None.

    Without an approval only billId, apprState and apprPrice say anything. After a cancel apprNum and apprDt
    are the cancellation's, and apprOriginNum and apprOriginDt the payment's.
    """
    fields: dict[str, str | None] = dict.fromkeys(NAMES)
    fields |= {"billId": bill_id, "apprState": wire_state, "apprPrice": str(price_won)}
    if approval is None:
        return fields
    fields |= {
        "apprPayType": approval.pay_type,
        "apprCardType": approval.card_type,
        "apprDt": wire_moment(approval.approved_at),
        "apprIssuer": approval.issuer,
        "apprIssuerCd": approval.issuer_code,
        "apprIssuerNum": approval.card_number,
        "apprAcquirerCd": approval.acquirer_code,
        "apprAcquirerNm": approval.acquirer,
        "apprNum": approval.approval_number,
        "apprResCd": APPROVED_RESULT,
        "apprMonthly": str(approval.months),
    }
    if refund_number is not None and refunded_at is not None:
        fields |= {
            "apprOriginDt": fields["apprDt"],
            "apprOriginNum": approval.approval_number,
            "apprDt": wire_moment(refunded_at),
            "apprNum": refund_number,
        }
    return fields
