"""Who may have how many callbacks under way, so that a slow or dead receiver delays nobody else."""

from __future__ import annotations

from collections import Counter
from typing import Final

from cheonggu.store.outbox import Allowance

MOST: Final = 1_024
MOST_OF_A_RECEIVER: Final = 32
SHARE: Final = 16
"""One receiver gets at most this fraction of what is free: the fuller it is, the less, so some stays free."""
SLOW_MS: Final = 2_000
MOST_REMEMBERED_SLOW: Final = 1_000


class Lanes:
    """Counts what is under way, and keeps half of all lanes from receivers that were slow when last tried."""

    def __init__(self, most: int = MOST, most_of_a_receiver: int = MOST_OF_A_RECEIVER) -> None:
        self.most = most
        self._most_of_a_receiver = most_of_a_receiver
        self._under_way: Counter[str] = Counter()
        self._slow: dict[str, None] = {}  # the first is the one longest ago

    def allowance(self) -> Allowance:
        """How many more may be taken now, and of whom."""
        slow_under_way = sum(self._under_way[receiver] for receiver in self._slow)
        free = self.most - self._under_way.total()
        free_for_slow = min(free, self.most // 2 - slow_under_way)
        others, slow = self._share(free), self._share(free_for_slow)
        of = {
            receiver: max(0, (slow if receiver in self._slow else others) - self._under_way[receiver])
            for receiver in self._under_way.keys() | self._slow
        }
        return Allowance(of, others, free)

    def enter(self, receiver: str) -> None:
        """One more is under way to this receiver."""
        self._under_way[receiver] += 1

    def leave(self, receiver: str, duration_ms: int | None) -> None:
        """It is done, after this long; None when it was not tried."""
        self._under_way[receiver] -= 1
        if not self._under_way[receiver]:
            del self._under_way[receiver]
        if duration_ms is None:
            return
        self._slow.pop(receiver, None)
        if duration_ms >= SLOW_MS:
            self._slow[receiver] = None
            if len(self._slow) > MOST_REMEMBERED_SLOW:
                del self._slow[next(iter(self._slow))]

    def _share(self, free: int) -> int:
        return min(self._most_of_a_receiver, -(-max(free, 0) // SHARE))
