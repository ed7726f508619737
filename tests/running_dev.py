"""A real `cheonggu dev` to try: its lines, its processes, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0


def clean_environment(**given: str) -> dict[str, str]:
    """This process's environment without settings of ours, and with those given."""
    return {name: text for name, text in os.environ.items() if not name.startswith("CHEONGGU_")} | given


def cheonggu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "cheonggu", *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def spawn(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command; its complaints can be read."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "cheonggu", *arguments],
        env=clean_environment(**environment),
        stderr=subprocess.PIPE,
        text=True,
    )


def soon(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether it comes true in time; other processes announce themselves to nobody."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Dev:
    """A `cheonggu dev` that was started, in a process group of its own; without `data` a temporary one."""

    def __init__(
        self,
        data: Path | None,
        port: int,
        *options: str,
        through: str | None = None,
        **environment: str,
    ) -> None:
        command = [sys.executable, "-m", "cheonggu", "dev", "--port", str(port)]
        command += ["--data", str(data)] if data else ["--temporary"]
        command += options
        if through:  # a shell that stays its parent
            command = ["/bin/sh", "-c", f"{' '.join(command)}; {through}"]
        self.url = f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self.complaints: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.complaints))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        lines.extend(iter(stream.readline, ""))

    def wait_until_ready(self) -> Dev:
        """Wait for its `ready:` line."""
        came = soon(lambda: self.is_ready or self.process.poll() is not None)
        assert came, "neither ready nor ended"
        assert self.is_ready, "".join(self.complaints)
        if self.url.endswith(":0"):
            (self.url,) = [line.split()[1] for line in self.lines if line.startswith("ready:")]
        return self

    @property
    def is_ready(self) -> bool:
        ready = f"ready: {self.url.removesuffix('0')}" if self.url.endswith(":0") else f"ready: {self.url}\n"
        return any(line.startswith(ready) for line in self.lines)

    def send(self, *numbers: signal.Signals, group: bool = False) -> None:
        """Send signals to the supervisor, or to its whole process group as make and terminals do."""
        for number in numbers:
            if group:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        return status

    def family(self) -> set[int]:
        """The process and everything below it."""
        return {self.process.pid} | descendants(self.process.pid)

    def post(self, path: str, body: object) -> dict[str, Any]:
        """POST JSON, get JSON."""
        return fetch(self.url + path, json.dumps(body).encode())

    def get(self, path: str) -> dict[str, Any]:
        """GET JSON."""
        return fetch(self.url + path)


def fetch(url: str, body: bytes | None = None) -> dict[str, Any]:
    """The JSON that an address answers."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our own URL
        return json.loads(answer.read())


def ready(url: str) -> bool:
    """Whether the service at an address can serve."""
    with suppress(OSError, ValueError):
        request = urllib.request.Request(f"{url}/readyz")  # noqa: S310 - our own URL
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - our own URL
            return answer.status == 200
    return False


def descendants(ancestor: int) -> set[int]:
    """All processes below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found: set[int] = set()
    while fresh := {pid for pid, parent in parents.items() if parent in found | {ancestor}} - found:
        found |= fresh
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    running: set[int] = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(pid)
    return running
