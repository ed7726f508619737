"""Files of a data directory: whose they are, who holds them, and when they are safe on disk."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

GLANCE_SECONDS = 0.01


async def until(condition: Callable[[], bool], seconds: float, every: float = GLANCE_SECONDS) -> bool:
    """Wait for what announces itself to nobody (a process, a lock, a file); say whether it came in time."""
    deadline = time.monotonic() + seconds
    while not (came := condition()) and time.monotonic() < deadline:  # noqa: ASYNC110  # nobody to set an event
        await asyncio.sleep(every)
    return came


def open_owned(path: Path, flags: int) -> int:
    """Open a file of ours, making it if it is missing.

    It belongs to the owner of its directory even if root makes it, so that the owner can later do without
    root; and a link that someone put in its place is refused, so that root never writes elsewhere.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    if os.geteuid() == 0:
        directory = path.parent.stat()
        os.fchown(descriptor, directory.st_uid, directory.st_gid)
    return descriptor


def note(path: Path, place: Path) -> None:
    """Write a place into a file of ours, so that a crash leaves the whole note or the one before."""
    draft = path.with_name(f"{path.name}.new")
    descriptor = open_owned(draft, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(descriptor, os.fsencode(place) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    sync_directory(path.parent)


def noted(path: Path) -> Path | None:
    """Read such a note, none if there is none."""
    try:
        return Path(os.fsdecode(path.read_bytes().removesuffix(b"\n")))
    except (FileNotFoundError, NotADirectoryError):
        return None


def sync_directory(directory: Path) -> None:
    """Make a directory's names durable: before this, a rename may not survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FileLock:
    """A flock. The kernel lets go of it when its last holder ends, however that ends; the file stays."""

    def __init__(self, path: Path) -> None:
        try:
            self.descriptor = open_owned(path, os.O_RDWR)
        except PermissionError:
            if not path.exists():
                raise
            self.descriptor = os.open(path, os.O_RDONLY)  # enough to look at another user's lock

    def take(self, *, shared: bool = False) -> bool:
        """Take the lock unless somebody else has it."""
        try:
            fcntl.flock(self.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go. A child that was given the descriptor keeps the lock for as long as it lives."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
