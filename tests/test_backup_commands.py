"""`cheonggu backup` and `cheonggu restore` on real data directories: whole, or nothing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cheonggu.store import embedded
from cheonggu.store.embedded.sockets import beside
from cheonggu.store.postgres import connect
from cheonggu.store.restore import DRAFT, REPLACED
from tests.conftest import free_port
from tests.live import API_KEY, MEMBER, MERCHANT
from tests.running_dev import Dev, cheonggu, soon, spawn

Run = Callable[..., Any]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for data directories and backups; databases that live elsewhere go with it."""
    folder = Path(tempfile.mkdtemp(prefix="cheonggu-backup-"))
    yield folder
    for directory in filter(Path.is_dir, folder.iterdir()):
        embedded.erase(directory)
    shutil.rmtree(folder)


def on(data: Path, *arguments: str, ok: bool = True, **environment: str) -> str:
    """A command on a data directory; what it said."""
    ended = cheonggu(*arguments, CHEONGGU_DATA_DIR=str(data), **environment)
    assert (ended.returncode == 0) is ok, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr if not ok else ended.stdout


def acts(data: Path) -> list[str]:
    return [entry["act"] for entry in json.loads(on(data, "audit", "--json"))["entries"]]


def partners(data: Path) -> list[str]:
    return [one["name"] for one in json.loads(on(data, "partner", "list", "--json"))["partners"]]


def heir(data: Path, name: str) -> Path:
    """A new data directory with the secret key of another."""
    directory = data.with_name(name)
    directory.mkdir()
    shutil.copy(data / "secret.key", directory)
    return directory


@pytest.fixture
def data(place: Path) -> Path:
    """A data directory with one partner, and no server running."""
    directory = place / "data"
    on(directory, "migrate")
    on(directory, "partner", "create", "한빛")
    return directory


@pytest.fixture
def copy(data: Path) -> Path:
    """A backup of it."""
    file = data.with_name("one.backup")
    on(data, "backup", str(file))
    return file


@pytest.fixture
def dev(place: Path) -> Iterator[Dev]:
    """A running `cheonggu dev`."""
    one = Dev(place / "data", free_port()).wait_until_ready()
    yield one
    if one.process.poll() is None:
        one.send(signal.SIGTERM)
    one.ended()


def test_a_stopped_directory_is_copied_and_restored(data: Path, copy: Path) -> None:
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(data.parent.glob(".*")) == []
    new = heir(data, "new")
    told = json.loads(on(new, "restore", str(copy), "--json"))
    assert (told["partners"], told["bills"]) == (1, 0)
    assert partners(new) == ["한빛"]
    assert acts(new) == ["partner create", "backup", "restore"]
    assert acts(data) == ["partner create", "backup"]
    on(new, "verify")


def test_a_backup_under_load_holds_all_that_was_answered_before_it(dev: Dev, place: Path) -> None:
    data, file = place / "data", place / "one.backup"
    stop, paid, unpaid = threading.Event(), list[str](), list[str]()

    def load(name: str) -> None:
        for number in range(100_000):
            if stop.is_set():
                return
            bill_id = f"{name}-{number}"
            assert dev.post("/bill", a_bill(bill_id))["code"] == "0000"
            unpaid.append(bill_id)
            if number % 2:
                assert dev.post("/sandbox/pay", {"billId": bill_id, "outcome": "APPROVE"})["state"] == "F"
                paid.append(bill_id)

    callers = [threading.Thread(target=load, args=(name,)) for name in "AB"]
    for caller in callers:
        caller.start()
    try:
        assert soon(lambda: len(paid) >= 20)
        before, paid_before = set(unpaid), set(paid)
        on(data, "backup", str(file))
        during = len(unpaid)
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert during > len(before)
    dev.send(signal.SIGTERM)
    dev.ended()

    new = heir(data, "new")
    on(new, "restore", str(file))
    on(new, "verify")
    states = asyncio.run(bill_states(new))
    assert before <= states.keys() <= set(unpaid)
    assert {states[bill_id] for bill_id in paid_before} == {"PAID"}
    again = Dev(new, free_port()).wait_until_ready()
    try:
        assert again.post("/bill", a_bill("AFTER"))["code"] == "0000"
        read = {
            "apiKey": API_KEY,
            "member": MEMBER,
            "merchant": MERCHANT,
            "bill": {"billId": min(paid_before)},
        }
        assert again.post("/bill/read", read)["data"]["apprState"] == "F"
        settled = on(new, "verify", "--settled", "--wait", "30", "--json")
        assert json.loads(settled)["holds"]
    finally:
        again.send(signal.SIGTERM)
        again.ended()


def a_bill(bill_id: str) -> dict[str, Any]:
    from cheonggu.domain.hashing import request_hash

    bill = {
        "billId": bill_id,
        "sendType": "TALK",
        "productName": "11월 수강료",
        "memberName": "김서연",
        "phone": "01012345678",
        "price": "1000",
        "hash": request_hash(bill_id, "01012345678", "1000"),
        "callbackUrl": "http://127.0.0.1:9/callback",
    }
    return {"apiKey": API_KEY, "member": MEMBER, "merchant": MERCHANT, "bill": bill}


async def bill_states(data: Path) -> dict[str, str]:
    async with embedded.database(data) as dsn:
        connection = await connect(dsn)
        rows = await connection.fetch("SELECT bill_id, state FROM bill")
        await connection.close()
    return {row["bill_id"]: row["state"] for row in rows}


# What is refused, and leaves everything as it was.


def test_no_file_is_written_over(data: Path, copy: Path) -> None:
    before = copy.read_bytes()
    assert "is there already" in on(data, "backup", str(copy), ok=False)
    assert copy.read_bytes() == before
    assert "cannot be written: No such file" in on(data, "backup", "/nowhere/one.backup", ok=False)
    assert acts(data) == ["partner create", "backup"]


def test_a_server_of_its_own_is_backed_up_by_its_own_means(data: Path, copy: Path) -> None:
    url = "postgresql://x@127.0.0.1:1/x"
    for command in ("backup", "restore"):
        said = on(data, command, str(copy), ok=False, CHEONGGU_DATABASE_URL=url)
        assert "pg_basebackup" in said


def test_nothing_is_made_where_there_is_nothing(place: Path) -> None:
    assert "There is no data in" in on(place / "none", "backup", str(place / "one"), ok=False)
    assert list(place.iterdir()) == []


def test_data_is_given_up_only_if_told_so(data: Path, copy: Path) -> None:
    on(data, "partner", "create", "나중")
    assert "give it up with --replace" in on(data, "restore", str(copy), ok=False)
    assert partners(data) == ["한빛", "나중"]
    assert acts(data) == ["partner create", "backup", "partner create"]
    on(data, "restore", str(copy), "--replace")
    assert partners(data) == ["한빛"]
    assert acts(data) == ["partner create", "backup", "restore"]


@pytest.mark.parametrize("key", ["none", "another"])
def test_without_its_secret_key_it_is_refused_before_anything_is_made(
    data: Path, copy: Path, key: str
) -> None:
    new = data.with_name("new")
    new.mkdir()
    given = {} if key == "none" else {"CHEONGGU_SECRET_KEY": cheonggu("secret-key").stdout.strip()}
    said = on(new, "restore", str(copy), ok=False, **given)
    assert "secret.key" in said
    assert list(new.iterdir()) == []


def test_a_damaged_file_changes_nothing(data: Path, copy: Path) -> None:
    damaged, new = copy.with_name("damaged"), heir(data, "new")
    damaged.write_bytes(copy.read_bytes()[:-100])
    assert "damaged or cut off" in on(new, "restore", str(damaged), ok=False)
    assert "damaged or cut off" in on(data, "restore", str(damaged), "--replace", ok=False)
    assert [file.name for file in new.iterdir()] == ["secret.key"]
    assert partners(data) == ["한빛"]


async def change(data: Path, sql: str, database: str | None = None) -> None:
    async with embedded.database(data) as dsn:
        connection = await connect(beside(dsn, database) if database else dsn)
        await connection.execute(sql)
        await connection.close()


def test_books_that_do_not_balance_are_not_put_in_place_of_good_ones(data: Path, copy: Path) -> None:
    broken = copy.with_name("broken.backup")
    asyncio.run(change(data, "UPDATE wallet SET balance_points = 7"))
    on(data, "backup", str(broken))
    on(data, "restore", str(copy), "--replace")
    assert "breaks" in on(data, "restore", str(broken), "--replace", ok=False)
    on(data, "verify")
    new = heir(data, "new")
    assert "breaks" in on(new, "restore", str(broken), ok=False)
    on(new, "restore", str(copy))


def test_what_a_restore_has_left_that_was_killed_is_in_nobodys_way(data: Path, copy: Path) -> None:
    for leftover in (DRAFT, REPLACED):
        asyncio.run(change(data, f"CREATE DATABASE {leftover}", "template1"))
    on(data, "restore", str(copy), "--replace")
    assert partners(data) == ["한빛"]


def test_a_directory_in_use_is_left_alone(dev: Dev, place: Path) -> None:
    file = place / "one.backup"
    on(place / "data", "backup", str(file))
    assert "Another process is using" in on(place / "data", "restore", str(file), "--replace", ok=False)
    assert dev.process.poll() is None


# Interrupted.


class Held:
    """A running backup that waits for a table somebody holds."""

    def __init__(self, data: Path, file: Path) -> None:
        self.folder = file.parent
        self.process: subprocess.Popen[str] = spawn("backup", str(file), CHEONGGU_DATA_DIR=str(data))

    def has_begun(self) -> bool:
        return bool(self.drafts()) or self.process.poll() is not None

    def drafts(self) -> list[Path]:
        return list(self.folder.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_backup_that_is_stopped_leaves_nothing(dev: Dev, place: Path, number: signal.Signals) -> None:
    def interrupt(one: Held) -> None:
        one.process.send_signal(number)
        _, said = one.process.communicate(timeout=60)
        assert (one.process.returncode, "no backup was made" in said) == (1, True)
        assert "Traceback" not in said
        assert one.drafts() == []

    asyncio.run(while_held(place, interrupt))
    assert not (place / "one.backup").exists()
    assert dev.process.poll() is None


def test_a_backup_that_is_killed_leaves_no_file_by_its_name(dev: Dev, place: Path) -> None:
    def kill(one: Held) -> None:
        os.kill(one.process.pid, signal.SIGKILL)
        one.process.communicate(timeout=60)
        assert [draft.stat().st_mode & 0o777 for draft in one.drafts()] == [0o600]

    asyncio.run(while_held(place, kill))
    assert not (place / "one.backup").exists()
    on(place / "data", "backup", str(place / "one.backup"))


async def while_held(place: Path, act: Callable[[Held], None]) -> None:
    """Do something to a backup that waits for a table."""
    async with embedded.database(place / "data") as dsn:
        connection = await connect(dsn)
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE callback_attempt IN ACCESS EXCLUSIVE MODE")
        one = await asyncio.to_thread(Held, place / "data", place / "one.backup")
        assert await asyncio.to_thread(soon, one.has_begun)
        await asyncio.to_thread(act, one)
        await connection.close()
