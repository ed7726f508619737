"""How much is measured: in two minutes, in three quarters of an hour, or as long as it takes."""

from __future__ import annotations

from typing import Final

import msgspec

TALK: Final = "TALK"
URL: Final = "URL"


def in_words(clients: int) -> str:
    """How many clients, as people read it."""
    return "1 client" if clients == 1 else f"{clients} clients"


class Shape(msgspec.Struct, frozen=True):
    """One kind of load of creates: what bills, by how many clients, for one hot partner or for many."""

    send_type: str
    clients: int
    many: bool = False
    worker: bool = True

    @property
    def name(self) -> str:
        """As results call it."""
        whose = "many" if self.many else "hot"
        unmanned = "" if self.worker else ".no-worker"
        return f"create.{self.send_type.lower()}.{whose}.c{self.clients}{unmanned}"

    @property
    def title(self) -> str:
        """As people read it."""
        whose = "1,000 partners" if self.many else "one partner"
        return f"{self.send_type}, {whose}, {in_words(self.clients)}{'' if self.worker else ', no worker'}"


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run the benchmark."""

    name: str
    scenes: tuple[str, ...]
    rounds: int
    seconds: float
    """Of one measured stretch, after the warm-up."""
    warm_up_seconds: float
    shapes: tuple[Shape, ...]
    base_clients: tuple[int, ...]
    typical_clients: tuple[int, ...]
    many: int
    """Partners beside the sandbox's."""
    sizes: tuple[int, ...]
    """Bills in the tables before the measurement; the first is what the others are compared with."""
    backlog: int
    """Messages or callbacks that wait when a worker starts."""
    starts: int


_HOT: Final = tuple(Shape(TALK, clients) for clients in (1, 16, 64, 256))
_UNMANNED: Final = Shape(TALK, 64, worker=False)
_USUAL: Final = (
    *_HOT,
    _UNMANNED,
    *(Shape(URL, clients) for clients in (64, 256)),
    Shape(TALK, 64, many=True),
    Shape(URL, 64, many=True),
)
_FULL: Final = (
    *_HOT,
    *(Shape(TALK, clients, worker=False) for clients in (1, 16, 64, 256)),
    *(Shape(URL, clients) for clients in (1, 16, 64, 256)),
    *(Shape(kind, clients, many=True) for kind in (TALK, URL) for clients in (1, 16, 64, 256)),
)

QUICK: Final = Effort(
    name="quick",
    scenes=("ceiling", "comparison", "start"),
    rounds=5,
    seconds=1,
    warm_up_seconds=0.3,
    shapes=(Shape(TALK, 1), Shape(TALK, 64), Shape(URL, 64)),
    base_clients=(16,),
    typical_clients=(64,),
    many=0,
    sizes=(),
    backlog=0,
    starts=1,
)
USUAL: Final = Effort(
    name="usual",
    scenes=(
        "ceiling",
        "comparison",
        "latency",
        "requests",
        "deliveries",
        "payments",
        "growth",
        "start",
        "dev",
    ),
    rounds=5,
    seconds=5,
    warm_up_seconds=0.5,
    shapes=_USUAL,
    base_clients=(16, 1),
    typical_clients=(64,),
    many=1_000,
    sizes=(10_000, 1_000_000),
    backlog=20_000,
    starts=3,
)
FULL: Final = msgspec.structs.replace(
    USUAL,
    name="full",
    rounds=7,
    seconds=8,
    shapes=_FULL,
    base_clients=(16, 1, 64),
    typical_clients=(1, 16, 64, 256),
    sizes=(10_000, 1_000_000, 10_000_000),
    starts=5,
)
EFFORTS: Final = {effort.name: effort for effort in (QUICK, USUAL, FULL)}
