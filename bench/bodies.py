"""Requests, made ahead as the bytes that go over the wire, so that none of it is done while time runs."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import Final

import msgspec

_NAMES: Final = ("김서연", "이도윤", "박하은", "최지호", "정예린", "강시우", "조수아", "윤은우")
_PRODUCTS: Final = ("11월 수강료", "피아노 레슨 4회", "필라테스 3개월", "관리비", "겨울 특강 교재")


class Who(msgspec.Struct, frozen=True):
    """As whom one calls."""

    api_key: str
    member: str
    merchant: str


class Creates(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """New bills under random ids, spread evenly over callers and over callback URLs."""

    callers: list[Who]
    send_type: str
    count: int
    callback_urls: tuple[str, ...] = ("https://partner.example/callback",)


class Reads(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Each bill is read, in random order, again and again."""

    caller: Who
    bill_ids: list[str]
    count: int


class Destroys(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Each bill is destroyed once. A bill is its id and its price."""

    caller: Who
    bills: list[tuple[str, str]]


class Pages(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The payer's page of each short code, in random order, again and again."""

    codes: list[str]
    count: int


class Pays(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Each bill of the sandbox's partner is paid once."""

    bill_ids: list[str]


Requests = Creates | Reads | Destroys | Pages | Pays


def prepare(requests: Requests) -> tuple[list[bytes], bytes]:
    """The requests' bytes, and what a right answer to any of them contains."""
    chance = random.Random()  # noqa: S311 - no secrets
    match requests:
        case Creates():
            return [_create(requests, nth, chance) for nth in range(requests.count)], OK
        case Reads(caller=caller, bill_ids=ids):
            bills = chance.choices(ids, k=requests.count)
            return [_post("/bill/read", caller, f'{{"billId":"{one}"}}') for one in bills], OK
        case Destroys(caller=caller, bills=bills):
            return [_post("/bill/destroy", caller, _destroy(*bill)) for bill in bills], OK
        case Pages(codes=codes):
            pages = chance.choices(codes, k=requests.count)
            return [_page(code) for code in pages], b"</html>"
        case Pays(bill_ids=ids):
            return [_pay(bill_id) for bill_id in ids], b'"state":"F"'


OK: Final = b'"code":"0000"'


def _create(requests: Creates, nth: int, chance: random.Random) -> bytes:
    bill_id = f"{chance.getrandbits(80):020x}"
    phone = f"010{chance.randrange(10**8):08}"
    price = str(chance.randrange(1_000, 1_000_000))
    callback_url = requests.callback_urls[nth % len(requests.callback_urls)]
    bill = (
        f'{{"billId":"{bill_id}","sendType":"{requests.send_type}",'
        f'"productName":"{chance.choice(_PRODUCTS)}","price":"{price}",'
        f'"memberName":"{chance.choice(_NAMES)}","phone":"{phone}",'
        f'"message":"이번 달도 잘 부탁드려요.","hash":"{_hash(bill_id, phone, price)}",'
        f'"callbackUrl":"{callback_url}"}}'
    )
    return _post("/bill", requests.callers[nth % len(requests.callers)], bill)


def _destroy(bill_id: str, price: str) -> str:
    return f'{{"billId":"{bill_id}","price":"{price}","hash":"{_hash(bill_id, price)}"}}'


def _page(code: str) -> bytes:
    return f"GET /p/{code} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _pay(bill_id: str) -> bytes:
    return _request("/sandbox/pay", f'{{"billId":"{bill_id}","outcome":"APPROVE"}}')


def _post(path: str, who: Who, bill: str) -> bytes:
    return _request(
        path,
        f'{{"apiKey":"{who.api_key}","member":"{who.member}","merchant":"{who.merchant}","bill":{bill}}}',
    )


def _request(path: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _hash(*parts: str) -> str:
    return sha256(",".join(parts).encode()).hexdigest()
