"""When a partner's answer counts as received, and what its developer is told otherwise (D)."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain.acceptance import why_not_accepted


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"0000"}',
        b' {"code" : "0000", "message": "\xec\x84\xb1\xea\xb3\xb5"} \r\n',
        b'{"code":"1","code":"0000"}',
        b'{"c\\u006fde":"\\u0030000"}',
        b'\xef\xbb\xbf{"code":"0000"}',
        b'{"code":"0000","at":' + b"9" * 5000 + b"}",
        b'{"code":"0000","at":1e400}',
        b'{"code":"0000","data":' + b"[" * 50 + b"]" * 50 + b"}",
        b'{"code":"0000","x":"\\ud800"}',
    ],
)
def test_200_and_the_string_0000_is_accepted(body: bytes) -> None:
    assert why_not_accepted(200, body) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "HTTP 500으로 답했어요"),
        (404, "HTTP 404로 답했어요"),
        (403, "HTTP 403으로 답했어요"),
        (401, "HTTP 401로 답했어요"),
        (406, "HTTP 406으로 답했어요"),
        (418, "HTTP 418로 답했어요"),
        (201, "HTTP 201로 답했어요. 200이어야 해요"),
        (204, "HTTP 204로 답했어요. 200이어야 해요"),
        (299, "HTTP 299로 답했어요. 200이어야 해요"),
        (300, "HTTP 300으로 답했어요. 리다이렉트는 따라가지 않아요"),
        (399, "HTTP 399로 답했어요. 리다이렉트는 따라가지 않아요"),
        (400, "HTTP 400으로 답했어요"),
        (302, "HTTP 302로 답했어요. 리다이렉트는 따라가지 않아요"),
        (101, "HTTP 101로 답했어요"),
    ],
)
def test_another_status_is_not_whatever_the_body_says(status: int, reason: str) -> None:
    assert why_not_accepted(status, b'{"code":"0000"}') == reason


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b"", "본문이 비어 있어요"),
        (b" \r\n", "본문이 비어 있어요"),
        (b"OK", "본문이 JSON이 아니에요"),
        (b"0000", "본문이 JSON이 아니에요"),
        (b"{'code':'0000'}", "본문이 JSON이 아니에요"),
        (b'{"code":"0000"', "본문이 JSON이 아니에요"),
        (b'{"code":"0000"}{}', "본문이 JSON이 아니에요"),
        (b'{"code":"0000","x":NaN}', "본문이 JSON이 아니에요"),
        (b'{"code":"0000","x":-Infinity}', "본문이 JSON이 아니에요"),
        (b'{"code":"0000"}\x00', "본문이 JSON이 아니에요"),
        (b"<!doctype html><p>0000", "본문이 JSON이 아니라 HTML이나 XML이에요"),
        (b" <html>", "본문이 JSON이 아니라 HTML이나 XML이에요"),
        (b'<?xml version="1.0"?>', "본문이 JSON이 아니라 HTML이나 XML이에요"),
        ('{"code":"0000","message":"성공"}'.encode("euc-kr"), "본문이 UTF-8이 아니에요"),
        ('{"code":"0000"}'.encode("utf-16"), "본문이 UTF-8이 아니에요"),
        (b'{"code":"0000","x":"\xed\xa0\x80"}', "본문이 UTF-8이 아니에요"),
        (b'"0000"', "본문이 JSON 객체가 아니라 문자열이에요"),
        (b'["0000"]', "본문이 JSON 객체가 아니라 배열이에요"),
        (b"0", "본문이 JSON 객체가 아니라 숫자 0이에요"),
        (b"null", "본문이 JSON 객체가 아니라 null이에요"),
        (b"true", "본문이 JSON 객체가 아니라 불리언 true예요"),
        (b"{}", '본문에 code가 없어요. 문자열 "0000"이어야 해요'),
        (b'{"CODE":"0000"}', '본문에 code가 없어요. 문자열 "0000"이어야 해요'),
        (b'{"data":{"code":"0000"}}', '본문에 code가 없어요. 문자열 "0000"이어야 해요'),
        (b'{"code":"1"}', 'code가 "1"이에요. "0000"이어야 해요'),
        (b'{"code":"0000","code":"9999"}', 'code가 "9999"예요. "0000"이어야 해요'),
        (b'{"code":"0000 "}', 'code가 "0000 "이에요. "0000"이어야 해요'),
        (b'{"code":""}', 'code가 ""이에요. "0000"이어야 해요'),
        ('{"code":"성공"}'.encode(), 'code가 "성공"이에요. "0000"이어야 해요'),
        ('{"code":"가"}'.encode(), 'code가 "가"예요. "0000"이어야 해요'),
        ('{"code":"힣"}'.encode(), 'code가 "힣"이에요. "0000"이어야 해요'),
        (b'{"code":"d"}', 'code가 "d"이에요. "0000"이어야 해요'),
        (b'{"code":"X"}', 'code가 "X"이에요. "0000"이어야 해요'),
        (b'{"code":"' + b"x" * 40 + b'"}', f'code가 "{"x" * 40}"이에요. "0000"이어야 해요'),
        ('{"code":"실패"}'.encode(), 'code가 "실패"예요. "0000"이어야 해요'),
        ('{"code":"００００"}'.encode(), 'code가 "００００"이에요. "0000"이어야 해요'),
        (b'{"code":"\\u0000\\ud800"}', 'code가 "\\u0000\\ud800"이에요. "0000"이어야 해요'),
        (b'{"code":"' + b"x" * 60_000 + b'"}', f'code가 "{"x" * 40}…"이에요. "0000"이어야 해요'),
        (b'{"code":0}', 'code가 숫자 0이에요. 문자열 "0000"이어야 해요'),
        (b'{"code":0.0}', 'code가 숫자 0.0이에요. 문자열 "0000"이어야 해요'),
        (b'{"code":2e2}', 'code가 숫자 2e2예요. 문자열 "0000"이어야 해요'),
        (b'{"code":0000}', "본문이 JSON이 아니에요"),
        (b'{"code":' + b"1" * 60_000 + b"}", f'code가 숫자 {"1" * 40}…이에요. 문자열 "0000"이어야 해요'),
        (b'{"code":null}', 'code가 null이에요. 문자열 "0000"이어야 해요'),
        (b'{"code":true}', 'code가 불리언 true예요. 문자열 "0000"이어야 해요'),
        (b'{"code":["0000"]}', 'code가 배열이에요. 문자열 "0000"이어야 해요'),
        (b'{"code":{}}', 'code가 객체예요. 문자열 "0000"이어야 해요'),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_200_with_another_body_is_not(body: bytes, rest: str) -> None:
    assert why_not_accepted(200, body) == f"200으로 답했지만 {rest}"


@pytest.mark.parametrize("body", [b"[" * 65_536, b'{"a":' * 12_000, b'{"x":' + b"[" * 60_000 + b"]" * 60_000])
def test_a_bottomless_body_is_not(body: bytes) -> None:
    assert why_not_accepted(200, body) in (
        "200으로 답했지만 본문이 너무 깊게 중첩되어 있어요",
        "200으로 답했지만 본문이 JSON이 아니에요",  # where Python's own limit lies is the version's matter
    )


@pytest.mark.parametrize(
    ("encoding", "body", "named"),
    [
        ("gzip", gzip.compress(b'{"code":"0000"}'), "gzip"),
        (None, gzip.compress(b'{"code":"0000"}'), "gzip"),
        (" GZIP ", b'{"code":"0000"}', "gzip"),
        ("br", b"\x0b\x02", "br"),
        ("identity, deflate", b"x", "deflate"),
        *((token, b"x", token) for token in ("x-gzip", "compress", "x-compress", "zstd")),
    ],
)
def test_a_compressed_body_is_not(encoding: str | None, body: bytes, named: str) -> None:
    reason = why_not_accepted(200, body, encoding)
    assert reason == f"200으로 답했지만 본문이 압축되어 있어요({named}). 압축하지 않고 답해야 해요"


@pytest.mark.parametrize("encoding", [None, "", "identity", "utf-8", "UTF-8, identity"])
def test_an_encoding_that_changes_nothing_is_no_matter(encoding: str | None) -> None:
    assert why_not_accepted(200, b'{"code":"0000"}', encoding) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.integers(0, 999), st.binary(max_size=200), st.none() | st.text())
def test_no_bytes_break_it(status: int, body: bytes, encoding: str | None) -> None:
    reason = why_not_accepted(status, body, encoding)
    assert reason is None or reason.encode()


@given(json_values)
def test_no_code_but_the_right_one_is_accepted(code: object) -> None:
    reason = why_not_accepted(200, json.dumps({"code": code}).encode())
    assert (reason is None) is (code == "0000")
    if reason is not None:
        assert reason.isprintable()
        assert len(reason.encode()) < 400
