"""How long work lies still after the lease of whoever had it in hand has run out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from chaos.world import World
from cheonggu.delivery import callback, message
from cheonggu.store.postgres import OwnConnection, connect

LEASE_SECONDS: Final = {
    "message": message.LEASE_SECONDS,
    "callback": callback.LEASE_SECONDS,
    "attempt": 30.0,
    "refund": 30.0,
}
"""The longest lease of each table."""
MOST_LEASES: Final = 2.0
_GLANCE_SECONDS: Final = 0.25


class Takeovers:
    """Looks at leases that have run out: a dead worker's, or a frozen one's."""

    def __init__(self, world: World, hanging_port: int) -> None:
        self._world = world
        self._hanging = f"http://127.0.0.1:{hanging_port}"
        self._connection: OwnConnection | None = None
        self._seen: set[tuple[Any, ...]] = set()
        self.longest_seconds = 0.0
        """From the beginning of a lease to the moment at which somebody had the work in hand again."""
        self.longest_leases = 0.0
        self.longest = "nothing"
        """What lay still for so many leases, and when that was."""
        self._began = time.monotonic()

    @property
    def leases(self) -> int:
        """How many have run out."""
        return len(self._seen)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                rows = await self._run_out()
            except Exception:  # noqa: BLE001 - the database may be killed at any moment
                self._drop()
            else:
                self._learn(rows)
            await asyncio.sleep(_GLANCE_SECONDS)

    def _learn(self, rows: list[Any]) -> None:
        for row in rows:
            self._seen.add((row["of"], row["partner_id"], row["bill_no"], row["fence"]))
            lease = LEASE_SECONDS[row["of"]]
            still = lease + row["overdue_seconds"]
            self.longest_seconds = max(self.longest_seconds, still)
            if still / lease > self.longest_leases:
                self.longest_leases, self.longest = still / lease, self._told(row)

    def _told(self, row: Any) -> str:
        return (
            f"{row['of']} of bill {row['bill_no']} of partner {row['partner_id']}, lease {row['fence']},"
            f" {row['overdue_seconds']:.1f} s overdue at {time.monotonic() - self._began:.0f} s of the storm"
        )

    async def _run_out(self) -> list[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._world.dsn, "chaos")
        return list(await self._connection.fetch(_RUN_OUT, self._hanging, timeout=2))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None


@asynccontextmanager
async def takeovers(world: World, hanging_port: int) -> AsyncGenerator[Takeovers]:
    """A watch over all leases, but for callbacks to a receiver that hangs, which wait for that."""
    made = Takeovers(world, hanging_port)
    watching = asyncio.create_task(made.watch())
    try:
        yield made
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


_RUN_OUT: Final = """
SELECT *, extract(epoch FROM clock_timestamp() - leased_until)::float AS overdue_seconds FROM (
  SELECT 'message' AS of, partner_id, bill_no, fence, leased_until FROM message WHERE due_at IS NOT NULL
  UNION ALL
  SELECT 'callback', partner_id, bill_no, fence, leased_until FROM callback
  WHERE due_at IS NOT NULL AND receiver <> $1
  UNION ALL
  SELECT 'attempt', partner_id, bill_no, fence, leased_until FROM attempt WHERE ask_at IS NOT NULL
  UNION ALL
  SELECT 'refund', partner_id, bill_no, fence, leased_until FROM refund WHERE ask_at IS NOT NULL) held
WHERE leased_until < clock_timestamp()
"""
