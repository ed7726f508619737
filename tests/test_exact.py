"""Bodies with nothing to be judged are read in one go, and never otherwise than the long way reads them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from cheonggu.domain.codes import Refused
from cheonggu.web import wire
from cheonggu.web.parse import Exact, Shape, parse_object
from tests.test_wire import a_bill

CREATE = Exact(wire.BillRequest)
LONG_WAY = (Shape(wire.Identity), Shape(wire.CreateBillInfo))


def a_request(**bill: Any) -> dict[str, Any]:
    return {"apiKey": "k", "member": "m", "merchant": "c", "bill": a_bill(**bill)}


def as_bytes(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def read_the_long_way(body: bytes) -> dict[str, Any] | None:
    try:
        tree = parse_object(body)
        identity, bill = LONG_WAY[0].read(tree), LONG_WAY[1].read(tree.get("bill"), "bill")
    except Refused:
        return None
    return told(identity) | {"bill": told(bill)}


def told(struct: msgspec.Struct) -> dict[str, Any]:
    """Its fields; one that was left empty counts as left out."""
    fields = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {name: value for name, value in fields.items() if value not in (UNSET, "") and name != "bill"}


def read_at_once(body: bytes) -> dict[str, Any] | None:
    request = CREATE.read(body)
    if request is None:
        return None
    assert isinstance(request.bill, wire.CreateBillInfo)
    return told(request) | {"bill": told(request.bill)}


def test_a_usual_body_is_read_at_once() -> None:
    full = a_request(
        billIssuer="가온",
        supplyPrice="9000",
        tax="1000",
        message="안녕",
        expireDt="",
        pageRedirectUrl="https://a/",
    )
    for tree in (a_request(), full):
        read = read_at_once(as_bytes(tree))
        assert read is not None
        assert read == read_the_long_way(as_bytes(tree))


UNUSUAL = {
    "no bill": as_bytes({"apiKey": "k", "member": "m", "merchant": "c"}),
    "a null": as_bytes(a_request(message=None)),
    "a number": as_bytes(a_request(price=10000)),
    "a field of one's own": as_bytes(a_request() | {"more": 1}),
    "one in the bill": as_bytes(a_request(more={"deep": [1]})),
    "an escaped NUL": as_bytes(a_request()).replace(b"TEST0001", b"TEST\\u0000"),
    "not UTF-8": as_bytes(a_request()).replace("수강료".encode(), b"\xff\xfe"),
    "not UTF-8, where nobody reads": as_bytes(a_request() | {"x": "QQ"}).replace(b"QQ", b"\xff\xfe"),
    "cut off": as_bytes(a_request())[:-1],
    "a list": b"[]",
    "nothing": b"",
    "deep": b'{"apiKey":' + b"[" * 100_000,
    "no name": as_bytes(a_request(memberName="")),
    "twice, wrong at first": as_bytes(a_request()).replace(b'"apiKey"', b'"apiKey": 1, "apiKey"', 1),
}


@pytest.mark.parametrize("body", UNUSUAL.values(), ids=UNUSUAL)
def test_whatever_has_to_be_judged_is_left_to_the_long_way(body: bytes) -> None:
    assert CREATE.read(body) is None


VALUES: list[object] = [None, True, 0, 7, 1.5, "", "1", "가", "TALK", "URL", [], ["x"], {}, {"x": {"y": []}}]
ANYTHING = st.sampled_from(VALUES)
CHANGES = st.dictionaries(
    st.sampled_from([*wire.CreateBillInfo.__struct_fields__, "more"]), ANYTHING, max_size=3
)


@given(CHANGES, st.dictionaries(st.sampled_from(["apiKey", "member", "bill", "x"]), ANYTHING, max_size=1))
def test_what_is_read_at_once_is_what_the_long_way_reads(bill: dict[str, Any], head: dict[str, Any]) -> None:
    agree(as_bytes(a_request(**bill) | head))


@given(st.data())
def test_no_change_of_a_few_bytes_makes_the_two_differ(data: st.DataObject) -> None:
    body = bytearray(as_bytes(a_request(message="a\\b", tax="")))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"{", b"}", b",", b":", b"\x00", b"\xff", b" ", b"\\u0000", b"0"]
            )
        )
    agree(bytes(body))


@example(as_bytes(a_request()) + b" ")
@example(as_bytes(a_request()) + b"x")
@given(st.binary(max_size=20))
def test_nor_do_a_few_bytes_behind_it(more: bytes) -> None:
    agree(more if more.startswith(b"{") else as_bytes(a_request()) + more)


def agree(body: bytes) -> None:
    read = read_at_once(body)
    assert read is None or read == read_the_long_way(body)
