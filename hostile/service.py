"""The service that is shot at: a real `cheonggu dev`, its processes, its log, and a bill to begin with."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.processes import children, command_of, memory_mb
from tests.conftest import free_port
from tests.running_dev import Dev

from cheonggu.store import embedded
from hostile.corpus import STANDING, hashed, sound

HOST: Final = "127.0.0.1"
PARTS: Final = ("serve", "worker")


@dataclass
class Target:
    """Where the shots go."""

    dev: Dev
    port: int
    code: str
    """Of the payer's page of a bill that is there."""
    directory: Path

    def memory(self) -> dict[str, float]:
        """The private and shared memory of each part, in MB."""
        return {
            part: memory_mb({pid})[0]
            for pid in children(self.dev.process.pid)
            for part in PARTS
            if part in command_of(pid)
        }

    def log(self) -> str:
        """What every process has said so far."""
        return "".join((*self.dev.lines, *self.dev.complaints))


@contextmanager
def target() -> Generator[Target]:
    """A service of its own in a directory of its own, both gone at the end."""
    with tempfile.TemporaryDirectory(prefix="cheonggu-hostile-") as directory:
        port = free_port()
        # Without the throttle of guesses: it would stand between the corpus and what is to be tried.
        dev = Dev(Path(directory) / "data", port, CHEONGGU_GUESSES_PER_MINUTE="0")
        try:
            dev.wait_until_ready()
            request = sound("/bill")
            request["bill"]["billId"] = STANDING
            created = dev.post("/bill", hashed("/bill", request))
            yield Target(dev, port, created["data"]["shortUrl"].rsplit("/", 1)[1], Path(directory))
        finally:
            dev.send(signal.SIGTERM)
            dev.ended()
            embedded.erase(Path(directory) / "data")
