"""What was aimed at, as data, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from bench.results import Measurement


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one measurement, at least or at most so much."""

    says: str
    of: str
    field: str = "ratio"
    least: float | None = None
    most: float | None = None
    unit: str = "×"

    def reached(self, value: float) -> bool:
        """Whether this value is good enough."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def wanted(self) -> str:
        """The aim in short."""
        sign, bound = ("≥", self.least) if self.least is not None else ("≤", self.most)
        return f"{sign} {bound:,g} {self.unit}"

    def value(self, measured: Mapping[str, Measurement]) -> float | None:
        """What was measured, if it was."""
        one = measured.get(self.of)
        return None if one is None else getattr(one, self.field)


AIMS: Final = (
    Aim(says="Creates against pgbench, 64 clients", of="create.talk.hot.c64", least=10),
    Aim(
        says="Creates against the typical service, 64 clients", of="create.talk.hot.c64.to-typical", least=30
    ),
    Aim(says="p99 of creates, 64 clients", of="create.talk.hot.c64", field="p99_ms", most=10, unit="ms"),
    Aim(says="Creates against pgbench, 256 clients", of="create.talk.hot.c256", least=14),
    Aim(says="Creates against pgbench, 1 client", of="create.talk.hot.c1", least=0.8),
    Aim(
        says="Creates with 1 million bills against 10 thousand",
        of="growth.1000000.create.talk.hot.c64",
        least=0.8,
    ),
    Aim(
        says="Creates with 10 million bills against 10 thousand",
        of="growth.10000000.create.talk.hot.c64",
        least=0.8,
    ),
    Aim(says="Plans that grow, filled tables", of="plans.filled", field="value", most=0, unit="plans"),
    Aim(says="Plans that grow, fresh tables", of="plans.fresh", field="value", most=0, unit="plans"),
    Aim(
        says="Callbacks from a backlog of 20,000",
        of="worker.callbacks",
        field="value",
        least=2_000,
        unit="/s",
    ),
    Aim(
        says="p99 of first callbacks, 100 payments/s, creates at half",
        of="callbacks.first",
        field="value",
        most=1_000,
        unit="ms",
    ),
    Aim(
        says="The same with one receiver in five dead",
        of="callbacks.first.dead",
        field="value",
        most=1_000,
        unit="ms",
    ),
    Aim(says="cheonggu dev: creates against pgbench, 64 clients", of="dev.create.talk.hot.c64", least=10),
    Aim(says="cheonggu dev: creates against pgbench, 256 clients", of="dev.create.talk.hot.c256", least=14),
    Aim(says="cheonggu dev: creates against pgbench, 1 client", of="dev.create.talk.hot.c1", least=0.8),
    Aim(says="API process at rest", of="rest.server", field="value", most=80, unit="MB"),
    Aim(says="Worker at rest", of="rest.worker", field="value", most=80, unit="MB"),
)
