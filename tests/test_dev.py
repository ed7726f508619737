"""`cheonggu dev` for real: one command up, one signal down, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cheonggu.cli import part, process
from cheonggu.cli.part import Part, Stopped
from cheonggu.store import embedded
from cheonggu.store.embedded.cluster import locate
from tests.conftest import free_port
from tests.running_dev import Dev, alive, cheonggu, clean_environment, ready, soon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

Starter = Callable[..., Dev]


@pytest.fixture
def data() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="cheonggu-dev-"))
    yield directory
    assert soon(lambda: _erased(directory))
    shutil.rmtree(directory)


def _erased(directory: Path) -> bool:
    with suppress(embedded.DataDirectoryBusy):
        embedded.erase(directory)
        return True
    return False


@pytest.fixture
def dev(data: Path) -> Iterator[Starter]:
    started: list[Dev] = []

    def start(port: int | None = None, **given: str) -> Dev:
        started.append(Dev(data, port or free_port(), **given))
        return started[-1]

    yield start
    for one in started:
        family = one.family()
        kill(family)
        one.process.wait()
        assert soon(lambda family=family: not alive(family))


def kill(pids: set[int]) -> None:
    for pid in sorted(pids):  # the supervisor first, so that it starts nothing again
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pasted(one: Dev) -> dict[str, str | None]:
    """What the printed curl answers: code and shortUrl."""
    (command,) = re.findall(r"^curl -s \S+/bill .*?\}'$", "".join(one.lines), re.MULTILINE | re.DOTALL)
    body = command.partition("-d '")[2].removesuffix("'")
    assert f"{one.url}/bill " in command
    answer = one.post("/bill", json.loads(body))
    return {"code": answer["code"], "billId": json.loads(body)["bill"]["billId"]}


def test_what_it_prints_is_enough_to_send_and_pay_a_first_bill(dev: Starter, data: Path) -> None:
    one = dev().wait_until_ready()
    printed = "".join(one.lines)
    for needed in (
        "sandbox-api-key-0123456789abcdef",
        "sandbox-member",
        "sandbox-merchant",
        "whsec_c2FuZGJv",
    ):
        assert needed in printed
    bill = pasted(one)
    assert bill["code"] == "0000"
    assert pasted(one)["code"] == "BILL_001"
    assert soon(lambda: _message_state(one, bill["billId"]) == "SENT")
    assert one.post("/sandbox/pay", {"billId": bill["billId"], "outcome": "APPROVE"}) == {"state": "F"}
    assert soon(lambda: "practice_receiver_called" in "".join(one.complaints))
    proven = cheonggu("verify", "--settled", "--wait", "60", CHEONGGU_DATA_DIR=str(data))
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert [line for line in one.lines if line.startswith("ready:")] == [f"ready: {one.url}\n"]


def _message_state(one: Dev, bill_id: str | None) -> str:
    (message,) = one.get(f"/sandbox/messages?billId={bill_id}")["messages"]
    return message["state"]


def interrupt(one: Dev) -> None:
    one.send(signal.SIGINT)


def terminate_twice(one: Dev) -> None:
    one.send(signal.SIGTERM, signal.SIGTERM)


def interrupt_the_group(one: Dev) -> None:
    one.send(signal.SIGINT, group=True)


def terminate_the_group_twice(one: Dev) -> None:
    one.send(signal.SIGTERM, signal.SIGTERM, group=True)


def hang_up(one: Dev) -> None:
    one.send(signal.SIGHUP)


@pytest.mark.parametrize(
    "end", [interrupt, terminate_twice, interrupt_the_group, terminate_the_group_twice, hang_up]
)
def test_a_signal_stops_all_of_it(dev: Starter, end: Callable[[Dev], None]) -> None:
    one = dev().wait_until_ready()
    family = one.family()
    assert len(family) > 4  # the supervisor, two parts, PostgreSQL and its own
    end(one)
    assert one.ended() == 0
    assert not alive(family)


def test_a_signal_while_it_starts_stops_all_of_it(dev: Starter) -> None:
    one = dev()
    assert soon(lambda: len(one.family()) > 1)
    family = one.family()
    one.send(signal.SIGTERM)
    assert one.ended() == 0
    assert not alive(family)


def test_the_loss_of_its_parent_stops_all_of_it(dev: Starter) -> None:
    one = dev(through="true").wait_until_ready()
    family = one.family() - {one.process.pid}
    one.process.kill()
    assert soon(lambda: not alive(family))


@pytest.mark.parametrize(
    ("through", "number"), [(None, signal.SIGTERM), ("true", signal.SIGKILL)], ids=["told", "orphaned"]
)
def test_a_temporary_one_takes_a_free_port_and_leaves_nothing_behind(
    through: str | None, number: signal.Signals
) -> None:
    one = Dev(None, 0, through=through).wait_until_ready()
    try:
        assert pasted(one)["code"] == "0000"
        (data,) = re.findall(r"^  Data +(.*)$", "".join(one.lines), re.MULTILINE)
        places = {Path(data), locate(Path(data)).directory}
        assert all(place.exists() for place in places)
        assert "Ctrl-C stops everything and erases the data." in "".join(one.lines)
        family = one.family()
        one.send(number)
        assert soon(lambda: not alive(family))
        assert not any(place.exists() for place in places)
    finally:
        kill(one.family())


def test_free_ports_are_all_different_and_none_that_the_system_gives_to_others() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = [int(process.free_port("127.0.0.1")) for _ in range(100)]
    assert len(set(ports)) == 100
    assert not [port for port in ports if first <= port <= last]


def test_a_temporary_place_and_a_named_one_exclude_each_other(data: Path) -> None:
    for named in (["--data", str(data)], []):
        ended = cheonggu("dev", "--temporary", *named, CHEONGGU_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
        assert ended.returncode == 1
        assert "--temporary makes a place for the data" in ended.stderr


def test_the_loss_of_the_supervisor_stops_the_rest(dev: Starter) -> None:
    one = dev().wait_until_ready()
    family = one.family()
    one.process.kill()
    assert soon(lambda: not alive(family))


def test_after_kill_9_of_everything_the_next_start_goes_on(dev: Starter, data: Path) -> None:
    one = dev().wait_until_ready()
    bill = pasted(one)
    kill(one.family())
    again = dev().wait_until_ready()
    sandbox = {
        "apiKey": "sandbox-api-key-0123456789abcdef",
        "member": "sandbox-member",
        "merchant": "sandbox-merchant",
    }
    answer = again.post("/bill/read", sandbox | {"bill": {"billId": bill["billId"]}})
    assert answer["data"]["apprState"] == "W"
    assert soon(lambda: _message_state(again, bill["billId"]) == "SENT")
    proven = cheonggu("verify", "--settled", "--wait", "60", CHEONGGU_DATA_DIR=str(data))
    assert proven.returncode == 0, proven.stdout + proven.stderr


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_part_that_dies_is_started_again(dev: Starter, name: str) -> None:
    one = dev().wait_until_ready()

    def pid_of_part() -> int | None:
        for pid in alive(one.family()):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if "cheonggu" in words and name in words:
                    return pid
        return None

    first = pid_of_part()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: pid_of_part() not in (first, None))
    assert soon(lambda: ready(one.url))
    assert soon(lambda: f"The {name} ended (SIGKILL) and is started again." in "".join(one.complaints))


async def test_a_part_that_dies_again_and_again_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "FIRST_PAUSE_SECONDS", 0.001)
    said: list[str] = []
    broken = Part("serve", "--no-such-option", environment=clean_environment(), say=said.append)
    with pytest.raises(Stopped, match=r"The serve ended 5 times in a row \(exit 1\)"):
        await asyncio.wait_for(broken.keep(), 120)
    assert len(said) == 4
    await broken.stop()


def test_the_loss_of_the_database_is_said_and_ends_everything(dev: Starter) -> None:
    one = dev().wait_until_ready()
    family = one.family()
    for pid in family:
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text() == "postgres\n":
                os.kill(pid, signal.SIGKILL)
    assert one.ended() == 1
    assert "PostgreSQL ended by itself" in "".join(one.complaints)
    assert not alive(family)


def test_a_second_one_on_the_same_data_is_refused_with_a_sentence(dev: Starter, data: Path) -> None:
    dev().wait_until_ready()
    second = dev()
    assert second.ended() == 1
    assert "".join(second.complaints).count("\n") == 1
    assert f"Another process is using the data directory {data}" in "".join(second.complaints)


def test_a_port_in_use_is_refused_with_a_sentence(dev: Starter) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        one = dev(taken.getsockname()[1])
        assert one.ended() == 1
    assert "something else is listening there" in "".join(one.complaints)
    assert "Traceback" not in "".join(one.complaints)


def test_a_database_of_ones_own_is_used_instead_of_the_embedded_one(
    dev: Starter, data: Path, dsn: str
) -> None:
    one = dev(CHEONGGU_DATABASE_URL=dsn).wait_until_ready()
    assert pasted(one)["code"] == "0000"
    assert embedded.running(data) is None
    one.send(signal.SIGTERM)
    assert one.ended() == 0


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"CHEONGGU_PROT": "80"}, "Did you mean CHEONGGU_PORT?"),
        ({"CHEONGGU_MODE": "test"}, "must be sandbox or live"),
        ({"CHEONGGU_MODE": "live"}, "CHEONGGU_MODE=live needs CHEONGGU_SECRET_KEY and CHEONGGU_DATABASE_URL"),
        ({"CHEONGGU_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "database cannot be reached"),
        ({"CHEONGGU_SECRET_KEY": "x"}, "32 random bytes"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(
    dev: Starter, environment: dict[str, str], says: str
) -> None:
    one = dev(**environment)
    assert one.ended() == 1
    assert says in "".join(one.complaints)
    assert "".join(one.complaints).count("\n") == 1
