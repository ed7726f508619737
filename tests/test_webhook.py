"""Standard Webhooks signatures (O)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain.webhook import decode_secret, sign, verify

SANDBOX_SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg="
PUBLISHED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


secrets_ = st.binary(min_size=24, max_size=64).map(secret_of)
ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1)
timestamps = st.integers(0, 2**40)
bodies = st.binary(max_size=300)


def test_the_published_example_of_standard_webhooks_comes_out() -> None:
    signature = sign([PUBLISHED_SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_sandbox_secret_is_read() -> None:
    assert decode_secret(SANDBOX_SECRET) == b"sandbox-webhook-secret-012345678"


@given(st.lists(secrets_, min_size=1, max_size=3), ids, timestamps, bodies)
def test_what_was_signed_verifies_with_each_live_secret(
    live: list[str], webhook_id: str, timestamp: int, body: bytes
) -> None:
    header = sign(live, webhook_id, timestamp, body)
    assert len(header.split(" ")) == len(live)
    assert all(verify([secret], webhook_id, timestamp, body, header) for secret in live)
    assert verify(live, webhook_id, timestamp, body, f"v0,x v2,y {header} z")


@given(secrets_, secrets_, ids, ids, timestamps, timestamps, bodies, bodies)
def test_nothing_else_verifies(
    secret: str, secret2: str, id_: str, id2: str, time: int, time2: int, body: bytes, body2: bytes
) -> None:
    header = sign([secret], id_, time, body)
    same = (secret, id_, time, body) == (secret2, id2, time2, body2)
    assert verify([secret2], id2, time2, body2, header) is same
    assert verify([secret], id2, time, body, header) is (id_ == id2)
    assert verify([secret], id_, time2, body, header) is (time == time2)
    assert verify([secret], id_, time, body2, header) is (body == body2)


@given(secrets_, st.text())
def test_no_header_breaks_verification(secret: str, header: str) -> None:
    assert not verify([secret], "evt", 1, b"{}", header)
    assert not verify([secret], "evt", 1, b"{}", f"v1,{header}")


def test_a_header_with_a_lone_surrogate_does_not_verify() -> None:
    assert not verify([SANDBOX_SECRET], "evt", 1, b"{}", "v1,\udcff")


@pytest.mark.parametrize(
    ("now", "fresh"), [(1000, True), (1300, True), (700, True), (1301, False), (699, False)]
)
def test_an_old_or_early_timestamp_is_refused(now: int, *, fresh: bool) -> None:
    header = sign([SANDBOX_SECRET], "evt", 1000, b"{}")
    assert verify([SANDBOX_SECRET], "evt", 1000, b"{}", header, now=now) is fresh


def test_no_secret_verifies_nothing() -> None:
    assert not verify([], "evt", 1, b"{}", sign([SANDBOX_SECRET], "evt", 1, b"{}"))


@pytest.mark.parametrize("webhook_id", ["", "a.b", "a b", "결제", "a\n"])
def test_an_id_that_could_be_read_two_ways_is_not_signed(webhook_id: str) -> None:
    with pytest.raises(ValueError, match="webhook-id"):
        sign([SANDBOX_SECRET], webhook_id, 1, b"{}")
    assert not verify([SANDBOX_SECRET], webhook_id, 1, b"{}", "v1,x")


def test_a_signature_of_the_same_text_parted_elsewhere_does_not_verify() -> None:
    header = sign([SANDBOX_SECRET], "a", 1, b"2.{}")
    assert not verify([SANDBOX_SECRET], "a.1", 2, b"{}", header)


def test_signing_with_no_secret_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="시크릿"):
        sign([], "evt", 1, b"{}")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "WHSEC_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg=",
        "c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg=",
        "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg",
        "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg= ",
        "whsec_c2FuZGJveC13ZWJob29r-XNlY3JldC0wMTIzNDU2Nzg=",
        "whsec_한글",
        secret_of(b"x" * 23),
        secret_of(b"x" * 65),
    ],
)
def test_a_wrong_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="웹훅 시크릿") as raised:
        decode_secret(secret)
    assert "c2Fu" not in str(raised.value)
