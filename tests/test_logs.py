"""Logs: one line a record, no secrets, and nothing in them that steers a terminal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from cheonggu import logs


@pytest.fixture(params=[False, True], ids=["json", "readable"])
def stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    taken = io.StringIO()
    logs.configure(readable=request.param, stream=taken)
    yield taken
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("given", "never"),
    [
        ({"api_key": "sandbox-key"}, "sandbox-key"),
        ({"apiKey": "sandbox-key"}, "sandbox-key"),
        ({"headers": {"Authorization": "Bearer x1"}}, "Bearer"),
        ({"dsn": "postgresql://u:hunter2@h/d"}, "hunter2"),
        ({"error": "cannot reach postgresql://u:hunter2@h/d"}, "hunter2"),
        ({"note": "whsec_c2FuZGJveA=="}, "c2FuZGJveA"),
        ({"note": f"key ck_{'a' * 28} used"}, "aaaaaaaa"),
        ({"error": "401 for test_sk_D5GePWvyJnrK"}, "D5GePWvyJnrK"),
        ({"error": "401 for live_gsk_D5GePWvyJnrK"}, "D5GePWvyJnrK"),
        ({"sent": "Authorization: Basic dGVzdF9za19leGFtcGxlOg=="}, "dGVzdF9za19leGFtcGxlOg"),
        ({"sent": f"ApiKey=N, Date=D, salt=s, signature={'ab' * 32}"}, "abab"),
        ({"toss_secret_key": "k1"}, "k1"),
        ({"solapi_api_secret": "k1"}, "k1"),
        ({"nhn_app_key": "k1", "senderKey": "k2"}, "k1"),
        ({"X-Secret-Key": "k1"}, "k1"),
        ({"paymentKey": "k1"}, "k1"),
        ({"window_key": "k1"}, "k1"),
        ({"memberName": "김서연"}, "김서연"),
        ({"payer_phone": "0212345678"}, "0212345678"),
        ({"to": "01012345678"}, "1234"),
        ({"error": "no such phone: 010-1234-5678"}, "1234"),
        ({"deep": [{"secret": "s3cret"}]}, "s3cret"),
    ],
)
def test_secrets_and_people_stay_out(stream: io.StringIO, given: dict[str, Any], never: str) -> None:
    structlog.get_logger().info("something happened", **given)
    assert never not in stream.getvalue()
    assert "something happened" in stream.getvalue()


HOSTILE = "a\nb\r\x1b[2J\x00\x85\u2028\u202e\x9b"


def test_a_record_is_one_line_whatever_strangers_send(stream: io.StringIO) -> None:
    structlog.get_logger().info(HOSTILE, value=HOSTILE, nested={HOSTILE: [HOSTILE]}, raw=HOSTILE.encode())
    logging.getLogger("uvicorn.error").error("from elsewhere: %s", HOSTILE)
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_a_traceback_cannot_pass_for_a_record(stream: io.StringIO) -> None:
    hostile = ValueError("12:00:00 info    forged\x1b[2J whsec_c2FuZGJveA==")
    structlog.get_logger().error("it broke", exc_info=hostile)
    text = stream.getvalue()
    assert "ValueError" in text
    assert "forged" not in text
    assert "\x1b" not in text
    lines = text.rstrip("\n").split("\n")
    assert len(lines) == 1 or all(line.startswith("    ") for line in lines[1:])


def test_an_exception_is_told_by_its_kind_and_place_and_not_by_its_words(stream: io.StringIO) -> None:
    try:
        int("김서연 님의 청구서")
    except ValueError:
        structlog.get_logger().exception("it broke")
        logging.getLogger("elsewhere").exception("it broke there")
    text = stream.getvalue()
    assert text.count("ValueError") == 2
    assert text.count("test_logs.py") == 2
    assert "김서연" not in text


def test_json_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(readable=False)
    structlog.get_logger().info("갔어요", count=3, none=None, flag=True)
    record = json.loads(capsys.readouterr().err)
    assert (record["event"], record["count"], record["none"], record["flag"]) == ("갔어요", 3, None, True)
    assert record["level"] == "info"
    assert record["timestamp"].endswith("Z")
    structlog.reset_defaults()
