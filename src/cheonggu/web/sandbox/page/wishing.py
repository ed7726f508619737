"""How the partner's next requests end, on the page: what is still waited for, and saying more of it."""

from __future__ import annotations

from typing import Final, get_args

import msgspec
from markupsafe import Markup

from cheonggu.domain import codes
from cheonggu.domain.codes import CODES, Refused
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.sandbox import armed, door
from cheonggu.web.sandbox.armed import Armed, Name, ToArm
from cheonggu.web.sandbox.page.act import Act, NotTaken
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.sandbox.test_codes import AFTER, BEFORE, TEST_CODES
from cheonggu.web.words import Language

PATHS: Final = {one.name: one.path for one in OPERATIONS if one.name in get_args(Name)}
"""By operation, the path that calls it."""
_UNANSWERED: Final = (*BEFORE, *AFTER)


class Waiting(msgspec.Struct, frozen=True):
    """What the next requests get: a code, for which path, how often."""

    code: str
    path: str | Markup
    left: Markup


async def arm(act: Act) -> Place:
    """Let the next requests end so. Raises NotTaken."""
    place, form = act.place.at("requests"), act.form
    times = form.get("times", "").strip()
    given: dict[str, object] = {
        "code": form.get("code", ""),
        "operation": form.get("operation") or None,
        "times": int(times) if times.isascii() and times.isdigit() and len(times) < 10 else times,
    }
    try:
        asked = door.fitting(given | {"apiKey": _key(act)}, ToArm, armed.RULES)
        armed.arm(armed.armed(act.request), asked)
    except Refused as refused:
        raise NotTaken(refused, place) from None
    return place.saying("armed")


async def disarm(act: Act) -> Place:
    """Wait for nothing more."""
    armed.armed(act.request).forget(_key(act))
    return act.place.at("requests", said="disarmed")


def _key(act: Act) -> str:
    if act.who.api_key is None:
        raise NotTaken(Refused(codes.PARTNER_003), act.place.at("requests"))
    return act.who.api_key


def waiting(wanted: Armed, api_key: str | None, language: Language) -> list[Waiting]:
    """What a partner still waits for, in the order in which it was said."""
    return [
        Waiting(
            code=one.code,
            path=PATHS[one.operation] if one.operation else say(language, "wish_any"),
            left=say(language, "wish_left", times=f"{one.times_left:,}"),
        )
        for one in (wanted.of(api_key) if api_key else ())
    ]


def offered(language: Language) -> list[tuple[str, str | Markup]]:
    """The test codes, each with what it is in words; of a code of the table that is the API's own."""
    silent = [(name, say(language, f"wish_{name}")) for name in _UNANSWERED]
    return silent + [(name, CODES[name].message) for name in TEST_CODES if name in CODES]
