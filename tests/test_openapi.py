"""The published document: the vendor's facts, sound structure, and examples that work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest

from cheonggu.domain import codes
from cheonggu.domain.hashing import request_hash
from cheonggu.web import examples
from cheonggu.web.openapi import SANDBOX_IDENTITY, document
from cheonggu.web.operation_words import OPERATION_WORDS
from cheonggu.web.operations import OPERATIONS, PREFIXES, ROUTES, Operation
from cheonggu.web.parse import parse_object
from tests.partner_stub import Stub

DOCUMENT: Final = document("https://bills.example")
SOURCE: Final[dict[str, Any]] = json.loads(Path(__file__).with_name("source_facts.json").read_text())
"""Names, types, limits and required lists of the vendor's document, and nothing else of it."""
COMPARED: Final = ("type", "minLength", "maxLength", "enum")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    return DOCUMENT["components"]["schemas"][reference.removeprefix("#/components/schemas/")]


def body_schema(holder: dict[str, Any]) -> dict[str, Any]:
    return resolved(holder["content"]["application/json"]["schema"])


def differences(schema: dict[str, Any], facts: dict[str, Any], where: str) -> Iterator[str]:
    """Where our schema contradicts the source's facts; a limit where it has none is ours to add."""
    properties = {name: resolved(field) for name, field in schema["properties"].items()}
    if list(properties) != list(facts["fields"]):
        yield f"{where}: fields {list(properties)}"
    if sorted(schema.get("required", [])) != facts["required"]:
        yield f"{where}: required {schema.get('required')}"
    for name, fact in facts["fields"].items():
        if "fields" in fact:
            yield from differences(properties[name], fact, f"{where}.{name}")
            continue
        yield from (
            f"{where}.{name}: {limit} {properties[name].get(limit)}, not {wanted}"
            for limit, wanted in fact.items()
            if properties[name].get(limit) != wanted
        )
        if "anyOf" in properties[name]:
            yield f"{where}.{name}: more than one type"


@pytest.mark.parametrize("path", SOURCE)
def test_the_document_agrees_with_the_source_field_by_field(path: str) -> None:
    operation, facts = DOCUMENT["paths"][path]["post"], SOURCE[path]
    assert operation["operationId"] == facts["operationId"]
    assert list(differences(body_schema(operation["requestBody"]), facts["request"], "request")) == []
    assert list(differences(body_schema(operation["responses"]["200"]), facts["answer"], "answer")) == []


def test_the_source_facts_are_facts_alone() -> None:
    def leaves(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for fact in facts["fields"].values():
            yield from leaves(fact) if "fields" in fact else [fact]

    for operation in SOURCE.values():
        for part in ("request", "answer"):
            assert all(set(leaf) <= set(COMPARED) for leaf in leaves(operation[part]))


def test_routes_table_and_document_name_the_same_operations() -> None:
    paths = [operation.path for operation in OPERATIONS]
    assert list(DOCUMENT["paths"]) == paths
    assert set(ROUTES) == {prefix + path for prefix in PREFIXES for path in paths}
    assert {server["url"] for server in DOCUMENT["servers"]} == {
        "https://bills.example",
        "https://bills.example/partner",
    }
    assert [item["post"]["operationId"] for item in DOCUMENT["paths"].values()] == list(OPERATION_WORDS)


def walk(node: object) -> Iterator[dict[str, Any]]:
    """Every object within a document."""
    if isinstance(node, dict):
        inner = cast("dict[str, Any]", node)
        yield inner
        for child in inner.values():
            yield from walk(child)
    elif isinstance(node, list):
        for child in cast("list[object]", node):
            yield from walk(child)


def test_the_structure_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert set(DOCUMENT) <= {"openapi", "info", "servers", "paths", "components", "x-codes"}
    ids = [item["post"]["operationId"] for item in DOCUMENT["paths"].values()]
    assert len(set(ids)) == len(ids)
    for item in DOCUMENT["paths"].values():
        assert set(item) == {"post"}
        assert item["post"]["requestBody"]["required"] is True
        for status, response in item["post"]["responses"].items():
            assert re.fullmatch("[1-5][0-9]{2}", status)
            assert response["description"]
    assert all(re.fullmatch("[A-Za-z0-9._-]+", name) for name in DOCUMENT["components"]["schemas"])


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = {node["$ref"] for node in walk(DOCUMENT) if "$ref" in node}
    components: dict[str, dict[str, Any]] = DOCUMENT["components"]
    there = {f"#/components/{kind}/{name}" for kind, named in components.items() for name in named}
    assert references == there


def test_every_field_is_described() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        assert schema["description"]
        for name, field in schema["properties"].items():
            assert field.get("description") or "$ref" in field, name


def test_every_status_of_an_operations_codes_is_documented() -> None:
    for operation in OPERATIONS:
        responses = DOCUMENT["paths"][operation.path]["post"]["responses"]
        for code in (codes.OK, *operation.refusals):
            assert code.code in responses[str(code.http_status)]["description"].split(" · ")


def test_writing_operations_take_an_idempotency_key() -> None:
    with_key = [path for path, item in DOCUMENT["paths"].items() if "parameters" in item["post"]]
    assert with_key == ["/bill", "/bill/destroy", "/bill/resend", "/bill/cancel"]


def test_every_code_is_told_with_status_and_mark() -> None:
    told = {code["code"]: (code["http_status"], code["mark"]) for code in DOCUMENT["x-codes"]}
    assert told == {name: (code.http_status, code.mark) for name, code in codes.CODES.items()}
    assert {mark for _, mark in told.values()} <= set("SDMCO")


def test_a_refusal_with_http_200_fits_the_documented_answer() -> None:
    for operation in OPERATIONS:
        envelope = body_schema(DOCUMENT["paths"][operation.path]["post"]["responses"]["200"])
        assert resolved(envelope["properties"]["data"])["type"] == ["object", "null"]


HASHED: Final = {
    "/bill": ("billId", "phone", "price"),
    "/bill/destroy": ("billId", "price"),
    "/bill/cancel": ("billId", "price"),
}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    return Stub(monkeypatch)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_examples_are_requests_that_pass_every_check(operation: Operation, stub: Stub) -> None:
    content = DOCUMENT["paths"][operation.path]["post"]["requestBody"]["content"]["application/json"]
    shown = content["examples"]["sandbox"]["value"]
    assert shown["apiKey"] == SANDBOX_IDENTITY.api_key
    bill = shown.get("bill", {})
    if parts := HASHED.get(operation.path):
        assert bill["hash"] == request_hash(*(bill[part] for part in parts))
    ours = {"apiKey": "key", "member": "m", "merchant": "s"}
    guarded = {"callbackUrl": "https://partner.example/"} if "callbackUrl" in bill else {}
    request = shown | {name: ours[name] for name in ours if name in shown}
    request |= {"bill": bill | guarded} if bill else {}
    stub.verbs.fails = codes.Refused(codes.BILL_003)
    assert (await stub.ask(operation.path, request)).code == "BILL_003"


def test_the_hashes_are_those_of_the_published_vectors() -> None:
    shown = {path: item["post"]["requestBody"]["content"] for path, item in DOCUMENT["paths"].items()}
    hashes = {
        path: shown[path]["application/json"]["examples"]["sandbox"]["value"]["bill"]["hash"]
        for path in HASHED
    }
    assert hashes == {
        "/bill": "1eb21fa5cbf20deaf144f145f6cda1b4644cc5ef07a8d885fe94d830aa8a1265",
        "/bill/destroy": "c24aa51aa22c626d25b1efac23211c2c05fe1d0c3495db31389887760fa607f4",
        "/bill/cancel": "c24aa51aa22c626d25b1efac23211c2c05fe1d0c3495db31389887760fa607f4",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_curl_command_carries_the_example(operation: Operation) -> None:
    request = examples.request_example(operation, SANDBOX_IDENTITY)
    command = examples.curl(operation, request, "https://bills.example")
    assert command.startswith(f"curl -sS https://bills.example{operation.path} ")
    sent = command.split("-d '", 1)[1].removesuffix("'").replace("'\\''", "'")
    assert parse_object(sent.encode()) == request
