"""Fifty partners' receivers, all of them well or one in five dead: half of those hang, half refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from bench.service import DidNotStart, spawned

_ALL: Final = 50
_DEAD: Final = 10


@dataclass(frozen=True)
class Receivers:
    """Where callbacks go."""

    pid: int
    well: list[str]
    """As callbacks name them: scheme, host and port."""
    dead: list[str]

    @property
    def urls(self) -> tuple[str, ...]:
        """Everybody's callback URL, the dead among the others."""
        return tuple(f"{one}/callback" for one in (*self.dead, *self.well))


@asynccontextmanager
async def receivers(*, some_dead: bool) -> AsyncGenerator[Receivers]:
    """The receivers, in a process of their own."""
    dead = _DEAD if some_dead else 0
    counts = (_ALL - dead, dead // 2, dead - dead // 2)
    async with spawned(
        *("-m", "bench.peers.receiver", *map(str, counts)), environment={}, stdout=asyncio.subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise DidNotStart
        well, hanging, refusing = msgspec.json.decode(line, type=list[list[int]])
        yield Receivers(process.pid, _origins(well), _origins(hanging + refusing))


def _origins(ports: list[int]) -> list[str]:
    return [f"http://127.0.0.1:{port}" for port in ports]
