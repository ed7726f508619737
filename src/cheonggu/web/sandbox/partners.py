"""Partners of one's own: make, list, change and remove them, each with all that a client of it needs."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.billing import own_partners
from cheonggu.billing.onboarding import MOST_MESSAGE_POINTS, MOST_POINTS
from cheonggu.billing.own_partners import Changes, Identity, OwnPartner
from cheonggu.domain.quirks import (
    AnswerField,
    CallbackFields,
    CallbackSpelling,
    DateDigits,
    Profile,
    Quirks,
)
from cheonggu.providers.sandbox import forget_partner
from cheonggu.service import Service
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.armed import Armed, armed
from cheonggu.web.sandbox.door import json_route
from cheonggu.web.wire import API_KEY_MAX

_Title = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,48}[^\s\x00-\x1f\x7f])?$")]
_Name = Annotated[str, Meta(pattern=r"^[^\s/\x00-\x1f\x7f](?:[^/\x00-\x1f\x7f]{0,48}[^\s/\x00-\x1f\x7f])?$")]
_Code = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]{1,60}$")]
_Key = Annotated[str, Meta(pattern=rf"^[!-~]{{1,{API_KEY_MAX}}}$")]
_MessagePoints = Annotated[int, Meta(ge=0, le=MOST_MESSAGE_POINTS)]
Wallet = Literal["PARTNER", "MERCHANT"]
Status = Literal["ACTIVE", "SUSPENDED"]


class _Switches(msgspec.Struct, kw_only=True):
    """What may be said of a new partner and changed of any."""

    messagePoints: _MessagePoints | None = None
    notices: bool | None = None
    keyInCallback: bool | None = None
    profile: Profile | None = None
    answerField: AnswerField | None = None
    callbackFields: CallbackFields | None = None
    callbackSpelling: CallbackSpelling | None = None
    dateDigits: DateDigits | None = None


class NewOwnPartner(_Switches, kw_only=True):
    """A partner to make; everything is optional."""

    apiKey: _Key | None = None
    name: _Name | None = None
    webhookSecret: str | None = None
    member: _Code | None = None
    merchant: _Code | None = None
    merchantName: _Title | None = None
    wallet: Wallet | None = None
    points: Annotated[int, Meta(ge=0, le=MOST_POINTS)] | None = None


class OwnChanges(_Switches, kw_only=True):
    """What to change of a partner; what is left out stays."""

    status: Status | None = None


def _one_of(words: Any) -> str:
    return f"{', '.join(map(str, get_args(words)))} 가운데 하나여야 합니다."


RULES: Final = {
    "apiKey": f"공백 없는 ASCII 1~{API_KEY_MAX}자여야 합니다.",
    "name": "1~50자여야 합니다. 빗금(/)과 앞뒤 공백은 쓸 수 없습니다.",
    "webhookSecret": "whsec_ 다음에 16~64바이트를 base64로 적어야 합니다.",
    "member": "공백 없이 1~60자여야 합니다.",
    "merchant": "공백 없이 1~60자여야 합니다.",
    "merchantName": "1~50자여야 합니다. 앞뒤 공백은 쓸 수 없습니다.",
    "wallet": _one_of(Wallet),
    "status": _one_of(Status),
    "points": f"0부터 {MOST_POINTS:,}까지의 정수여야 합니다.",
    "messagePoints": f"0부터 {MOST_MESSAGE_POINTS:,}까지의 정수여야 합니다.",
    "notices": "true나 false여야 합니다.",
    "keyInCallback": "true나 false여야 합니다.",
    "profile": _one_of(Profile),
    "answerField": _one_of(AnswerField),
    "callbackFields": _one_of(CallbackFields),
    "callbackSpelling": _one_of(CallbackSpelling),
    "dateDigits": _one_of(DateDigits),
}


def routes() -> list[Route]:
    """The endpoints about partners."""
    return [
        json_route("/sandbox/partners", "GET", _list),
        json_route("/sandbox/partners", "POST", _make),
        json_route("/sandbox/partners/{partner}", "POST", _change),
        json_route("/sandbox/partners/{partner}", "DELETE", _remove),
    ]


async def _list(service: Service, _request: Request) -> dict[str, object]:
    found = await own_partners.every(service.db, service.keyring)
    return {"partners": [identity(one) for one in found]}


async def _make(service: Service, request: Request) -> dict[str, object]:
    return identity(await make(service, await door.read(request, NewOwnPartner, RULES)))


async def make(service: Service, asked: NewOwnPartner) -> Identity:
    """Make a partner as it was asked for. Raises Refused."""
    given = {
        "name": asked.name,
        "api_key": asked.apiKey,
        "webhook_secret": asked.webhookSecret,
        "member": asked.member,
        "merchant": asked.merchant,
        "merchant_name": asked.merchantName,
        "wallet_kind": asked.wallet,
        "message_points": asked.messagePoints,
        "points": asked.points,
        "notices": asked.notices,
        "key_in_callback": asked.keyInCallback,
        "profile": asked.profile,
    }
    own = OwnPartner(**_told(given), quirks=Quirks(**_told(_quirks(asked))))
    made = await own_partners.make(service.db, service.keyring, own, service.clock.now())
    service.directory.forget()
    return made


async def _change(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, OwnChanges, RULES)
    return identity(await change(service, request.path_params["partner"], asked))


async def change(service: Service, which: str, asked: OwnChanges) -> Identity:
    """Change a partner as it was asked for. Raises Refused."""
    changes = Changes(
        active=None if asked.status is None else asked.status == "ACTIVE",
        message_points=asked.messagePoints,
        notices=asked.notices,
        key_in_callback=asked.keyInCallback,
        profile=asked.profile,
        **_quirks(asked),
    )
    changed = await own_partners.change(service.db, service.keyring, which, changes)
    service.directory.forget()
    return changed


async def _remove(service: Service, request: Request) -> dict[str, object]:
    await remove(service, request.path_params["partner"], armed(request))
    return {"removed": True}


async def remove(service: Service, which: str, wanted: Armed) -> None:
    """Remove a partner that was made, with all its bills and wishes. Raises Refused."""
    api_key = (await own_partners.known(service.db, service.keyring, which)).api_key
    partner_id = await own_partners.remove(service.db, which, service.directory.forget)
    if api_key is not None:
        wanted.forget(api_key)
    await service.db.run(lambda conn: forget_partner(conn, partner_id))


def _quirks(asked: _Switches) -> dict[str, Any]:
    return {
        "answer_field": asked.answerField,
        "callback_fields": asked.callbackFields,
        "callback_spelling": asked.callbackSpelling,
        "date_digits": asked.dateDigits,
    }


def _told(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def identity(one: Identity) -> dict[str, object]:
    """A partner as the sandbox tells of it."""
    return {
        "partner": one.partner_id,
        "name": one.name,
        "apiKey": one.api_key,
        "member": one.member,
        "merchant": one.merchant,
        "merchantName": one.merchant_name,
        "webhookSecret": one.webhook_secret,
        "status": "ACTIVE" if one.active else "SUSPENDED",
        "wallet": one.wallet_kind,
        "points": one.points,
        "messagePoints": one.message_points,
        "notices": one.notices,
        "keyInCallback": one.key_in_callback,
        "profile": one.profile,
        "answerField": one.quirks.answer_field,
        "callbackFields": one.quirks.callback_fields,
        "callbackSpelling": one.quirks.callback_spelling,
        "dateDigits": one.quirks.date_digits,
        "own": one.own,
    }
