"""The /docs page and /openapi.json: the table of operations for people and for programs."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from markupsafe import Markup, escape
from msgspec import inspect
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cheonggu.domain import codes
from cheonggu.domain.codes import Code
from cheonggu.domain.hashing import request_hash
from cheonggu.web import examples, rendering
from cheonggu.web.docs_words import CODE_MEANINGS_KOREAN, PHRASES
from cheonggu.web.examples import Identity
from cheonggu.web.field_words import BILL_ID, PHONE, PRICE
from cheonggu.web.openapi import SANDBOX_IDENTITY, document
from cheonggu.web.operations import OPERATIONS, Operation
from cheonggu.web.silence import HELD_SECONDS
from cheonggu.web.wire import KOREAN, MARKS
from cheonggu.web.words import Language

if TYPE_CHECKING:
    from cheonggu.service import Service

PLACEHOLDERS: Final = Identity("YOUR_API_KEY", "YOUR_MEMBER", "YOUR_MERCHANT")
SANDBOX_RECEIVER: Final = "/sandbox/receiver"
_JSON_KEY: Final = re.compile(r"(&#34;\w+&#34;)(?=:)")


def routes() -> list[BaseRoute]:
    """The page and the document."""
    return [Route("/docs", docs, methods=["GET"]), Route("/openapi.json", openapi_json, methods=["GET"])]


async def openapi_json(request: Request) -> Response:
    """The OpenAPI document of this server."""
    service: Service = request.app.state.service
    return _document(service.settings.public_url)


@cache  # one answer for all: a crowd that asks for it, or for the page, must not keep others waiting
def _document(public_url: str) -> Response:
    text = msgspec.json.format(msgspec.json.encode(document(public_url)), indent=1)
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="application/json", headers=headers)


async def docs(request: Request) -> Response:
    """The page, in the language that the browser prefers."""
    service: Service = request.app.state.service
    settings = service.settings
    return _page(rendering.language_of(request), settings.public_url, sandbox=settings.sandbox)


@cache
def _page(language: Language, public_url: str, *, sandbox: bool) -> Response:
    def t(phrase: str, **figures: object) -> Markup:
        return _say(language, phrase, **figures)

    return rendering.page(
        "docs.html",
        language,
        t=t,
        sandbox=sandbox,
        held_seconds=int(HELD_SECONDS),
        public_url=public_url,
        operations=[_operation(operation, language, public_url, sandbox=sandbox) for operation in OPERATIONS],
        code_rows=[_code_row(code, language) for code in codes.CODES.values()],
        marks="SDMCO",
        hashes=_HASHES,
        callback_reply=_highlighted({"code": codes.OK.code}),
    )


class FieldRow(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a request or of an answer's data, as a line of a table."""

    name: str
    term: str
    kind: str
    limits: str
    required: bool
    meaning: str
    marks: str


class CodeRow(msgspec.Struct, frozen=True):
    """One answer code. `meaning` is in the reader's language, the message always Korean."""

    code: str
    http_status: int
    message: str
    meaning: str
    mark: str


class OperationDocs(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page tells of one operation."""

    name: str
    path: str
    title: str
    more: str
    writes: bool
    hint: str | None
    request_fields: list[FieldRow]
    answer_fields: list[FieldRow]
    curl: str
    answer: Markup
    codes: list[CodeRow]


def _operation(operation: Operation, language: Language, public_url: str, *, sandbox: bool) -> OperationDocs:
    words, korean = operation.words, language.code == "ko"
    identity = SANDBOX_IDENTITY if sandbox else PLACEHOLDERS
    callback = public_url + SANDBOX_RECEIVER if sandbox else "https://partner.example/callback"
    request = examples.request_example(operation, identity, callback)
    return OperationDocs(
        name=operation.name,
        path=operation.path,
        title=words.korean if korean else words.english,
        more=words.korean_more if korean else words.english_more,
        writes=operation.writes,
        hint=_HINTS.get(operation.path),
        request_fields=field_rows(operation.request, language),
        answer_fields=field_rows(operation.data, language),
        curl=examples.curl(operation, request, public_url),
        answer=_highlighted(examples.answer_example(operation, identity, public_url)),
        codes=[_code_row(code, language) for code in operation.refusals],
    )


def field_rows(struct: type[msgspec.Struct], language: Language, prefix: str = "") -> list[FieldRow]:
    """Every field of a struct of the wire, those of inner ones as in `bill.price`."""
    info = inspect.type_info(struct)
    rows: list[FieldRow] = []
    for field in info.fields if isinstance(info, inspect.StructType) else ():
        if isinstance(field.type, inspect.StructType):
            rows += field_rows(field.type.cls, language, f"{field.name}.")
        elif isinstance(field.type, inspect.Metadata):
            rows.append(_field_row(prefix + field.name, field.type, language, required=field.required))
    return rows


def _field_row(name: str, meta: inspect.Metadata, language: Language, *, required: bool) -> FieldRow:
    schema = cast("dict[str, Any]", meta.extra_json_schema or {})
    extra = cast("dict[str, str]", meta.extra or {})
    return FieldRow(
        name=name,
        term=schema["title"],
        kind=str(_say(language, _kind(meta.type))),
        limits=_limits(meta.type, schema, language),
        required=required,
        meaning=extra[KOREAN] if language.code == "ko" else schema["description"],
        marks=extra[MARKS],
    )


def _kind(wanted: inspect.Type) -> str:
    match wanted:
        case inspect.IntType():
            return "whole_number"
        case inspect.UnionType():
            return "text_or_null"
        case _:
            return "text"


def _limits(wanted: inspect.Type, schema: dict[str, Any], language: Language) -> str:
    """The values that may stand there, or how long it may be."""
    if isinstance(wanted, inspect.LiteralType):
        return " · ".join(map(str, wanted.values))
    least = wanted.min_length if isinstance(wanted, inspect.StrType) else None
    most = wanted.max_length if isinstance(wanted, inspect.StrType) else None
    most = most or schema.get("maxLength")
    if not most:
        return str(_say(language, "not_empty")) if least else ""
    return str(_say(language, "between" if least else "at_most", least=least, most=f"{most:,}"))


def _code_row(code: Code, language: Language) -> CodeRow:
    meaning = CODE_MEANINGS_KOREAN[code.code] if language.code == "ko" else code.meaning
    return CodeRow(code.code, code.http_status, code.message, meaning, code.mark)


def _highlighted(value: object) -> Markup:
    """JSON with its keys marked."""
    text = str(escape(json.dumps(value, ensure_ascii=False, indent=2)))
    return Markup(_JSON_KEY.sub(r"<i>\1</i>", text))  # noqa: S704 - escaped just above


def _say(language: Language, phrase: str, **figures: object) -> Markup:
    return Markup(PHRASES[phrase][language.code == "en"]).format(**figures)  # noqa: S704 - our own words


_HINTS: Final = {"/bill": "try_once", "/bill/cancel": "try_paid"}
_HASHES: Final = (
    ("hash_create", f"{BILL_ID},{PHONE},{PRICE}", request_hash(BILL_ID, PHONE, PRICE)),
    ("hash_others", f"{BILL_ID},{PRICE}", request_hash(BILL_ID, PRICE)),
)
