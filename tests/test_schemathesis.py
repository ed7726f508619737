"""Our document against our server: Schemathesis makes requests from it, right and wrong, every check on.

What a JSON Schema cannot say is put right before a request that the document calls right is sent: who asks,
hashes, and rules that join two fields. What we tolerate beyond the document is not taken for a wrong request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from unicodedata import category

import jsonschema_rs
import pytest
import schemathesis
from hostile.corpus import HASHED, WHO
from hostile.service import Target, target
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks

from cheonggu.domain.hashing import request_hash
from cheonggu.web.openapi import document
from cheonggu.web.wire import API_KEY_MAX, CODE_MAX

Tree = dict[str, Any]

DOCUMENT: Final = document("https://bills.example")
CONFIG: Final = {
    # No text anywhere may hold a NUL, in fields that nobody knows neither. A schema can say that of known
    # fields only; `hostile.bodies` puts NULs everywhere.
    "generation": {"allow-x00": False},
}
UNHURRIED: Final = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture)
_IN_A_SCHEMA: Final = settings().max_examples // 4
"""A quarter of the profile's: there are seven operations, and examples and boundaries besides."""


@pytest.fixture(scope="module")
def at() -> Iterator[Target]:
    """A service of its own."""
    with target() as made:
        yield made


library: Any = schemathesis
rejection = cast("Any", checks.negative_data_rejection)
schema = library.openapi.from_dict(DOCUMENT, config=library.config.SchemathesisConfig.from_dict(CONFIG))


@schema.parametrize()
@settings(max_examples=_IN_A_SCHEMA, deadline=None, suppress_health_check=UNHURRIED)
def test_the_server_does_what_its_document_says(case: Any, at: Target) -> None:
    right = case.meta is not None and case.meta.generation.mode.is_positive
    tolerated = False
    if isinstance(case.body, dict):
        body = cast("Tree", case.body)
        case.body = body = asked_by_the_sandbox(body)
        if right:
            put_right(case.path, body)
        elif is_right(case.path, as_we_read(body)):
            tolerated = True
    case.call_and_validate(base_url=at.dev.url, excluded_checks=[rejection] if tolerated else [])


def asked_by_the_sandbox(body: Tree) -> Tree:
    """The same with the sandbox's key, member and merchant wherever it has a text that may be one."""
    made = {**body}
    for name, ours in WHO.items():
        given = made.get(name)
        if isinstance(given, str) and (given or name != "apiKey") and len(given) <= MOST[name]:
            made[name] = ours
    if isinstance(made.get("bill"), dict):
        made["bill"] = {**made["bill"]}
    return made


def put_right(path: str, body: Tree) -> None:
    """What no schema says: the hash, sums, days of the calendar, hosts, and what depends on sendType."""
    bill: Tree | None = body.get("bill")
    if bill is None:
        return
    bill["billId"] = "".join(map(visible, bill["billId"]))
    if path == "/bill":
        bill["callbackUrl"] = "https://partner.example/?" + bill["callbackUrl"].replace("\\", "/")[:999]
        bill.pop("tax", None)
        put_right_optional(bill)
    if path in HASHED:
        bill["hash"] = request_hash(*(str(bill[part]) for part in HASHED[path]))


def put_right_optional(bill: Tree) -> None:
    """The fields of a create that may be left out, and the phone that a TALK bill needs."""
    if bill["sendType"] == "TALK":
        bill["phone"] = "01012345678"
    if bill.get("expireDt"):
        bill["expireDt"] = "2999-12-31"
    if bill.get("pageRedirectUrl"):
        bill["pageRedirectUrl"] = "https://shop.example/"
    bill["message"] = (bill.get("message") or "")[:300]


def visible(letter: str) -> str:
    return "x" if category(letter) in {"Cc", "Cf", "Zl", "Zp", "Zs"} else letter


def schema_of(path: str) -> Tree:
    """The schema of an operation's request, able to find what it refers to."""
    content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return {**content["schema"], "components": DOCUMENT["components"]}


def is_right(path: str, body: Tree) -> bool:
    """Whether the document calls it right."""
    return jsonschema_rs.validator_for(schema_of(path)).is_valid(body)


def as_we_read(body: Tree) -> Tree:
    """What we tolerate, as we read it: integers for digits, null or nothing in an optional field (O)."""
    bill: Any = body.get("bill")
    if not isinstance(bill, dict):
        return body
    read: Tree = {}
    for name, value in cast("Mapping[str, Any]", bill).items():
        if name in {"price", "supplyPrice", "tax"} and type(value) is int:
            read[name] = str(value)
        elif not (name in OPTIONAL and (value is None or value == "")):
            read[name] = value
    if read.get("sendType") == "TALK":
        read.pop("pageRedirectUrl", None)  # not read at all (S)
    return {**body, "bill": read}


MOST: Final = {"apiKey": API_KEY_MAX, "member": CODE_MAX, "merchant": CODE_MAX}
OPTIONAL: Final = {
    "billIssuer",
    "supplyPrice",
    "tax",
    "message",
    "expireDt",
    "pageRedirectUrl",
    "cancelReason",
}


def test_what_is_tolerated_is_told_in_words() -> None:
    told = DOCUMENT["info"]["description"]
    assert re.search(r"null or empty counts as absent", told)
