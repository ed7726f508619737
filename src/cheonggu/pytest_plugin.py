"""The pytest plugin: a running service for tests, and for each test a partner of its own.

pytest loads this file wherever Cheonggu is installed, so it imports nothing until a test asks for a fixture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cheonggu.testing import Sandbox, Service


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options."""
    group = parser.getgroup("cheonggu", "bills by message")
    group.addoption(
        "--cheonggu-url",
        metavar="URL",
        help="use the sandbox that runs there; without it, tests that ask for one start their own",
    )
    group.addoption(
        "--cheonggu-may-reset",
        action="store_true",
        help="tests may move the clock of that sandbox, and reset it with everything in it",
    )
    parser.addini(
        "cheonggu_patience_seconds", "how long helpers wait for what must come (10 by default)", default="10"
    )
    parser.addini(
        "cheonggu_start_seconds", "how long the service may take to start (60 by default)", default="60"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "cheonggu(**partner): how the test's partner is made, as POST /sandbox/partners takes it, "
        "as in cheonggu(points=0) or cheonggu(profile='live-2026-09')",
    )


@pytest.fixture(scope="session")
def cheonggu_service(pytestconfig: pytest.Config) -> Iterator[Service]:
    """A running sandbox for the whole session: started at the first test that asks, stopped at the end."""
    from cheonggu.testing import running

    url: str | None = pytestconfig.getoption("--cheonggu-url")
    asked = bool(pytestconfig.getoption("--cheonggu-may-reset"))
    alone = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) == 1
    with running(
        url,
        may_reset=asked and alone,
        start_seconds=_seconds(pytestconfig, "cheonggu_start_seconds"),
        patience_seconds=_seconds(pytestconfig, "cheonggu_patience_seconds"),
    ) as service:
        yield service


@pytest.fixture
def cheonggu(request: pytest.FixtureRequest, cheonggu_service: Service) -> Iterator[Sandbox]:
    """A partner of the test's own on the running sandbox, with a phone, a clock, a receiver and assertions.

    A test that moved the clock is followed by a reset, so that the next one finds the real time.
    """
    given: dict[str, Any] = {}
    for marker in reversed(
        list(request.node.iter_markers("cheonggu"))
    ):  # the closest one last, so that it wins
        given |= marker.kwargs
    try:
        with cheonggu_service.partner(**given) as sandbox:
            yield sandbox
    finally:
        cheonggu_service.put_clock_back()


def _seconds(config: pytest.Config, name: str) -> float:
    text: str = config.getini(name)
    try:
        return float(text)
    except ValueError:
        raise pytest.UsageError(f"{name} must be a number of seconds, not {text!r}.") from None
