"""The OpenAPI 3.1 document, made from the table of operations and the structs of the wire."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain import codes
from cheonggu.domain.codes import Code
from cheonggu.web import examples
from cheonggu.web.envelope import RETRY_AFTER_SECONDS
from cheonggu.web.examples import Identity
from cheonggu.web.operations import (
    EVERYWHERE,
    IDEMPOTENCY_KEY,
    IDEMPOTENCY_KEY_MAX,
    OPERATIONS,
    PREFIXES,
    Operation,
)

Json = dict[str, Any]

API_VERSION: Final = "2.0"
SANDBOX_IDENTITY: Final = Identity(FIRST.api_key, FIRST.member, FIRST.merchant)

_REF: Final = "#/components/schemas/{name}"
_INTRODUCTION: Final = (
    "Bills by message: create a bill, let its payer open and pay it, and be called when it is paid. Every "
    "operation is a POST of JSON and answers `{code, message, data}`: `code` is `0000` on success, else "
    "`data` is null. Unknown fields are ignored; an optional field that is null or empty counts as absent."
)


def document(public_url: str) -> Json:
    """The whole document, for a server at `public_url`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cheonggu partner API",
            "version": API_VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url + prefix} for prefix in PREFIXES],
        "paths": {operation.path: {"post": _operation(operation, public_url)} for operation in OPERATIONS},
        "components": {"schemas": _schemas(), "headers": {"Retry-After": _RETRY_AFTER}},
        "x-codes": [msgspec.to_builtins(code) for code in codes.CODES.values()],
    }


def _operation(operation: Operation, public_url: str) -> Json:
    words = operation.words
    request = examples.request_example(operation, SANDBOX_IDENTITY)
    answer = examples.answer_example(operation, SANDBOX_IDENTITY, public_url)
    said: Json = {
        "operationId": operation.name,
        "summary": words.english,
        "description": f"{words.english_more}\n\n{_code_list(operation)}",
        "requestBody": {
            "required": True,
            "content": _json(operation.request.__name__, {"sandbox": {"value": request}}),
        },
        "responses": _responses(operation, answer),
    }
    if operation.writes:
        said["parameters"] = [_IDEMPOTENCY_KEY]
    return said


def _code_list(operation: Operation) -> str:
    own = [f"- `{code.code}` {code.meaning}" for code in (codes.OK, *operation.refusals)]
    return "Codes of its own:\n\n" + "\n".join(own)


def _responses(operation: Operation, answer: Json) -> Json:
    """An answer for each HTTP status: 200 carries the refusals that the vendor answers with 200, too."""
    by_status: dict[int, list[Code]] = {}
    for code in (codes.OK, *operation.refusals, *EVERYWHERE):
        by_status.setdefault(code.http_status, []).append(code)
    responses: Json = {}
    for status, there in sorted(by_status.items()):
        name = _answer_name(operation) if status == 200 else "Refusal"
        response: Json = {
            "description": " · ".join(code.code for code in there),
            "content": _json(name, {"success": {"value": answer}} if status == 200 else _refusals(there)),
        }
        if status in RETRY_AFTER_SECONDS:
            response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
        responses[str(status)] = response
    return responses


def _refusals(there: list[Code]) -> Json:
    return {
        code.code: {"value": {"code": code.code, "message": code.message, "data": None}} for code in there
    }


def _json(schema_name: str, shown: Json) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(name=schema_name)}, "examples": shown}}


def _answer_name(operation: Operation) -> str:
    return f"BaseResponse{operation.data.__name__}"


def _schemas() -> Json:
    """Requests and data as msgspec describes them, and an envelope for each kind of data."""
    structs = {struct for operation in OPERATIONS for struct in (operation.request, operation.data)}
    in_order = sorted(structs, key=lambda struct: struct.__name__)
    _, schemas = msgspec.json.schema_components(in_order, ref_template=_REF)
    for schema in schemas.values():
        schema.pop("title", None)
        if not schema["required"]:
            del schema["required"]
    for request in {operation.request for operation in OPERATIONS}:
        schema = schemas[request.__name__]
        if "bill" in schema["properties"]:
            # The vendor's document does not call it required, and a request without it is refused.
            schema["dependentRequired"] = {"apiKey": ["bill"]}
    for operation in OPERATIONS:
        # A refusal may come with HTTP 200, and then there is no data.
        schemas[operation.data.__name__]["type"] = ["object", "null"]
        schemas[_answer_name(operation)] = _envelope({"$ref": _REF.format(name=operation.data.__name__)})
    return {**schemas, "Refusal": _envelope({"type": "null"})}


def _envelope(data: Json) -> Json:
    return {
        "type": "object",
        "description": "The envelope of every answer.",
        "properties": {
            "code": {"type": "string", "description": "`0000`, or why it was refused. Decide by this."},
            "message": {"type": "string", "description": "The same in words, for people."},
            "data": {**data, "description": "What was asked for; null unless code is `0000`."},
        },
    }


_IDEMPOTENCY_KEY: Final[Json] = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": (
        "Your own key for this request. The same key with the same bytes within 24 hours gets the first "
        "answer again; with other bytes, IDEMPOTENCY_001."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_MAX,
        "pattern": "^[!-~]+$",
    },
}
_RETRY_AFTER: Final[Json] = {
    "description": "After how many seconds it is worth trying again.",
    "schema": {"type": "integer"},
}
