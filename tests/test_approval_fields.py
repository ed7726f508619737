"""An approval on the wire: every field in its place, before, after, and after a cancel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cheonggu.domain.approval_fields import NAMES, approval_fields
from cheonggu.domain.payment import Approval

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
APPROVAL = Approval(
    order_id="o1",
    amount_won=150_000,
    approved_at=NOON,
    approval_number="30014728",
    pay_type="CARD_VAN",
    card_type="신용",
    issuer="연습카드",
    issuer_code="00",
    card_number="9999-****-****-0147",
    acquirer="연습매입",
    acquirer_code="01",
    months=3,
)


def test_every_field_of_an_approval_has_its_place() -> None:
    assert approval_fields("B1", "F", 150_000, APPROVAL, None, None) == {
        "billId": "B1",
        "apprState": "F",
        "apprPrice": "150000",
        "apprPayType": "CARD_VAN",
        "apprCardType": "신용",
        "apprDt": "20261122120000",
        "apprOriginDt": None,
        "apprIssuer": "연습카드",
        "apprIssuerCd": "00",
        "apprIssuerNum": "9999-****-****-0147",
        "apprAcquirerCd": "01",
        "apprAcquirerNm": "연습매입",
        "apprNum": "30014728",
        "apprOriginNum": None,
        "apprResCd": "0000",
        "apprMonthly": "3",
        "apprCashNum": None,
        "apprCashTrader": None,
        "apprCashIssuanceNumber": None,
    }


@pytest.mark.parametrize("state", ["W", "D"])
def test_without_an_approval_only_id_state_and_price_are_told(state: str) -> None:
    fields = approval_fields("B1", state, 150_000, None, None, None)
    assert list(fields) == list(NAMES)
    assert {name: value for name, value in fields.items() if value is not None} == {
        "billId": "B1",
        "apprState": state,
        "apprPrice": "150000",
    }


@pytest.mark.parametrize(("number", "at"), [("90000001", None), (None, NOON)])
def test_half_a_refund_is_told_as_none(number: str | None, at: datetime | None) -> None:
    whole = approval_fields("B1", "F", 150_000, APPROVAL, None, None)
    assert approval_fields("B1", "F", 150_000, APPROVAL, number, at) == whole


def test_after_a_cancel_the_payment_is_the_origin() -> None:
    fields = approval_fields("B1", "C", 150_000, APPROVAL, "90000001", NOON + timedelta(days=1))
    assert [fields[name] for name in ("apprNum", "apprDt", "apprOriginNum", "apprOriginDt")] == [
        "90000001",
        "20261123120000",
        "30014728",
        "20261122120000",
    ]
