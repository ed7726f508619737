"""Solapi's API v4 on loopback, as far as a sender of 알림톡 needs it, made from what is published of it.

It checks signatures and fields as the real one is described to, keeps messages in memory, moves them on when
it is told to, and misbehaves when it is told to. The official SDK for Python takes its answers.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import re
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, cast

from aiohttp import web

API_KEY: Final = "NCSSTANDINKEY001"
API_SECRET: Final = "STANDINSECRET0123456789ABCDEFGHI"
PF_ID: Final = "KA01PF000000000000000000standin1"
TEMPLATE_ID: Final = "KA01TP000000000000000000standin1"
TEMPLATE_WITH_MESSAGE_ID: Final = "KA01TP000000000000000000standin2"
BILL_VARIABLES: Final = ("issuer", "payerName", "productName", "price", "expiry", "code")
FROM: Final = "0212345678"

NO_KAKAOTALK: Final = "01000000001"
BLOCKED: Final = "01000000004"
WRONG_TEMPLATE: Final = "01000000005"
TURNED_AWAY: Final = "01000000006"
ENDS: Final = {NO_KAKAOTALK: "3104", BLOCKED: "3107", WRONG_TEMPLATE: "3105"}
"""Receivers that act out an end; every other message arrives. TURNED_AWAY is not even accepted (1060)."""

PRICE_WON: Final = 13.0
_AUTHORIZATION = re.compile(
    r"HMAC-SHA256 apikey=([^,]+), ?date=([^,]+), ?salt=([^,]+), ?signature=([0-9a-f]{64})", re.IGNORECASE
)
_SKEW: Final = timedelta(minutes=15)
_STATUS_MESSAGES: Final = {
    "2000": "정상 접수(이통사로 접수 예정) ",
    "3000": "이통사로 접수 예정",
    "4000": "수신완료",
}
_MOST_BYTES: Final = 15 * 1024 * 1024


class Mischief(Enum):
    """What may go wrong with one request; what has AFTER in its name was done nevertheless."""

    SILENCE = "no answer"
    SILENCE_AFTER = "no answer, though it was done"
    FAILURE = "500"
    FAILURE_AFTER = "500, though it was done"
    GARBAGE = "an answer that is no JSON"
    GARBAGE_AFTER = "an answer that is no JSON, though it was done"
    CUT_AFTER = "an answer that ends in the middle"
    BUSY = "429"


class Refusal(Exception):
    """An answer of {errorCode, errorMessage}."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


def _now() -> datetime:
    return datetime.now(UTC)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Solapi:
    """Its state. `now` is when records are made, in a test's own time."""

    now: Callable[[], datetime] = _now
    api_key: str = API_KEY
    api_secret: str = API_SECRET
    balance_won: float = 1_000_000
    at_once: bool = False
    """Whether messages come to their end as soon as they are accepted."""
    repeats_custom_fields: bool = True
    """Whether a message that is turned away is told with its customFields."""
    templates: dict[str, Sequence[str]] = field(
        default_factory=lambda: {
            TEMPLATE_ID: BILL_VARIABLES,
            TEMPLATE_WITH_MESSAGE_ID: (*BILL_VARIABLES, "message"),
        }
    )
    listed_after: timedelta = timedelta(0)
    """How long a message that was accepted is not in the list yet."""
    most_in_a_page: int = 500
    pages_first: bool = False
    """Whether a page is cut before it is filtered, so that it may be empty and not the last."""
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    mischief: dict[str, deque[Mischief]] = field(
        default_factory=lambda: {"send": deque(), "list": deque(), "balance": deque()}
    )
    requests: Counter[str] = field(default_factory=Counter[str])
    queries: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    url: str = ""
    open: asyncio.Event = field(default_factory=_set)
    """Until it is set again, requests wait."""
    under_way: int = 0
    most_under_way: int = 0
    _signatures: set[str] = field(default_factory=set[str])
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        """Its HTTP."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post("/messages/v4/send-many/detail", self._answering("send", self._send))
        app.router.add_get("/cash/v1/balance", self._answering("balance", self._balance))
        for path in ("/messages/v4/list", "/messages/v4/list-old"):  # the SDK for Python takes the latter
            app.router.add_get(path, self._answering("list", self._list))
        return app

    def stop(self) -> None:
        """Let go of who waits for an answer."""
        self._over.set()

    def move(self) -> None:
        """Every message one step on: to the carrier, then to its end."""
        for message in self.messages:
            if message["statusCode"] == "2000":
                self._turn(message, "3000")
            elif message["statusCode"] == "3000":
                self._turn(message, ENDS.get(message["to"], "4000"))

    def arrived(self) -> list[str]:
        """Our ids of what arrived, in the order it was handed over."""
        return [one["customFields"]["messageId"] for one in self.messages if one["statusCode"] == "4000"]

    def marks(self) -> list[str]:
        """Our ids of all that was ever accepted."""
        return [one["customFields"]["messageId"] for one in self.messages if one["statusCode"][0] != "1"]

    def _turn(self, message: dict[str, Any], code: str) -> None:
        message["statusCode"] = code
        message["dateUpdated"] = _iso(self.now())
        message["log"].append({"createAt": _iso(self.now()), "message": code})
        if code == "3000":
            message["dateProcessed"] = _iso(self.now())
        else:
            message["dateReported"] = message["dateReceived"] = _iso(self.now())

    def _answering(
        self, kind: str, does: Callable[[web.Request], Awaitable[Mapping[str, Any]]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self.requests[kind] += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                await self.open.wait()
                return await self._answer(kind, request, does)
            finally:
                self.under_way -= 1

        return answer

    async def _answer(
        self, kind: str, request: web.Request, does: Callable[[web.Request], Awaitable[Mapping[str, Any]]]
    ) -> web.Response:
        mischief = self.mischief[kind].popleft() if self.mischief[kind] else None
        if mischief is not None and not mischief.name.endswith("_AFTER"):
            return await self._misbehave(mischief, None)
        try:
            self._check(request.headers.get("Authorization", ""))
            answer = web.json_response(await does(request))
        except Refusal as refusal:
            body = {"errorCode": refusal.code, "errorMessage": refusal.message}
            return web.json_response(body, status=refusal.status)
        return answer if mischief is None else await self._misbehave(mischief, answer)

    async def _misbehave(self, mischief: Mischief, answer: web.Response | None) -> web.Response:
        if mischief in (Mischief.SILENCE, Mischief.SILENCE_AFTER):
            await self._over.wait()
        if mischief in (Mischief.FAILURE, Mischief.FAILURE_AFTER):
            return web.json_response({"errorCode": "InternalError", "errorMessage": ""}, status=500)
        if mischief is Mischief.BUSY:
            return web.json_response({"errorCode": "TooManyRequests", "errorMessage": ""}, status=429)
        if mischief is Mischief.CUT_AFTER and answer is not None and isinstance(answer.body, bytes):
            return web.Response(body=answer.body[: len(answer.body) // 2], content_type="application/json")
        return web.Response(text="<html>점검 중</html>", content_type="text/html")

    def _check(self, header: str) -> None:
        """A signature that is right, of now, and not used before."""
        match = _AUTHORIZATION.fullmatch(header)
        if match is None:
            raise Refusal(400, "ValidationError", "Authorization")
        api_key, date, salt, signature = match.groups()
        if api_key != self.api_key:
            raise Refusal(403, "InvalidAPIKey")
        if not 12 <= len(salt) <= 64:
            raise Refusal(400, "ValidationError", "salt")
        expected = hmac.new(self.api_secret.encode(), (date + salt).encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise Refusal(403, "SignatureDoesNotMatch")
        if abs(datetime.fromisoformat(date) - _now()) > _SKEW:
            raise Refusal(403, "RequestTimeTooSkewed")
        if signature in self._signatures:
            raise Refusal(403, "DuplicatedSignature")
        self._signatures.add(signature)

    async def _send(self, request: web.Request) -> Mapping[str, Any]:
        body: dict[str, Any] = await request.json()
        given: list[Any] = body["messages"] if isinstance(body.get("messages"), list) else []
        if not given:
            raise Refusal(400, "ValidationError", '"messages" is required')
        if len(given) > 10_000:
            raise Refusal(413, "RecipientsTooMany")
        for message in given:
            _validate(message)
        if self.balance_won < PRICE_WON * len(given):
            raise Refusal(402, "NotEnoughBalance")
        group_id = f"G4V{next(self._numbers):029}"
        seen: set[str] = set()
        kept: list[dict[str, Any]] = []
        for message in given:
            twice = message["to"] in seen and not body.get("allowDuplicates", False)
            kept.append(self._keep(message, group_id, "1026" if twice else self._code_of(message)))
            seen.add(message["to"])
        accepted = [one for one in kept if one["statusCode"] == "2000"]
        self.balance_won -= PRICE_WON * len(accepted)
        if self.at_once:
            for one in accepted:
                self._turn(one, "3000")
                self._turn(one, ENDS.get(one["to"], "4000"))
        answer = {
            "failedMessageList": [self._failed(one) for one in kept if one not in accepted],
            "groupInfo": self._group(group_id, len(given), len(accepted), body),
        }
        if body.get("showMessageList"):
            answer["messageList"] = [
                {
                    "messageId": one["messageId"],
                    "statusCode": "2000",
                    "statusMessage": _STATUS_MESSAGES["2000"],
                    "customFields": one["customFields"],
                }
                for one in accepted
            ]
        return answer

    def _keep(self, message: Mapping[str, Any], group_id: str, code: str) -> dict[str, Any]:
        message_id = f"M4V{next(self._numbers):029}"
        kept: dict[str, Any] = {
            "messageId": message_id,
            "_id": message_id,
            "groupId": group_id,
            "accountId": "12925149",
            "to": message["to"],
            "from": message.get("from"),
            "country": message.get("country", "82"),
            "type": "ATA",
            "text": None,
            "kakaoOptions": message["kakaoOptions"],
            "customFields": message.get("customFields", {}),
            "statusCode": code,
            "replacement": False,
            "autoTypeDetect": False,
            "reason": None,
            "networkName": "KAKAO",
            "networkCode": None,
            "log": [],
            "dateCreated": _iso(self.now()),
            "dateUpdated": _iso(self.now()),
            "dateProcessed": None,
            "dateReported": None,
            "dateReceived": None,
        }
        self.messages.append(kept)
        return kept

    def _code_of(self, message: Mapping[str, Any]) -> str:
        """2000, or why a message is turned away."""
        options, fields = message["kakaoOptions"], message.get("customFields", {})
        if any(
            len(key) > 30 or not isinstance(value, str) or len(value) > 100 for key, value in fields.items()
        ):
            return "1032"
        if options["pfId"] != PF_ID:
            return "1041"
        variables = self.templates.get(options.get("templateId", ""))
        if variables is None:
            return "1042"
        if not {f"#{{{name}}}" for name in variables} <= options.get("variables", {}).keys():
            return "1043"
        if "from" in message and message["from"] != FROM:
            return "1062"
        if "from" not in message and not options.get("disableSms", False):
            return "1010"
        return "1060" if message["to"] == TURNED_AWAY else "2000"

    def _failed(self, kept: Mapping[str, Any]) -> Mapping[str, Any]:
        told = {
            "to": kept["to"],
            "from": kept["from"] or "",
            "type": "ATA",
            "statusMessage": f"{kept['to']} 에 보낼 수 없습니다.",
            "country": "82",
            "messageId": kept["messageId"],
            "statusCode": kept["statusCode"],
            "accountId": kept["accountId"],
        }
        return told | ({"customFields": kept["customFields"]} if self.repeats_custom_fields else {})

    def _group(self, group_id: str, total: int, accepted: int, body: Mapping[str, Any]) -> Mapping[str, Any]:
        sums = {"requested": 0, "replacement": 0, "refund": 0, "sum": 0}
        return {
            "count": {
                "total": total,
                "sentTotal": 0,
                "sentFailed": 0,
                "sentSuccess": 0,
                "sentPending": 0,
                "sentReplacement": 0,
                "refund": 0,
                "registeredFailed": total - accepted,
                "registeredSuccess": accepted,
            },
            "countForCharge": {"ata": {"82": accepted}},
            "balance": sums,
            "point": sums,
            "app": {"profit": {}, "appId": None},
            "log": [],
            "status": "SENDING",
            "allowDuplicates": bool(body.get("allowDuplicates")),
            "isRefunded": False,
            "accountId": "12925149",
            "masterAccountId": None,
            "apiVersion": "4",
            "groupId": group_id,
            "price": {"82": {"ata": PRICE_WON}},
            "dateCreated": _iso(self.now()),
            "dateUpdated": _iso(self.now()),
        }

    async def _balance(self, _: web.Request) -> Mapping[str, Any]:
        return {"balance": self.balance_won, "point": 0, "autoRecharge": 0}

    async def _list(self, request: web.Request) -> Mapping[str, Any]:
        """The newest first, filtered, and page by page."""
        query = dict(request.query)
        self.queries.append(query)
        limit = int(query.get("limit", "20"))
        if not 0 < limit <= 500:
            raise Refusal(400, "ValidationError", '"limit" must be less than or equal to 500')
        if query.get("dateType", "CREATED") not in ("CREATED", "UPDATED"):
            raise Refusal(400, "ValidationError", "dateType")
        limit = min(limit, self.most_in_a_page)
        listed_to = self.now() - self.listed_after
        listed = [one for one in self.messages if datetime.fromisoformat(one["dateCreated"]) <= listed_to]
        kept = [one for one in reversed(listed) if self.pages_first or _matches(one, query)]
        start = next((at for at, one in enumerate(kept) if one["messageId"] == query.get("startKey")), 0)
        page, rest = kept[start : start + limit], kept[start + limit :]
        return {
            "startKey": query.get("startKey"),
            "nextKey": rest[0]["messageId"] if rest else None,
            "limit": limit,
            "messageList": {one["messageId"]: one for one in page if _matches(one, query)},
        }


def _validate(message: Any) -> None:
    """What the request's schema says of one message."""
    if not isinstance(message, dict):
        raise Refusal(400, "ValidationError", '"messages[0]" must be an object')
    given = cast("dict[str, Any]", message)
    to, options = given.get("to"), cast("dict[str, Any]", given.get("kakaoOptions") or {})
    if not isinstance(to, str) or not re.fullmatch(r"[0-9]{8,15}", to):
        raise Refusal(400, "ValidationError", f'"to" {to}')
    if not isinstance(options.get("pfId"), str):
        raise Refusal(400, "ValidationError", '"kakaoOptions.pfId" is required')
    variables = cast("dict[str, Any]", options.get("variables") or {})
    if not all(isinstance(one, str) for one in variables.values()):
        raise Refusal(400, "ValidationError", '"kakaoOptions.variables" must be a string')
    if not all(re.fullmatch(r"#\{[^}]+\}", name) for name in variables):
        raise Refusal(400, "ValidationError", f"names of variables, of {to}")
    if given.get("type", "ATA") != "ATA":
        raise Refusal(400, "ValidationError", '"type"')


def _matches(message: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    for name in ("messageId", "groupId", "to", "from", "type", "statusCode"):
        if name in query and message[name] != query[name]:
            return False
    moment = message["dateCreated" if query.get("dateType", "CREATED") == "CREATED" else "dateUpdated"]
    made_at = datetime.fromisoformat(moment)
    if "startDate" in query and made_at < datetime.fromisoformat(query["startDate"]):
        return False
    return "endDate" not in query or made_at <= datetime.fromisoformat(query["endDate"])


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@asynccontextmanager
async def solapi(standin: Solapi | None = None) -> AsyncGenerator[Solapi]:
    """It, served on a port of its own."""
    standin = standin or Solapi()
    runner = web.AppRunner(standin.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    standin.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield standin
    finally:
        standin.stop()
        await runner.cleanup()
