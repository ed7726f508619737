"""Who may use the sandbox's endpoints, and how their requests are read and answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cheonggu.billing import sandbox_partners
from cheonggu.config import Settings, is_address
from cheonggu.domain import codes
from cheonggu.domain.codes import Refused
from cheonggu.service import Service
from cheonggu.store.partners import Partner
from cheonggu.web.body import MAX_BODY_BYTES, read_body
from cheonggu.web.envelope import PLAIN_HEADERS, refusal
from cheonggu.web.forms import from_elsewhere
from cheonggu.web.guesses import partner_of
from cheonggu.web.parse import parse_object

T = TypeVar("T", bound=msgspec.Struct)

Handler = Callable[[Service, Request], Awaitable[dict[str, object]]]


class Asked(msgspec.Struct, kw_only=True):
    """Every request may name a partner by its apiKey; without one it is about the sandbox partner."""

    apiKey: str = sandbox_partners.FIRST.api_key


_AT_FIELD: Final = re.compile(r"`(?:\$\.)?(\w+)(?:\[[0-9.]+\])?`(?: - at `\$`)?$")


def json_route(path: str, method: str, handler: Handler) -> Route:
    """An endpoint that answers JSON, or a refusal in the envelope, to whoever may come in."""

    async def endpoint(request: Request) -> Response:
        service: Service = request.app.state.service
        if not may_come_in(request):
            return refusal(Refused(codes.HTTP_403))
        try:
            body = await handler(service, request)
        except Refused as refused:
            return refusal(refused)
        return Response(msgspec.json.encode(body), media_type="application/json", headers=PLAIN_HEADERS)

    return Route(path, endpoint, methods=[method])


def may_come_in(request: Request) -> bool:
    """Whether a request comes from an allowed address, under our own name, and not from another site."""
    settings: Settings = request.app.state.service.settings
    return (
        not from_elsewhere(request.headers, request.url.scheme, settings.public_url)
        and _names_us(request, settings)
        and settings.sandbox_allows(_address(request))
    )


def _address(request: Request) -> str:
    """Who asks; what a proxy passes on comes from somewhere else, and from where is only hearsay."""
    proxied = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return "" if proxied or request.client is None else request.client.host


def _names_us(request: Request, settings: Settings) -> bool:
    """Whether Host is an address or one of our own names: a stranger's name may be made to lead here."""
    host = request.url.hostname or ""
    own = {"localhost", settings.host, urlsplit(settings.public_url).hostname}
    return host in own or is_address(host)


async def whose(service: Service, request: Request) -> tuple[int, str | None]:
    """The partner that a GET is about, and the bill if it names one."""
    api_key = request.query_params.get("apiKey", sandbox_partners.FIRST.api_key)
    found = await partner(service, request, api_key)
    bill_id = request.query_params.get("billId")
    return found.partner_id, bill_id and bill_id.replace("\0", "")  # PostgreSQL's texts have no NUL


async def partner(service: Service, request: Request, api_key: str) -> Partner:
    """The partner of an apiKey. Raises Refused."""
    return await partner_of(service, api_key, request.client, request.scope["headers"])


async def read(
    request: Request, of: type[T], rules: Mapping[str, str], most_bytes: int = MAX_BODY_BYTES
) -> T:
    """The body as a struct. Raises Refused with the rule of the field that does not fit."""
    return fitting(await read_object(request, most_bytes), of, rules)


def fitting(given: object, of: type[T], rules: Mapping[str, str]) -> T:
    """What was given as a struct. Raises Refused with the rule of the field that does not fit."""
    try:
        return msgspec.convert(given, of)
    except msgspec.ValidationError as error:
        found = _AT_FIELD.search(str(error))
        field = found[1] if found else "본문"
        unknown = "unknown field" in str(error)
        rule = "모르는 필드입니다." if unknown else rules.get(field, "빠졌거나 올바르지 않습니다.")
        raise codes.invalid(field, rule) from None


async def read_object(request: Request, most_bytes: int = MAX_BODY_BYTES) -> dict[str, object]:
    """The JSON object in the body, an empty one without a body.

    Whatever its Content-Type: `curl -d` says that it is a form.
    """
    return parse_object(await read_body((), request.receive, most_bytes) or b"{}")
