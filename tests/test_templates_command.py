"""`cheonggu templates`: what is registered with KakaoTalk is what is sent."""

from __future__ import annotations

import json

import pytest

from cheonggu.domain.alimtalk import TEMPLATES, Template
from tests.running_dev import cheonggu
from tests.test_config import LIVE

BILLS = "https://bills.example.com"


@pytest.mark.parametrize(
    "more",
    [{}, LIVE | {"CHEONGGU_SENDER": "solapi", "CHEONGGU_GATEWAY": "toss"}],
    ids=["nothing set", "live, without the ids that registering gives"],
)
def test_the_templates_are_printed_as_they_are_sent(more: dict[str, str]) -> None:
    ended = cheonggu("templates", "--json", CHEONGGU_PUBLIC_URL=BILLS, **more)
    assert (ended.returncode, ended.stderr) == (0, "")
    bill, with_message = json.loads(ended.stdout)["templates"]
    assert (bill["name"], bill["text"]) == ("BILL", TEMPLATES[Template.BILL])
    assert with_message["text"] == TEMPLATES[Template.BILL_WITH_MESSAGE]
    assert bill["variables"] == ["issuer", "payerName", "productName", "price", "expiry", "code"]
    assert with_message["variables"] == [*bill["variables"][:5], "message", "code"]
    url = f"{BILLS}/p/#{{code}}"
    assert bill["button"] == {"type": "WL", "name": "청구서 보기", "mobile": url, "pc": url}
    assert bill["settings"] == ["CHEONGGU_SOLAPI_TEMPLATE_ID", "CHEONGGU_NHN_TEMPLATE_CODE"]


def test_for_people_the_text_stands_whole_and_a_wrong_address_is_pointed_out() -> None:
    ended = cheonggu("templates")
    assert ended.returncode == 0
    assert all(text in ended.stdout for text in TEMPLATES.values())
    assert "http://127.0.0.1:8080/p/#{code}" in ended.stdout
    assert "#{issuer}, #{payerName}" in ended.stdout
    assert "set CHEONGGU_PUBLIC_URL to the https://" in ended.stderr
