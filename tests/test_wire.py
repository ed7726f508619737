"""Structs of the wire: limits, what counts as absent, and sentences without a word of Python's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from cheonggu.domain.approval_fields import NAMES
from cheonggu.domain.codes import Refused
from cheonggu.web import wire
from cheonggu.web.parse import Shape

CREATE = Shape(wire.CreateBillInfo)
CANCEL = Shape(wire.CancelBillInfo)
IDENTITY = Shape(wire.Identity)


def a_bill(**given: Any) -> dict[str, Any]:
    bill = {
        "billId": "TEST0001",
        "sendType": "TALK",
        "productName": "11월 수강료",
        "price": "10000",
        "memberName": "김서연",
        "phone": "01012345678",
        "hash": "0" * 64,
        "callbackUrl": "https://partner.example/",
    }
    return {name: value for name, value in (bill | given).items() if value is not UNSET}


def why_refused(shape: Shape[Any], value: object, where: str = "bill") -> str | None:
    try:
        shape.read(value, where)
    except Refused as refused:
        return refused.message
    return None


NEEDED = "필수 값입니다."
TEXT = "문자열이어야 합니다."
NO_TEXT: list[Any] = [True, False, 0.0, 1.0, 1e3, 10000.5, [], {}, ["x"]]

REFUSED: list[tuple[dict[str, Any], str]] = [
    *(({name: value}, f"bill.{name}: {NEEDED}") for name in a_bill() for value in (None, UNSET)),
    *(({name: value}, f"bill.{name}: {TEXT}") for name in ("billId", "price", "tax") for value in NO_TEXT),
    ({"billId": 1}, f"bill.billId: {TEXT}"),
    ({"billId": ""}, "bill.billId: 1~20자여야 합니다."),
    ({"billId": "가" * 21}, "bill.billId: 1~20자여야 합니다."),
    ({"sendType": "talk"}, "bill.sendType: TALK, URL 중 하나여야 합니다."),
    ({"sendType": ""}, "bill.sendType: TALK, URL 중 하나여야 합니다."),
    ({"sendType": 1}, "bill.sendType: TALK, URL 중 하나여야 합니다."),
    ({"sendType": ["TALK"]}, "bill.sendType: TALK, URL 중 하나여야 합니다."),
    ({"billIssuer": "x" * 51}, "bill.billIssuer: 50자 이하여야 합니다."),
    ({"productName": ""}, "bill.productName: 1~200자여야 합니다."),
    ({"productName": "x" * 201}, "bill.productName: 1~200자여야 합니다."),
    ({"memberName": "x" * 101}, "bill.memberName: 1~100자여야 합니다."),
    ({"hash": ""}, "bill.hash: 1자 이상이어야 합니다."),
    ({"price": ""}, "bill.price: 1자 이상이어야 합니다."),
    ({"phone": ""}, "bill.phone: 1자 이상이어야 합니다."),
    ({"callbackUrl": ""}, "bill.callbackUrl: 1자 이상이어야 합니다."),
    ({"message": 5}, f"bill.message: {TEXT}"),
    ({"productName": "", "billId": 5}, f"bill.billId: {TEXT}"),
]


@pytest.mark.parametrize(("fields", "sentence"), REFUSED, ids=lambda value: repr(value)[:50])
def test_the_first_broken_field_is_told_with_its_rule(fields: dict[str, Any], sentence: str) -> None:
    assert why_refused(CREATE, a_bill(**fields)) == sentence


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, NEEDED),
        ([], "JSON 객체여야 합니다."),
        ("x", "JSON 객체여야 합니다."),
        (1, "JSON 객체여야 합니다."),
    ],
)
def test_a_bill_must_be_there_and_an_object(value: object, rule: str) -> None:
    assert why_refused(CREATE, value) == f"bill: {rule}"


@pytest.mark.parametrize("code", ["member", "merchant"])
def test_codes_of_member_and_merchant_have_60_characters_at_most(code: str) -> None:
    who = {"apiKey": "k", "member": "m", "merchant": "s"}
    assert why_refused(IDENTITY, who | {code: "가" * 60}, "") is None
    assert why_refused(IDENTITY, who | {code: ""}, "") is None
    assert why_refused(IDENTITY, who | {code: "가" * 61}, "") == f"{code}: 60자 이하여야 합니다."
    assert why_refused(IDENTITY, who | {code: 1}, "") == f"{code}: {TEXT}"
    assert why_refused(IDENTITY, who | {code: None}, "") == f"{code}: {NEEDED}"


def test_a_cancel_reason_has_20_characters_at_most_and_may_be_left_out() -> None:
    cancel = {"billId": "B", "price": "1", "hash": "h"}
    assert why_refused(CANCEL, cancel | {"cancelReason": "가" * 20}) is None
    assert why_refused(CANCEL, dict(cancel)) is None
    assert (
        why_refused(CANCEL, cancel | {"cancelReason": "가" * 21})
        == "bill.cancelReason: 20자 이하여야 합니다."
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_optional_field_that_is_null_or_empty_counts_as_absent(nothing: str | None) -> None:
    names = ("billIssuer", "supplyPrice", "tax", "message", "expireDt", "pageRedirectUrl")
    bill = CREATE.read(a_bill(**dict.fromkeys(names, nothing)))
    assert all(getattr(bill, name) is UNSET for name in names)


@given(st.integers(-(10**12), 10**12))
def test_an_integer_is_read_as_its_decimal_text(amount: int) -> None:
    bill = CREATE.read(a_bill(price=amount, supplyPrice=amount, tax=amount))
    assert (bill.price, bill.supplyPrice, bill.tax) == (str(amount),) * 3


def test_unknown_fields_are_ignored_and_texts_are_never_trimmed() -> None:
    bill = CREATE.read(a_bill(productName="  수강료 ", nobody={"knows": ["this"]}))
    assert bill.productName == "  수강료 "


Anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.none())
)


@given(st.dictionaries(st.sampled_from(wire.CreateBillInfo.__struct_fields__), Anything))
def test_whatever_stands_in_the_fields_the_answer_is_a_korean_sentence(fields: dict[str, Any]) -> None:
    sentence = why_refused(CREATE, a_bill(**fields))
    if sentence is not None:
        name, _, rule = sentence.removeprefix("bill.").partition(": ")
        assert name in wire.CreateBillInfo.__struct_fields__
        assert rule.endswith("니다.")
        assert "`" not in rule


def test_a_read_bill_has_the_fields_of_a_callback_and_the_api_key() -> None:
    assert wire.BillReadResponse.__struct_fields__ == ("apiKey", *NAMES)
