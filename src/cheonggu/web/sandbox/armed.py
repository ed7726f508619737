"""Outcomes that a partner's next requests get, for programs whose headers nobody can reach into.

What `Cheonggu-Test-Code` does to one request is said here beforehand, through POST /sandbox/test-code. It is
kept in the memory of the process that was told; of several API processes only that one acts on it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from cheonggu.domain.codes import invalid
from cheonggu.service import Service
from cheonggu.web.sandbox import door
from cheonggu.web.sandbox.door import Asked, json_route
from cheonggu.web.sandbox.journal import subject_of
from cheonggu.web.sandbox.test_codes import TEST_CODES

Name = Literal[
    "billSend",
    "billDestroy",
    "billResend",
    "billRead",
    "billCancel",
    "readRemainCount",
    "readMerchantRemainCount",
]
MOST_TIMES: Final = 10_000
MOST_KEPT: Final = 1_000
"""Of all partners together; more are refused."""


class Wanted(msgspec.Struct, kw_only=True, eq=False):
    """An outcome for the next requests of a partner: of one operation, or of any."""

    api_key: str
    operation: Name | None
    code: str
    times_left: int
    in_hand: int = 0
    """Requests that have taken it, and of which it is not known yet whether they use it up."""


class Armed:
    """What is wanted, in the order in which it was said."""

    def __init__(self) -> None:
        self._wanted: list[Wanted] = []

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def arm(self, wanted: Wanted) -> None:
        """Want an outcome. Raises Refused when too many are wanted already."""
        if len(self._wanted) >= MOST_KEPT:
            raise invalid("code", f"기다리는 것이 {MOST_KEPT:,}개를 넘을 수 없습니다. 먼저 지워 주세요.")
        self._wanted.append(wanted)

    def take(self, body: bytes, operation: str) -> Wanted | None:
        """What is wanted of this request. It keeps its place until `used_up` or `give_back`."""
        api_key = subject_of(body)[0]
        for wanted in self._wanted:
            mine = wanted.api_key == api_key and wanted.operation in (None, operation)
            if mine and wanted.times_left > 0:
                wanted.times_left -= 1
                wanted.in_hand += 1
                return wanted
        return None

    def used_up(self, wanted: Wanted) -> None:
        """The request that took it was answered so."""
        wanted.in_hand -= 1
        if wanted.times_left == wanted.in_hand == 0 and wanted in self._wanted:
            self._wanted.remove(wanted)

    def give_back(self, wanted: Wanted) -> None:
        """Its request was not in order, so it was of no use: the next gets it, unless it was forgotten."""
        wanted.in_hand -= 1
        wanted.times_left += 1

    def of(self, api_key: str) -> list[Wanted]:
        """What a partner still waits for."""
        return [one for one in self._wanted if one.api_key == api_key and one.times_left > 0]

    def forget(self, api_key: str | None = None) -> None:
        """Want nothing more, of one partner or of all; what is in hand does not come back."""
        self._wanted = [one for one in self._wanted if api_key is not None and one.api_key != api_key]


class ToArm(Asked, kw_only=True):
    """An outcome for the next requests, as a request asks for it."""

    code: str
    operation: Name | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=MOST_TIMES)] = 1


RULES: Final = {
    "code": f"{', '.join(TEST_CODES)} 중 하나여야 합니다.",
    "operation": f"{', '.join(get_args(Name))} 중 하나이거나, 모든 요청이면 빼야 합니다.",
    "times": f"1부터 {MOST_TIMES:,}까지의 정수여야 합니다.",
}


def routes() -> list[Route]:
    """The endpoints about what the next requests get."""
    path = "/sandbox/test-code"
    return [
        json_route(path, "GET", _see),
        json_route(path, "POST", _arm),
        json_route(path, "DELETE", _forget),
    ]


async def _see(service: Service, request: Request) -> dict[str, object]:
    return _shown(request, await _partners_key(service, request))


async def _arm(service: Service, request: Request) -> dict[str, object]:
    asked = await door.read(request, ToArm, RULES)
    await door.partner(service, request, asked.apiKey)
    arm(armed(request), asked)
    return _shown(request, asked.apiKey)


def arm(wanted: Armed, asked: ToArm) -> None:
    """Want what was asked for. Raises Refused."""
    code = asked.code.upper()
    if code not in TEST_CODES:
        raise invalid("code", RULES["code"])
    wanted.arm(Wanted(api_key=asked.apiKey, operation=asked.operation, code=code, times_left=asked.times))


async def _forget(service: Service, request: Request) -> dict[str, object]:
    api_key = await _partners_key(service, request)
    armed(request).forget(api_key)
    return _shown(request, api_key)


async def _partners_key(service: Service, request: Request) -> str:
    api_key = request.query_params.get("apiKey", Asked().apiKey)
    await door.partner(service, request, api_key)
    return api_key


def armed(request: Request) -> Armed:
    """What is wanted in this process."""
    return request.app.state.armed


def _shown(request: Request, api_key: str) -> dict[str, object]:
    return {
        "next": [
            {"code": one.code, "operation": one.operation, "timesLeft": one.times_left}
            for one in armed(request).of(api_key)
        ]
    }
