"""Toss as a gateway, against a stand-in that speaks its API: every outcome, and no money moved twice."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cheonggu.domain.payment import (
    GATEWAYS_OWN,
    TAKEN_BACK,
    Approved,
    Asked,
    AskedRefund,
    Declined,
    NotFound,
    Refunded,
    RefundRefused,
    Unknown,
)
from cheonggu.providers import Confirmation, Refund, toss_gateway
from cheonggu.providers.toss_gateway import TossGateway, is_payment_key
from cheonggu.providers.toss_payment import REASON_CHARACTERS, cancel_reason, masked
from tests.standins.toss import (
    ANSWER_LOST,
    CARD,
    PAY_APP,
    REQUEST_LOST,
    SECRET_KEY,
    Json,
    Toss,
    Trouble,
    error,
    garbage,
    toss,
)
from tests.toss_sides import HASTY_SECONDS, gateway_of

ORDER, WON = "order-0000000001", 150_000
NOW = datetime(2026, 11, 22, 5, 3, tzinfo=UTC)


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest_asyncio.fixture
async def made(time: Time) -> AsyncIterator[Toss]:
    async with toss(time) as made:
        yield made


@pytest_asyncio.fixture
async def gateway(made: Toss) -> AsyncIterator[TossGateway]:
    async with gateway_of(made) as gateway:
        yield gateway


@pytest_asyncio.fixture
async def hasty(made: Toss) -> AsyncIterator[TossGateway]:
    async with gateway_of(made, deadline_seconds=HASTY_SECONDS) as gateway:
        yield gateway


def confirmation(key: str, order_id: str = ORDER, won: int = WON) -> Confirmation:
    return Confirmation(order_id=order_id, amount_won=won, window_key=key)


def refund(refund_id: str = "refund-1", order_id: str = ORDER) -> Refund:
    return Refund(order_id=order_id, refund_id=refund_id, amount_won=WON, reason="고객 변심")


async def paid(gateway: TossGateway, made: Toss, **given: Any) -> Approved:
    outcome = await gateway.confirm(confirmation(made.authenticate(ORDER, WON, **given)))
    assert isinstance(outcome, Approved)
    return outcome


# Confirming


async def test_a_card_payment_is_approved_with_what_the_card_company_said(
    gateway: TossGateway, made: Toss
) -> None:
    card = CARD | {"approveNo": "30014728", "installmentPlanMonths": 3, "cardType": "체크"}
    approval = (await paid(gateway, made, card=card)).approval
    assert msgspec.structs.asdict(approval) == {
        "order_id": ORDER,
        "amount_won": WON,
        "approved_at": NOW,
        "approval_number": "30014728",
        "pay_type": "CARD_VAN",
        "card_type": "체크",
        "issuer": "현대",
        "issuer_code": "61",
        "card_number": "123456******000*",
        "acquirer": "BC",
        "acquirer_code": "31",
        "months": 3,
    }
    assert approval.approved_at.utcoffset() == timedelta(hours=9)


async def test_toss_is_told_our_order_our_amount_and_our_order_as_the_idempotency_key(
    gateway: TossGateway, made: Toss
) -> None:
    key = made.authenticate(ORDER, WON)
    await gateway.confirm(confirmation(key))
    assert made.calls == [("confirm", {"paymentKey": key, "orderId": ORDER, "amount": WON})]
    (head,) = made.heads
    assert head["Idempotency-Key"] == ORDER
    assert head["Authorization"] == "Basic " + b64encode(f"{SECRET_KEY}:".encode()).decode()


@pytest.mark.parametrize(
    ("given", "issuer", "number", "pay_type", "months"),
    [
        ({"card": None, "easy_pay": PAY_APP}, "토스페이", "B7103F204998813B889C", "EASY_PAY", 0),
        ({"card": None, "easy_pay": None}, "간편결제", "B7103F204998813B889C", "EASY_PAY", 0),
        ({"card": None, "easy_pay": {"provider": 7}}, "간편결제", "B7103F204998813B889C", "EASY_PAY", 0),
        ({"card": {}}, None, "B7103F204998813B889C", "CARD_VAN", 0),
        ({"card": CARD | {"approveNo": None}}, "현대", "B7103F204998813B889C", "CARD_VAN", 0),
        ({"card": CARD | {"approveNo": "\0"}}, "현대", "B7103F204998813B889C", "CARD_VAN", 0),
        ({"card": CARD | {"issuerCode": "??"}}, None, "00000000", "CARD_VAN", 0),
        ({"card": CARD | {"issuerCode": None}}, None, "00000000", "CARD_VAN", 0),
        ({"card": CARD | {"installmentPlanMonths": None}}, "현대", "00000000", "CARD_VAN", 0),
        ({"card": CARD | {"installmentPlanMonths": -3}}, "현대", "00000000", "CARD_VAN", 0),
        ({"card": CARD | {"number": 1234, "issuerCode": [7]}}, None, "00000000", "CARD_VAN", 0),
    ],
)
async def test_a_charge_is_approved_whatever_is_said_of_the_card(
    gateway: TossGateway,
    made: Toss,
    given: Json,
    issuer: str | None,
    number: str,
    pay_type: str,
    months: int,
) -> None:
    approval = (await paid(gateway, made, **given)).approval
    assert (approval.issuer, approval.approval_number) == (issuer, number)
    assert (approval.pay_type, approval.months) == (pay_type, months)


REFUSED_BY_CARD = """
    EXCEED_MAX_AMOUNT EXCEED_MAX_AUTH_COUNT EXCEED_MAX_CARD_INSTALLMENT_PLAN EXCEED_MAX_DAILY_PAYMENT_COUNT
    EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT EXCEED_MAX_ONE_DAY_AMOUNT EXCEED_MAX_PAYMENT_AMOUNT
    INVALID_CARD_EXPIRATION INVALID_CARD_INSTALLMENT_PLAN INVALID_CARD_LOST_OR_STOLEN INVALID_CARD_NUMBER
    INVALID_REJECT_CARD INVALID_STOPPED_CARD NOT_ALLOWED_POINT_USE
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN
    NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT REJECT_CARD_COMPANY REJECT_CARD_PAYMENT
""".split()  # noqa: SIM905
REFUSED_OTHERWISE = """
    BELOW_MINIMUM_AMOUNT EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT FDS_ERROR
    INVALID_ACCOUNT_INFO_RE_REGISTER INVALID_PASSWORD INVALID_REQUEST NOT_AVAILABLE_BANK NOT_AVAILABLE_PAYMENT
    NOT_FOUND_PAYMENT NOT_FOUND_PAYMENT_SESSION REJECT_ACCOUNT_PAYMENT REJECT_TOSSPAY_INVALID_ACCOUNT
    RESTRICTED_TRANSFER_ACCOUNT
""".split()  # noqa: SIM905
OUR_OWN_FAULT = """
    FORBIDDEN_REQUEST INCORRECT_BASIC_AUTH_FORMAT INVALID_API_KEY INVALID_AUTHORIZE_AUTH
    INVALID_UNREGISTERED_SUBMALL NOT_FOUND_TERMINAL_ID NOT_REGISTERED_BUSINESS UNAUTHORIZED_KEY
""".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("codes", "prefix"),
    [(REFUSED_BY_CARD, ""), (REFUSED_OTHERWISE, GATEWAYS_OWN), (OUR_OWN_FAULT, GATEWAYS_OWN)],
    ids=["by the card company", "otherwise", "our own fault"],
)
async def test_a_known_refusal_is_a_decline_with_a_sentence_for_the_payer(
    gateway: TossGateway, made: Toss, codes: list[str], prefix: str
) -> None:
    for code in codes:
        made.next("confirm", error(code))
        outcome = await gateway.confirm(confirmation(made.authenticate(ORDER, WON)))
        assert isinstance(outcome, Declined), code
        assert outcome.code == prefix + code
        assert outcome.reason.endswith("요.")
        assert code not in outcome.reason
    assert made.charged_won(ORDER) == 0


async def test_what_is_our_own_fault_is_told_to_the_operator_without_any_key(
    gateway: TossGateway, made: Toss
) -> None:
    key = made.authenticate(ORDER, WON)
    with capture_logs() as logs:
        for code in OUR_OWN_FAULT:
            made.next("confirm", error(code))
            await gateway.confirm(confirmation(key))
    told = [(log["log_level"], log["event"], log["call"], log["code"]) for log in logs]
    assert told == [("error", "toss_refuses_our_requests", "confirm", code) for code in OUR_OWN_FAULT]
    assert not any(secret in str(logs) for secret in (key, SECRET_KEY))


async def test_a_wrong_secret_key_charges_nobody(made: Toss) -> None:
    async with gateway_of(made, secret_key="test_sk_wrong") as gateway:
        outcome = await gateway.confirm(confirmation(made.authenticate(ORDER, WON)))
        assert isinstance(outcome, Declined)
        assert outcome.code == "GATEWAY.UNAUTHORIZED_KEY"
        assert await gateway.ask(ORDER) == Unknown("UNAUTHORIZED_KEY")
    assert made.charged_won(ORDER) == 0


NOBODY_KNOWS = [
    *(
        error(code)
        for code in ("PROVIDER_ERROR", "CARD_PROCESSING_ERROR", "UNAPPROVED_ORDER_ID", "BRAND_NEW")
    ),
    *(error(code, 500) for code in ("UNKNOWN_PAYMENT_ERROR", "FAILED_INTERNAL_SYSTEM_PROCESSING")),
    *(error("REJECT_CARD_COMPANY", status) for status in (408, 409, 425, 429, 500, 502, 503, 504, 302, 204)),
    error("IDEMPOTENT_REQUEST_PROCESSING"),
    error("reject card\n", 400),
    error("", 400),
    error("A" * 61, 400),
    *(
        garbage(body)
        for body in (b"", b"<html>", b"null", b"[]", b"{}", b"\xff", b'{"status":"DONE"}', b"1" * 99)
    ),
    *(garbage(body, 400) for body in (b"", b"<html>", b"null", b'{"code":null}', b'{"code":7}')),
    garbage(b"[" * 5_000),
    garbage(b"x" * 9_000_000),
]


async def test_whatever_cannot_be_read_leaves_a_payment_unknown(gateway: TossGateway, made: Toss) -> None:
    key = made.authenticate(ORDER, WON)
    for trouble in NOBODY_KNOWS:
        made.next("confirm", trouble)
        outcome = await gateway.confirm(confirmation(key))
        assert isinstance(outcome, Unknown), trouble
        assert key not in outcome.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "IN_PROGRESS"),
        ("status", "ABORTED"),
        ("status", "CANCELED"),
        ("status", "WAITING_FOR_DEPOSIT"),
        ("approvedAt", None),
        ("approvedAt", "어제"),
        ("totalAmount", "150000"),
        ("totalAmount", None),
        ("totalAmount", WON + 0.5),
        ("currency", "USD"),
        ("orderId", None),
    ],
)
async def test_an_answer_that_contradicts_itself_is_no_approval(
    gateway: TossGateway, made: Toss, name: str, value: object
) -> None:
    key = made.authenticate(ORDER, WON)
    told = made.told(made.payments[key]) | {"status": "DONE", "approvedAt": "2026-11-22T14:03:00+09:00"}
    made.next("confirm", garbage(msgspec.json.encode(told | {name: value})))
    assert isinstance(await gateway.confirm(confirmation(key)), Unknown)


async def test_an_amount_may_be_any_number_of_whole_won(gateway: TossGateway, made: Toss) -> None:
    key = made.authenticate(ORDER, WON, approved_at=NOW, status="DONE")
    said = msgspec.json.encode(made.told(made.payments[key]))
    for number in (b"150000.0", b"1.5e5"):
        made.next("confirm", garbage(said.replace(b'"totalAmount":150000', b'"totalAmount":' + number)))
        outcome = await gateway.confirm(confirmation(key))
        assert isinstance(outcome, Approved)
        assert msgspec.json.encode(outcome.approval.amount_won) == b"150000"


async def test_an_approval_names_the_order_and_amount_that_toss_charged(
    gateway: TossGateway, made: Toss
) -> None:
    """Whoever settles compares them: an answer that was meant for somebody else pays no bill."""
    other = made.payments[made.authenticate("order-of-others", 100, approved_at=NOW, status="DONE")]
    made.next("confirm", garbage(msgspec.json.encode(made.told(other))))
    outcome = await gateway.confirm(confirmation(made.authenticate(ORDER, WON)))
    assert isinstance(outcome, Approved)
    assert (outcome.approval.order_id, outcome.approval.amount_won) == ("order-of-others", 100)


@pytest.mark.parametrize("trouble", [REQUEST_LOST, ANSWER_LOST])
async def test_silence_leaves_a_payment_unknown_and_the_order_tells_later(
    hasty: TossGateway, made: Toss, trouble: Trouble
) -> None:
    made.next("confirm", trouble)
    assert isinstance(await hasty.confirm(confirmation(made.authenticate(ORDER, WON))), Unknown)
    asked = await hasty.ask(ORDER)
    assert isinstance(asked, Approved if trouble.works else NotFound)
    assert made.charged_won(ORDER) == (WON if trouble.works else 0)


async def test_a_confirm_ends_in_time_however_long_one_call_may_take(
    gateway: TossGateway, made: Toss, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "timeout_seconds", HASTY_SECONDS)
    made.next("confirm", REQUEST_LOST)
    assert await gateway.confirm(confirmation(made.authenticate(ORDER, WON))) == Unknown("no answer in time")


async def test_a_server_that_is_not_there_leaves_everything_unknown(made: Toss) -> None:
    async with gateway_of(made, url="http://127.0.0.1:1") as gateway:
        assert isinstance(await gateway.confirm(confirmation("key")), Unknown)
        assert isinstance(await gateway.ask(ORDER), Unknown)
        assert isinstance(await gateway.refund(refund()), Unknown)
        assert isinstance(await gateway.ask_refund(ORDER, "refund-1"), Unknown)


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "a" * 201, "키", "a\n", "a\0", "\x7f", "a" * 100_000, "\ud800", "é"]
)
async def test_a_key_that_no_window_gives_is_sent_nowhere(gateway: TossGateway, made: Toss, key: str) -> None:
    assert not is_payment_key(key)
    outcome = await gateway.confirm(confirmation(key))
    assert isinstance(outcome, Declined)
    assert outcome.code.startswith(GATEWAYS_OWN)
    assert made.calls == []


@pytest.mark.parametrize("key", ['"}', "../cancel", "a&b=c", "a" * 200, "%00", "\\u0000"])
async def test_a_made_up_key_is_declined(gateway: TossGateway, made: Toss, key: str) -> None:
    outcome = await gateway.confirm(confirmation(key))
    assert isinstance(outcome, Declined)
    assert outcome.code == "GATEWAY.NOT_FOUND_PAYMENT"
    assert made.calls[0][1]["paymentKey"] == key


async def test_the_key_of_another_payment_pays_nothing(gateway: TossGateway, made: Toss) -> None:
    others = made.authenticate("order-of-others", WON)
    assert isinstance(await gateway.confirm(confirmation(others)), Declined)
    assert isinstance(await gateway.confirm(confirmation(others, "order-of-others")), Approved)
    assert isinstance(await gateway.confirm(confirmation(others, "order-3")), Declined)
    assert made.charged_won(ORDER) == made.charged_won("order-3") == 0


@pytest.mark.parametrize("authenticated_won", [1, 100, WON - 1, WON + 1, WON * 10])
async def test_another_amount_than_the_bills_is_not_charged(
    gateway: TossGateway, made: Toss, authenticated_won: int
) -> None:
    assert isinstance(
        await gateway.confirm(confirmation(made.authenticate(ORDER, authenticated_won))), Declined
    )
    assert made.charged_won(ORDER) == 0


async def test_ten_minutes_after_the_authentication_it_is_too_late(
    gateway: TossGateway, made: Toss, time: Time
) -> None:
    late, in_time = made.authenticate(ORDER, WON), made.authenticate("order-2", WON)
    time.now += timedelta(minutes=10)
    assert isinstance(await gateway.confirm(confirmation(in_time, "order-2")), Approved)
    time.now += timedelta(seconds=1)
    outcome = await gateway.confirm(confirmation(late))
    assert isinstance(outcome, Declined)
    assert "10분이 지났어요." in outcome.reason
    assert gateway.confirm_window_seconds > 10 * 60


async def test_a_payment_that_toss_had_taken_already_is_told_as_it_stands(
    gateway: TossGateway, made: Toss
) -> None:
    await paid(gateway, made)
    made.next("confirm", error("ALREADY_PROCESSED_PAYMENT"))
    assert isinstance(await gateway.confirm(confirmation("any")), Approved)
    made.next("confirm", error("ALREADY_PROCESSED_PAYMENT"))
    assert isinstance(await gateway.confirm(confirmation("any", "order-2")), Unknown)
    made.next("confirm", error("ALREADY_PROCESSED_PAYMENT"))
    made.next("ask", garbage())
    assert isinstance(await gateway.confirm(confirmation("any")), Unknown)
    assert made.charged_won(ORDER) == WON


async def test_an_order_confirmed_many_times_is_charged_once(gateway: TossGateway, made: Toss) -> None:
    key = made.authenticate(ORDER, WON)
    outcomes = await asyncio.gather(*(gateway.confirm(confirmation(key)) for _ in range(8)))
    assert all(isinstance(outcome, Approved) for outcome in outcomes)
    assert made.charged_won(ORDER) == WON


# Asking

STATUSES: list[tuple[str, Asked]] = [
    ("READY", NotFound()),
    ("IN_PROGRESS", NotFound()),
    ("ABORTED", Declined("REJECT_CARD_PAYMENT", "한도를 넘었거나 잔액이 모자라요.")),
    ("EXPIRED", Declined("GATEWAY.EXPIRED", "결제를 마치기 전에 시간이 지났어요.")),
    ("CANCELED", Declined(TAKEN_BACK, "결제사에서 이 결제를 취소했어요.")),
    ("PARTIAL_CANCELED", Unknown("PARTIAL_CANCELED")),
    ("WAITING_FOR_DEPOSIT", Unknown("WAITING_FOR_DEPOSIT")),
    ("SOMETHING_NEW", Unknown("SOMETHING_NEW")),
]


@pytest.mark.parametrize(("status", "outcome"), STATUSES, ids=[row[0] for row in STATUSES])
async def test_each_status_has_its_outcome(
    gateway: TossGateway, made: Toss, status: str, outcome: Asked
) -> None:
    failure = {"code": "REJECT_CARD_PAYMENT", "message": "한도초과"}
    made.authenticate(ORDER, WON, status=status, failure=failure)
    assert await gateway.ask(ORDER) == outcome


@pytest.mark.parametrize(
    "failure", [None, {}, {"code": None}, {"code": "COMMON_ERROR"}, [], "x", {"code": 7}]
)
async def test_a_failed_payment_without_a_known_reason_is_declined_all_the_same(
    gateway: TossGateway, made: Toss, failure: Any
) -> None:
    made.authenticate(ORDER, WON, status="ABORTED", failure=failure)
    assert await gateway.ask(ORDER) == Declined("GATEWAY.FAILED", "결제사가 까닭을 알려 주지 않았어요.")


async def test_an_order_that_nobody_knows_is_not_found(gateway: TossGateway, made: Toss) -> None:
    assert await gateway.ask("order?/../x") == NotFound()
    assert made.asked("ask") == 1


async def test_an_authentication_that_nobody_confirmed_expires(
    gateway: TossGateway, made: Toss, time: Time
) -> None:
    made.authenticate(ORDER, WON)
    assert await gateway.ask(ORDER) == NotFound()
    time.now += timedelta(minutes=31)
    assert isinstance(await gateway.ask(ORDER), Declined)


async def test_whatever_cannot_be_read_leaves_a_question_open(gateway: TossGateway, made: Toss) -> None:
    await paid(gateway, made)
    other = made.payments[made.authenticate("order-2", WON)]
    for trouble in (
        *NOBODY_KNOWS,
        *(error(code) for code in OUR_OWN_FAULT),
        error("NOT_FOUND_PAYMENT", 400),
        garbage(b"<html>not here</html>", 404),
        garbage(b'{"message":"no route"}', 404),
        garbage(msgspec.json.encode(made.told(other))),
    ):
        made.next("ask", trouble)
        assert isinstance(await gateway.ask(ORDER), Unknown), trouble
    assert isinstance(await gateway.ask(ORDER), Approved)


# Giving back


async def test_a_payment_is_given_back_whole_and_found_again(gateway: TossGateway, made: Toss) -> None:
    await paid(gateway, made)
    outcome = await gateway.refund(refund())
    assert isinstance(outcome, Refunded)
    assert outcome.refunded_at == NOW
    assert len(outcome.refund_number) == 20
    assert await gateway.ask_refund(ORDER, "refund-1") == outcome
    assert await gateway.ask_refund(ORDER, "refund-2") == NotFound()
    assert await gateway.ask_refund(ORDER, "1") == NotFound()
    assert made.given_back_won(ORDER) == WON
    call, body = made.calls[2]
    assert (call, body) == ("cancel", {"cancelReason": "고객 변심 [refund-1]"})
    assert made.heads[2]["Idempotency-Key"].startswith("refund-1.")


async def test_a_refund_asked_for_many_times_is_made_once(gateway: TossGateway, made: Toss) -> None:
    await paid(gateway, made)
    same = await asyncio.gather(*(gateway.refund(refund()) for _ in range(5)))
    others = await asyncio.gather(*(gateway.refund(refund(f"refund-{number}")) for number in range(2, 5)))
    assert all(outcome == same[0] for outcome in (*same, *others))
    assert made.given_back_won(ORDER) == WON


@pytest.mark.parametrize("trouble", [REQUEST_LOST, ANSWER_LOST])
async def test_silence_leaves_a_refund_unknown_and_the_payment_tells_later(
    hasty: TossGateway, made: Toss, trouble: Trouble
) -> None:
    await paid(hasty, made)
    made.next("cancel", trouble)
    assert isinstance(await hasty.refund(refund()), Unknown)
    assert isinstance(await hasty.ask_refund(ORDER, "refund-1"), Refunded if trouble.works else NotFound)
    assert isinstance(await hasty.refund(refund()), Refunded)
    assert made.given_back_won(ORDER) == WON


@pytest.mark.parametrize("silent", ["ask", "cancel"])
async def test_a_refund_ends_in_time_whichever_call_is_silent(
    gateway: TossGateway, made: Toss, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    await paid(gateway, made)
    monkeypatch.setattr(toss_gateway, "REFUND_SECONDS", HASTY_SECONDS)
    made.next(silent, REQUEST_LOST)
    assert await gateway.refund(refund()) == Unknown("no answer in time")


async def test_a_payment_that_the_operator_canceled_counts_as_given_back(
    gateway: TossGateway, made: Toss
) -> None:
    await paid(gateway, made)
    made.cancel_in_console(ORDER)
    assert await gateway.ask_refund(ORDER, "refund-1") == NotFound()
    outcome = await gateway.refund(refund())
    kept = made.of_order(ORDER)
    assert kept is not None
    assert isinstance(outcome, Refunded)
    assert outcome.refund_number == kept.cancels[0]["transactionKey"][:20]
    assert made.asked("cancel") == 0


@pytest.mark.parametrize("code", ["ALREADY_CANCELED_PAYMENT", "ALREADY_REFUND_PAYMENT"])
async def test_a_payment_that_is_canceled_just_now_counts_as_given_back(
    gateway: TossGateway, made: Toss, code: str
) -> None:
    await paid(gateway, made)
    made.next("cancel", error(code))
    assert isinstance(await gateway.refund(refund()), Unknown), "it is not canceled, whatever was said"
    before = msgspec.json.encode(made.told(made.payments[next(iter(made.payments))]))
    made.cancel_in_console(ORDER)
    made.next("ask", garbage(before))
    assert isinstance(await gateway.refund(refund("refund-2")), Refunded)
    assert made.given_back_won(ORDER) == WON


async def test_what_a_part_was_canceled_of_is_given_back_to_the_rest(
    gateway: TossGateway, made: Toss
) -> None:
    await paid(gateway, made)
    made.cancel_in_console(ORDER, 50_000)
    assert await gateway.ask_refund(ORDER, "refund-1") == NotFound()
    assert isinstance(await gateway.refund(refund()), Refunded)
    assert made.given_back_won(ORDER) == WON


NOT_GIVEN_BACK = [
    ("NOT_CANCELABLE_PAYMENT", "CARD"),
    ("NOT_CANCELABLE_AMOUNT", "CARD"),
    ("NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER", "CARD"),
    ("EXCEED_MAX_REFUND_DUE", "CARD"),
    ("REFUND_REJECTED", "CARD"),
    ("NOT_MATCHES_REFUNDABLE_AMOUNT", "CARD"),
    ("FORBIDDEN_BANK_REFUND_REQUEST", "BANK"),
    ("INVALID_REFUND_ACCOUNT_INFO", "BANK"),
    ("INVALID_BANK", "BANK"),
    ("NOT_AVAILABLE_BANK", "MAINTENANCE"),
]


@pytest.mark.parametrize(("code", "kind"), NOT_GIVEN_BACK)
async def test_a_known_refusal_of_a_refund_has_its_kind(
    gateway: TossGateway, made: Toss, code: str, kind: str
) -> None:
    await paid(gateway, made)
    made.next("cancel", error(code))
    assert await gateway.refund(refund()) == RefundRefused(kind, code)
    assert await gateway.ask_refund(ORDER, "refund-1") == NotFound()


async def test_whatever_cannot_be_read_leaves_a_refund_unknown(gateway: TossGateway, made: Toss) -> None:
    await paid(gateway, made)
    still = made.told(made.payments[next(iter(made.payments))])
    ours = {
        "cancelReason": "x [refund-1]",
        "canceledAt": "2026-11-22T14:03:00+09:00",
        "transactionKey": "T" * 32,
        "cancelStatus": "DONE",
    }
    whole = still | {"status": "CANCELED"}
    no_cancel = [
        still,
        whole,
        still | {"status": "PARTIAL_CANCELED", "cancels": [ours]},
        whole | {"cancels": [ours | {"cancelStatus": "IN_PROGRESS"}]},
        whole | {"cancels": [ours | {"canceledAt": None}]},
        whole | {"cancels": [ours | {"transactionKey": None}]},
        whole | {"cancels": "x"},
    ]
    for call in ("ask", "cancel"):
        for trouble in (
            *NOBODY_KNOWS,
            *(error(code) for code in OUR_OWN_FAULT),
            error("FORBIDDEN_CONSECUTIVE_REQUEST"),
        ):
            made.next(call, trouble)
            assert isinstance(await gateway.refund(refund()), Unknown), (call, trouble)
    for answer in no_cancel:
        made.next("cancel", garbage(msgspec.json.encode(answer)))
        assert isinstance(await gateway.refund(refund()), Unknown), answer
    for answer in no_cancel[2:]:
        made.next("ask", garbage(msgspec.json.encode(answer)))
        assert isinstance(await gateway.ask_refund(ORDER, "refund-1"), Unknown), answer
    assert made.given_back_won(ORDER) == 0


async def test_a_paid_order_that_toss_does_not_know_is_told_to_the_operator(gateway: TossGateway) -> None:
    with capture_logs() as logs:
        assert isinstance(await gateway.refund(refund()), Unknown)
        assert isinstance(await gateway.ask_refund(ORDER, "refund-1"), Unknown)
    assert [log["event"] for log in logs] == ["toss_does_not_know_a_paid_order"] * 2


# Whatever happens

TROUBLES = st.sampled_from(
    [
        None,
        REQUEST_LOST,
        ANSWER_LOST,
        error("UNKNOWN_PAYMENT_ERROR", 500),
        garbage(),
        garbage(works=True),
        garbage(b"", 502, works=True),
        error("IDEMPOTENT_REQUEST_PROCESSING"),
        error("UNAUTHORIZED_KEY"),
    ]
)


class Story:
    """A payment and its refund as they are driven elsewhere: until decided, under the same ids."""

    def __init__(self, made: Toss, gateway: TossGateway, time: Time) -> None:
        self.made, self.gateway, self.time = made, gateway, time

    def trouble(self, call: str, troubles: list[Trouble | None]) -> None:
        self.made.next(call, *(one for one in troubles if one is not None))

    async def payment(self, declines: str | None) -> Asked:
        key = self.made.authenticate(ORDER, WON, declines=declines)
        outcome: Asked = await self.gateway.confirm(confirmation(key))
        while isinstance(outcome, Unknown):
            outcome = await self.gateway.ask(ORDER)
        return outcome

    async def giving_back(self) -> AskedRefund:
        outcome: AskedRefund = await self.gateway.refund(refund())
        while isinstance(outcome, Unknown):
            outcome = await self.gateway.ask_refund(ORDER, "refund-1")
            if isinstance(outcome, NotFound):
                self.time.now += timedelta(minutes=1)
                outcome = await self.gateway.refund(refund())
        return outcome


@settings(max_examples=25, deadline=None)
@given(
    declines=st.sampled_from([None, None, "REJECT_CARD_PAYMENT"]),
    confirms=st.lists(TROUBLES, max_size=1),
    asks=st.lists(TROUBLES, max_size=4),
    cancels=st.lists(TROUBLES, max_size=3),
)
def test_what_is_told_is_what_was_charged_and_given_back_whatever_happens(
    declines: str | None,
    confirms: list[Trouble | None],
    asks: list[Trouble | None],
    cancels: list[Trouble | None],
) -> None:
    async def play() -> None:
        time = Time()
        async with toss(time) as made, gateway_of(made, deadline_seconds=0.15) as gateway:
            story = Story(made, gateway, time)
            story.trouble("confirm", confirms)
            story.trouble("ask", asks)
            outcome = await story.payment(declines)
            charged = made.charged_won(ORDER)
            if isinstance(outcome, Approved):
                assert charged == WON
                story.trouble("cancel", cancels)
                assert isinstance(await story.giving_back(), Refunded)
                assert made.given_back_won(ORDER) == WON
            else:
                assert isinstance(outcome, Declined | NotFound)
                assert charged == 0

    asyncio.run(play())


@given(st.text(), st.text(alphabet="abcXYZ019_-", min_size=1, max_size=44))
def test_a_cancels_reason_always_ends_with_our_id_and_fits(reason: str, refund_id: str) -> None:
    said = cancel_reason(reason, refund_id)
    assert said.endswith(f"[{refund_id}]")
    assert said == said.strip(), "nothing that somebody might cut off"
    assert len(said) <= REASON_CHARACTERS
    assert said.isprintable()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("12345678****000*", "123456******000*"),
        ("1234567890123456", "123456******3456"),
        ("1234-5678-9012-3456", "1234-56**-****-3456"),
        ("123456******3456", "123456******3456"),
        ("123456**********", "123456**********"),
        ("", ""),
        (None, None),
    ],
)
def test_a_card_number_shows_ten_digits_at_most(number: str | None, shown: str | None) -> None:
    assert masked(number) == shown
