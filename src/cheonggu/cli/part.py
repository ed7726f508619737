"""One part of the service as a child process of `cheonggu dev`: started, started again, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

QUICK_SECONDS: Final = 5.0
MOST_QUICK_ENDS: Final = 5
"""A part that ends this often in a row, each time within QUICK_SECONDS, will not get better by itself."""
STOP_SECONDS: Final = 6.0
"""To finish what is in hand; with PostgreSQL's own time after that, everything ends within 15 s."""
FIRST_PAUSE_SECONDS: Final = 0.2


class Stopped(Exception):
    """The service stopped by itself; the sentence it carries says why."""


class Part:
    """`cheonggu NAME …` in a session of its own: the terminal's Ctrl-C is for its parent to pass on."""

    def __init__(
        self,
        name: str,
        *options: str,
        environment: Mapping[str, str],
        sockets: Sequence[int] = (),
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self._options = options
        self._environment = environment
        self._sockets = sockets
        self._say = say
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run it, and again whenever it ends. Raises Stopped when it ends again and again."""
        quick_ends = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._process = await self._start()
            ending = _ending(await self._process.wait())
            quick_ends = quick_ends + 1 if loop.time() - began < QUICK_SECONDS else 0
            if quick_ends >= MOST_QUICK_ENDS:
                raise Stopped(f"The {self.name} ended {quick_ends} times in a row ({ending}).")
            self._say(f"The {self.name} ended ({ending}) and is started again.")
            await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**quick_ends)

    async def stop(self) -> None:
        """Let it finish what it is at, but not for longer than STOP_SECONDS."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            process.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except ProcessLookupError:
            return
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        # -P: what lies in the current directory is not taken for a module of ours.
        command = (sys.executable, "-P", "-m", "cheonggu", self.name, f"--parent={os.getpid()}")
        return await asyncio.create_subprocess_exec(
            *command,
            *self._options,
            stdin=asyncio.subprocess.DEVNULL,
            env=self._environment,
            pass_fds=self._sockets,
            start_new_session=True,
        )


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
