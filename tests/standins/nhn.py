"""NHN Cloud's KakaoTalk Bizmessage, Alimtalk API v2.3, as its published guide and error codes tell.

Keys, templates and their variables, limits, the idempotency key's 10 minutes and the list's filters, pages
and dates are checked. What the guide leaves open is decided so that an adapter has it harder: a key counts
even for a request that was refused, and a message under way has a status that the guide does not name.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from cheonggu.domain.alimtalk import TEMPLATES, Template, button_url

SEOUL: Final = ZoneInfo("Asia/Seoul")
PATH: Final = "/alimtalk/v2.3/appkeys/{app_key}/messages"
KEY_COUNTS_FOR: Final = timedelta(minutes=10)
UNDER_WAY: Final = "READY"

APP_KEY: Final = "nhn-app-key-0123"
SECRET_KEY: Final = "nhn-secret-key"
SENDER_KEY: Final = "a" * 40
BILL: Final = "cheonggu-bill"
BILL_WITH_MESSAGE: Final = "cheonggu-bill-msg"

REFUSED_NUMBERS: Final = {"01000005000": -5000, "01000001028": -1028}
"""Numbers that are refused when they are handed over."""
FAILING_NUMBERS: Final = {
    f"0100000{code}": (code, name)
    for code, name in (
        ("3008", "전화번호 오류"),
        ("3018", "메시지를 전송할 수 없음"),
        ("3019", "카카오톡 유저가 아님"),
        ("3020", "알림톡 수신 차단"),
        ("3005", "수신 확인이 안 됨"),
        ("1007", "차단 상태의 발신 프로필"),
        ("9999", "시스템에 문제가 발생하여 담당자가 확인 중"),
    )
}
"""Numbers that are taken and fail later, by the result code that they end in."""


@dataclass
class Message:
    """A message that was taken. A test may move whatever is to be listed of it."""

    request_id: str
    seq: int
    to: str
    key: str
    group: str
    template_code: str
    content: str
    url: str
    requested_at: datetime
    status: str = UNDER_WAY
    result_code: str | None = None
    result_name: str | None = None
    received_at: str | None = None

    def end(self, status: str, code: str | None, name: str, at: datetime) -> None:
        self.status, self.result_code, self.result_name = status, code, name
        self.received_at = f"{at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True)
class Trouble:
    """How the next request is met, of one method, and with `about` in its body or query.

    `lose` and `lose_answer` answer nothing, before and after the work; `cut` closes the connection before it.
    """

    how: str
    method: str = "POST"
    about: str = ""
    code: int = 0
    status: int = 200
    body: bytes = b""


@dataclass
class NhnCloud:
    """One app key's messages, in memory."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    app_key: str = APP_KEY
    secret_key: str = SECRET_KEY
    sender_key: str = SENDER_KEY
    templates: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Text and button by code."""
    url: str = ""
    spoiler: str = ""
    """A number for which a whole request is refused, as the guide does not say."""
    listed_after: timedelta = timedelta(0)
    """How long a message that was taken is not listed yet."""
    at_once: bool = False
    """Whether a message ends as soon as it was taken, without `deliver`."""
    messages: list[Message] = field(default_factory=list[Message])
    troubles: deque[Trouble] = field(default_factory=deque[Trouble])
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    """Every request that came, by method, with its body or query."""
    sms: int = 0
    """Requests that left it to the console's setting whether an SMS goes in a message's place."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _keys: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def register(self, public_url: str) -> None:
        """The two templates, approved."""
        for template, code in ((Template.BILL, BILL), (Template.BILL_WITH_MESSAGE, BILL_WITH_MESSAGE)):
            self.templates[code] = (TEMPLATES[template], button_url(public_url))

    def deliver(self) -> None:
        """See through what is under way."""
        for one in self.messages:
            if one.status == UNDER_WAY:
                failing = FAILING_NUMBERS.get(one.to)
                status = "FAILED" if failing else "COMPLETED"
                one.end(status, *(failing or ("1000", "성공")), self.now())

    def posts(self) -> list[dict[str, Any]]:
        """The sendings that came."""
        return [body for method, body in self.heard if method == "POST"]

    def _met(self, method: str, given: str) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.method == method and trouble.about in given:
                self.troubles.remove(trouble)
                return trouble
        return None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        given = await request.text() if request.method == "POST" else request.query_string
        body: dict[str, Any] = await request.json() if request.method == "POST" else dict(request.query)
        self.heard.append((request.method, body))
        trouble = self._met(request.method, given)
        how = trouble.how if trouble else ""
        if trouble and how == "refuse":
            return _refusal(trouble.code, trouble.status)
        if trouble and how == "answer":
            return web.Response(status=trouble.status, body=trouble.body)
        if how == "lose":
            await self.closing.wait()
            return web.Response()
        if how == "cut":
            assert request.transport
            request.transport.abort()
            return web.Response()
        answer = self._work(request, body)
        if how == "lose_answer":
            await self.closing.wait()
        return answer

    def _work(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if request.match_info["app_key"] != self.app_key:
            return _refusal(-1000)
        if request.headers.get("X-Secret-Key") != self.secret_key:
            return _refusal(-1001)
        if request.method == "GET":
            return self._list(body)
        key = request.headers.get("X-NC-API-IDEMPOTENCY-KEY")
        if key:
            before = self._keys.get(key)
            if before and self.now() < before + KEY_COUNTS_FOR:
                return _refusal(-1005)
            self._keys[key] = self.now()
        return self._take(body)

    def _take(self, body: dict[str, Any]) -> web.Response:
        recipients: list[dict[str, Any]] = body.get("recipientList") or []
        if not 1 <= len(recipients) <= 1_000 or len(body.get("senderGroupingKey", "")) > 100:
            return _refusal(-2004)
        if self.spoiler in [recipient.get("recipientNo") for recipient in recipients]:
            return _refusal(-2019)
        if body.get("senderKey") != self.sender_key:
            return _refusal(-2017)
        code = body.get("templateCode", "")
        if code not in self.templates:
            return _refusal(-3003)
        request_id = f"{self.now():%Y%m%d%H%M%S}{len(self.heard)}"
        results = [
            self._one(request_id, seq, body, recipient) for seq, recipient in enumerate(recipients, start=1)
        ]
        failed = all(result["resultCode"] for result in results)
        return web.json_response(
            {
                "header": _header(-1031 if failed else 0),
                "message": {
                    "requestId": None if failed else request_id,
                    "senderGroupingKey": body.get("senderGroupingKey"),
                    "sendResults": results,
                },
            }
        )

    def _one(self, request_id: str, seq: int, body: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
        text, url = self.templates[body["templateCode"]]
        values: dict[str, str] = one.get("templateParameter") or {}
        key, to = one.get("recipientGroupingKey", ""), one.get("recipientNo", "")
        code = REFUSED_NUMBERS.get(to, 0)
        if not re.fullmatch(r"\d{9,15}", to):
            code = -5000
        elif set(re.findall(r"#\{(\w+)\}", text + url)) != set(values):
            code = -3049
        elif len(key) > 100 or any(len(value) > 1_300 for value in values.values()):
            code = -3048
        if one.get("resendParameter", {}).get("isResend") is not False:
            self.sms += 1
        filled = [re.sub(r"#\{(\w+)\}", lambda found: values.get(found[1], ""), part) for part in (text, url)]
        if len(filled[0]) > 1_300:
            code = -2019
        if not code:
            self.messages.append(
                Message(
                    request_id,
                    seq,
                    to,
                    key,
                    body.get("senderGroupingKey", ""),
                    body["templateCode"],
                    *filled,
                    requested_at=self.now(),
                )
            )
            if self.at_once:
                self.deliver()
        return {
            "recipientSeq": seq,
            "recipientNo": to,
            "resultCode": code,
            "resultMessage": "SUCCESS" if not code else "failed",
            "recipientGroupingKey": key,
        }

    def _list(self, query: dict[str, str]) -> web.Response:
        try:
            start, end = (
                datetime.strptime(query[name], "%Y-%m-%d %H:%M").replace(tzinfo=SEOUL)
                for name in ("startRequestDate", "endRequestDate")
            )
        except (KeyError, ValueError):
            return _refusal(-4103)
        if end - start > timedelta(days=30):
            return _refusal(-4003)
        if start < self.now() - timedelta(days=90):
            return _refusal(-4017)
        size, number = int(query.get("pageSize", "15")), int(query.get("pageNum", "1"))
        if not 1 <= size <= 1_000 or number < 1:
            return _refusal(-2004)
        found = [
            one
            for one in self.messages
            if start <= one.requested_at <= min(end, self.now() - self.listed_after)
            and one.key == query.get("recipientGroupingKey", one.key)
            and one.group == query.get("senderGroupingKey", one.group)
            and one.to == query.get("recipientNo", one.to)
        ]
        page = [_listed(one) for one in found[(number - 1) * size : number * size]]
        said = {"messages": page, "totalCount": len(found)}
        return web.json_response({"header": _header(0), "messageSearchResultResponse": said})


def _listed(one: Message) -> dict[str, Any]:
    return {
        "requestId": one.request_id,
        "recipientSeq": one.seq,
        "plusFriendId": "@청구",
        "senderKey": SENDER_KEY,
        "templateCode": one.template_code,
        "recipientNo": one.to,
        "content": one.content,
        "requestDate": f"{one.requested_at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}",
        "createDate": f"{one.requested_at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}",
        "receiveDate": one.received_at,
        "resendStatus": "RSC01",
        "resendStatusName": "대체 발송 미대상",
        "messageStatus": one.status,
        "resultCode": one.result_code,
        "resultCodeName": one.result_name,
        "createUser": None,
        "senderGroupingKey": one.group,
        "recipientGroupingKey": one.key,
    }


def _header(code: int) -> dict[str, Any]:
    return {
        "resultCode": code,
        "resultMessage": "SUCCESS" if not code else "failed",
        "isSuccessful": not code,
    }


def _refusal(code: int, status: int = 200) -> web.Response:
    return web.json_response({"header": _header(code)}, status=status)


@asynccontextmanager
async def nhn_cloud(public_url: str, now: Callable[[], datetime] | None = None) -> AsyncGenerator[NhnCloud]:
    """One that listens on a free port of loopback, its templates approved for bills at `public_url`."""
    made = NhnCloud() if now is None else NhnCloud(now=now)
    made.register(public_url)
    app = web.Application()
    app.router.add_route("*", PATH, made.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.closing.set()
        await runner.cleanup()
