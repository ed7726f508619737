"""Processes that own an embedded server, run as root or as a normal user, for tests that kill them."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cheonggu.store import embedded
from cheonggu.store.embedded import binaries
from cheonggu.store.postgres import connect

PATIENCE_SECONDS = 60
ROOT = os.geteuid() == 0
LINUX = sys.platform == "linux"
TRYING_PATH = Path("two words, 'one' \"path\"", *["청구" * 25] * 4)
NORMAL_USER = pwd.getpwnam("daemon")

OWNER = """
import asyncio, json, sys
from pathlib import Path
from cheonggu.store import embedded
from cheonggu.store.embedded import launch

async def own(data_dir, *, kernel_tells):
    launch.KERNEL_TELLS_OF_DEATH = launch.KERNEL_TELLS_OF_DEATH and kernel_tells
    try:
        server = await embedded.start(Path(data_dir))
    except embedded.EmbeddedError as error:
        return print(json.dumps({"refused": str(error)}))
    print(json.dumps({"dsn": server.dsn, "pid": server.pid}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()

asyncio.run(own(sys.argv[1], kernel_tells="--lifeline" not in sys.argv))
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Look until the condition holds or patience runs out."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.002)
    return holds


def stat(pid: int) -> list[str]:
    """A process's state and its parent, as Linux knows them."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return not LINUX or stat(pid)[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def below(pid: int) -> list[int]:
    """The children of a process and theirs, where Linux tells; elsewhere they end by themselves."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if stat(int(entry.name))[1] == str(pid):
                found += [int(entry.name), *below(int(entry.name))]
    return found


async def ask(dsn: str, sql: str, *arguments: object) -> list[Any]:
    """Give the first column of what a statement returns."""
    connection = await connect(dsn)
    try:
        return [next(iter(row.values())) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()


async def processes(dsn: str) -> list[int]:
    """All processes of a server."""
    return await ask(
        dsn,
        "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int"
        " UNION SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    )


@contextmanager
def stranger(uid: int) -> Generator[subprocess.Popen[bytes]]:
    """A process of that user which has nothing to do with us."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=uid if ROOT else None) as process:  # noqa: S607
        yield process


def user_of(pid: int) -> int:
    """Who runs a process, where Linux tells."""
    return Path(f"/proc/{pid}").stat().st_uid


def erased(data_dir: Path) -> bool:
    """Erase a data directory's database; say whether it could be done yet."""
    try:
        embedded.erase(data_dir)
    except embedded.DataDirectoryBusy:
        return False
    return True


@dataclass
class Owner:
    """A process that starts a server, and stops it when its standard input ends."""

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(default_factory=dict[str, Any])

    def listen(self) -> "Owner":
        assert self.process.stdout
        self.said = json.loads(self.process.stdout.readline() or "{}")
        return self

    @property
    def dsn(self) -> str:
        return self.said["dsn"]

    def leave(self) -> int:
        """Let it stop its server, and give its exit status."""
        self.process.communicate()
        return self.process.wait()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def kill_with_all_below(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        for pid in below(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kill()


@dataclass
class Account:
    """A user who runs servers, with a folder of its own whose parents everybody can enter."""

    folder: Path
    user: pwd.struct_passwd | None = None
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    owners: list[Owner] = field(default_factory=list[Owner])

    @property
    def data_dir(self) -> Path:
        return self.folder / TRYING_PATH

    def begin(self, data_dir: Path, *options: str) -> Owner:
        """Begin to start a server."""
        process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [self.python, "-c", OWNER, str(data_dir), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            text=True,
            cwd="/",
            user=self.user and self.user.pw_uid,
            group=self.user and self.user.pw_gid,
            extra_groups=[] if self.user else None,
        )
        self.owners.append(Owner(process))
        return self.owners[-1]

    def start(self, data_dir: Path | None = None, *options: str) -> Owner:
        """Start a server and wait until it serves or the start is refused."""
        return self.begin(data_dir or self.data_dir, *options).listen()

    def make(self, folder: Path, mode: int) -> Path:
        """Make a folder that belongs to this user."""
        folder.mkdir(mode)
        self.own(folder)
        return folder

    def own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def close(self) -> None:
        """Leave nothing behind: no server, no database elsewhere, no folder."""
        for owner in self.owners:
            owner.kill()
        for lock in self.folder.rglob("owner.lock"):
            assert eventually(lambda data_dir=lock.parent: erased(data_dir))
        shutil.rmtree(self.folder)


def python_for_everybody() -> str | None:
    """An interpreter that a user without rights can run: root's own may lie in /root."""
    named = [shutil.which(f"python3.{minor}", path="/usr/local/bin:/usr/bin") for minor in range(20, 10, -1)]
    for python in filter(None, [sys.executable, *named]):
        with suppress(OSError, subprocess.CalledProcessError):
            command = [python, "-c", "import ctypes"]
            subprocess.run(command, user=NORMAL_USER.pw_uid, check=True, capture_output=True)  # noqa: S603
            return python
    return None


def put_library(folder: Path) -> None:
    """Put our code and PostgreSQL where every user can read them: root's clone may lie in /root, too."""
    shutil.copytree(Path(embedded.__file__).parent, folder / "cheonggu/store/embedded")
    programs = binaries.find(None, folder)
    if programs.folder.is_relative_to(sys.prefix):
        programs.copy_to(folder / binaries.WHEEL)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))


COMMON_PYTHON = python_for_everybody() if ROOT else None
ACCOUNTS = ["root"] * ROOT + ["normal user"] * (not ROOT or COMMON_PYTHON is not None)
