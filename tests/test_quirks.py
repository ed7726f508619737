"""What a partner's switches make of the fields that it is told."""

from __future__ import annotations

import msgspec
import pytest

from cheonggu.domain import quirks
from cheonggu.domain.approval_fields import NAMES
from cheonggu.domain.quirks import KEY_IN_CALLBACK, NONE, PROFILES, Quirks, snake_case

FIELDS: dict[str, str | None] = {
    "apiKey": "key",
    "billId": "B",
    "apprNum": "1" * 14,
    "apprDt": "20261126074213",
    "apprOriginDt": None,
    "apprCancelDt": "",
    "apprState": "F",
    "apprPrice": "900",
}


def test_a_partner_without_switches_is_told_everything_as_it_is() -> None:
    plain = {
        "answer_field": "message",
        "callback_fields": "all",
        "callback_spelling": "camelCase",
        "date_digits": 14,
    }
    assert msgspec.structs.asdict(NONE) == plain
    assert list(NONE.called_back(FIELDS).items()) == list(FIELDS.items())


@pytest.mark.parametrize("name", ["apprDt", "apprOriginDt", "apprCancelDt"])
def test_twelve_digits_leave_out_the_seconds_of_every_date(name: str) -> None:
    assert Quirks(date_digits=12).dated({name: "20261126074213"}) == {name: "202611260742"}
    assert NONE.dated({name: "20261126074213"}) == {name: "20261126074213"}


def test_nothing_but_dates_is_cut() -> None:
    assert Quirks(date_digits=12).dated(FIELDS) == FIELDS | {"apprDt": "202611260742"}
    assert set(quirks.DATES) == {name for name in NAMES if name.endswith("Dt")} | {"apprCancelDt"}


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        (
            Quirks(callback_fields="three"),
            {"apiKey": "key", "billId": "B", "apprState": "F", "apprPrice": "900"},
        ),
        (
            Quirks(callback_fields="three", callback_spelling="snake_case"),
            {"api_key": "key", "bill_id": "B", "appr_state": "F", "appr_price": "900"},
        ),
        (Quirks(date_digits=12), FIELDS | {"apprDt": "202611260742"}),
        (
            Quirks(callback_spelling="snake_case", date_digits=12),
            {
                "api_key": "key",
                "bill_id": "B",
                "appr_num": "1" * 14,
                "appr_dt": "202611260742",
                "appr_origin_dt": None,
                "appr_cancel_dt": "",
                "appr_state": "F",
                "appr_price": "900",
            },
        ),
    ],
    ids=str,
)
def test_a_callback_has_the_fields_the_spelling_and_the_dates_of_its_switches(
    switches: Quirks, told: dict[str, str | None]
) -> None:
    assert list(switches.called_back(FIELDS).items()) == list(told.items())


def test_every_field_in_snake_case_can_be_told_from_every_other_and_led_back() -> None:
    for name in NAMES:
        first, *others = snake_case(name).split("_")
        assert first + "".join(word.title() for word in others) == name
    assert snake_case("apprCashIssuanceNumber") == "appr_cash_issuance_number"
    assert len({snake_case(name) for name in NAMES}) == len(NAMES)


TAKEN: dict[str, list[object]] = {
    "answer_field": ["message", "msg", "both"],
    "callback_fields": ["all", "three"],
    "callback_spelling": ["camelCase", "snake_case"],
    "date_digits": [12, 14],
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_switch_takes_these_positions_and_no_other(name: str) -> None:
    for position in TAKEN[name]:
        assert getattr(msgspec.convert({name: position}, Quirks), name) == position
    for other in ("", 13, "x"):
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert({name: other}, Quirks)


def test_a_dated_profile_says_whether_callbacks_hold_the_key() -> None:
    assert PROFILES == ("docs", "sandbox-2026-08", "live-2026-09")
    assert KEY_IN_CALLBACK == {"sandbox-2026-08": False, "live-2026-09": True}
