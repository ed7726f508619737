"""No name, phone, key, link or number of a card or an approval gets into a report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from cheonggu.conform.checks import chosen
from cheonggu.conform.masking import Masks
from cheonggu.conform.report import document
from cheonggu.conform.target import PAYER, Who
from cheonggu.conform.wire import Answer, Exchange
from tests.conform_proxy import Answer as ProxyAnswer
from tests.conform_proxy import Forward, Request, proxy
from tests.conform_target import PHONE, a_target, asked
from tests.live import API_KEY, MEMBER, MERCHANT, OTHER, WEBHOOK_SECRET, Live

SEEN = Exchange(
    method="POST",
    url="http://127.0.0.1/bill",
    headers={},
    api=True,
    body=json.dumps({"bill": {"memberName": "남궁카나리아", "phone": "+82 10-9999-0000"}}).encode(),
    answer=Answer(
        200,
        {},
        json.dumps(
            {
                "data": {
                    "shortUrl": "https://pay.example/s/cAnArY77",
                    "apprNum": "70077007",
                    "apprIssuerNum": "4",
                }
            }
        ).encode(),
    ),
)
MASKS = Masks(a_target("http://127.0.0.1:1", callback_url="https://me.example/cb?token=canary-token"), [SEEN])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"key {API_KEY}!", "key <apiKey>!"),
        (f"{OTHER['apiKey']}", "<apiKey>"),
        (f"?apiKey={quote(API_KEY)}", "?apiKey=<apiKey>"),
        (f"{MEMBER}/{MERCHANT}", "<member>/<merchant>"),
        (WEBHOOK_SECRET, "<secret>"),
        ("whsec_AAAA", "<secret>"),
        ("이름: 남궁카나리아님", "이름: <memberName>님"),
        (json.dumps("남궁카나리아"), '"<memberName>"'),
        (quote("남궁카나리아"), "<memberName>"),
        (PAYER, "<memberName>"),
        ("01012345678", "<phone>"),
        ("010-9999-1234", "<phone>"),
        ("+82 10 9999 1234", "<phone>"),
        ("+821099991234", "<phone>"),
        ("20261126010333344445", "20261126010333344445"),
        ("0" * 64, "<hash>"),
        ("AB" * 32, "<hash>"),
        ("https://pay.example/s/cAnArY77", "https://pay.example/s/<code>"),
        ("approved: 70077007", "approved: <apprNum>"),
        ("4111-1111-1111-1111", "<card>"),
        ("9999-****-****-0147", "<card>"),
        ("4111111111111111", "<card>"),
        ("https://me.example/cb?token=canary-token&conform=1", "<callbackUrl>&conform=1"),
        ("token=canary-token", "<query>"),
        ("BILL_003 청구서를 찾을 수 없습니다. 1000", "BILL_003 청구서를 찾을 수 없습니다. 1000"),
    ],
)
def test_a_text_is_masked_by_value_and_by_shape(text: str, masked: str) -> None:
    assert MASKS.text(text) == masked


@pytest.mark.parametrize(
    ("tree", "masked"),
    [
        ({"apiKey": "x"}, {"apiKey": "<apiKey>"}),
        ({"apiKey": 12345678}, {"apiKey": "<apiKey: number>"}),
        ({"apiKey": None, "phone": ""}, {"apiKey": None, "phone": ""}),
        ({"memberName": ["김"]}, {"memberName": "<memberName: list>"}),
        ({"memberName": {"김": "이"}}, {"memberName": {"<memberName>": 1}}),
        ({"bill": [{"to": "1", "price": "1000"}]}, {"bill": [{"to": "<to>", "price": "1000"}]}),
        ({"shortUrl": "http://h/p/ab"}, {"shortUrl": "http://h/p/<code>"}),
        ({"buttons": [{"url": "http://h/p/ab"}]}, {"buttons": [{"url": "http://h/p/<code>"}]}),
        ({API_KEY: 1}, {"<apiKey>": 1}),
        ({"apprIssuerNum": "9", "apprState": "F"}, {"apprIssuerNum": "<apprIssuerNum>", "apprState": "F"}),
    ],
)
def test_a_field_is_masked_whatever_it_holds(tree: object, masked: object) -> None:
    assert MASKS.tree(tree) == masked


def test_a_value_that_is_also_a_fields_name_leaves_the_name() -> None:
    masks = Masks(a_target("http://127.0.0.1:1", who=Who("key", "member", "merchant")))
    assert masks.tree({"member": "member", "say": "a member"}) == {"member": "<member>", "say": "a <member>"}


def test_a_body_that_is_no_json_is_masked_as_a_text() -> None:
    assert MASKS.body(f'{{"apiKey": "{API_KEY}", '.encode()) == '{"apiKey": "<apiKey>", '
    assert MASKS.body(b"\xff" + PHONE.encode()) == "\\xff<phone>"


def _tells_everything(request: Request, forward: Forward) -> ProxyAnswer:
    """A server that repeats in its messages and in a page whatever it was told."""
    answer = forward(request)
    if request.is_api and not answer.done:
        told = f"{request.body.decode(errors='replace')} {PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]} {PAYER}"
        return answer.with_tree(answer.tree | {"message": told})
    if request.path.startswith("/p/"):
        return replace(answer, body=f"<p>{PAYER} {PHONE} {API_KEY} {request.path}".encode())
    return answer


async def test_a_report_of_a_server_that_tells_everything_tells_nothing(live: Live) -> None:
    with proxy(live.url) as server:
        server.mutation = _tells_everything
        target = a_target(server.url)
        only = ["transport", "create", "page", "destroy", "talk", "read", "cancel", "isolation", "callback"]
        ran = await asked(target, chosen(only))
    written = json.dumps(document(target, ran, "0"), ensure_ascii=False)
    secrets = [API_KEY, MEMBER, MERCHANT, *OTHER.values(), WEBHOOK_SECRET, PAYER, PHONE, "010-1234-5678"]
    codes = await live.service.db.fetch("SELECT short_code FROM bill")
    numbers = await live.service.db.fetch(
        "SELECT approval->>'approval_number' AS number FROM attempt WHERE state = 'REFUNDED'"
    )
    assert len(codes) > 20
    assert len(numbers) > 0
    secrets += [row["short_code"] for row in codes] + [row["number"] for row in numbers]
    (values,) = [one for one in ran.results if one.check.id == "callback.values"]
    assert values.exchanges[0].received
    for secret in secrets:
        for spelled in {secret, json.dumps(secret)[1:-1], quote(secret)}:
            assert spelled not in written
    assert not re.search(r"[0-9a-fA-F]{64}|\d{4}-\*{4}", written)
    assert "<apiKey>" in written
    assert "BILL_003" in written
