"""A `cheonggu dev` of the tests' own, as a child that leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Final

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
"""`cheonggu dev` ends within 15."""
_GLANCE_SECONDS: Final = 0.02
_READY: Final = b"ready: "
_MOST_LOG_BYTES: Final = 1 << 20
_NOT_INHERITED: Final = ("CHEONGGU_", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG")
"""Settings of a shell, and of the tests' own interpreter, are not the service's."""


class DidNotStart(Exception):
    """`cheonggu dev` did not come up; the sentence ends with what it said."""


@contextmanager
def started(*, start_seconds: float = START_SECONDS) -> Generator[str]:
    """The address of a service that was started for this block, on a free port and with data of its own.

    It ends with the block, and by itself when this process is lost; then, too, its data is erased. Raises
    DidNotStart.
    """
    with tempfile.TemporaryFile() as log:
        process = _child(log)
        try:
            yield _address(process, log, start_seconds)
        finally:
            _stop(process)


def _child(log: IO[bytes]) -> subprocess.Popen[bytes]:
    # -P: what lies in the tests' directory is not taken for a module of ours. A session of its own: Ctrl-C is
    # for the tests, which then stop it.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cheonggu", "dev", "--temporary", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={name: text for name, text in os.environ.items() if not name.startswith(_NOT_INHERITED)},
        start_new_session=True,
    )


def _address(process: subprocess.Popen[bytes], log: IO[bytes], seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while True:
        for line in _said(log).splitlines(keepends=True):
            if line.startswith(_READY) and line.endswith(b"\n"):
                return line.removeprefix(_READY).decode().strip()
        if process.poll() is not None:
            raise DidNotStart(f"cheonggu dev ended before it was ready. It said:\n{_last_words(log)}")
        if time.monotonic() > deadline:
            raise DidNotStart(f"cheonggu dev was not ready after {seconds:g} s. It said:\n{_last_words(log)}")
        time.sleep(_GLANCE_SECONDS)


def _said(log: IO[bytes]) -> bytes:
    """What the child has written so far; the offset of the file is the child's, and stays where it is."""
    return os.pread(log.fileno(), _MOST_LOG_BYTES, 0)


def _last_words(log: IO[bytes]) -> str:
    return "\n".join(_said(log).decode(errors="replace").splitlines()[-20:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
