"""The pytest plugin as its users meet it: in a pytest of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cheonggu.store.embedded.cluster import locate
from cheonggu.testing import Service
from tests.running_dev import alive, clean_environment, descendants, soon
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "sandbox" / "pytest.md"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]


def run(
    directory: Path, test: str, *arguments: str, found: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A user's pytest on one file, to its end; our plugin is named to it, or `found` as an installed one."""
    if not found:  # the others that are installed here take seconds to load
        arguments = ("-p", "cheonggu.pytest_plugin", "-p", "pytest_asyncio.plugin", *arguments)
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    (directory / "test_users.py").write_text(test, encoding="utf-8")
    return subprocess.run(  # noqa: S603 - our own program
        command("-vv", *arguments),
        cwd=directory,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def outcomes(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """How each test ended, by its name."""
    return dict(re.findall(r"::(\S+) (PASSED|FAILED|ERROR)", ended.stdout))


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """Where a user's run puts what is temporary; in the end, nothing is there."""
    place = tmp_path / "temporary"
    place.mkdir()
    yield place
    assert soon(lambda: not list(place.iterdir())), list(place.iterdir())


OWN_SERVICE = """
import json, os, urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

def post(url, fields):
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(fields).encode())) as answer:
        return json.load(answer)

def test_nothing_runs_before_it_is_asked_for():
    import sys
    assert "cheonggu.testing" not in sys.modules
    assert not list(Path(os.environ["TMPDIR"]).glob("cheonggu-*"))

@pytest.mark.parametrize("number", [1, 2])
def test_everyone_has_a_first_bill(cheonggu, number):
    assert cheonggu.bill().bill_id == "BILL-1"
    assert len(cheonggu.phone.wait_for_message("BILL-1") and cheonggu.phone.messages()) == 1

def test_moves_the_clock(cheonggu):
    cheonggu.clock.advance(days=40)
    bill = cheonggu.bill(last_day=(datetime.now() + timedelta(days=50)).date())
    assert cheonggu.clock.now() > datetime.now(UTC) + timedelta(days=39)

def test_finds_the_real_time(cheonggu):
    assert not cheonggu.clock.is_moved()

def test_moves_the_clock_by_plain_http(cheonggu):
    post(cheonggu.base_url + "/sandbox/clock", {"advanceSeconds": 86400})

def test_finds_the_real_time_again(cheonggu):
    assert not cheonggu.clock.is_moved()

def test_needs_no_settings_of_the_shell(cheonggu):
    assert not cheonggu.base_url.endswith(":1")

def test_resets(cheonggu):
    cheonggu.bill()
    cheonggu.reset()
    assert cheonggu.phone.messages() == []
    assert cheonggu.bill(bill_id="BILL-1").bill_id == "BILL-1"
"""


def test_a_run_with_a_service_of_its_own(tmp_path: Path, temporary: Path) -> None:
    ended = run(
        tmp_path,
        OWN_SERVICE,
        found=True,
        TMPDIR=str(temporary),
        CHEONGGU_PORT="1",
        CHEONGGU_MODE="live",
        PYTHONWARNINGS="error::SyntaxWarning",
    )
    assert set(outcomes(ended).values()) == {"PASSED"}, ended.stdout
    assert len(outcomes(ended)) == 9


def test_a_pytest_that_is_killed_leaves_no_process_and_no_data(tmp_path: Path, temporary: Path) -> None:
    waits = "import time\ndef test_waits(cheonggu):\n    print('waiting', flush=True)\n    time.sleep(60)\n"
    (tmp_path / "test_users.py").write_text(waits, encoding="utf-8")
    killed = subprocess.Popen(  # noqa: S603 - our own program
        command("-s"),
        cwd=tmp_path,
        env=clean_environment(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert killed.stdout is not None
    with killed:
        assert any("waiting" in line for line in killed.stdout)
        family = descendants(killed.pid)
        (data,) = temporary.glob("cheonggu-*")
        cluster = locate(data).directory
        assert len(alive(family)) > 4
        assert cluster.exists()
        killed.send_signal(signal.SIGKILL)
    assert soon(lambda: not alive(family))
    assert not cluster.exists()


FOREIGN_SERVICE = """
import pytest
from cheonggu.testing.service import NotOurs

def test_partner(cheonggu, record_property):
    print("partner", cheonggu.partner.name)

def test_clock(cheonggu):
    cheonggu.clock.advance(days=1)

def test_expiry(cheonggu):
    cheonggu.pay(cheonggu.bill().bill_id, "AFTER_EXPIRY")

def test_reset(cheonggu):
    cheonggu.reset()

def test_real_time(cheonggu):
    assert not cheonggu.clock.is_moved()
"""


def partners(service: Service) -> set[str]:
    from cheonggu.sandbox.remote import Remote

    return {one["name"] for one in Remote(service.base_url).get("/sandbox/partners")["partners"]}


def test_a_running_service_is_used_with_care(tmp_path: Path, cheonggu_service: Service) -> None:
    before = partners(cheonggu_service)
    ended = run(tmp_path, FOREIGN_SERVICE, f"--cheonggu-url={cheonggu_service.base_url}/", "-s")
    assert outcomes(ended) | {"test_partner": ""} == {
        "test_partner": "",
        "test_clock": "FAILED",
        "test_expiry": "FAILED",
        "test_reset": "FAILED",
        "test_real_time": "PASSED",
    }
    assert "the clock is for everybody who uses it" in ended.stdout
    assert "a reset is for everybody who uses it" in ended.stdout
    assert partners(cheonggu_service) == before


@pytest.mark.parametrize(("workers", "how"), [("1", "PASSED"), ("2", "FAILED")])
def test_its_clock_may_be_moved_when_that_is_said_and_nobody_else_is_there(
    tmp_path: Path, cheonggu_service: Service, workers: str, how: str
) -> None:
    ended = run(
        tmp_path,
        FOREIGN_SERVICE,
        f"--cheonggu-url={cheonggu_service.base_url}",
        "--cheonggu-may-reset",
        PYTEST_XDIST_WORKER_COUNT=workers,
    )
    found = outcomes(ended)
    assert (found["test_clock"], found["test_reset"], found["test_real_time"]) == (how, how, "PASSED")


NO_START = """
def test_first(cheonggu):
    pass

def test_second(cheonggu):
    pass
"""


def test_a_service_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ncheonggu_start_seconds = 0.01\n", encoding="utf-8")
    ended = run(tmp_path, NO_START)
    assert set(outcomes(ended).values()) == {"ERROR"}
    assert "cheonggu dev was not ready after 0.01 s" in ended.stdout
    (tmp_path / "pytest.ini").write_text("[pytest]\ncheonggu_start_seconds = soon\n", encoding="utf-8")
    assert "cheonggu_start_seconds must be a number of seconds" in run(tmp_path, NO_START).stdout


def test_whoever_does_not_use_it_pays_next_to_nothing() -> None:
    program = (
        "import json, sys, time, pytest\n"
        "before, began = set(sys.modules), time.process_time()\n"
        "import cheonggu.pytest_plugin\n"
        "took = time.process_time() - began\n"
        "print(json.dumps([took, sorted(set(sys.modules) - before)]))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    took_seconds, imported = json.loads(told.stdout)
    assert imported == ["cheonggu", "cheonggu.pytest_plugin"]
    assert took_seconds < 0.05


def test_the_example_of_the_page_passes(tmp_path: Path, cheonggu_service: Service) -> None:
    (example,) = [block.text for block in blocks(PAGE, "python") if "class Academy" in block.text]
    url = f"--cheonggu-url={cheonggu_service.base_url}"
    ended = run(tmp_path, example, url, "--cheonggu-may-reset", "--asyncio-mode=auto")
    assert ended.returncode == 0, ended.stdout
    ran = {name.partition("[")[0] for name in outcomes(ended)}
    assert ran == set(re.findall(r"def (test_\w+)", example))
