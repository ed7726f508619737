"""Examples of requests and answers, made from the wire's own fields: they decode, and their hashes fit."""

from __future__ import annotations

import json
from typing import Any, Final, cast

import msgspec
from msgspec import inspect

from cheonggu.domain import codes
from cheonggu.domain.approval_fields import NAMES
from cheonggu.web import wire
from cheonggu.web.operations import Operation

Example = dict[str, Any]

_UNKNOWN_WHEN_PAID: Final = frozenset(
    {"apprOriginDt", "apprOriginNum", "apprCashNum", "apprCashTrader", "apprCashIssuanceNumber"}
)


class Identity(msgspec.Struct, frozen=True):
    """Who the examples call as."""

    api_key: str
    member: str
    merchant: str


def request_example(operation: Operation, identity: Identity, callback_url: str | None = None) -> Example:
    """A request with every required field and the optional ones that the operation shows."""
    example = _example(operation.request, operation.shows)
    _identify(example, identity)
    if callback_url and "callbackUrl" in example.get("bill", {}):
        example["bill"]["callbackUrl"] = callback_url
    return example


def answer_example(operation: Operation, identity: Identity, public_url: str) -> Example:
    """The answer to that request, in its envelope; of a bill that is read, as it is when paid."""
    data = _example(operation.data, operation.data.__struct_fields__)
    _identify(data, identity)
    if operation.data is wire.BillReadResponse:
        data |= {name: None for name in NAMES if name in _UNKNOWN_WHEN_PAID}
    for name in data.keys() & {"shortUrl", "chargeUrl"}:
        data[name] = public_url + data[name]
    return {"code": codes.OK.code, "message": codes.OK.message, "data": data}


def curl(operation: Operation, request: Example, public_url: str) -> str:
    """A command that sends the request, for a POSIX shell."""
    body = json.dumps(request, ensure_ascii=False, indent=2).replace("'", "'\\''")
    return (
        f"curl -sS {public_url}{operation.path} \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )


def _example(struct: type[msgspec.Struct], optional: tuple[str, ...]) -> Example:
    info = inspect.type_info(struct)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {
        field.name: _example_of(field.type, optional)
        for field in fields
        if field.required or field.name == "bill" or field.name in optional
    }


def _example_of(wanted: inspect.Type, optional: tuple[str, ...]) -> object:
    if isinstance(wanted, inspect.StructType):
        return _example(wanted.cls, optional)
    schema = (
        cast("Example | None", wanted.extra_json_schema) if isinstance(wanted, inspect.Metadata) else None
    )
    return (schema or {}).get("examples", [None])[0]


def _identify(example: Example, identity: Identity) -> None:
    known = {"apiKey": identity.api_key, "member": identity.member, "merchant": identity.merchant}
    example |= {name: value for name, value in known.items() if name in example}
