"""Form tokens, where a form may come from, and how much of one is read."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

from cheonggu.web import forms

KEY = bytes(range(32))
CODE = "abcdefghijklmnopqrstuv"
HOUR = forms.HOUR_SECONDS
MADE_AT = 500_000 * HOUR
PUBLIC = "https://bills.example.com"


@pytest.mark.parametrize(
    ("later_seconds", "good"),
    [
        (0, True),
        (HOUR - 1, True),
        (HOUR, True),
        (2 * HOUR - 1, True),
        (2 * HOUR, False),
        (24 * HOUR, False),
        (-1, False),
    ],
)
def test_a_token_is_good_in_its_hour_and_in_the_next(later_seconds: int, good: object) -> None:
    made = forms.token(KEY, CODE, "card", MADE_AT)
    assert forms.genuine(KEY, CODE, "card", made, MADE_AT + later_seconds) is good


@pytest.mark.parametrize(
    ("key", "code", "purpose"),
    [
        (bytes(32), CODE, "card"),
        (KEY, CODE.upper(), "card"),
        (KEY, CODE, "other"),
        (KEY, f"{CODE}\ncard", ""),
    ],
)
def test_a_token_is_bound_to_key_bill_and_purpose(key: bytes, code: str, purpose: str) -> None:
    made = forms.token(KEY, CODE, "card", MADE_AT)
    assert not forms.genuine(key, code, purpose, made, MADE_AT)


@pytest.mark.parametrize("given", ["", "0", "토큰", "\ud800", "a" * 5000, "\x00"])
def test_nonsense_is_no_token(given: str) -> None:
    assert not forms.genuine(KEY, CODE, "card", given, MADE_AT)


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": PUBLIC}, True),
        ({"origin": PUBLIC}, False),
        ({"origin": "https://BILLS.example.com"}, False),
        ({"origin": "http://192.168.0.7:8080"}, False),
        ({"origin": "https://192.168.0.7:8080"}, True),
        ({"origin": "http://bills.example.com"}, True),
        ({"origin": "https://bills.example.com.evil.example"}, True),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
    ],
)
def test_a_form_of_another_site_is_told(headers: dict[str, str], elsewhere: object) -> None:
    sent = Headers({"host": "192.168.0.7:8080", **headers})
    assert forms.from_elsewhere(sent, "http", PUBLIC) is elsewhere


def posted(body: bytes, headers: Mapping[str, str], chunk_bytes: int = 1000) -> Request:
    """A POST whose body arrives in chunks."""
    chunks = [body[i : i + chunk_bytes] for i in range(0, len(body), chunk_bytes)] or [b""]
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


URLENCODED = {"content-type": forms.CONTENT_TYPE}


async def test_fields_are_read_as_they_were_typed() -> None:
    fields = {"outcome": "APPROVE", "months": "3", "memo": "한글 & = +"}
    charset = {"content-type": f"{forms.CONTENT_TYPE.upper()}; charset=UTF-8"}
    assert await forms.read(posted(urlencode(fields).encode(), charset, chunk_bytes=5)) == fields


async def test_of_a_repeated_field_the_last_counts() -> None:
    assert await forms.read(posted(b"a=1&a=2&b=", URLENCODED)) == {"a": "2", "b": ""}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"a=1", {}, 415),
        (b"a=1", {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b'{"a": 1}', {"content-type": "application/json"}, 415),
        (b"a=1", {"content-type": "text/plain"}, 415),
        (b"a=" + b"x" * forms.BODY_LIMIT_BYTES, URLENCODED, 413),
        (b"&".join(b"a=1" for _ in range(forms.FIELD_LIMIT + 1)), URLENCODED, 400),
        ("a=한글".encode(), URLENCODED, 400),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(forms.FormRefused) as refused:
        await forms.read(posted(body, headers))
    assert refused.value.status == status


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    body = b"a=" + b"x" * (forms.BODY_LIMIT_BYTES - 2)
    assert len((await forms.read(posted(body, URLENCODED)))["a"]) == forms.BODY_LIMIT_BYTES - 2
