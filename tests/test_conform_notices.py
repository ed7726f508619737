"""Each check of the conformance suite can fail: a server that is wrong in one thing is noticed by it."""

from __future__ import annotations

import fnmatch

import msgspec

from cheonggu.conform.checks import CHECKS
from cheonggu.conform.run import Outcome
from cheonggu.conform.target import Target
from tests.conform_proxy import proxy
from tests.conform_target import asked, whole_target
from tests.conform_wrong import NEVER_NOTICED, WRONG, Wrong, noticing
from tests.live import Live

PATIENCE_SECONDS = 0.5
"""For callbacks that never come."""


async def unnoticed(wrong: Wrong, target: Target) -> dict[str, object]:
    """The checks that should have noticed and did not, and what became of them."""
    with proxy(target.base_url) as server:
        server.mutation, server.relayed = wrong.mutation(), wrong.relayed
        through = msgspec.structs.replace(target, base_url=server.url)
        ran = await asked(through, noticing(wrong))
    assert server.failures == [], wrong.name
    assert ran.stopped is None, (wrong.name, ran.stopped)
    noticed = (Outcome.DIFFERS, Outcome.OWN)
    return {one.check.id: (one.outcome, one.reason) for one in ran.results if one.outcome not in noticed}


async def test_every_wrong_server_is_noticed_by_the_checks_that_should(live: Live) -> None:
    target = await whole_target(live.service, live.url, callback_seconds=PATIENCE_SECONDS)
    found = {wrong.name: await unnoticed(wrong, target) for wrong in WRONG}
    assert {name: missed for name, missed in found.items() if missed} == {}


def test_every_check_notices_some_wrong_server_or_has_a_reason_why_not() -> None:
    notices = {check.id for wrong in WRONG for check in noticing(wrong)}
    assert {check.id for check in CHECKS} - notices == set(NEVER_NOTICED)


def test_every_wrong_server_names_checks_that_are_there() -> None:
    patterns = [pattern for wrong in WRONG for pattern in wrong.noticed_by]
    ids = [check.id for check in CHECKS]
    assert [pattern for pattern in patterns if not fnmatch.filter(ids, pattern)] == []
