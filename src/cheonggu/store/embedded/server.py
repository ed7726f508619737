"""The embedded server: one PostgreSQL per data directory, which ends with the process that started it."""

import asyncio
import platform
import re
import signal
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

from cheonggu.store.embedded import binaries, sockets
from cheonggu.store.embedded.cluster import Home, create, settle
from cheonggu.store.embedded.errors import (
    DataDirectoryBusy,
    PreviousServerRunning,
    ServerDidNotStart,
    in_words,
)
from cheonggu.store.embedded.files import FileLock, until
from cheonggu.store.embedded.launch import Launcher, Log

OWNER_LOCK = "owner.lock"
GUARD_SECONDS = 0.5  # nobody waits for the news that it ended by itself, so looking seldom will do
GLIMPSE_SECONDS = 0.2  # running() holds the owner's lock for an instant
PREVIOUS_SECONDS = 20.0  # a server whose parent was killed writes up to 128 MB before it ends
START_SECONDS = 600.0  # after a crash it first replays up to max_wal_size, on whatever disk this is
STOP_STEPS = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 2.0))
CHILDREN_SECONDS = 3.0  # they notice by themselves that a killed server is gone

SYNCFS_LINUX = (5, 8)  # the first that tells of errors


def crash_settings(system: str, release: str) -> dict[str, str]:
    """Settings for a quick start after a crash: asking the file system once to write what it holds, and not
    once for each of a thousand files, took 0.05 s in place of 1 s on a busy machine."""
    version = re.match(r"(\d+)\.(\d+)", release)
    tells = version is not None and (int(version[1]), int(version[2])) >= SYNCFS_LINUX
    return {"recovery_init_sync_method": "syncfs"} if system == "Linux" and tells else {}


SETTINGS = {
    # Durable: an acknowledged commit outlives the process and the machine.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    **({"wal_sync_method": "fsync_writethrough"} if sys.platform == "darwin" else {}),
    **crash_settings(platform.system(), platform.release()),
    # Reached through the private folder only.
    "listen_addresses": "",
    "port": str(sockets.PORT),
    "max_connections": "100",
    # Small rows, short statements, a disk without a head. After a crash each gigabyte of WAL since the last
    # checkpoint takes four seconds: so much comes together only under a load that more of them would slow.
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "5min",
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    # Queues turn over their rows many times an hour.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    # A statement's errors go to its client. The log has the server's own news, so it stays short and holds
    # nothing about people.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "cluster_name": "cheonggu",
}


class EmbeddedServer:
    """A PostgreSQL that this process started and will stop."""

    def __init__(self, dsn: str, process: subprocess.Popen[bytes], held: AsyncExitStack) -> None:
        self.dsn = dsn
        self.pid = process.pid
        self._process = process
        self._held = held
        self._stopping = asyncio.Lock()

    async def ended(self) -> None:
        """Wait until PostgreSQL is gone: through stop(), or by itself, which is a reason to stop the rest."""
        await until(lambda: self._process.poll() is not None, float("inf"), every=GUARD_SECONDS)

    async def stop(self) -> None:
        """Stop PostgreSQL and leave the data directory to others. Calling it again does nothing."""
        async with self._stopping:
            await self._held.aclose()


async def start(data_dir: Path) -> EmbeddedServer:
    """Start PostgreSQL on a data directory, making both if they are missing.

    Raises DataDirectoryBusy if another process has the directory, and another EmbeddedError for whatever else
    keeps PostgreSQL from working there. To be called in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "start the server in the main thread: it stops when the thread that started it ends"
        )
    data_dir = make_data_directory(data_dir)
    with in_words(data_dir):
        async with AsyncExitStack() as held:
            await _own(data_dir, held)
            home = settle(data_dir)
            folder, process = await _launch(data_dir, home, held)
            return EmbeddedServer(sockets.dsn(folder), process, held.pop_all())


def make_data_directory(data_dir: Path) -> Path:
    """Make the directory if it is missing, and give its one true path."""
    with in_words(data_dir):
        data_dir = data_dir.resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        return data_dir


async def _own(data_dir: Path, held: AsyncExitStack) -> None:
    lock = held.enter_context(FileLock(data_dir / OWNER_LOCK))
    if not await until(lock.take, GLIMPSE_SECONDS):
        raise DataDirectoryBusy(directory=data_dir)


async def _launch(data_dir: Path, home: Home, held: AsyncExitStack) -> tuple[Path, subprocess.Popen[bytes]]:
    """Bring PostgreSQL up on the cluster, made now if need be; give the socket's folder and the process."""
    with FileLock(home.lock) as lock, closing(Log(home.log)) as log:
        if not await until(lock.take, PREVIOUS_SECONDS):
            raise PreviousServerRunning(cluster=home.cluster, pid=home.server_pid() or "unknown")
        launcher = Launcher(home.account, lock, log)
        programs = binaries.find(home.major(), home.cluster)
        if home.account:
            programs = programs.within_reach_of(home.account, home.directory)
        if home.major() is None:
            await create(home, programs, launcher)
        held.callback(sockets.clear, data_dir)
        folder = sockets.make(data_dir, home.account)
        held.callback(sockets.remove, folder)
        options = ["-D", str(home.cluster), "-k", str(folder), *(f"--{k}={v}" for k, v in SETTINGS.items())]
        process = launcher.launch(programs.postgres, *options, more=_past_stale_pid(home))
        held.push_async_callback(_end, home, process)
        ready = await until(lambda: process.poll() is not None or home.ready(folder), START_SECONDS)
        if not ready or process.returncode is not None:
            raise ServerDidNotStart(cluster=home.cluster, complaint=log.complaint(), log=log.path)
        return folder, process


def _past_stale_pid(home: Home) -> dict[str, str]:
    """Let PostgreSQL start although a pid file is left whose number a stranger may have by now.

    The lock has told that no server of ours is alive. One started by hand is still found out by PostgreSQL,
    which looks at its shared memory, too.
    """
    pid = home.server_pid()
    if not pid.isdecimal():  # PostgreSQL refuses an empty file, which a crash can leave
        home.pid_file.unlink(missing_ok=True)
        return {}
    return {"PG_GRANDPARENT_PID": pid}


async def _end(home: Home, process: subprocess.Popen[bytes]) -> None:
    """Stop the process, politely first, and wait until the last of its children is gone."""
    for number, seconds in STOP_STEPS:
        process.send_signal(number)  # does nothing once the process was seen to end
        if await until(lambda: process.poll() is not None, seconds):
            break
    with suppress(OSError), FileLock(home.lock) as lock:  # the directory may have been deleted by now
        await until(lock.take, CHILDREN_SECONDS)
