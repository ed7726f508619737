"""The embedded server lives and ends with its owner: as root, and as a normal user if root runs the tests."""

import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from cheonggu.store import embedded
from cheonggu.store.embedded import sockets
from cheonggu.store.embedded.server import crash_settings
from cheonggu.store.postgres import connect
from tests.embedded_owners import (
    ACCOUNTS,
    COMMON_PYTHON,
    LINUX,
    NORMAL_USER,
    ROOT,
    Account,
    Owner,
    alive,
    ask,
    erased,
    eventually,
    processes,
    put_library,
    stranger,
    user_of,
)


@pytest.fixture(scope="module")
def library() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cheonggu-library-", dir="/tmp"))
    put_library(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=ACCOUNTS)
def user(request: pytest.FixtureRequest) -> Callable[[], Account]:
    """Makes accounts of one user."""

    def make() -> Account:
        folder = Path(tempfile.mkdtemp(prefix="cheonggu-test-", dir="/tmp"))
        folder.chmod(0o755)
        account = Account(folder)
        if ROOT and request.param == "normal user":
            account.user, account.python = NORMAL_USER, COMMON_PYTHON or account.python
            account.environment["PYTHONPATH"] = str(request.getfixturevalue("library"))
            account.own(folder)
        return account

    return make


@pytest.fixture
def account(user: Callable[[], Account]) -> Iterator[Account]:
    account = user()
    yield account
    account.close()


@pytest.fixture(scope="module")
def served(user: Callable[[], Account]) -> Iterator[tuple[Account, Owner]]:
    """A server that several tests look at."""
    account = user()
    yield account, account.start()
    account.close()


async def test_a_second_start_is_refused_with_a_sentence(served: tuple[Account, Owner]) -> None:
    account, owner = served
    sentence = account.start().said["refused"]
    assert sentence.startswith(f"Another process is using the data directory {account.data_dir}: ")
    assert await ask(owner.dsn, "SELECT 1") == [1]


async def test_other_processes_find_the_server(served: tuple[Account, Owner]) -> None:
    account, owner = served
    assert embedded.running(account.data_dir) == owner.dsn
    async with embedded.database(account.data_dir) as dsn:
        assert dsn == owner.dsn
    assert await ask(owner.dsn, "SELECT 1") == [1]


async def test_commits_are_durable_and_text_sorts_by_code_point(served: tuple[Account, Owner]) -> None:
    _, owner = served
    for name in ("data_checksums", "fsync", "full_page_writes", "synchronous_commit"):
        assert await ask(owner.dsn, "SELECT current_setting($1)", name) == ["on"]
    words = "SELECT word FROM unnest(ARRAY['나', 'a', '가', 'B']) word ORDER BY word"
    assert await ask(owner.dsn, words) == ["B", "a", "가", "나"]


@pytest.mark.parametrize(
    ("system", "release", "method"),
    [
        ("Linux", "5.8.0-63-generic", "syncfs"),
        ("Linux", "6.18.44", "syncfs"),
        ("Linux", "5.7.19", None),
        ("Linux", "4.18.0-553.el8_10.x86_64", None),
        ("Linux", "unheard of", None),
        ("Darwin", "24.1.0", None),
    ],
)
def test_one_call_writes_out_all_files_after_a_crash_where_it_tells_of_errors(
    system: str, release: str, method: str | None
) -> None:
    assert crash_settings(system, release).get("recovery_init_sync_method") == method


@pytest.mark.skipif(not crash_settings(platform.system(), platform.release()), reason="not on this system")
async def test_the_server_takes_the_quick_way_after_a_crash(served: tuple[Account, Owner]) -> None:
    assert await ask(served[1].dsn, "SHOW recovery_init_sync_method") == ["syncfs"]


async def test_the_server_keeps_to_itself(served: tuple[Account, Owner]) -> None:
    account, owner = served
    assert await ask(owner.dsn, "SELECT current_setting('listen_addresses')") == [""]
    folder = sockets.recorded(account.data_dir)
    assert folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert os.getsid(owner.said["pid"]) == owner.said["pid"]  # Ctrl-C and signals to our group pass it by
    if LINUX:
        (environment,) = await ask(owner.dsn, "SELECT pg_read_binary_file('/proc/self/environ')")
        assert {pair.partition(b"=")[0] for pair in environment.split(b"\0")}.isdisjoint(
            {b"HOME", b"PYTHONPATH"}
        )


async def test_long_paths_with_spaces_quotes_and_korean_letters_will_do(
    served: tuple[Account, Owner],
) -> None:
    account, owner = served
    assert len(os.fsencode(account.data_dir)) > 600
    (directory,) = await ask(owner.dsn, "SELECT current_setting('data_directory')")
    assert directory == str(account.data_dir / "cluster")


async def test_a_stop_leaves_the_data_and_nothing_else(account: Account) -> None:
    assert embedded.running(account.data_dir) is None
    owner = account.start()
    await ask(owner.dsn, "CREATE TABLE bill AS SELECT 1 AS id")
    everyone = await processes(owner.dsn)
    assert sum(map(alive, everyone)) > 3  # a worker that cleaned up may be gone again
    folder = sockets.recorded(account.data_dir)
    assert owner.leave() == 0
    assert not any(map(alive, everyone))
    assert folder
    assert not folder.exists()
    assert embedded.running(account.data_dir) is None
    assert await ask(account.start().dsn, "SELECT id FROM bill") == [1]


async def write_until(disaster: Callable[[], None], dsn: str) -> set[int]:
    """Insert rows until a disaster cuts the connection; give those whose commit was acknowledged."""
    connection = await connect(dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS bill (id int)")
    number = await connection.fetchval("SELECT coalesce(max(id), 0) FROM bill")
    acknowledged: set[int] = set()
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        while True:
            number += 1
            await connection.execute("INSERT INTO bill VALUES ($1)", number)
            acknowledged.add(number)
            if len(acknowledged) == 50:
                threading.Thread(target=disaster).start()
    connection.terminate()
    return acknowledged


async def test_the_server_ends_when_its_owner_is_killed(account: Account) -> None:
    acknowledged: set[int] = set()
    for options in ([], ["--lifeline"]):  # with the kernel's help, and as elsewhere than on Linux
        owner = account.start(None, *options)
        everyone = await processes(owner.dsn)
        folder = sockets.recorded(account.data_dir)
        acknowledged |= await write_until(owner.kill, owner.dsn)
        following = account.start()  # at once: it waits for the server before
        assert not any(map(alive, everyone))
        assert folder
        assert not folder.exists()
        assert acknowledged <= set(await ask(following.dsn, "SELECT id FROM bill"))
        assert following.leave() == 0


async def test_acknowledged_rows_outlive_a_kill_of_everything(account: Account) -> None:
    acknowledged: set[int] = set()
    for left in ("the pid of a stranger", "nothing"):
        owner = account.start()
        everyone = await processes(owner.dsn)
        acknowledged |= await write_until(owner.kill_with_all_below, owner.dsn)
        assert eventually(lambda everyone=everyone: not any(map(alive, everyone)))
        pid_file = account.data_dir / "cluster/postmaster.pid"
        with stranger(pid_file.stat().st_uid) as other:
            rest = pid_file.read_text().partition("\n")[2]
            pid_file.write_text("" if left == "nothing" else f"{other.pid}\n{rest}")
            following = account.start()
            assert acknowledged <= set(await ask(following.dsn, "SELECT id FROM bill"))
            assert other.poll() is None
        assert following.leave() == 0


def cut_off(account: Account, stage: str) -> bool:
    """Kill a first start at some stage, with all below; False when it was over before."""
    made = account.data_dir / "cluster"
    owner = account.begin(account.data_dir)
    assert eventually(lambda: (account.data_dir / "cluster.new" / stage).exists() or made.exists())
    owner.kill_with_all_below()
    return not made.exists()


async def test_first_starts_cut_off_leave_no_trace(account: Account) -> None:
    for stage in ("PG_VERSION", "base/5/PG_VERSION"):
        while not cut_off(account, stage):  # it was quicker than we were
            assert eventually(lambda: erased(account.data_dir))
    assert await ask(account.start().dsn, "SELECT 1") == [1]
    assert not (account.data_dir / "cluster.new").exists()


async def test_private_parents_are_no_obstacle_and_stay_private(account: Account) -> None:
    private = account.make(account.folder / "private", 0o700)
    programs = account.make(private / "programs", 0o700)
    put_library(programs)
    programs.chmod(0o700)
    account.environment["PYTHONPATH"] = str(programs)
    first = account.start(private / "data")
    await ask(first.dsn, "CREATE TABLE bill AS SELECT 1 AS id")
    assert first.leave() == 0
    assert await ask(account.start(private / "data").dsn, "SELECT id FROM bill") == [1]
    assert {folder.stat().st_mode & 0o777 for folder in (private, programs)} == {0o700}


if ROOT and COMMON_PYTHON:

    @pytest.mark.parametrize("user", ["normal user"], indirect=True)
    async def test_root_and_a_user_take_turns_on_the_users_directory(account: Account) -> None:
        assert account.start().leave() == 0
        server = await embedded.start(account.data_dir)
        everyone = await processes(server.dsn)
        assert set(map(user_of, everyone)) == {NORMAL_USER.pw_uid}
        await server.stop()
        assert await ask(account.start().dsn, "SELECT 1") == [1]

    @pytest.mark.parametrize("user", ["normal user"], indirect=True)
    async def test_a_user_is_told_whose_database_it_is(account: Account) -> None:
        data_dir = account.folder / "of-root"
        server = await embedded.start(data_dir)
        await server.stop()
        assert "belongs to the user nobody" in account.start(data_dir).said["refused"]
        embedded.erase(data_dir)
