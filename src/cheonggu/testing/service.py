"""A running service as the tests of one run share it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Final

from cheonggu.sandbox.remote import Remote
from cheonggu.testing.clock import Clock
from cheonggu.testing.parts import partner_of
from cheonggu.testing.process import START_SECONDS, started
from cheonggu.testing.receiving import Receiving
from cheonggu.testing.sandbox import Sandbox
from cheonggu.testing.waiting import PATIENCE_SECONDS

_WHY_NOT: Final = (
    "This service was not started by the tests, and {what} is for everybody who uses it: {because}. "
    "Say --cheonggu-may-reset if nobody else does (several pytest-xdist workers are others, too), "
    "or leave --cheonggu-url out, so that the tests start their own."
)


class NotOurs(Exception):
    """What was asked would disturb others who use the service."""


class Service:
    """One service. It is `ours` when it was started for the tests, which may then do with it as they like."""

    def __init__(
        self, base_url: str, *, ours: bool, may_reset: bool, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.ours = ours
        self.patience_seconds = patience_seconds
        self._may_reset = ours or may_reset
        self._remote = Remote(self.base_url)
        self._clock_claimed = False
        self._held = ExitStack()

    @cached_property
    def receiving(self) -> Receiving:
        """What callbacks come to, from the first use on."""
        receiving = Receiving()
        self._held.callback(receiving.close)
        return receiving

    @contextmanager
    def partner(self, **given: Any) -> Generator[Sandbox]:
        """A partner of its own for one test; fields are as for POST /sandbox/partners.

        Its clients and receiver end with the block; so does the partner itself on a service that is not ours.
        """
        with ExitStack() as held:
            partner = partner_of(self._remote.post("/sandbox/partners", given))
            if not self.ours:
                held.callback(self._remote.delete, f"/sandbox/partners/{partner.number}")
            yield Sandbox(self, partner, held)

    def claim_the_clock(self) -> None:
        """Somebody is about to move the clock. Raises NotOurs."""
        if not self._may_reset:
            raise NotOurs(
                _WHY_NOT.format(what="the clock", because="it goes back only by a reset of everything")
            )
        self._clock_claimed = True

    def reset(self) -> None:
        """Start over. Raises NotOurs."""
        if not self._may_reset:
            raise NotOurs(_WHY_NOT.format(what="a reset", because="it takes everybody's bills away"))
        self._remote.post("/sandbox/reset")
        self._clock_claimed = False

    def put_clock_back(self) -> None:
        """Leave the next test no moved clock: reset the service if it was moved.

        On a service of ours the clock itself is looked at, so that it does not matter how a test moved it.
        """
        if self._clock_claimed or (self.ours and Clock(self._remote, self.claim_the_clock).is_moved()):
            self._remote.post("/sandbox/reset", {"partners": self.ours})
            self._clock_claimed = False

    def close(self) -> None:
        """Let go of what the tests shared. Whoever started the service stops it."""
        self._held.close()


@contextmanager
def running(
    base_url: str | None = None,
    *,
    may_reset: bool = False,
    start_seconds: float = START_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Generator[Service]:
    """The service at `base_url`, else one that is started for this block. Raises DidNotStart."""
    with ExitStack() as held:
        address = base_url or held.enter_context(started(start_seconds=start_seconds))
        service = Service(
            address, ours=base_url is None, may_reset=may_reset, patience_seconds=patience_seconds
        )
        held.callback(service.close)
        yield service
