"""Start PostgreSQL's programs: as their user, in a session of their own, ending when we end."""

import functools
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cheonggu.store.embedded.files import FileLock, open_owned, until

STEP = Path(__file__).with_name("exec_postgres.py")
KERNEL_TELLS_OF_DEATH = sys.platform == "linux" and importlib.util.find_spec("_ctypes") is not None
LOG_BYTES = 1 << 20  # a longer log is set aside at the next start, and the one set aside before is dropped
COMPLAINTS = ("PANIC: ", "FATAL: ", "error: ", "ERROR: ")


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than ourselves as whom root lets PostgreSQL run, since PostgreSQL refuses root."""

    uid: int
    gid: int

    def may(self, bit: int, path: Path) -> bool:
        """Whether the mode bits of a file let this user read (4), write (2) or enter it (1)."""
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return bool(status.st_mode >> shift & bit)

    def may_enter(self, directory: Path) -> bool:
        """Whether this user gets as far as into the directory."""
        return all(self.may(1, step) for step in (directory, *directory.parents))


class Log:
    """The file that takes what PostgreSQL says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name(path.name + ".old"))
        self.descriptor = open_owned(path, os.O_WRONLY | os.O_APPEND)
        self._start = os.fstat(self.descriptor).st_size

    def complaint(self) -> str:
        """Give the first complaint since the log was opened, as others follow from it; else the last line."""
        with self.path.open("rb") as file:
            file.seek(self._start)
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        for line in lines:
            for mark in COMPLAINTS:
                if mark in line:
                    return line.split(mark, 1)[1].strip()
        return lines[-1].strip() if lines else "it ended without a word"

    def close(self) -> None:
        """Leave the file to PostgreSQL."""
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts programs as one user. Each holds the lock for as long as it or a child of its lives."""

    account: Account | None
    lock: FileLock
    log: Log

    def launch(
        self,
        program: Path,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        more: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program and give its process. Only the main thread may: the kernel takes the death of the
        thread that starts a child for the death of the parent."""
        user = [self.account.uid, self.account.gid] if self.account else ["-", "-"]
        lifeline = "-" if KERNEL_TELLS_OF_DEATH else _lifeline()
        step = [sys.executable, "-I", "-S", STEP, os.getpid(), *user, lifeline, program, *arguments]
        return subprocess.Popen(  # noqa: S603  # every argument is ours, and there is no shell
            [os.fspath(part) if isinstance(part, Path) else str(part) for part in step],
            cwd="/",  # the current directory may be out of that user's reach
            env=environment() | (more or {}),
            stdin=stdin or subprocess.DEVNULL,
            stdout=self.log.descriptor,
            stderr=self.log.descriptor,
            start_new_session=True,  # Ctrl-C and signals to our group are for us to handle
            pass_fds=[self.lock.descriptor, *([lifeline] if isinstance(lifeline, int) else [])],
        )

    async def run(
        self, program: Path, *arguments: str, seconds: float, stdin: IO[bytes] | None = None
    ) -> bool:
        """Run a program to its end and say whether it succeeded."""
        process = self.launch(program, *arguments, stdin=stdin)
        try:
            await until(lambda: process.poll() is not None, seconds)
        finally:
            if process.poll() is None:
                process.kill()
            status = process.wait()
        return status == 0


def environment() -> dict[str, str]:
    """Give what PostgreSQL needs: none of our secrets, no PG… variable, no locale that is not installed."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}


@functools.cache
def _lifeline() -> int:
    """Give the reading end of a pipe whose writing end closes when this process ends, and not before."""
    reading, _writing = os.pipe()
    return reading
