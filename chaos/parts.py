"""The service's processes, as users run them, kept up by a supervisor, killed and frozen by us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from bench.service import ROOT

_PAUSE_SECONDS: Final = 0.1


class Part:
    """`cheonggu serve` or `cheonggu worker`, started again whenever it ends."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self.environment = environment
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self.frozen = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Its process, if it runs now."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def keep(self) -> None:
        """Run it, and again whenever it ends, until cancelled."""
        while True:
            self.starts += 1
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "cheonggu", self._command, f"--parent={os.getpid()}"),
                    cwd=ROOT,
                    env=self.environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            await self._process.wait()
            self.frozen = False
            await asyncio.sleep(_PAUSE_SECONDS)

    def kill(self) -> bool:
        """SIGKILL; False when it does not run at this moment."""
        return self._signal(signal.SIGKILL)

    def freeze(self) -> bool:
        """SIGSTOP."""
        self.frozen = self._signal(signal.SIGSTOP)
        return self.frozen

    def wake(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    async def end(self) -> None:
        """SIGKILL, and see that it is gone."""
        if self.kill() and self._process is not None:
            await self._process.wait()

    def complaints(self) -> Counter[str]:
        """What it logged as an error, by event."""
        found: Counter[str] = Counter()
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and said.get("level") in {"error", "critical"}:  # pyright: ignore[reportUnknownMemberType]
                    found[str(said.get("event"))] += 1  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        return found

    def _signal(self, number: signal.Signals) -> bool:
        process = self._process
        if process is None or process.returncode is not None:
            return False
        try:
            process.send_signal(number)
        except ProcessLookupError:
            return False
        return True


@asynccontextmanager
async def kept(part: Part) -> AsyncGenerator[Part]:
    """A part that is kept up for a while; killed at the end, for what it leaves is left well."""
    keeper = asyncio.create_task(part.keep(), name=f"keep {part.name}")
    try:
        yield part
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await part.end()


def environment(dsn: str, secret_key: str, directory: Path, **more: str) -> dict[str, str]:
    """What a part is told; nothing of our own settings."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("CHEONGGU_")}
    return ours | {
        "CHEONGGU_DATABASE_URL": dsn,
        "CHEONGGU_SECRET_KEY": secret_key,
        "CHEONGGU_DATA_DIR": str(directory),
        **more,
    }
