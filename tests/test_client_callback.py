"""Callbacks in every form that partners meet, and signatures that are right or not."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import datetime
from typing import Any, get_args

import pytest

from cheonggu.client import (
    ACCEPTED,
    NOT_ACCEPTED,
    CallbackUnreadable,
    SignatureWrong,
    State,
    parse_callback,
    receive,
    verify_signature,
)
from cheonggu.domain import quirks
from cheonggu.domain.acceptance import why_not_accepted
from cheonggu.domain.seoul import SEOUL
from cheonggu.domain.webhook import sign
from tests.conftest import until
from tests.live import WEBHOOK_SECRET, Live

TOLD: dict[str, str | None] = {
    "apiKey": "key",
    "billId": "B1",
    "apprState": "F",
    "apprPrice": "150000",
    "apprPayType": "CARD_VAN",
    "apprDt": "20261124153012",
    "apprOriginDt": None,
    "apprIssuer": "국민카드",
    "apprNum": "12345678",
    "apprMonthly": "3",
    "apprCashNum": None,
}

FORMS = [
    quirks.Quirks(callback_fields=fields, callback_spelling=spelling, date_digits=digits)
    for fields, spelling, digits in itertools.product(
        get_args(quirks.CallbackFields), get_args(quirks.CallbackSpelling), get_args(quirks.DateDigits)
    )
]


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form_of_a_callback_is_read(form: quirks.Quirks, *, with_key: bool) -> None:
    told = {name: value for name, value in TOLD.items() if with_key or name != "apiKey"}
    callback = parse_callback(json.dumps(form.called_back(told)).encode())
    assert (callback.bill_id, callback.state, callback.price_won) == ("B1", State.PAID, 150000)
    assert callback.is_payment_of(150000)
    assert callback.names_key("key") is (True if with_key else None)
    if form.callback_fields == "three":
        assert callback.approval is None
    else:
        assert callback.approval is not None
        second = 12 if form.date_digits == 14 else 0
        assert callback.approval.at == datetime(2026, 11, 24, 15, 30, second, tzinfo=SEOUL)
        assert (callback.approval.number, callback.approval.months) == ("12345678", 3)
    assert "key" not in repr(callback).split("'")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("20261124153012", datetime(2026, 11, 24, 15, 30, 12, tzinfo=SEOUL)),
        ("202611241530", datetime(2026, 11, 24, 15, 30, tzinfo=SEOUL)),
        ("261124153012", datetime(2026, 11, 24, 15, 30, 12, tzinfo=SEOUL)),
        (20261124153012, datetime(2026, 11, 24, 15, 30, 12, tzinfo=SEOUL)),
        ("20261124", datetime(2026, 11, 24, tzinfo=SEOUL)),
        ("20261324153012", None),
        ("2026-11-24", None),
        ("２０２６１１２４", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_a_moment_in_seoul_or_nothing(written: object, moment: datetime | None) -> None:
    callback = parse_callback({"billId": "B1", "apprNum": "1", "apprDt": written})
    assert callback.approval is not None
    assert callback.approval.at == moment


@pytest.mark.parametrize(
    ("given", "is_payment"),
    [
        ({}, True),
        ({"apprPrice": 150000}, True),
        ({"apprPrice": "149999"}, False),
        ({"apprPrice": "150,000"}, False),
        ({"apprPrice": "150000.0"}, False),
        ({"apprPrice": 150000.0}, False),
        ({"apprPrice": None}, False),
        ({"apprPrice": True}, False),
        ({"apprState": "C"}, False),
        ({"apprState": "f"}, False),
        ({"apprState": None}, False),
    ],
)
def test_only_the_whole_amount_of_a_payment_is_a_payment(given: dict[str, Any], *, is_payment: bool) -> None:
    assert parse_callback(TOLD | given).is_payment_of(150000) is is_payment


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"B1"',
        b"billId=B1",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"billId": NaN}',
        b'{"billId": null}',
        b'{"billId": ""}',
        b'{"billId": ["B1"]}',
        b'{"billId": true}',
        b'{"apprState": "F"}',
        b'{"billId": "B1", "bill_id": "B2"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_callback_is_told(body: bytes) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(body)


def test_the_constants_are_what_the_service_takes() -> None:
    assert why_not_accepted(200, ACCEPTED) is None
    assert why_not_accepted(200, NOT_ACCEPTED) is not None


SECRET = "whsec_" + base64.b64encode(b"0123456789" * 3).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"abcdefghij" * 3).decode()
STRANGE = "whsec_" + base64.b64encode(b"x" * 30).decode()
BODY = json.dumps(TOLD).encode()
NOW = 1_790_000_000


def signed(*secrets: str, at: int = NOW) -> dict[str, str]:
    return {
        "Webhook-Id": "cb_1_1",
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": sign(secrets, "cb_1_1", at, BODY),
    }


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        (signed(SECRET), SECRET),
        (signed(SECRET), [OLD_SECRET, SECRET]),
        (signed(OLD_SECRET, SECRET), [SECRET]),
        (signed(SECRET, at=NOW - 300), SECRET),
        (signed(SECRET, at=NOW + 300), SECRET),
        ({name.lower(): value for name, value in signed(SECRET).items()}, SECRET),
    ],
)
def test_a_genuine_callback_is_received(headers: dict[str, str], secrets: str | list[str]) -> None:
    callback = receive(BODY, headers, secrets, now=NOW)
    assert (callback.webhook_id, callback.bill_id) == ("cb_1_1", "B1")


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (signed(STRANGE), "No signature"),
        (signed(SECRET, at=NOW - 301), "too far from now"),
        (signed(SECRET, at=NOW + 301), "too far from now"),
        (signed(SECRET) | {"Webhook-Id": "cb_1_2"}, "No signature"),
        (signed(SECRET) | {"Webhook-Id": "cb.1"}, "No signature"),
        (signed(SECRET) | {"Webhook-Timestamp": str(NOW + 1)}, "No signature"),
        (signed(SECRET) | {"Webhook-Timestamp": "now"}, "no number"),
        (signed(SECRET) | {"Webhook-Timestamp": "１７９"}, "no number"),
        (signed(SECRET) | {"Webhook-Signature": ""}, "No signature"),
        (signed(SECRET) | {"Webhook-Signature": "v1,\udc80"}, "No signature"),
        (signed(SECRET) | {"Webhook-Signature": "v2,AAAA"}, "No signature"),
        ({}, "webhook-id is missing"),
        ({"webhook-id": "a", "webhook-timestamp": "1"}, "webhook-signature is missing"),
    ],
)
def test_a_forged_or_old_callback_is_not(headers: dict[str, str], says: str) -> None:
    with pytest.raises(SignatureWrong, match=says):
        receive(BODY, headers, [SECRET, OLD_SECRET], now=NOW)


def test_a_changed_body_is_not_received() -> None:
    with pytest.raises(SignatureWrong):
        verify_signature(BODY.replace(b"150000", b"150001"), signed(SECRET), SECRET, now=NOW)


def test_the_tolerance_can_be_told() -> None:
    assert verify_signature(BODY, signed(SECRET, at=NOW - 900), SECRET, now=NOW, tolerance_seconds=900)


@pytest.mark.parametrize("secrets", ["", [], "secret", ["whsec_###"]])
def test_a_secret_that_is_none_is_a_mistake_of_ones_own(secrets: str | list[str]) -> None:
    with pytest.raises(ValueError) as wrong:  # noqa: PT011 - what kind it is not is the point
        verify_signature(BODY, signed(SECRET), secrets, now=NOW)
    assert not isinstance(wrong.value, SignatureWrong)


async def test_the_services_own_callback_is_received(live: Live) -> None:
    bill_id = (await live.create())["billId"]
    await live.pay(bill_id)
    await until(live.called)
    (call,) = live.receiver.calls
    callback = receive(call.raw, call.headers, WEBHOOK_SECRET)
    assert callback.bill_id == bill_id
    assert callback.is_payment_of(150000)
    assert callback.approval is not None
    assert callback.approval.at is not None
