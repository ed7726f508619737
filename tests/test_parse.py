"""Reading bodies strictly, by tables and against the standard library's reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.web.parse import parse_object

NOT_JSON = "본문: 올바른 JSON이어야 합니다."
NO_UTF8 = "본문: UTF-8이어야 합니다."
NO_NUL = "본문: NUL 문자는 쓸 수 없습니다."
NO_OBJECT = "본문: JSON 객체여야 합니다."
TOO_DEEP = "본문: 중첩은 32단계까지입니다."
EMPTY = "본문: 비어 있습니다. JSON 객체를 보내 주세요."

REFUSED: list[tuple[bytes, str]] = [
    (b"", EMPTY),
    (b" \n", EMPTY),
    (b"\xef\xbb\xbf{}", "본문: BOM 없는 UTF-8이어야 합니다."),
    (b"[]", NO_OBJECT),
    (b'"text"', NO_OBJECT),
    (b"null", NO_OBJECT),
    (b"{", NOT_JSON),
    (b"{} x", NOT_JSON),
    (b"{}{}", NOT_JSON),
    (b"{}\0", NOT_JSON),
    (b'{"x":1,}', NOT_JSON),
    (b"{'x':1}", NOT_JSON),
    (b'{"x":NaN}', NOT_JSON),
    (b'{"x":Infinity}', NOT_JSON),
    (b'{"x":-Infinity}', NOT_JSON),
    (b'{"x":1e999}', NOT_JSON),
    (b'{"x":01}', NOT_JSON),
    (b'{"x":+1}', NOT_JSON),
    (b'{"x":.5}', NOT_JSON),
    (b'{"x":"a\x01"}', NOT_JSON),
    (b'{"x":"a\x00"}', NOT_JSON),
    (b'{"x":"a\nb"}', NOT_JSON),
    (b'{"x":"\\q"}', NOT_JSON),
    (b'{"x":"\\u12"}', NOT_JSON),
    (b'{"x":"\\ud800"}', NOT_JSON),
    (b'{"x":"\\udc00"}', NOT_JSON),
    (b'{"x":"\\ud800\\ud800"}', NOT_JSON),
    (b'{"x":"\\ud800 "}', NOT_JSON),
    (b'{"\\udfff":1}', NOT_JSON),
    (b'{"x":"\\u0000"}', NO_NUL),
    (b'{"x":"\\\\\\u0000"}', NO_NUL),
    (b'{"\\u0000":1}', NO_NUL),
    (b'{"x":[{"y":"a\\u0000b"}]}', NO_NUL),
    (b'{"x":"\xff"}', NO_UTF8),
    (b'{"\xff":1}', NO_UTF8),
    (b'{"x":"\xed\xa0\x80"}', NO_UTF8),
    (b'{"x":"\xc0\x80"}', NO_UTF8),
    (b'{"x":"\xf4\x90\x80\x80"}', NO_UTF8),
    (b'{"x":' * 33 + b"1" + b"}" * 33, TOO_DEEP),
    (b'{"x":' + b"[" * 32 + b"]" * 32 + b"}", TOO_DEEP),
    (b'{"x":1,"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", TOO_DEEP),
    (b"[" * 60_000, TOO_DEEP),
]


@pytest.mark.parametrize(("body", "sentence"), REFUSED, ids=lambda value: repr(value)[:40])
def test_a_body_that_is_no_sound_json_object_is_refused_in_words(body: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_object(body)
    assert refused.value.code is codes.VALIDATION_001
    assert refused.value.message == sentence
    assert refused.value.__cause__ is None


ACCEPTED: list[tuple[bytes, dict[str, Any]]] = [
    (b"{}", {}),
    (b' \r\n\t{"x" : 1 } ', {"x": 1}),
    (b'{"x":1,"x":"last"}', {"x": "last"}),
    (b'{"x":"\\ud83d\\ude00"}', {"x": "\U0001f600"}),
    (b'{"x":"\\\\u0000"}', {"x": "\\u0000"}),
    (b'{"x":"\\u0001"}', {"x": "\x01"}),
    (b'{"x":"' + b"[{" * 200 + b'"}', {"x": "[{" * 200}),
    (b'{"x":"\\"' + b"[" * 50 + b'"}', {"x": '"' + "[" * 50}),
    (b'{"x":[' + b"[]," * 60 + b"[]]}", {"x": [[]] * 61}),
    (b'{"x":' * 32 + b"1" + b"}" * 32, json.loads(b'{"x":' * 32 + b"1" + b"}" * 32)),
    (b'{"x":' + b"9" * 40 + b"}", {"x": int("9" * 40)}),
    ('{"키":"값"}'.encode(), {"키": "값"}),
]


@pytest.mark.parametrize(("body", "wanted"), ACCEPTED, ids=lambda value: repr(value)[:40])
def test_sound_json_is_read_as_it_is(body: bytes, wanted: dict[str, Any]) -> None:
    assert parse_object(body) == wanted


Text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
Number = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
Json = st.recursive(
    st.none() | st.booleans() | Number | Text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(Text, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(Text, Json, max_size=6), st.booleans())
def test_every_object_is_read_back(tree: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001
    assert parse_object(json.dumps(tree, ensure_ascii=ascii_only).encode()) == tree


@given(st.text('\\u0"[{\0', max_size=12), st.text('\\u0"\0', max_size=12))
def test_a_nul_is_found_wherever_it_hides_and_nothing_else_is_taken_for_one(key: str, text: str) -> None:
    body = json.dumps({key: {"unknown": [text]}}).encode()
    assert (read(body) == NO_NUL) == ("\0" in key + text)


PIECES = rb'{ } [ ] " : , \ \u u0000 d800 dc00 0 1e9 - x true null NaN {"a": "b"'.split()
UNSEEN = (b"\0", b"\n", b" ", b"\xff", b"\xed\xa0\x80")


@given(st.lists(st.sampled_from((*PIECES, *UNSEEN)), max_size=25).map(b"".join) | st.binary(max_size=40))
def test_no_body_breaks_the_reader_and_what_it_takes_means_the_same_to_others(body: bytes) -> None:
    tree = read(body)
    if not isinstance(tree, str):
        assert json.loads(body.decode("utf-8")) == tree


def read(body: bytes) -> dict[str, Any] | str:
    """The object, or the sentence that refuses it."""
    try:
        return parse_object(body)
    except Refused as refused:
        return refused.message
