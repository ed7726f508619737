"""Solapi's answers read: what each status code says of a message, and what its records say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cheonggu.domain.message import AskedMessage, NeverHad, NotSent, Sent, Unsure
from cheonggu.providers.solapi_api import authorization
from cheonggu.providers.solapi_codes import FAULTS, REASONS, Fate, fate_of, reason_of
from cheonggu.providers.solapi_records import KEPT, MOST_TRIES, SKEW, Found, Record, told

TEMPLATES = frozenset({"KA01TP1", "KA01TP2"})
HANDED_AT = datetime.now(UTC).replace(microsecond=0)
ARRIVED_AT = HANDED_AT + timedelta(seconds=3)


def test_a_request_is_signed_as_solapi_publishes_it() -> None:
    header = authorization("KEY", "secret", "2026-01-01T00:00:00+09:00", "0123456789abcdef")
    assert header == (
        "HMAC-SHA256 ApiKey=KEY, Date=2026-01-01T00:00:00+09:00, salt=0123456789abcdef, "
        "signature=fa111b58bf480d2d11fffe5608065febacef048933876ccc99ade1bcb6c54f12"
    )


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        ("4000", Fate.DELIVERED),
        ("2000", Fate.UNDER_WAY),
        ("2100", Fate.UNDER_WAY),
        ("3000", Fate.UNDER_WAY),
        ("3104", Fate.NEVER),
        ("3107", Fate.NEVER),
        ("3010", Fate.NEVER),
        ("1060", Fate.NEVER),
        ("1999", Fate.NEVER),
        ("3999", Fate.NEVER),
        ("1010", Fate.AGAIN),
        ("1030", Fate.AGAIN),
        ("1041", Fate.AGAIN),
        ("1062", Fate.AGAIN),
        ("2062", Fate.AGAIN),
        ("2063", Fate.AGAIN),
        ("3101", Fate.AGAIN),
        ("3106", Fate.AGAIN),
        ("2230", Fate.AGAIN),
        ("1042", Fate.AGAIN),
        ("3103", Fate.AGAIN),
        ("3105", Fate.AGAIN),
        ("", Fate.UNDER_WAY),
        ("TEST1000", Fate.UNDER_WAY),
        ("4001", Fate.UNDER_WAY),
        ("9999", Fate.UNDER_WAY),
        ("31040", Fate.UNDER_WAY),
        ("３１０４", Fate.UNDER_WAY),
    ],
)
def test_a_code_says_what_becomes_of_a_message(code: str, fate: Fate) -> None:
    assert fate_of(code) is fate


def test_no_code_is_the_payers_and_the_operators() -> None:
    assert not REASONS.keys() & FAULTS.keys()
    assert {fate_of(code) for code in REASONS} == {Fate.NEVER}
    assert {fate_of(code) for code in FAULTS} == {Fate.AGAIN}


def test_a_code_that_nobody_knows_is_named() -> None:
    assert "1999" in reason_of("1999")


def record(code: object, *, mark: str | None = "m1-1-1", after_seconds: float = 1, **given: Any) -> Record:
    made_at = HANDED_AT + timedelta(seconds=after_seconds)
    fields: dict[str, Any] = {
        "message_id": "M4V1",
        "status_code": code,
        "custom_fields": {} if mark is None else {"messageId": mark},
        "kakao_options": {"pfId": "KA01PF1", "templateId": "KA01TP1"},
        "date_created": made_at.isoformat(),
        "date_received": ARRIVED_AT.isoformat().replace("+00:00", "Z"),
    }
    return Record(**(fields | given))


SENT = Sent("M4V1", ARRIVED_AT)
EARLIER = -SKEW.total_seconds() - 1


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([record("4000")], SENT),
        ([record(4000)], SENT),
        ([record("3104")], NotSent("3104", "카카오톡을 쓰지 않는 번호예요.")),
        ([record("2000")], Unsure),
        ([record("3000")], Unsure),
        ([record(None)], Unsure),
        ([record({"odd": 1})], Unsure),
        ([record("1042")], NeverHad()),
        ([], NeverHad()),
        # Several of one message
        ([record("1042"), record("4000"), record("3105")], SENT),
        ([record("3105"), record("2000")], Unsure),
        ([record("3105"), record("3104")], NotSent("3104", "카카오톡을 쓰지 않는 번호예요.")),
        ([record("3105")] * (MOST_TRIES - 1), NeverHad()),
        ([record("3105")] * MOST_TRIES, NotSent("3105", "등록되지 않은 템플릿이에요.")),
        (
            [record("3105"), *[record("3105", after_seconds=EARLIER)] * MOST_TRIES],
            NotSent("3105", "등록되지 않은 템플릿이에요."),
        ),
        # Of another one
        ([record("4000", mark="m1-2-1")], NeverHad()),
        ([record("4000", mark="m1-1-10")], NeverHad()),
        ([record("4000", after_seconds=EARLIER)], SENT),  # nobody else's has its mark
        ([record("2000", after_seconds=EARLIER)], Unsure),
        # Whose it is nobody knows
        ([record("4000", mark=None)], Unsure),
        ([record("4000", custom_fields=None)], Unsure),
        ([record("4000", custom_fields=["messageId"])], Unsure),
        ([record("4000", mark=None, after_seconds=EARLIER)], NeverHad()),
        ([record("4000", mark=None, kakao_options={"templateId": "KA01TP9"})], NeverHad()),
        ([record("4000", mark=None, kakao_options=None)], NeverHad()),
        ([record("4000", mark=None), record("4000")], SENT),
        # When it was made nobody knows
        ([record("4000", date_created=None)], SENT),
        ([record("4000", date_created="soon")], SENT),
    ],
)
def test_records_say_together_what_became_of_a_message(
    records: list[Record], verdict: AskedMessage | type[Unsure]
) -> None:
    said = told(Found(records, whole=True), "m1-1-1", HANDED_AT, TEMPLATES)
    assert isinstance(said, verdict) if isinstance(verdict, type) else said == verdict


@pytest.mark.parametrize(
    ("given", "sent_at"),
    [
        ({}, ARRIVED_AT),
        (
            {"date_received": None, "date_reported": "2026-11-26T03:00:00.5+09:00"},
            "2026-11-25T18:00:00.5+00:00",
        ),
        (
            {"date_received": "2026-11-26 03:00:00", "date_reported": "2026-11-26T03:00:00Z"},
            "2026-11-26T03:00:00+00:00",
        ),
        ({"date_received": 5, "date_updated": "2026-11-26T03:00:00Z"}, "2026-11-26T03:00:00+00:00"),
        ({"date_received": ""}, HANDED_AT + timedelta(seconds=1)),
    ],
)
def test_when_it_arrived_is_the_best_that_a_record_tells(
    given: dict[str, Any], sent_at: datetime | str
) -> None:
    said = told(Found([record("4000", **given)], whole=True), "m1-1-1", HANDED_AT, TEMPLATES)
    expected = datetime.fromisoformat(sent_at) if isinstance(sent_at, str) else sent_at
    assert said == Sent("M4V1", expected)


def test_an_arrival_without_any_date_is_of_now() -> None:
    odd = record("4000", date_created=None, date_received=None)
    said = told(Found([odd], whole=True), "m1-1-1", HANDED_AT, TEMPLATES)
    assert isinstance(said, Sent)
    assert abs(said.sent_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("found", "handed_at"),
    [
        (Found([], whole=False), HANDED_AT),
        (Found([record("1042")], whole=False), HANDED_AT),
        (Found([], whole=True), HANDED_AT - KEPT),
    ],
    ids=["more than was read", "more than was read of its own", "older than what is kept"],
)
def test_that_it_was_never_there_is_not_said_of_what_nobody_can_see(
    found: Found, handed_at: datetime
) -> None:
    assert isinstance(told(found, "m1-1-1", handed_at, TEMPLATES), Unsure)


def test_what_was_found_counts_though_there_is_more() -> None:
    assert told(Found([record("4000")], whole=False), "m1-1-1", HANDED_AT, TEMPLATES) == SENT
