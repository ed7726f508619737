"""Who may have how many callbacks under way, so that a slow or dead receiver delays nobody else.

Three rules, each for a case that the others leave open. A receiver begins with a few lanes and earns more by
answering, so that many dead ones together hold little. The fewer lanes are free, the fewer one receiver may
hold, so that a crowd that dies at once leaves some. And those that were slow when last tried share one half.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from cheonggu.store.outbox import Allowance

MOST: Final = 1_024
MOST_OF_A_RECEIVER: Final = 32
FIRST_OF_A_RECEIVER: Final = 4
SHARE: Final = 16
"""One receiver holds at most this fraction of what is free."""
MOST_AT_ONCE: Final = 128
"""And one claim takes at most half of what is free, so that the next one can judge anew."""
SLOW_MS: Final = 2_000
MOST_KNOWN: Final = 1_000


@dataclass
class _Known:
    """What a receiver was like when it was last tried."""

    limit: int
    slow: bool = False


class Lanes:
    """Counts what is under way, and remembers the receivers tried last."""

    def __init__(self, most: int = MOST, most_of_a_receiver: int = MOST_OF_A_RECEIVER) -> None:
        self.most = most
        self._most_of_a_receiver = most_of_a_receiver
        self._first = min(FIRST_OF_A_RECEIVER, most_of_a_receiver)
        self._under_way: Counter[str] = Counter()
        self._known: dict[str, _Known] = {}  # the first is the one tried longest ago

    def allowance(self) -> Allowance:
        """How many more may be taken now, and of whom."""
        free = self.most - self._under_way.total()
        slow_under_way = sum(self._under_way[name] for name, known in self._known.items() if known.slow)
        share, slow_share = _share(free), _share(min(free, self.most // 2 - slow_under_way))
        unknown = _Known(self._first)
        of: dict[str, int] = {}
        for name in self._under_way.keys() | self._known.keys():
            known = self._known.get(name, unknown)
            limit = min(known.limit, slow_share if known.slow else share)
            of[name] = max(0, limit - self._under_way[name])
        return Allowance(of, min(self._first, share), min(MOST_AT_ONCE, -(-free // 2)))

    def enter(self, receiver: str) -> None:
        """One more is under way to this receiver."""
        self._under_way[receiver] += 1

    def leave(self, receiver: str) -> None:
        """One less is."""
        self._under_way[receiver] -= 1
        if not self._under_way[receiver]:
            del self._under_way[receiver]

    def learn(self, receiver: str, duration_ms: int, *, answered: bool) -> None:
        """How a try went: an answer doubles what the receiver may have, a long silence takes all but one."""
        known = self._known.pop(receiver, None) or _Known(self._first)
        known.slow = duration_ms >= SLOW_MS
        hung = known.slow and not answered
        known.limit = 1 if hung else min(2 * known.limit, self._most_of_a_receiver)
        self._known[receiver] = known
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]


def _share(free: int) -> int:
    return -(-max(free, 0) // SHARE)
